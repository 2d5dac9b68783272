#include "stages/commit_turns.hpp"

#include <boost/test/unit_test.hpp>
#include <thread>

using weir::stages::commit_turns;

BOOST_AUTO_TEST_SUITE(commit_turns_test)

// Scenario: a stage that is never turned away. Guarantee: no end wakes it.
BOOST_AUTO_TEST_CASE(a_stage_that_keeps_up_is_not_told) {
  commit_turns turns(2);
  BOOST_TEST(turns.begin());
  BOOST_TEST(turns.begin());
  BOOST_TEST(!turns.end());
  BOOST_TEST(turns.begin());
  BOOST_TEST(!turns.end());
  BOOST_TEST(!turns.end());
  BOOST_TEST(turns.idle());
}

// Scenario: all turns are taken, or it waits for all of them to end. Guarantee: the next end tells
// it, once.
BOOST_AUTO_TEST_CASE(who_was_turned_away_is_told_once) {
  commit_turns turns(2);
  BOOST_TEST(turns.begin());
  BOOST_TEST(turns.begin());
  BOOST_TEST(!turns.begin());
  BOOST_TEST(turns.end());
  BOOST_TEST(!turns.idle());
  BOOST_TEST(turns.end());
  BOOST_TEST(turns.idle());
}

// Scenario: one thread begins a hundred thousand commits as fast as it may, another ends them.
// Guarantee: whoever was turned away is told: the run comes to its end, never with more in flight
// than may be.
BOOST_AUTO_TEST_CASE(no_wake_up_is_lost_between_threads) {
  commit_turns turns(2);
  std::atomic<int> begun{0}, ended{0}, told{0};
  constexpr int wanted = 100'000;
  std::thread ender([&] {
    while (ended < wanted) {
      if (ended == begun) {
        std::this_thread::yield();
        continue;
      }
      BOOST_REQUIRE(begun - ended <= 2);
      ++ended;
      if (turns.end())
        ++told;
    }
  });
  int heard = 0;
  while (begun < wanted) {
    if (turns.begin())
      ++begun;
    else {
      while (told == heard)
        std::this_thread::yield();
      heard = told;
    }
  }
  ender.join();
  BOOST_TEST(turns.idle());
}

BOOST_AUTO_TEST_SUITE_END()
