#include "stages/replay.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

using namespace weir;
using namespace weir::stages;

namespace {

replay_record some_record() {
  replay_record record;
  record.order = {
      .id = 0xdeadbeef,
      .pipeline = "traces/main",
      .exporter = "otlp/new",
      .begin = 1'700'000'000ULL * second_ns,
      .end = 1'700'000'060ULL * second_ns,
      .where = R"(name == "x")",
      .traces = {trace_id::from("0123456789abcdef"), trace_id::from("fedcba9876543210")},
      .mark_key = "replayed",
      .mark_value = "yes",
      .rate = 20'000'000};
  record.state = replay_state::failed;
  record.reason = "no exporter";
  record.created = 5;
  record.ended = 6;
  record.bound = 1000;
  record.held_since = 7;
  record.cursor = {12, 34};
  record.ahead = {{{12, 40}, {13, 0}}, {{20, 1}, {21, 0}}};
  record.counts = {1, 2, 3, 4, 5, 6, 7, 8};
  record.sending_ns = 9;
  return record;
}

} // namespace

BOOST_AUTO_TEST_SUITE(replay_record_test)

// Scenario: a record with everything in it, and one with nothing. Guarantee: both come back as they
// were.
BOOST_AUTO_TEST_CASE(it_comes_back_as_it_was) {
  const auto record = some_record();
  BOOST_TEST((read_replay(encode(record)).value() == record));
  const replay_record empty;
  BOOST_TEST((read_replay(encode(empty)).value() == empty));
}

// Scenario: a record cut at each byte (but in its ranges, which may be left out), with bytes turned,
// and of a newer version. Guarantee: refused, or read as some record, and nothing worse.
BOOST_AUTO_TEST_CASE(what_is_none_is_refused) {
  const auto bytes = encode(some_record());
  auto without_ranges = some_record();
  without_ranges.ahead.clear();
  const auto least = encode(without_ranges).size() - 2;
  for (std::size_t size = 0; size < least; ++size)
    BOOST_TEST(!read_replay(bytes.substr(0, size)));
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    auto turned = bytes;
    turned[random() % turned.size()] = static_cast<char>(random());
    if (const auto read = read_replay(turned))
      BOOST_TEST(to_string(read->state) != "");
  }
  auto newer = bytes;
  newer[0] = 2;
  const auto read = read_replay(newer);
  BOOST_REQUIRE(!read);
  BOOST_TEST((read.error().code == errc::unsupported));
}

BOOST_AUTO_TEST_SUITE_END()
