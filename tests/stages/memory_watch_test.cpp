#include "stages/memory_watch.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir::stages;

namespace {

constexpr std::uint64_t mib = 1 << 20;

} // namespace

BOOST_AUTO_TEST_SUITE(memory_watch_test)

// Scenario: what is in use goes over a limit and comes back below, while what the operating system has given stays
// above. Guarantee: clients are refused in between alone, and memory is given back while it is above.
BOOST_AUTO_TEST_CASE(what_is_in_use_counts) {
  memory_watch uut;
  BOOST_TEST(!uut.look(100 * mib, 90 * mib, 95 * mib).refuse);
  BOOST_TEST(uut.look(100 * mib, 110 * mib, 200 * mib).refuse);
  bool given_back = false;
  for (int i = 0; i < 10; ++i) {
    const auto said = uut.look(100 * mib, 30 * mib, 200 * mib);
    BOOST_TEST(!said.refuse);
    given_back |= said.give_back;
  }
  BOOST_TEST(given_back);
  BOOST_TEST(!uut.look(0, 1000 * mib, 2000 * mib).refuse);
}

// Scenario: memory that was free for a while, without a limit; memory that is free and wanted again in between.
// Guarantee: the former is given back, once; the latter is left to the allocator.
BOOST_AUTO_TEST_CASE(what_nobody_wants_is_given_back) {
  memory_watch uut;
  int times = 0;
  for (int i = 0; i < 20; ++i)
    times += uut.look(0, 30 * mib, (times == 0 ? 500 : 40) * mib).give_back ? 1 : 0;
  BOOST_TEST(times == 1);
  for (int i = 0; i < 100; ++i)
    BOOST_TEST(!uut.look(0, (i % 10 == 0 ? 490 : 30) * mib, 500 * mib).give_back);
}

BOOST_AUTO_TEST_SUITE_END()
