#include "stages/log_tail.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::stages;

BOOST_AUTO_TEST_SUITE(log_tail_test)

// Scenario: more blocks come than the budget holds. Guarantee: the newest stay readable, older ones are
// let go, whoever subscribed is woken each time.
BOOST_AUTO_TEST_CASE(the_newest_blocks_stay_within_the_budget) {
  log_tail tail(5, 250);
  int woken = 0;
  const auto subscription = tail.subscribe([&] { ++woken; });
  for (log_position p = 5; p < 10; ++p)
    tail.append({p, {}, shared_bytes(std::string(100, static_cast<char>('a' + p)))});
  BOOST_TEST(woken == 5);
  BOOST_TEST(tail.next() == 10U);
  BOOST_TEST(!tail.find(7).has_value());
  BOOST_TEST(tail.find(8)->body.view().front() == 'a' + 8);
  BOOST_TEST(tail.find(9)->position == 9U);
  BOOST_TEST(!tail.find(10).has_value());
  tail.unsubscribe(subscription);
  tail.append({10, {}, shared_bytes(std::string(1, 'x'))});
  BOOST_TEST(woken == 5);
}

// Scenario: one block is larger than the budget. Guarantee: it is held all the same.
BOOST_AUTO_TEST_CASE(the_last_block_is_always_held) {
  log_tail tail(0, 10);
  tail.append({0, {}, shared_bytes(std::string(100, 'x'))});
  BOOST_TEST(tail.find(0).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
