#include "backends/delivery.hpp"

#include "deliveries.hpp"

#include <boost/test/unit_test.hpp>
#include <map>

using namespace std::chrono_literals;
using namespace weir;
using namespace weir::backends;

namespace {

// A request a block of ten items and 1000 bytes.
delivery::options draining(drain_order order, double share = 0.5, std::uint64_t rate = 0) {
  auto o = plain();
  o.drain = {order, share, rate};
  o.num_consumers = 4;
  return o;
}

void read(delivery& d, log_position log_next, steady_ns now, std::uint64_t bytes = 1000) {
  d.reaches(log_next);
  while (const auto p = d.next_block())
    d.available({*p, 10, bytes, 1 + *p}, now);
}

std::vector<log_position> blocks_of(const std::vector<planned_request>& plans) {
  std::vector<log_position> blocks;
  for (const auto& plan : plans)
    blocks.push_back(plan.ranges.front().position);
  return blocks;
}

using positions = std::vector<log_position>;

} // namespace

BOOST_AUTO_TEST_SUITE(delivery_drain_test)

// Scenario: a hundred blocks wait at a start, then two more come. Guarantee: with newest_first and
// interleaved these two go at once; of the rest the newest, or the oldest, go, in half of the
// places.
BOOST_AUTO_TEST_CASE(what_comes_goes_before_what_has_waited) {
  for (const auto order : {drain_order::newest_first, drain_order::interleaved}) {
    delivery d(draining(order), {}, {}, 1);
    read(d, 100, 0);
    read(d, 102, 0);
    const bool newest = order == drain_order::newest_first;
    BOOST_TEST((blocks_of(d.next(0))
                == (newest ? positions{100, 99, 101, 98} : positions{100, 0, 101, 1})));
    BOOST_TEST(d.oldest() == (newest ? 1u : 1u)); // All of it is read: it is small.
  }
}

// Scenario: the same, oldest_first. Guarantee: in the order of the log, in all places.
BOOST_AUTO_TEST_CASE(oldest_first_goes_in_turn) {
  delivery d(draining(drain_order::oldest_first), {}, {}, 1);
  read(d, 100, 0);
  read(d, 102, 0);
  BOOST_TEST((blocks_of(d.next(0)) == positions{0, 1, 2, 3}));
}

// Scenario: nothing comes while a hundred blocks wait, with a share of a half, a tenth, and all.
// Guarantee: the backlog takes two, one and four of four places, never more.
BOOST_AUTO_TEST_CASE(the_backlog_has_its_share) {
  for (const auto& [share, places] : std::map<double, std::size_t>{{0.5, 2}, {0.1, 1}, {1.0, 4}}) {
    delivery d(draining(drain_order::interleaved, share), {}, {}, 1);
    read(d, 100, 0);
    auto plans = d.next(0);
    BOOST_TEST(plans.size() == places);
    for (int i = 0; i < 50 && !plans.empty(); ++i) {
      d.finished(plans.front().id, ok, i);
      plans.erase(plans.begin());
      for (const auto& plan : d.next(i))
        plans.push_back(plan);
      BOOST_TEST(plans.size() == places);
    }
  }
}

// Scenario: one place, and more comes than it can take, with shares of a half and a fifth.
// Guarantee: the backlog gets that share of the requests, not nothing.
BOOST_AUTO_TEST_CASE(the_backlog_is_not_starved) {
  for (const auto& [share, least] : std::map<double, int>{{0.5, 95}, {0.2, 38}}) {
    auto o = draining(drain_order::interleaved, share);
    o.num_consumers = 1;
    delivery d(o, {}, {}, 1);
    read(d, 1000, 0);
    int backlog = 0;
    for (log_position i = 0; i < 200; ++i) {
      read(d, 1001 + i, static_cast<steady_ns>(i));
      const auto plans = d.next(static_cast<steady_ns>(i));
      BOOST_REQUIRE_EQUAL(plans.size(), 1u);
      backlog += plans[0].ranges[0].position < 1000 ? 1 : 0;
      d.finished(plans[0].id, ok, static_cast<steady_ns>(i));
    }
    BOOST_TEST(backlog >= least);
    BOOST_TEST(backlog <= least + 10);
  }
}

// Scenario: 50 blocks of 1000 bytes wait, max_rate is 10,000 bytes a second, in each order; blocks
// come meanwhile. Guarantee: ten blocks a second of what waited, whatever the places; what comes
// does not count, but where it goes in turn.
BOOST_AUTO_TEST_CASE(the_rate_is_kept) {
  for (const auto order :
       {drain_order::oldest_first, drain_order::newest_first, drain_order::interleaved}) {
    delivery d(draining(order, 0.5, 10'000), {}, {}, 1);
    steady_ns now = 0;
    log_position next = 50;
    int old = 0;
    int live = 0;
    for (int i = 0; i < 300; ++i, now += 10 * millisecond_ns) {
      read(d, next += i % 30 == 0 ? 1 : 0, now);
      if (i == 0)
        read(d, ++next, now);
      for (const auto& plan : d.next(now)) {
        (plan.ranges[0].position < 51 ? old : live) += 1;
        d.finished(plan.id, ok, now);
      }
    }
    BOOST_TEST(old >= 29);
    BOOST_TEST(old <= 33);
    BOOST_TEST(live == (order == drain_order::oldest_first ? 0 : 10));
  }
}

// Scenario: the back end is away while 200 blocks come; then it is back, and one block comes.
// Guarantee: newest_first sends that one and the newest of the others, and is at the end when all
// are delivered, each once.
BOOST_AUTO_TEST_CASE(an_outage_makes_a_backlog) {
  delivery d(draining(drain_order::newest_first), {}, {}, 1);
  steady_ns now = 0;
  log_position next = 0;
  std::map<log_position, int> taken;
  d.reaches(0);
  for (int i = 0; i < 200; ++i, now += 100 * millisecond_ns) {
    read(d, ++next, now, 1 << 20);
    for (const auto& plan : d.next(now))
      d.finished(plan.id, again, now);
  }
  BOOST_TEST(d.is_down());
  read(d, ++next, now, 1 << 20);
  read(d, next, now, 1 << 20);
  bool first = true;
  for (int i = 0; i < 1000 && d.cursor() < log_place{next, 0}; ++i, now += second_ns) {
    read(d, next, now, 1 << 20);
    for (const auto& plan : d.next(now)) {
      for (const auto& range : plan.ranges)
        ++taken[range.position];
      if (plan.attempts == 1 && std::exchange(first, false))
        BOOST_TEST(plan.ranges[0].position >= 150u); // Some were read before.
      d.finished(plan.id, ok, now);
    }
  }
  BOOST_TEST(taken.size() == 201u);
  for (const auto& [position, times] : taken)
    BOOST_TEST(times == 1);
  BOOST_TEST((d.cursor() == log_place{next, 0}));
  BOOST_TEST(d.places() == 4u);
}

// Scenario: a drain, newest first, is cut short and begun again from what was kept, block by block.
// Guarantee: each block is sent once over all starts; the kept ranges stay few.
BOOST_AUTO_TEST_CASE(a_drain_goes_on_where_it_was) {
  log_place cursor;
  std::vector<place_range> ranges;
  std::map<log_position, int> taken;
  log_position next = 300;
  for (int start = 0; start < 200 && cursor < log_place{next, 0}; ++start) {
    delivery d(draining(drain_order::newest_first), cursor, ranges, 1);
    if (start < 100)
      read(d, next++, 0);
    read(d, next, 0);
    for (const auto& plan : d.next(0)) {
      ++taken[plan.ranges[0].position];
      d.finished(plan.id, ok, 0);
    }
    cursor = d.cursor();
    ranges = d.finished_ahead();
    BOOST_TEST(ranges.size() <= 120u);
  }
  BOOST_TEST((cursor == log_place{next, 0}));
  BOOST_TEST(taken.size() == next);
  for (const auto& [position, times] : taken)
    BOOST_TEST(times == 1);
}

// Scenario: a back end so slow that what is live waits again and again, for long. Guarantee: the
// ranges are bounded; nothing is lost by that.
BOOST_AUTO_TEST_CASE(ranges_are_bounded) {
  auto o = draining(drain_order::newest_first, 0.1);
  o.num_consumers = 1;
  delivery d(o, {}, {}, 1);
  log_position next = 100;
  std::size_t most = 0;
  steady_ns now = 0;
  std::uint64_t bytes = 4 << 20; // One block at a time is enough to send.
  const auto read_big = [&] {
    d.reaches(next);
    while (const auto p = d.next_block())
      d.available({*p, 10, bytes, 1}, now);
  };
  for (int i = 0; i < 4000; ++i, now += millisecond_ns) {
    next += 3;
    read_big();
    if (i % 8 == 0)
      for (const auto& plan : d.next(now))
        d.finished(plan.id, ok, now);
    if (i % 50 == 0)
      most = std::max(most, d.finished_ahead().size());
  }
  BOOST_TEST(most > 200u);
  BOOST_TEST(most < 600u);
  for (int i = 0; i < 100'000 && d.cursor() < log_place{next, 0}; ++i, ++now) {
    read_big();
    for (const auto& plan : d.next(now))
      d.finished(plan.id, ok, now);
  }
  BOOST_TEST((d.cursor() == log_place{next, 0}));
  BOOST_TEST(d.counts().delivered == next * 10);
}

// Scenario: a back end that takes two requests at a time and refuses more. Guarantee: after the
// first refusals nearly all requests are taken, and both places are in use.
BOOST_AUTO_TEST_CASE(a_weak_back_end_is_not_overrun) {
  auto o = draining(drain_order::oldest_first);
  o.num_consumers = 16;
  o.retry.initial_interval = 10ms;
  o.retry.max_interval = 100ms;
  delivery d(o, {}, {}, 1);
  steady_ns now = 0;
  std::vector<planned_request> flying;
  int taken = 0;
  int refused = 0;
  for (int i = 0; i < 4000; ++i, now += millisecond_ns) {
    read(d, 10'000, now);
    for (const auto& plan : d.next(now)) {
      if (flying.size() < 2) {
        flying.push_back(plan);
        continue;
      }
      ++refused;
      d.finished(plan.id, again, now);
    }
    if (i % 10 == 9)
      for (const auto& plan : std::exchange(flying, {})) {
        ++taken;
        d.finished(plan.id, ok, now);
      }
  }
  BOOST_TEST(taken > 600);
  BOOST_TEST(refused < taken / 3);
}

// Scenario: with each request more in flight answers take longer, from 100 ms on. Guarantee: the
// number in flight stays below what makes them eight times as long; with answers that are quick
// all places are used again.
BOOST_AUTO_TEST_CASE(slow_answers_lower_the_number_in_flight) {
  flight_limit limit(16);
  steady_ns now = 0;
  for (int i = 0; i < 20; ++i)
    limit.answered(1000, 100 * millisecond_ns, now += second_ns);
  double sum = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto took = limit.requests() * 100 * millisecond_ns;
    limit.answered(1000, took, now += took / limit.requests());
    sum += limit.requests();
  }
  BOOST_TEST(sum / 1000 < 8);
  BOOST_TEST(sum / 1000 >= 2);
  for (int i = 0; i < 500; ++i)
    limit.answered(1000, 100 * millisecond_ns, now += second_ns);
  BOOST_TEST(limit.requests() == 16u);
}

// Scenario: a pause by hand of an hour in which a request that may be tried for ten seconds waits.
// Guarantee: the hour does not count.
BOOST_AUTO_TEST_CASE(a_pause_does_not_count_as_trying) {
  auto o = plain();
  o.retry.max_elapsed_time = 10s;
  delivery d(o, {}, {}, 1);
  d.available({0, 10, 100}, 0);
  d.finished(d.next(0).at(0).id, again, 0);
  d.waited(3600 * second_ns);
  const auto plans = d.next(3601 * second_ns);
  BOOST_REQUIRE_EQUAL(plans.size(), 1u);
  d.finished(plans[0].id, ok, 3601 * second_ns);
  BOOST_TEST(d.counts().dead == 0u);
}

// Scenario: of ten items of a request two are refused, three are to come again, the rest is taken;
// the three are taken later. Guarantee: the letter holds just the two, five and then three are
// delivered, the cursor waits for the letter.
BOOST_AUTO_TEST_CASE(items_are_answered_one_by_one) {
  delivery d(plain(), {}, {}, 1);
  d.available({0, 10, 100}, 0);
  const auto plan = d.next(0).at(0);
  delivery::item_answers answers;
  answers.delivered = {.ranges = {{0, 0, 2}, {0, 3, 5}, {0, 9, 10}}, .items = 5};
  answers.refused = {{{.ranges = {{0, 2, 3}, {0, 8, 9}}, .items = 2}, "mapping"}};
  answers.again = {.ranges = {{0, 5, 8}}, .items = 3};
  answers.reason = "429";
  d.finished_by_item(plan.id, answers, 0);
  BOOST_TEST((d.cursor() == log_place{0, 2}));
  BOOST_TEST(d.counts().delivered == 5u);
  BOOST_TEST(d.counts().dead == 2u);
  const auto letters = take_letters(d);
  BOOST_REQUIRE_EQUAL(letters.size(), 1u);
  BOOST_TEST(letters[0].reason == "mapping");
  BOOST_TEST((letters[0].ranges == std::vector<item_range>{{0, 2, 3}, {0, 8, 9}}));
  BOOST_TEST((d.cursor() == log_place{0, 5}));
  const auto again = d.next(second_ns);
  BOOST_REQUIRE_EQUAL(again.size(), 1u);
  BOOST_TEST((again[0].ranges == std::vector<item_range>{{0, 5, 8}}));
  BOOST_TEST(again[0].attempts == 2u);
  d.finished(again[0].id, ok, second_ns);
  BOOST_TEST((d.cursor() == log_place{1, 0}));
  BOOST_TEST(d.counts().delivered == 8u);
}

BOOST_AUTO_TEST_SUITE_END()
