#include "tests/backends/deliveries.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

using namespace weir;
using namespace weir::backends;
using kind = outcome::kind;

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

BOOST_AUTO_TEST_SUITE(delivery_splitting_test)

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

BOOST_AUTO_TEST_SUITE_END()
