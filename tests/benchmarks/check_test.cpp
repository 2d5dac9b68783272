#include "benchmarks/load/check.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir::load;

namespace {

/// A tally put together in memory; ids as pairs of letters: trace, span.
struct made_tally {
  std::vector<std::pair<tally::frame, std::string>> frames;

  made_tally& ids(note kind, std::uint64_t request,
                  std::initializer_list<std::pair<char, char>> pairs) {
    std::string bytes;
    for (const auto& [trace, span] : pairs)
      bytes += std::string(16, trace) + std::string(8, span);
    frames.push_back({{kind, request, static_cast<std::uint32_t>(pairs.size()), {}}, bytes});
    return *this;
  }
  made_tally& mark(note kind, std::uint64_t request, std::uint32_t count = 0) {
    frames.push_back({{kind, request, count, {}}, ""});
    return *this;
  }
  tally view() const {
    tally result;
    for (const auto& [frame, bytes] : frames) {
      result.frames.push_back(frame);
      result.frames.back().ids = bytes;
    }
    return result;
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(check_test)

// Scenario: three traces are acknowledged; one arrives whole, one in part, one not at all.
// Guarantee: missing spans and the fate of each trace are counted.
BOOST_AUTO_TEST_CASE(traces_are_whole_in_part_or_absent) {
  made_tally acked, seen;
  acked.ids(note::sent, 1, {{'a', '1'}, {'b', '1'}, {'c', '1'}}).mark(note::acknowledged, 1);
  acked.ids(note::sent, 2, {{'a', '2'}, {'b', '2'}}).mark(note::acknowledged, 2);
  seen.ids(note::seen, 1, {{'b', '2'}, {'a', '2'}, {'a', '1'}});
  const auto result = compare(acked.view(), seen.view());
  BOOST_TEST(result.acknowledged == 5u);
  BOOST_TEST(result.missing == 2u);
  BOOST_TEST(result.traces_whole == 1u);
  BOOST_TEST(result.traces_part == 1u);
  BOOST_TEST(result.traces_none == 1u);
  BOOST_TEST(result.foreign == 0u);
}

// Scenario: a request was sent but never acknowledged; half of it arrived.
// Guarantee: nothing is missing, since nothing was promised; what arrived is counted apart.
BOOST_AUTO_TEST_CASE(what_was_not_acknowledged_may_be_there_or_not) {
  made_tally acked, seen;
  acked.ids(note::sent, 1, {{'a', '1'}, {'a', '2'}});
  seen.ids(note::seen, 1, {{'a', '1'}});
  const auto result = compare(acked.view(), seen.view());
  BOOST_TEST(result.missing == 0u);
  BOOST_TEST(result.unacknowledged_seen == 1u);
  BOOST_TEST(result.traces == 0u);
}

// Scenario: spans arrive twice, of a request that the client sent again and of one it did not;
// another span was never sent. Guarantee: duplicates are told apart by who can have made them, and
// the invented span is found.
BOOST_AUTO_TEST_CASE(duplicates_and_inventions_are_counted) {
  made_tally acked, seen;
  acked.ids(note::sent, 1, {{'a', '1'}}).mark(note::sent_again, 1).mark(note::acknowledged, 1);
  acked.ids(note::sent, 2, {{'b', '1'}}).mark(note::acknowledged, 2);
  seen.ids(note::seen, 1, {{'a', '1'}, {'b', '1'}, {'x', '1'}});
  seen.ids(note::seen, 2, {{'a', '1'}, {'b', '1'}, {'b', '1'}});
  const auto result = compare(acked.view(), seen.view());
  BOOST_TEST(result.duplicates == 3u);
  BOOST_TEST(result.duplicates_of_resent == 1u);
  BOOST_TEST(result.foreign == 1u);
}

// Scenario: of three traces one is kept as in the reference run, one is missing, and one was kept
// though the reference dropped it; a fourth was acknowledged in part alone. Guarantee: the two that
// were decided otherwise are counted; the fourth proves nothing.
BOOST_AUTO_TEST_CASE(decisions_are_compared_with_a_reference) {
  made_tally acked, seen, reference;
  acked.ids(note::sent, 1, {{'\xfa', '1'}, {'b', '1'}, {'c', '1'}, {'d', '1'}})
      .mark(note::acknowledged, 1);
  acked.ids(note::sent, 2, {{'d', '2'}});
  seen.ids(note::seen, 1, {{'\xfa', '1'}, {'c', '1'}});
  reference.ids(note::seen, 1, {{'\xfa', '1'}, {'b', '1'}, {'d', '1'}});
  const auto calm = reference.view();
  const auto result = compare(acked.view(), seen.view(), &calm);
  BOOST_TEST(result.decided_otherwise.value() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
