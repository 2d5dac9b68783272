#include "cluster/watermark.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <random>

using weir::second_ns;
using weir::steady_ns;
using weir::cluster::watermark;

namespace {
constexpr steady_ns now = 1000 * second_ns;
} // namespace

BOOST_AUTO_TEST_SUITE(watermark_test)

// Scenario: nobody is expected. Guarantee: everything has come.
BOOST_AUTO_TEST_CASE(without_members_nothing_is_waited_for) {
  BOOST_TEST(watermark().complete_until(now) == now);
}

// Scenario: two members become known, one reports. Guarantee: the gate is shut until both have.
BOOST_AUTO_TEST_CASE(a_member_that_has_not_reported_holds_the_gate_shut) {
  watermark gate;
  gate.expect(1);
  gate.expect(2);
  gate.report(1, now);
  BOOST_TEST(gate.complete_until(now) < 0);
  gate.report(2, now);
  BOOST_TEST(gate.complete_until(now) == now);
}

// Scenario: members are behind by different times. Guarantee: the slowest says how far it is complete;
// the others do not lift it.
BOOST_AUTO_TEST_CASE(the_slowest_member_counts) {
  watermark gate;
  gate.report(1, now - 5 * second_ns);
  gate.report(2, now - 20 * second_ns);
  gate.report(3, now);
  BOOST_TEST(gate.complete_until(now) == now - 20 * second_ns);
  gate.report(2, now - 2 * second_ns);
  BOOST_TEST(gate.complete_until(now) == now - 5 * second_ns);
}

// Scenario: a report is exactly as old as is tolerated, then a nanosecond older. Guarantee: up to there
// it counts as of now, beyond as of when it was made.
BOOST_AUTO_TEST_CASE(a_report_counts_as_new_for_a_second) {
  watermark gate;
  gate.report(1, now);
  BOOST_TEST(gate.complete_until(now + watermark::tolerance) == now + watermark::tolerance);
  BOOST_TEST(gate.complete_until(now + watermark::tolerance + 1) == now);
}

// Scenario: a member falls silent for an hour; another goes on. Guarantee: the gate stays where the
// silent one left it.
BOOST_AUTO_TEST_CASE(a_silent_member_holds_the_gate_where_it_was) {
  watermark gate;
  gate.report(1, now);
  for (int minute = 1; minute <= 60; ++minute) {
    const auto later = now + minute * 60 * second_ns;
    gate.report(2, later);
    BOOST_TEST(gate.complete_until(later) == now);
  }
}

// Scenario: a member that was behind goes; one that had reported is expected anew. Guarantee: who is gone
// holds nothing; who is expected again holds the gate shut until it reports again.
BOOST_AUTO_TEST_CASE(members_come_and_go) {
  watermark gate;
  gate.report(1, now - 60 * second_ns);
  gate.report(2, now);
  gate.remove(1);
  BOOST_TEST(gate.complete_until(now) == now);
  gate.expect(2);
  BOOST_TEST(gate.complete_until(now) < 0);
  gate.remove(2);
  BOOST_TEST(gate.complete_until(now) == now);
}

// Scenario: a member reports a moment ahead of now (what it received up to then). Guarantee: it is never
// complete beyond now.
BOOST_AUTO_TEST_CASE(it_is_never_ahead_of_now) {
  watermark gate;
  gate.report(1, now + 5 * second_ns);
  BOOST_TEST(gate.complete_until(now) == now);
}

// Scenario: members report until when they have sent everything; one falls silent, one is behind.
// Guarantee: all counts as there only while each has said so of a moment at most a second ago;
// then up to what the last of them said; nothing before each has reported.
BOOST_AUTO_TEST_CASE(the_gate_waits_for_every_member) {
  watermark w;
  w.expect(1);
  w.expect(2);
  w.report(1, 11 * second_ns);
  BOOST_TEST(w.complete_until(11 * second_ns) < 0);
  w.report(2, 10 * second_ns);
  BOOST_TEST(w.complete_until(11 * second_ns) == 11 * second_ns);
  BOOST_TEST(w.complete_until(11 * second_ns + 1) == 10 * second_ns);
  w.report(2, 11 * second_ns);
  w.report(1, 20 * second_ns);
  BOOST_TEST(w.complete_until(20 * second_ns) == 11 * second_ns);
  w.remove(2);
  BOOST_TEST(w.complete_until(21 * second_ns) == 21 * second_ns);
  BOOST_TEST(w.complete_until(21 * second_ns + 1) == 20 * second_ns);
}

// Scenario: random lists of members, old and new ones, with `anew` and without; some report in
// between (seeds 1 to 200). Guarantee: those of the list hold it, and no others; who is new holds it
// shut until its word, with `anew` all do.
BOOST_AUTO_TEST_CASE(only_those_of_the_list_hold_it) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    watermark gate;
    std::map<std::uint64_t, steady_ns> model;
    for (int step = 0; step < 50; ++step) {
      if (random() % 2 == 0) {
        std::vector<std::uint64_t> members;
        for (std::uint64_t member = 1; member <= 6; ++member)
          if (random() % 2 == 0)
            members.push_back(member);
        const bool anew = random() % 3 == 0;
        gate.expect_only(members, anew);
        std::map<std::uint64_t, steady_ns> left;
        for (const auto member : members)
          left[member] = !anew && model.contains(member) ? model[member] : watermark::never;
        model = left;
      } else if (!model.empty()) {
        const auto member = std::next(model.begin(), random() % model.size())->first;
        model[member] = now - (2 + random() % 60) * second_ns;
        gate.report(member, model[member]);
      }
      auto lowest = now;
      std::size_t awaited = 0;
      for (const auto& [member, said] : model) {
        lowest = std::min(lowest, said);
        awaited += said == watermark::never ? 1 : 0;
      }
      BOOST_REQUIRE_EQUAL(gate.complete_until(now), lowest);
      BOOST_REQUIRE_EQUAL(gate.awaited(), awaited);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
