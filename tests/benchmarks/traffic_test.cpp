#include "benchmarks/load/traffic.hpp"

#include "benchmarks/load/shop.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

using namespace weir::load;

namespace {

traffic shop_traffic(std::uint64_t seed, std::size_t spans_per_request) {
  const auto messages = generate_shop({.seed = seed, .traces = 300});
  return cut_requests({messages.begin(), messages.end()}, spans_per_request).value();
}

std::multiset<std::string> ids_of(const traffic& requests) {
  std::multiset<std::string> result;
  for (const auto& request : requests.requests) {
    std::string ids;
    BOOST_REQUIRE(read_ids(request.bytes, ids));
    for (std::size_t position = 0; position < ids.size(); position += 24)
      result.insert(ids.substr(position, 24));
  }
  return result;
}

} // namespace

BOOST_AUTO_TEST_SUITE(traffic_test)

// Scenario: the shop is made twice from one seed and once from another.
// Guarantee: the same seed gives the same bytes, another one gives others.
BOOST_AUTO_TEST_CASE(the_shop_is_deterministic) {
  BOOST_TEST(
      (generate_shop({.seed = 7, .traces = 50}) == generate_shop({.seed = 7, .traces = 50})));
  BOOST_TEST(
      (generate_shop({.seed = 7, .traces = 50}) != generate_shop({.seed = 8, .traces = 50})));
}

// Scenario: the same messages are cut into requests of 512 spans and of 10.
// Guarantee: every span is in exactly one request, no request is over its size, and span ids are
// unique.
BOOST_AUTO_TEST_CASE(cutting_keeps_every_span_once) {
  const auto large = shop_traffic(1, 512);
  const auto small = shop_traffic(1, 10);
  const auto ids = ids_of(large);
  BOOST_TEST((ids == ids_of(small)));
  BOOST_TEST(ids.size() == large.spans);
  BOOST_TEST((std::set<std::string>(ids.begin(), ids.end()).size() == ids.size()));
  for (const auto& request : small.requests)
    BOOST_TEST(count_spans(request.bytes) <= 10u);
}

// Scenario: requests are stamped for round 0, for a later round, and for that round once more.
// Guarantee: round 0 changes no id; a later round changes every trace id and no span id, always in
// the same way; ids read from the bytes are those the index finds.
BOOST_AUTO_TEST_CASE(stamping_gives_each_round_its_own_traces) {
  const auto requests = shop_traffic(2, 512);
  const auto& request = requests.requests.front();
  std::string before, plain, later, again, indexed, read;
  read_ids(request.bytes, before);
  append_stamped(request, stamp_of(0, 5), plain);
  read_ids(plain, read);
  BOOST_TEST(read == before);
  append_stamped(request, stamp_of(3, 5), later);
  append_stamped(request, stamp_of(3, 5), again);
  BOOST_TEST(later == again);
  read.clear();
  read_ids(later, read);
  append_ids(request, later, indexed);
  BOOST_TEST(read == indexed);
  for (std::size_t position = 0; position < read.size(); position += 24) {
    BOOST_TEST(read.substr(position, 16) != before.substr(position, 16));
    BOOST_TEST(read.substr(position + 16, 8) == before.substr(position + 16, 8));
  }
}

// Scenario: a record is cut off in the middle of a span.
// Guarantee: an error that names the record, and no request.
BOOST_AUTO_TEST_CASE(a_damaged_record_is_an_error) {
  const auto messages = generate_shop({.seed = 1, .traces = 5});
  const auto& whole = messages.front();
  const auto cut = cut_requests({std::string_view(whole).substr(0, whole.size() - 3)}, 512);
  BOOST_REQUIRE(!cut);
  BOOST_TEST(cut.error().message.find("record 0") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
