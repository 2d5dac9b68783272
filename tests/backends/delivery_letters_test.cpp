#include "tests/backends/deliveries.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::backends;
using kind = outcome::kind;

BOOST_AUTO_TEST_SUITE(delivery_letters_test)

// Scenario: retrying for 5 s at most. Guarantee: then it is a dead letter with the reason; the
// cursor goes past it only once the letter was taken.
BOOST_AUTO_TEST_CASE(a_time_limit_ends_in_a_dead_letter) {
  auto o = plain();
  o.retry.max_elapsed_time = 5s;
  delivery d(o, {}, {}, 1);
  d.available({0, 10, 100}, 0);
  steady_ns now = 0;
  for (int i = 0; i < 3; ++i) {
    const auto plans = d.next(now);
    BOOST_REQUIRE_EQUAL(plans.size(), 1u);
    d.finished(plans[0].id, again, now);
    if (d.next_wakeup())
      now = *d.next_wakeup();
  }
  BOOST_TEST((d.cursor() == log_place{0, 0}));
  const auto letters = take_letters(d);
  BOOST_REQUIRE_EQUAL(letters.size(), 1u);
  BOOST_TEST(letters[0].items == 10u);
  BOOST_TEST(letters[0].reason.find("gave up after 3 attempts") != std::string::npos);
  BOOST_TEST(letters[0].reason.find("UNAVAILABLE") != std::string::npos);
  BOOST_TEST((d.cursor() == log_place{1, 0}));
  BOOST_TEST(d.counts().dead == 10u);
}

// Scenario: a permanent refusal, a partial success, retrying off. Guarantee: letters with the
// reasons; rejected items are counted as such.
BOOST_AUTO_TEST_CASE(refusals_and_partial_success_are_booked) {
  auto o = plain();
  o.retry.enabled = false;
  delivery d(o, {}, {}, 1);
  d.available({0, 30, 300}, 0);
  const auto plans = d.next(0);
  d.finished(plans[0].id, {.answer = kind::refused, .reason = "INVALID_ARGUMENT: no"}, 1);
  d.finished(plans[1].id, {.rejected = 4, .reason = "four were bad"}, 1);
  d.finished(plans[2].id, again, 1);
  const auto letters = take_letters(d);
  BOOST_REQUIRE_EQUAL(letters.size(), 2u);
  BOOST_TEST(letters[0].reason == "INVALID_ARGUMENT: no");
  BOOST_TEST(letters[1].reason.find("not tried again") != std::string::npos);
  BOOST_TEST(letters[1].reason.find("UNAVAILABLE") != std::string::npos);
  BOOST_TEST(d.counts().delivered == 10u);
  BOOST_TEST(d.counts().rejected == 4u);
  BOOST_TEST(d.counts().dead == 20u);
}

// Scenario: a back end refuses more than one commit should hold.
// Guarantee: letters come one by one, oldest first; the cursor stays before those not kept yet.
BOOST_AUTO_TEST_CASE(letters_come_one_by_one) {
  auto o = plain();
  delivery d(o, {}, {}, 1);
  d.available({0, 30, 300}, 0);
  for (const auto& p : d.next(0))
    d.finished(p.id, {.answer = kind::refused, .reason = "no"}, 1);
  for (std::uint32_t kept = 0; kept < 3; ++kept) {
    BOOST_TEST_REQUIRE(d.has_letters());
    BOOST_TEST(
        (d.first_letter()->ranges == std::vector<item_range>{{0, kept * 10, kept * 10 + 10}}));
    BOOST_TEST((d.cursor() == log_place{0, kept * 10}));
    d.drop_letter();
  }
  BOOST_TEST(d.first_letter() == nullptr);
  BOOST_TEST((d.cursor() == log_place{1, 0}));
}

// Scenario: letters are not taken, as the disk is full. Guarantee: no more than so many pile up.
BOOST_AUTO_TEST_CASE(letters_that_wait_stop_the_sending) {
  delivery d(plain(), {}, {}, 1);
  for (weir::log_position p = 0; p < 500; ++p)
    d.available({p, 10, 100}, 0);
  for (int i = 0; i < 500; ++i)
    for (const auto& plan : d.next(i))
      d.finished(plan.id, {.answer = kind::refused, .reason = "no"}, i);
  BOOST_TEST(d.letters() < 70u);
  BOOST_TEST(!d.next_wakeup());
  take_letters(d);
  BOOST_TEST(!d.next(501).empty());
}

BOOST_AUTO_TEST_SUITE_END()
