#include "window_bench.hpp"

#include <random>
#include <set>

using namespace weir;
using namespace weir::sampling;
using weir::sampling::testing::bench;
using weir::sampling::testing::id_of;
using weir::sampling::testing::start;

namespace {

fingerprint print(std::uint64_t trace) {
  return fingerprint_of(id_of(trace));
}

} // namespace

BOOST_AUTO_TEST_SUITE(window_others_test)

// Scenario: random entries of random traces; then some traces are another node's (seeds 1 to 100).
// Guarantee: each slot of theirs is said once, with its entry; the rest is decided as if they had
// never been; at the end nothing is held.
BOOST_AUTO_TEST_CASE(what_goes_is_said_slot_by_slot) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    std::mt19937 random(seed);
    bench one;
    std::map<std::uint64_t, std::set<std::pair<std::uint64_t, int>>> model; // Slots by trace.
    for (int number = 1; number <= 20; ++number) {
      std::set<int> names;
      while (names.size() < 1 + random() % 5)
        names.insert(static_cast<int>(1 + random() % 12));
      const std::vector<int> list(names.begin(), names.end());
      one.add(list, start + number);
      for (std::size_t s = 0; s < list.size(); ++s)
        model[static_cast<std::uint64_t>(list[s])].emplace(one.sequence, static_cast<int>(s));
    }
    std::set<fingerprint> going;
    std::set<std::pair<std::uint64_t, int>> expected;
    for (const auto& [trace, held] : model)
      if (random() % 2 == 0) {
        going.insert(print(trace));
        expected.insert(held.begin(), held.end());
      }
    std::set<std::pair<std::uint64_t, int>> dropped;
    one.held.abandon([&](auto each) { return going.contains(each); },
                     [&](const auto& entry, slot s) {
                       BOOST_REQUIRE(dropped.emplace(entry.id.sequence, int(s)).second);
                     });
    BOOST_REQUIRE(dropped == expected);
    const auto out = one.decide(start + 31 * second_ns);
    BOOST_REQUIRE_EQUAL(out.traces.size(), model.size() - going.size());
    for (const auto& trace : out.traces) {
      BOOST_REQUIRE(!going.contains(fingerprint_of(trace.id)));
      BOOST_REQUIRE(!one.cache.find(fingerprint_of(trace.id)) == false);
    }
    for (const auto each : going)
      BOOST_REQUIRE(!one.cache.find(each));
    one.held.release(out);
    const auto left = one.held.snapshot();
    BOOST_REQUIRE_EQUAL(left.traces, 0U);
    BOOST_REQUIRE_EQUAL(left.spans, 0U);
    BOOST_REQUIRE_EQUAL(left.entries, 0U);
    BOOST_REQUIRE_EQUAL(left.packed_bytes, 0U);
  }
}

// Scenario: a trace that has grown too large goes, and comes again small. Guarantee: it is not dropped
// for what it was.
BOOST_AUTO_TEST_CASE(what_was_too_large_and_went_is_forgotten) {
  window_settings settings;
  settings.max_trace_bytes = 150;
  bench one(settings, testing::keep_all());
  for (int i = 0; i < 10; ++i)
    one.add({1}, start);
  BOOST_TEST(one.held.pressed());
  one.held.abandon();
  one.add({1}, start);
  const auto out = one.decide(start + 31 * second_ns);
  BOOST_REQUIRE(out.traces.size() == 1U);
  BOOST_TEST(out.traces[0].verdict.keep);
  BOOST_TEST(out.traces[0].flags == 0);
}

// Scenario: of two traces that are held another node has decided one, otherwise than the policies
// here would, and nothing is expected of others; then decisions of others are. Guarantee: only then
// the trace follows, and counts as late; it is remembered as it was decided there.
BOOST_AUTO_TEST_CASE(a_held_trace_follows_what_another_decided) {
  for (const bool follows : {false, true}) {
    bench one;
    if (follows)
      one.held.follow_others();
    one.add({1, -2}, start);
    one.cache.insert(print(1), {.keep = true});
    one.cache.insert(print(2), {.keep = false});
    const auto out = one.decide(start + 31 * second_ns);
    BOOST_REQUIRE(out.traces.size() == 2U);
    for (const auto& trace : out.traces) {
      const bool first = trace.id == id_of(1);
      BOOST_TEST(trace.verdict.keep == (first == follows));
      BOOST_TEST(((trace.flags & decided_late) != 0) == follows);
      BOOST_TEST(one.cache.find(fingerprint_of(trace.id))->keep == trace.verdict.keep);
    }
  }
}

// Scenario: spans of a trace that is decided come while the window holds late ones, and more when it
// holds none any more. Guarantee: the first wait, the second follow at once; at the deadline the first
// follow too.
BOOST_AUTO_TEST_CASE(late_spans_are_held_for_a_while) {
  bench one;
  one.held.follow_others();
  one.held.hold_late(true);
  one.cache.insert(print(1), {.keep = true});
  const auto first = one.add({1}, start);
  BOOST_TEST(first.taken == 1U);
  BOOST_TEST(first.late.traces.empty());
  one.held.hold_late(false);
  const auto second = one.add({1}, start + second_ns);
  BOOST_TEST(second.taken == 0U);
  BOOST_REQUIRE(second.late.traces.size() == 1U);
  BOOST_TEST(second.late.traces[0].verdict.keep);
  const auto out = one.decide(start + 31 * second_ns);
  BOOST_REQUIRE(out.traces.size() == 1U);
  BOOST_TEST(out.traces[0].verdict.keep);
  BOOST_TEST((out.traces[0].flags & decided_late) != 0);
  BOOST_TEST(out.traces[0].spans == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
