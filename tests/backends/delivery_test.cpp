#include "backends/delivery.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using weir::millisecond_ns;
using weir::second_ns;
using weir::steady_ns;
using weir::backends::delivery;
using weir::backends::item_range;
using weir::backends::outcome;
using weir::backends::place;
using kind = weir::backends::outcome::kind;

namespace {

const outcome ok{};
const outcome again{.what = kind::retry, .reason = "UNAVAILABLE"};

// No jitter: times can be computed.
delivery::options plain() {
  return {.retry = {.initial_interval = 1s,
                    .randomization_factor = 0,
                    .multiplier = 2,
                    .max_interval = 8s},
          .batch = {.max_items = 10},
          .num_consumers = 3};
}

std::uint64_t items_of(const std::vector<weir::backends::planned_request>& plans) {
  std::uint64_t sum = 0;
  for (const auto& p : plans)
    sum += p.items;
  return sum;
}

std::vector<weir::backends::dead_letter> take_letters(delivery& of) {
  std::vector<weir::backends::dead_letter> taken;
  for (; of.has_letters(); of.drop_letter())
    taken.push_back(*of.first_letter());
  return taken;
}

} // namespace

BOOST_AUTO_TEST_SUITE(delivery_test)

// Scenario: three requests in flight are answered in another order. Guarantee: the cursor moves
// over the contiguous prefix only.
BOOST_AUTO_TEST_CASE(the_cursor_moves_over_the_contiguous_prefix) {
  delivery d(plain(), {5, 2}, 1);
  d.available({5, 12, 1200}, 0);
  d.available({6, 20, 2000}, 0);
  const auto plans = d.next(0);
  BOOST_REQUIRE_EQUAL(plans.size(), 3u);
  BOOST_TEST((plans[0].ranges == std::vector<item_range>{{5, 2, 12}}));
  BOOST_TEST((plans[1].ranges == std::vector<item_range>{{6, 0, 10}}));
  BOOST_TEST((d.cursor() == place{5, 2}));
  d.finished(plans[1].id, ok, 1);
  BOOST_TEST((d.cursor() == place{5, 2}));
  d.finished(plans[0].id, ok, 1);
  BOOST_TEST((d.cursor() == place{6, 10}));
  d.finished(plans[2].id, ok, 1);
  BOOST_TEST((d.cursor() == place{7, 0}));
  BOOST_TEST(d.counts().delivered == 30u);
  BOOST_TEST(!d.next_wakeup());
}

// Scenario: min_items 8 and a timeout of 200 ms. Guarantee: fewer items wait for the timeout,
// enough of them do not; small blocks share a request.
BOOST_AUTO_TEST_CASE(a_batch_waits_for_items_or_time) {
  auto o = plain();
  o.batch = {.min_items = 8, .timeout = 200ms};
  delivery d(o, {}, 1);
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
  delivery d(o, {}, 1);
  d.available({0, 1000, 10 << 20}, 0);
  const auto plans = d.next(0);
  BOOST_REQUIRE_EQUAL(plans.size(), 3u);
  for (const auto& p : plans)
    BOOST_TEST(p.bytes <= 4u << 20);
  BOOST_TEST(items_of(plans) == 1000u);
}

// Scenario: everything fails, then the back end returns. Guarantee: one probe at a time, another
// one each time, pauses of 1, 2, 4, 8, 8 s; the first success releases all.
BOOST_AUTO_TEST_CASE(an_outage_is_probed_one_by_one) {
  delivery d(plain(), {}, 1);
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
  BOOST_TEST(d.next(now).size() == 3u);
}

// Scenario: one request fails again and again while others get through. Guarantee: only it waits.
BOOST_AUTO_TEST_CASE(a_request_that_is_the_trouble_holds_up_nobody) {
  delivery d(plain(), {}, 1);
  d.available({0, 20, 200}, 0);
  auto plans = d.next(0);
  BOOST_REQUIRE_EQUAL(plans.size(), 2u);
  d.finished(plans[1].id, ok, 1);
  d.finished(plans[0].id, again, 2);
  BOOST_TEST(!d.is_down());
  d.available({1, 10, 100}, 3);
  BOOST_TEST(items_of(d.next(3)) == 10u);
  BOOST_TEST(items_of(d.next(second_ns + 2)) == 10u);
}

// Scenario: the back end asks for 30 s, the back-off would be 1 s. Guarantee: the longer one holds,
// also where others got through.
BOOST_AUTO_TEST_CASE(the_back_ends_wish_is_obeyed) {
  delivery d(plain(), {}, 1);
  d.available({0, 20, 200}, 0);
  auto plans = d.next(0);
  d.finished(plans[0].id, {.what = kind::retry, .retry_after = 30s, .reason = "busy"}, 0);
  d.finished(plans[1].id, ok, 1);
  BOOST_TEST(d.next(30 * second_ns - 1).empty());
  BOOST_TEST(*d.next_wakeup() == 30 * second_ns);
  BOOST_TEST(d.next(30 * second_ns).size() == 1u);
}

// Scenario: retrying for 5 s at most. Guarantee: then it is a dead letter with the reason; the
// cursor goes past it only once the letter was taken.
BOOST_AUTO_TEST_CASE(a_time_limit_ends_in_a_dead_letter) {
  auto o = plain();
  o.retry.max_elapsed_time = 5s;
  delivery d(o, {}, 1);
  d.available({0, 10, 100}, 0);
  steady_ns now = 0;
  for (int i = 0; i < 3; ++i) {
    const auto plans = d.next(now);
    BOOST_REQUIRE_EQUAL(plans.size(), 1u);
    d.finished(plans[0].id, again, now);
    if (d.next_wakeup())
      now = *d.next_wakeup();
  }
  BOOST_TEST((d.cursor() == place{0, 0}));
  const auto letters = take_letters(d);
  BOOST_REQUIRE_EQUAL(letters.size(), 1u);
  BOOST_TEST(letters[0].items == 10u);
  BOOST_TEST(letters[0].reason.find("gave up after 3 attempts") != std::string::npos);
  BOOST_TEST(letters[0].reason.find("UNAVAILABLE") != std::string::npos);
  BOOST_TEST((d.cursor() == place{1, 0}));
  BOOST_TEST(d.counts().dead == 10u);
}

// Scenario: the back end takes three items at most, and never item 5. Guarantee: requests are split
// until they fit, item 5 alone becomes a dead letter, all else is delivered.
BOOST_AUTO_TEST_CASE(too_large_requests_are_split) {
  delivery d(plain(), {}, 1);
  d.available({0, 10, 1000}, 0);
  std::uint64_t sent = 0;
  for (int i = 0; i < 100; ++i)
    for (const auto& p : d.next(i)) {
      ++sent;
      bool bad = p.items > 3;
      for (const auto& r : p.ranges)
        bad = bad || (r.first <= 5 && 5 < r.last);
      d.finished(p.id, bad ? outcome{.what = kind::too_large, .reason = "too large"} : ok, i);
    }
  const auto letters = take_letters(d);
  BOOST_REQUIRE_EQUAL(letters.size(), 1u);
  BOOST_TEST((letters[0].ranges == std::vector<item_range>{{0, 5, 6}}));
  BOOST_TEST(letters[0].reason == "too large");
  BOOST_TEST(d.counts().delivered == 9u);
  BOOST_TEST((d.cursor() == place{1, 0}));
  BOOST_TEST(sent < 12u);
}

// Scenario: a back end refuses more than one commit should hold.
// Guarantee: letters come one by one, oldest first; the cursor stays before those not kept yet.
BOOST_AUTO_TEST_CASE(letters_come_one_by_one) {
  auto o = plain();
  delivery d(o, {}, 1);
  d.available({0, 30, 300}, 0);
  for (const auto& p : d.next(0))
    d.finished(p.id, {.what = kind::refused, .reason = "no"}, 1);
  for (std::uint32_t kept = 0; kept < 3; ++kept) {
    BOOST_TEST_REQUIRE(d.has_letters());
    BOOST_TEST(
        (d.first_letter()->ranges == std::vector<item_range>{{0, kept * 10, kept * 10 + 10}}));
    BOOST_TEST((d.cursor() == place{0, kept * 10}));
    d.drop_letter();
  }
  BOOST_TEST(d.first_letter() == nullptr);
  BOOST_TEST((d.cursor() == place{1, 0}));
}

// Scenario: a permanent refusal, a partial success, retrying off. Guarantee: letters with the
// reasons; rejected items are counted as such.
BOOST_AUTO_TEST_CASE(refusals_and_partial_success_are_booked) {
  auto o = plain();
  o.retry.enabled = false;
  delivery d(o, {}, 1);
  d.available({0, 30, 300}, 0);
  const auto plans = d.next(0);
  d.finished(plans[0].id, {.what = kind::refused, .reason = "INVALID_ARGUMENT: no"}, 1);
  d.finished(plans[1].id, {.rejected = 4, .reason = "four were bad"}, 1);
  d.finished(plans[2].id, again, 1);
  const auto letters = take_letters(d);
  BOOST_REQUIRE_EQUAL(letters.size(), 2u);
  BOOST_TEST(letters[0].reason == "INVALID_ARGUMENT: no");
  BOOST_TEST(letters[1].reason == "UNAVAILABLE");
  BOOST_TEST(d.counts().delivered == 10u);
  BOOST_TEST(d.counts().rejected == 4u);
  BOOST_TEST(d.counts().dead == 20u);
}

// Scenario: the log lets go of its oldest blocks in an outage. Guarantee: what was not sent of them
// is let go and counted once; the rest is delivered.
BOOST_AUTO_TEST_CASE(what_the_log_forgot_is_let_go) {
  delivery d(plain(), {}, 1);
  for (weir::log_position p = 0; p < 6; ++p)
    d.available({p, 10, 100}, 0);
  const auto plans = d.next(0);
  BOOST_REQUIRE_EQUAL(plans.size(), 3u);
  d.finished(plans[0].id, again, 0);
  BOOST_TEST(d.forget_before(5) == 30u); // 0 waits to be sent again, 3 and 4 are fresh.
  BOOST_TEST((d.cursor() == place{1, 0}));
  d.finished(plans[1].id, ok, 1);
  d.finished(plans[2].id, again, 1); // Its blocks are gone: it cannot be sent again.
  BOOST_TEST(d.counts().forgotten == 40u);
  steady_ns now = 20 * second_ns;
  for (const auto& p : d.next(now))
    d.finished(p.id, ok, now);
  BOOST_TEST((d.cursor() == place{6, 0}));
  BOOST_TEST(d.counts().delivered == 20u);
}

BOOST_AUTO_TEST_SUITE_END()
