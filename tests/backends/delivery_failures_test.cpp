#include "tests/backends/deliveries.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::backends;
using kind = outcome::kind;

BOOST_AUTO_TEST_SUITE(delivery_failures_test)

// Scenario: everything fails, then the back end returns. Guarantee: one probe at a time, another
// one each time, pauses of 1, 2, 4, 8, 8 s; each success then makes room for one more.
BOOST_AUTO_TEST_CASE(an_outage_is_probed_one_by_one) {
  delivery d(plain(), {}, {}, 1);
  for (weir::log_position p = 0; p < 10; ++p)
    d.available({p, 10, 100}, 0);
  auto plans = d.next(0);
  BOOST_REQUIRE_EQUAL(plans.size(), 3u);
  for (const auto& p : plans)
    d.finished(p.id, again, 0);
  BOOST_TEST(d.is_down());
  steady_ns now = 0;
  std::vector<weir::backends::request_id> probed;
  for (const auto pause : {1, 2, 4, 8, 8}) {
    BOOST_REQUIRE(d.next_wakeup());
    BOOST_TEST(*d.next_wakeup() == now + pause * second_ns);
    BOOST_TEST(d.next(now + pause * second_ns - 1).empty());
    now += pause * second_ns;
    const auto probe = d.next(now);
    BOOST_REQUIRE_EQUAL(probe.size(), 1u);
    BOOST_TEST(d.next(now).empty());
    probed.push_back(probe[0].id);
    if (pause == 8 && probed.size() == 5)
      d.finished(probe[0].id, ok, now);
    else
      d.finished(probe[0].id, again, now);
  }
  BOOST_TEST(probed[0] != probed[1]);
  BOOST_TEST(probed[1] != probed[2]);
  BOOST_TEST(!d.is_down());
  const auto two = d.next(now);
  BOOST_TEST(two.size() == 2u);
  for (const auto& plan : two)
    d.finished(plan.id, ok, now);
  BOOST_TEST(d.next(now).size() == 3u);
}

// Scenario: one request fails again and again while others get through. Guarantee: only it waits.
BOOST_AUTO_TEST_CASE(a_request_that_is_the_trouble_holds_up_nobody) {
  delivery d(plain(), {}, {}, 1);
  d.available({0, 20, 200}, 0);
  auto plans = d.next(0);
  BOOST_REQUIRE_EQUAL(plans.size(), 2u);
  d.finished(plans[1].id, ok, 1);
  d.finished(plans[0].id, again, 2);
  BOOST_TEST(!d.is_down());
  d.available({1, 10, 100}, 3);
  const auto other = d.next(3);
  BOOST_TEST(items_of(other) == 10u);
  d.finished(other.at(0).id, ok, 4);
  BOOST_TEST(items_of(d.next(second_ns + 2)) == 10u);
}

// Scenario: the back end asks for 30 s, the back-off would be 1 s. Guarantee: the longer one holds,
// also where others got through.
BOOST_AUTO_TEST_CASE(the_back_ends_wish_is_obeyed) {
  delivery d(plain(), {}, {}, 1);
  d.available({0, 20, 200}, 0);
  auto plans = d.next(0);
  d.finished(plans[0].id, {.answer = kind::retry, .retry_after = 30s, .reason = "busy"}, 0);
  d.finished(plans[1].id, ok, 1);
  BOOST_TEST(d.next(30 * second_ns - 1).empty());
  BOOST_TEST(*d.next_wakeup() == 30 * second_ns);
  BOOST_TEST(d.next(30 * second_ns).size() == 1u);
}

// Scenario: the back end's key expired: every request is answered "UNAUTHENTICATED" for an hour.
// Guarantee: nothing is given up; pauses grow beyond those of other failures, up to ten times.
BOOST_AUTO_TEST_CASE(an_outage_of_the_configuration_is_retried_slowly) {
  delivery d(plain(), {}, {}, 1);
  d.available({0, 10, 100}, 0);
  steady_ns now = 0;
  steady_ns longest = 0;
  unsigned attempts = 0;
  while (now < 3600 * second_ns) {
    const auto plans = d.next(now);
    BOOST_REQUIRE_EQUAL(plans.size(), 1u);
    ++attempts;
    d.finished(plans[0].id, {.answer = kind::outage, .reason = "UNAUTHENTICATED"}, now);
    longest = std::max(longest, *d.next_wakeup() - now);
    now = *d.next_wakeup();
  }
  BOOST_TEST(longest == 80 * second_ns);
  BOOST_TEST(attempts < 60u);
  BOOST_TEST(!d.has_letters());
  for (const auto& plan : d.next(now))
    d.finished(plan.id, ok, now);
  BOOST_TEST(d.counts().delivered == 10u);
}

// Scenario: the first of many requests is answered UNAVAILABLE for ever, all others are fine; then
// the process is killed, and started again from what was kept. Guarantee: the others go on, more
// than there are places; what they delivered is in ranges, few of them, and is not sent again.
BOOST_AUTO_TEST_CASE(one_request_that_fails_for_ever_holds_up_nobody) {
  constexpr weir::log_position blocks = 1000;
  delivery d(plain(), {}, {}, 1);
  steady_ns now = 0;
  const auto is_first = [](const auto& plan) { return plan.ranges[0].position == 0; };
  for (weir::log_position p = 0; p < blocks; ++p) {
    d.available({p, 10, 100}, now);
    for (const auto& plan : d.next(now))
      d.finished(plan.id, is_first(plan) ? again : ok, now);
    now += second_ns;
  }
  BOOST_TEST(d.counts().delivered == (blocks - 1) * 10);
  BOOST_TEST((d.cursor() == log_place{0, 0}));
  const auto ahead = d.finished_ahead();
  BOOST_TEST_REQUIRE((ahead == std::vector<place_range>{{{1, 0}, {blocks, 0}}}));

  delivery next(plain(), d.cursor(), ahead, 2);
  next.reaches(blocks);
  BOOST_TEST((next.next_block() == weir::log_position{0}));
  next.available({0, 10, 100}, now);
  BOOST_TEST(!next.next_block()); // Nothing between is read again.
  const auto plans = next.next(now);
  BOOST_REQUIRE_EQUAL(plans.size(), 1u);
  BOOST_TEST((plans[0].ranges == std::vector<item_range>{{0, 0, 10}}));
  next.finished(plans[0].id, ok, now);
  BOOST_TEST((next.cursor() == log_place{blocks, 0}));
  BOOST_TEST(next.finished_ahead().empty());
}

// Scenario: twenty requests of three places each fail for ever, the others are fine. Guarantee:
// they give up their places after a few attempts; all others are delivered.
BOOST_AUTO_TEST_CASE(many_requests_that_fail_for_ever_hold_up_nobody) {
  delivery d(plain(), {}, {}, 1);
  steady_ns now = 0;
  for (weir::log_position p = 0; p < 400; ++p) {
    d.available({p, 10, 100}, now);
    for (const auto& plan : d.next(now))
      d.finished(plan.id, plan.ranges[0].position % 20 == 0 ? again : ok, now);
    now += second_ns;
  }
  for (int i = 0; i < 500; ++i, now += second_ns)
    for (const auto& plan : d.next(now))
      d.finished(plan.id, plan.ranges[0].position % 20 == 0 ? again : ok, now);
  BOOST_TEST(d.counts().delivered == 3800u);
  BOOST_TEST(d.finished_ahead().size() == 20u);
}

// Scenario: such a request is set aside, as it is far behind; the process starts again with the
// copy; at last the back end takes it. Guarantee: the cursor stands at the end meanwhile; it is
// tried on, and counted once; the copy is then needed no more.
BOOST_AUTO_TEST_CASE(what_is_set_aside_holds_up_no_log) {
  delivery d(plain(), {}, {}, 1);
  steady_ns now = 0;
  weir::log_position p = 0;
  for (; d.to_set_aside() == nullptr && p < 1000; now += second_ns) {
    d.available({p++, 10, 100}, now);
    for (const auto& plan : d.next(now))
      d.finished(plan.id, plan.ranges[0].position == 0 ? again : ok, now);
  }
  BOOST_REQUIRE(d.to_set_aside() != nullptr);
  BOOST_TEST((d.cursor() == log_place{0, 0}));
  d.set_aside(d.to_set_aside()->id, 7);
  BOOST_TEST(d.to_set_aside() == nullptr);
  BOOST_TEST((d.cursor() == log_place{p, 0}));
  BOOST_TEST(d.finished_ahead().empty());
  const auto delivered = d.counts().delivered;
  for (int i = 0; i < 100; ++i, now += second_ns)
    for (const auto& plan : d.next(now)) {
      BOOST_TEST(plan.copy == 7u);
      d.finished(plan.id, again, now);
    }
  BOOST_TEST(d.take_finished_copies().empty());

  delivery next(plain(), d.cursor(), {}, 2);
  next.resume(7, 10, 100, now);
  const auto plans = next.next(now);
  BOOST_REQUIRE_EQUAL(plans.size(), 1u);
  BOOST_TEST((plans[0].copy == 7u && plans[0].items == 10u && plans[0].ranges.empty()));
  next.finished(plans[0].id, ok, now);
  BOOST_TEST(delivered + next.counts().delivered == p * 10);
  BOOST_TEST((next.take_finished_copies() == std::vector<std::uint64_t>{7}));
  BOOST_TEST(!next.next_wakeup());
}

BOOST_AUTO_TEST_SUITE_END()
