#include "backends/delivery.hpp"

#include <boost/test/unit_test.hpp>
#include <numeric>
#include <set>

using namespace std::chrono_literals;
using weir::log_place;
using weir::millisecond_ns;
using weir::second_ns;
using weir::steady_ns;
using weir::backends::delivery;
using weir::backends::item_range;
using weir::backends::outcome;
using weir::backends::place_range;
using kind = weir::backends::outcome::kind;

namespace {

const outcome ok{};
const outcome again{.answer = kind::retry, .reason = "UNAVAILABLE"};
const outcome too_large{.answer = kind::too_large, .reason = "too large"};

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

std::vector<weir::backends::dead_letter> take_letters(delivery& delivery) {
  std::vector<weir::backends::dead_letter> taken;
  for (; delivery.has_letters(); delivery.drop_letter())
    taken.push_back(*delivery.first_letter());
  return taken;
}

} // namespace

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

// Scenario: everything fails, then the back end returns. Guarantee: one probe at a time, another
// one each time, pauses of 1, 2, 4, 8, 8 s; the first success releases all.
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
  BOOST_TEST(items_of(d.next(3)) == 10u);
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

// Scenario: the back end takes three items at most, and never item 5. Guarantee: requests are split
// until they fit, item 5 alone becomes a dead letter, all else is delivered.
BOOST_AUTO_TEST_CASE(too_large_requests_are_split) {
  delivery d(plain(), {}, {}, 1);
  d.available({0, 10, 1000}, 0);
  std::uint64_t sent = 0;
  for (int i = 0; i < 100; ++i)
    for (const auto& p : d.next(i)) {
      ++sent;
      bool bad = p.items > 3;
      for (const auto& r : p.ranges)
        bad = bad || (r.first <= 5 && 5 < r.last);
      d.finished(p.id, bad ? outcome{.answer = kind::too_large, .reason = "too large"} : ok, i);
    }
  const auto letters = take_letters(d);
  BOOST_REQUIRE_EQUAL(letters.size(), 1u);
  BOOST_TEST((letters[0].ranges == std::vector<item_range>{{0, 5, 6}}));
  BOOST_TEST(letters[0].reason == "too large");
  BOOST_TEST(d.counts().delivered == 9u);
  BOOST_TEST((d.cursor() == log_place{1, 0}));
  BOOST_TEST(sent < 12u);
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
  BOOST_TEST(next.next_block() == 0u);
  next.available({0, 10, 100}, now);
  BOOST_TEST(next.next_block() == blocks); // Nothing between is read again.
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

// Scenario: a start from ranges within blocks, at their ends, over several. Guarantee: exactly the
// rest is sent.
BOOST_AUTO_TEST_CASE(ranges_within_blocks_are_left_out) {
  auto o = plain();
  o.batch = {};
  delivery d(o, {5, 2}, {{{5, 4}, {5, 6}}, {{5, 8}, {7, 3}}, {{7, 5}, {8, 0}}, {{9, 0}, {9, 10}}},
             1);
  for (weir::log_position p = d.next_block(); p < 11; p = std::max(p + 1, d.next_block()))
    d.available({p, 10, 100}, 0);
  std::vector<item_range> sent;
  for (const auto& plan : d.next(0)) {
    sent.insert(sent.end(), plan.ranges.begin(), plan.ranges.end());
    d.finished(plan.id, ok, 0);
  }
  BOOST_TEST(
      (sent == std::vector<item_range>{{5, 2, 4}, {5, 6, 8}, {7, 3, 5}, {8, 0, 10}, {10, 0, 10}}));
  BOOST_TEST((d.cursor() == log_place{11, 0}));
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

namespace {

// Drives a delivery until it rests: what was sent, and how often it was too large. Messages are an
// envelope and 10 bytes an item; the back end takes `limit` bytes.
struct sizes {
  std::uint64_t sent = 0, refused = 0, bytes = 0;
};

sizes run(delivery& d, std::uint64_t envelope, std::uint64_t limit) {
  sizes seen;
  for (int i = 0; i < 100'000; ++i) {
    const auto plans = d.next(i, 1);
    if (plans.empty())
      break;
    const auto& plan = plans[0];
    const auto size = envelope + plan.items * 10;
    switch (d.measured(plan.id, size, envelope + 10)) {
    case delivery::advice::halve:
      d.split(plan.id, i);
      break;
    case delivery::advice::give_up:
      d.give_up(plan.id, "the envelope alone is too large", i);
      break;
    case delivery::advice::send:
      ++seen.sent;
      seen.bytes += size;
      seen.refused += size > limit ? 1 : 0;
      d.finished(plan.id, size > limit ? too_large : ok, i);
    }
  }
  return seen;
}

} // namespace

// Scenario: a million items of 10 bytes under a resource of 5 MiB, against a back end, or a limit
// of the exporter's own, of 4 MiB. Guarantee: all of them are given up after two requests or three.
BOOST_AUTO_TEST_CASE(an_envelope_that_is_too_large_is_given_up_at_once) {
  for (const std::uint64_t own : {4 << 20, 64 << 20}) {
    auto o = plain();
    o.batch = {.max_bytes = own};
    delivery d(o, {}, {}, 1);
    d.available({0, 1'000'000, 15 << 20}, 0);
    std::uint64_t dead = 0;
    sizes seen;
    for (int i = 0; i < 20; ++i) {
      const auto more = run(d, 5 << 20, 4 << 20);
      seen.sent += more.sent;
      seen.bytes += more.bytes;
      for (const auto& letter : take_letters(d))
        dead += letter.items;
    }
    BOOST_TEST(dead == 1'000'000u);
    BOOST_TEST(seen.sent
               <= 12u); // Its parts of 4 MiB each, where the exporter's own limit is that.
    BOOST_TEST(seen.bytes < 100u << 20);
    BOOST_TEST((d.cursor() == log_place{1, 0}));
  }
}

// Scenario: such a resource takes all but some bytes of what the back end takes: each request holds
// ten items. Guarantee: what it costs is bounded; nothing stands still.
BOOST_AUTO_TEST_CASE(what_cutting_costs_is_bounded) {
  auto o = plain();
  o.batch = {.max_bytes = 64 << 20};
  delivery d(o, {}, {}, 1);
  d.available({0, 100'000, 6 << 20}, 0);
  std::uint64_t dead = 0;
  std::uint64_t bytes = 0;
  for (int i = 0; i < 100; ++i) {
    bytes += run(d, 5 << 20, (5 << 20) + 100).bytes;
    for (const auto& letter : take_letters(d))
      dead += letter.items;
  }
  BOOST_TEST(d.counts().delivered + dead == 100'000u);
  BOOST_TEST(bytes < 40u * (6 << 20));
  BOOST_TEST((d.cursor() == log_place{1, 0}));
}

// Scenario: small items, a back end that takes far less than the exporter's limit. Guarantee: all
// are delivered, none becomes a dead letter.
BOOST_AUTO_TEST_CASE(small_items_are_cut_down_to_any_limit) {
  auto o = plain();
  o.batch = {};
  delivery d(o, {}, {}, 1);
  for (weir::log_position p = 0; p < 20; ++p)
    d.available({p, 20'000, 200'000}, 0);
  run(d, 100, 5000);
  BOOST_TEST(!d.has_letters());
  BOOST_TEST(d.counts().delivered == 400'000u);
}

// Scenario: one place, a request that is cut into many, fresh blocks behind it. Guarantee: fresh
// ones go in turn with the parts, not behind all of them.
BOOST_AUTO_TEST_CASE(fresh_blocks_go_in_turn_with_parts) {
  auto o = plain();
  o.num_consumers = 1;
  o.batch = {.max_bytes = 1000};
  delivery d(o, {}, {}, 1);
  for (weir::log_position p = 0; p < 8; ++p)
    d.available({p, 64, 1000}, 0);
  std::vector<weir::log_position> order;
  for (int i = 0; i < 16; ++i) {
    const auto plans = d.next(i);
    BOOST_REQUIRE_EQUAL(plans.size(), 1u);
    order.push_back(plans[0].ranges[0].position);
    const bool bad = order.back() == 0 && plans[0].items > 1;
    d.finished(plans[0].id, bad ? too_large : ok, i);
  }
  BOOST_TEST(std::set<weir::log_position>(order.begin(), order.end()).size() == 8u);
}

// Scenario: one request is called too large, then three others are; then requests of the size that
// was learned go well for long. Guarantee: one sets no limit for all, three do; it grows again.
BOOST_AUTO_TEST_CASE(a_limit_is_learned_from_several_and_unlearned) {
  auto o = plain();
  o.batch = {.max_bytes = 1 << 20};
  delivery d(o, {}, {}, 1);
  weir::log_position p = 0;
  std::uint64_t bad = 1;
  const auto send_one = [&] {
    for (int turn = 0; turn < 50; ++turn) {
      if (turn == 0) {
        d.available({p, 1000, 1 << 20}, 0);
        ++p;
      }
      const auto plans = d.next(0, 1);
      if (plans.empty())
        return;
      const bool refuse = bad > 0 && plans[0].bytes > 600'000;
      bad -= refuse ? 1 : 0;
      d.finished(plans[0].id, refuse ? too_large : ok, 0);
    }
  };
  const auto largest_now = [&] {
    d.available({p++, 1000, 1 << 20}, 0);
    std::uint64_t largest = 0;
    for (;;) {
      const auto plans = d.next(0, 1);
      if (plans.empty())
        return largest;
      largest = std::max(largest, plans[0].bytes);
      d.finished(plans[0].id, ok, 0);
    }
  };
  send_one();
  BOOST_TEST(largest_now() == 1u << 20);
  bad = 3;
  for (int i = 0; i < 3; ++i)
    send_one();
  BOOST_TEST(largest_now() <= 512u << 10);
  for (int i = 0; i < 500; ++i)
    largest_now();
  BOOST_TEST(largest_now() == 1u << 20);
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
