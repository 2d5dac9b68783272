#include "cluster/clock_offset.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

using namespace weir;
using weir::cluster::clock_offset;

BOOST_AUTO_TEST_SUITE(clock_offset_test)

// Scenario: nothing was heard of the other clock. Guarantee: 0.
BOOST_AUTO_TEST_CASE(before_a_word) {
  BOOST_TEST(clock_offset().value() == 0);
}

// Scenario: the other clock is ahead or behind by up to a year, its words take random ways of up to a
// second (seeds 1 to 100). Guarantee: the offset is never more than the clocks are apart, and less by
// the shortest way of the last 16 words alone.
BOOST_AUTO_TEST_CASE(never_more_than_it_is_and_off_by_the_shortest_way) {
  constexpr steady_ns year = 365 * 24 * 3600 * second_ns;
  for (unsigned seed = 1; seed <= 100; ++seed) {
    std::mt19937_64 random(seed);
    const auto apart = static_cast<steady_ns>(random() % (2 * year)) - year;
    clock_offset uut;
    std::vector<steady_ns> ways;
    for (int i = 0; i < 50; ++i) {
      const steady_ns said_at = i * second_ns; // On this clock.
      ways.push_back(static_cast<steady_ns>(random() % second_ns));
      uut.add(said_at + apart, said_at + ways.back());
      const auto first = ways.end() - std::min<std::ptrdiff_t>(16, std::ssize(ways));
      BOOST_REQUIRE_EQUAL(uut.value(), apart - *std::min_element(first, ways.end()));
    }
  }
}

// Scenario: the other clock runs slower, a second an hour, so that the offset falls. Guarantee: it is
// followed: what was heard 16 words ago counts no more.
BOOST_AUTO_TEST_CASE(a_clock_that_falls_behind_is_followed) {
  clock_offset uut;
  for (steady_ns hour = 0; hour < 100; ++hour) {
    uut.add(hour * 3599 * second_ns, hour * 3600 * second_ns);
    BOOST_TEST(uut.value() == -std::max<steady_ns>(hour - 15, 0) * second_ns);
  }
}

BOOST_AUTO_TEST_SUITE_END()
