#include "tests/backends/deliveries.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::backends;

BOOST_AUTO_TEST_SUITE(delivery_test)

// Scenario: three requests in flight are answered in another order. Guarantee: the cursor moves
// over the contiguous prefix only.
BOOST_AUTO_TEST_CASE(the_cursor_moves_over_the_contiguous_prefix) {
  delivery d(plain(), {5, 2}, {}, 1);
  d.available({5, 12, 1200}, 0);
  d.available({6, 20, 2000}, 0);
  const auto plans = d.next(0);
  BOOST_REQUIRE_EQUAL(plans.size(), 3u);
  BOOST_TEST((plans[0].ranges == std::vector<item_range>{{5, 2, 12}}));
  BOOST_TEST((plans[1].ranges == std::vector<item_range>{{6, 0, 10}}));
  BOOST_TEST((d.cursor() == log_place{5, 2}));
  d.finished(plans[1].id, ok, 1);
  BOOST_TEST((d.cursor() == log_place{5, 2}));
  d.finished(plans[0].id, ok, 1);
  BOOST_TEST((d.cursor() == log_place{6, 10}));
  d.finished(plans[2].id, ok, 1);
  BOOST_TEST((d.cursor() == log_place{7, 0}));
  BOOST_TEST(d.counts().delivered == 30u);
  BOOST_TEST(!d.next_wakeup());
}

// Scenario: min_items 8 and a timeout of 200 ms. Guarantee: fewer items wait for the timeout,
// enough of them do not; small blocks share a request.
BOOST_AUTO_TEST_CASE(a_batch_waits_for_items_or_time) {
  auto o = plain();
  o.batch = {.min_items = 8, .timeout = 200ms};
  delivery d(o, {}, {}, 1);
  d.available({0, 3, 30}, 0);
  BOOST_TEST(d.next(0).empty());
  BOOST_REQUIRE(d.next_wakeup());
  BOOST_TEST(*d.next_wakeup() == 200 * millisecond_ns);
  d.available({1, 5, 50}, 100 * millisecond_ns);
  const auto both = d.next(100 * millisecond_ns);
  BOOST_REQUIRE_EQUAL(both.size(), 1u);
  BOOST_TEST(both[0].items == 8u);
  d.available({2, 3, 30}, second_ns);
  BOOST_TEST(d.next(second_ns).empty());
  BOOST_TEST(d.next(second_ns + 200 * millisecond_ns).size() == 1u);
}

// Scenario: a block of 10 MiB, a limit of 4 MiB. Guarantee: it goes in pieces below the limit, in
// order.
BOOST_AUTO_TEST_CASE(a_request_stays_below_the_limit_of_bytes) {
  auto o = plain();
  o.batch = {};
  delivery d(o, {}, {}, 1);
  d.available({0, 1000, 10 << 20}, 0);
  const auto plans = d.next(0);
  BOOST_REQUIRE_EQUAL(plans.size(), 3u);
  for (const auto& p : plans)
    BOOST_TEST(p.bytes <= 4u << 20);
  BOOST_TEST(items_of(plans) == 1000u);
}

// Scenario: the log lets go of its oldest blocks in an outage. Guarantee: what was not sent of them
// is let go and counted once; the rest is delivered.
BOOST_AUTO_TEST_CASE(what_the_log_forgot_is_let_go) {
  delivery d(plain(), {}, {}, 1);
  for (weir::log_position p = 0; p < 6; ++p)
    d.available({p, 10, 100}, 0);
  const auto plans = d.next(0);
  BOOST_REQUIRE_EQUAL(plans.size(), 3u);
  d.finished(plans[0].id, again, 0);
  BOOST_TEST(d.forget_before(5) == 30u); // 0 waits to be sent again, 3 and 4 are fresh.
  BOOST_TEST((d.cursor() == log_place{1, 0}));
  d.finished(plans[1].id, ok, 1);
  d.finished(plans[2].id, again, 1); // Its blocks are gone: it cannot be sent again.
  BOOST_TEST(d.counts().forgotten == 40u);
  steady_ns now = 20 * second_ns;
  for (const auto& p : d.next(now))
    d.finished(p.id, ok, now);
  BOOST_TEST((d.cursor() == log_place{6, 0}));
  BOOST_TEST(d.counts().delivered == 20u);
}

// Scenario: a start from ranges within blocks, at their ends, over several. Guarantee: exactly the
// rest is sent.
BOOST_AUTO_TEST_CASE(ranges_within_blocks_are_left_out) {
  auto o = plain();
  o.batch = {};
  delivery d(o, {5, 2}, {{{5, 4}, {5, 6}}, {{5, 8}, {7, 3}}, {{7, 5}, {8, 0}}, {{9, 0}, {9, 10}}},
             1);
  d.reaches(11);
  while (const auto p = d.next_block())
    d.available({*p, 10, 100}, 0);
  std::vector<item_range> sent;
  for (const auto& plan : d.next(0)) {
    sent.insert(sent.end(), plan.ranges.begin(), plan.ranges.end());
    d.finished(plan.id, ok, 0);
  }
  BOOST_TEST(
      (sent == std::vector<item_range>{{5, 2, 4}, {5, 6, 8}, {7, 3, 5}, {8, 0, 10}, {10, 0, 10}}));
  BOOST_TEST((d.cursor() == log_place{11, 0}));
}

// Scenario: the items of two clients in turn in one request. Guarantee: their groups go one after
// the other, each once; the cursor counts items, whichever came first.
BOOST_AUTO_TEST_CASE(groups_go_as_they_were_chosen) {
  auto o = plain();
  o.batch = {};
  delivery d(o, {}, {}, 1);
  d.available({0, 6, 60}, 0);
  const auto plans = d.next(0);
  BOOST_REQUIRE_EQUAL(plans.size(), 1u);
  d.regroup(plans[0].id,
            {{.ranges = {{0, 0, 1}, {0, 2, 3}, {0, 4, 5}}, .items = 3, .group = "a"},
             {.ranges = {{0, 1, 2}, {0, 3, 4}, {0, 5, 6}}, .items = 3, .group = "b"}},
            0);
  const auto first = d.next(0);
  BOOST_REQUIRE_EQUAL(first.size(), 1u);
  BOOST_TEST(first[0].group == "a");
  d.finished(first[0].id, ok, 1);
  BOOST_TEST((d.cursor() == log_place{0, 1}));
  BOOST_TEST((d.finished_ahead() == std::vector<place_range>{{{0, 2}, {0, 3}}, {{0, 4}, {0, 5}}}));
  const auto second = d.next(1);
  BOOST_REQUIRE_EQUAL(second.size(), 1u);
  BOOST_TEST(second[0].group == "b");
  d.finished(second[0].id, too_large, 1); // Its parts keep the name.
  const auto part = d.next(2);
  BOOST_REQUIRE_EQUAL(part.size(), 1u);
  BOOST_TEST(part[0].group == "b");
  BOOST_TEST((part[0].ranges == std::vector<item_range>{{0, 1, 2}}));
  d.finished(part[0].id, ok, 2);
  for (const auto& rest : d.next(3))
    d.finished(rest.id, ok, 3);
  BOOST_TEST((d.cursor() == log_place{1, 0}));
  BOOST_TEST(d.counts().delivered == 6u);
}

BOOST_AUTO_TEST_SUITE_END()
