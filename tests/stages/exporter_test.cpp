#include "exporter_fixture.hpp"

using namespace weir;
using namespace weir::stages;
using namespace weir::stages::exporter_tests;

BOOST_FIXTURE_TEST_SUITE(exporter_test, fixture)

// -- delivering --

// Scenario: a log of 20 blocks, then a kill and another start. Guarantee: all is sent in a request,
// the cursor is written with the next tick and not synced; nothing is sent again.
BOOST_AUTO_TEST_CASE(a_log_is_delivered_once) {
  fill(20);
  start();
  settle();
  BOOST_TEST(taken == 20U);
  BOOST_TEST(requests == 1U);
  BOOST_TEST(cursor() == 0U);
  writes = false;
  pass(second_ns);
  BOOST_REQUIRE(writer.waiting() == 1U);
  BOOST_TEST(!writer.syncs());
  writes = true;
  settle();
  BOOST_TEST(cursor() == 20U);
  BOOST_TEST(counted(delivered_items) == 20U);
  kill();
  start();
  pass(5 * second_ns);
  BOOST_TEST(requests == 1U);
}

// Scenario: delivered, and a kill before the cursor is written. Guarantee: it is sent again, and
// counted once.
BOOST_AUTO_TEST_CASE(what_the_cursor_does_not_say_is_sent_again) {
  fill(3);
  start();
  settle();
  kill();
  start();
  pass(2 * second_ns);
  BOOST_TEST(taken == 6U);
  BOOST_TEST(counted(delivered_items) == 3U);
}

// Scenario: a fast back end, and an hour between two looks at the cursor. Guarantee: the cursor is
// written after so many items, too: a kill does not have them all sent again.
BOOST_AUTO_TEST_CASE(the_cursor_is_written_by_items_too) {
  plan.cursor_interval = std::chrono::hours(1);
  plan.batch = backends::batch_config{.max_items = 1000};
  fill(100, 1000, 0);
  start();
  settle();
  BOOST_TEST(taken == 100'000U);
  BOOST_TEST(counted(delivered_items) >= 80'000U);
}

// Scenario: ten requests may fly; the back end answers none; then one, with an answer that comes
// twice, and one to a request that it never had. Guarantee: ten fly; each answer that counts makes
// room for one.
BOOST_AUTO_TEST_CASE(so_many_requests_are_in_flight) {
  one_item_a_request(10);
  fill(30);
  answers = nullptr;
  start();
  BOOST_TEST(sent.size() == 10U);
  pass(second_ns);
  BOOST_TEST(sent.size() == 10U);
  const auto id = sent.front().id;
  answer_one(delivered());
  BOOST_TEST(sent.size() == 10U);
  finish({id, delivered()});
  finish({4711, delivered()});
  BOOST_TEST(sent.size() == 10U);
  pass(2 * second_ns);
  BOOST_TEST(counted(delivered_items) == 1U);
  BOOST_TEST(cursor() == 1U);
}

// Scenario: it has caught up, and blocks come 1 ms apart. Guarantee: the first wakes it; for 50 ms
// others do not, and go together then; once nothing came for an interval, the next wakes it again.
BOOST_AUTO_TEST_CASE(a_busy_log_is_looked_at_in_intervals) {
  start();
  const auto& pending = *uut->wake_pending();
  BOOST_TEST(!pending);
  append(some_spans(0, 1, 10), 1, true);
  pump();
  BOOST_TEST(requests == 1U);
  for (int i = 1; i <= 30; ++i) {
    now = later(millisecond_ns, now);
    append(some_spans(static_cast<std::uint64_t>(i), 1, 10), 1, true);
    BOOST_TEST(pending);
    pump();
  }
  settle();
  BOOST_TEST(requests == 1U);
  pass(60 * millisecond_ns);
  BOOST_TEST(taken == 31U);
  BOOST_TEST(requests <= 3U);
  pass(100 * millisecond_ns);
  BOOST_TEST(!pending);
}

// Scenario: the quota drops blocks that are owed, some of them in a request that waits to be tried
// again. Guarantee: they are counted as lost, the rest is delivered, the sides add up.
BOOST_AUTO_TEST_CASE(what_the_log_lets_go_is_lost_and_counted) {
  plan.batch = backends::batch_config{.max_items = 4};
  plan.config.queue.num_consumers = 1;
  fill(20);
  answers = [](const auto&) { return answer_of(kind::retry, "away"); };
  start();
  pass(second_ns);
  BOOST_REQUIRE(disk->trim_log(traces, 10));
  answers = [](const auto&) { return delivered(); };
  pass(5 * second_ns);
  BOOST_TEST(cursor() == 20U);
  BOOST_TEST(counted(lost_items) >= 8U);
  BOOST_TEST(counted(lost_items) + counted(delivered_items) == 20U);
}

// -- reads --

// Scenario: one block each cannot be read at the moment (too many open files, say). Guarantee: it
// is tried again; all is delivered, nothing is taken for damaged.
BOOST_AUTO_TEST_CASE(a_block_that_cannot_be_read_now_is_read_later) {
  for (unsigned read = 0; read < 30; ++read) {
    fixture f;
    f.one_item_a_request(1);
    f.fill(20);
    f.disk->refuse_one_read(read);
    f.start();
    f.pass(5 * second_ns);
    BOOST_TEST(f.disk->refused_reads() == 1U);
    BOOST_TEST(f.cursor() == 20U, "read " << read);
    BOOST_TEST(f.taken == 20U);
    BOOST_TEST(f.counted(delivered_items) == 20U);
    BOOST_TEST(f.counted(damage_open) == 0U);
  }
}

// Scenario: a block is damaged before it is read. Guarantee: it is set aside and stepped over; at
// rest what it took is counted, in the second tick that finds everything at its end.
BOOST_AUTO_TEST_CASE(a_damaged_block_is_stepped_over) {
  fill(20, 3);
  disk->damage_block(7);
  start();
  pass(second_ns);
  BOOST_TEST(taken == 57U);
  BOOST_TEST(cursor() == 20U);
  BOOST_TEST((disk->set_aside() == std::vector{std::pair{std::string("log"), std::uint64_t{7}}}));
  BOOST_TEST(counted(damage_open) == 1U);
  BOOST_TEST(counted(damaged_items) == 0U);
  pass(second_ns);
  BOOST_TEST(counted(damage_open) == 1U); // The log may be growing.
  pass(3 * second_ns);
  BOOST_TEST(counted(damage_open) == 0U);
  BOOST_TEST(counted(damaged_items) == 3U);
}

// Scenario: between two attempts of a request of 20 blocks, the first of them rots. Guarantee: the
// others are delivered, that one ends as a dead letter that says why.
BOOST_AUTO_TEST_CASE(damage_takes_nothing_sound_along) {
  fill(20, 1, 1000);
  answers = [this](const auto&) {
    if (requests > 1)
      return delivered();
    disk->damage_block(0);
    return answer_of(kind::retry, "not now");
  };
  start();
  pass(5 * second_ns);
  BOOST_TEST(taken + counted(dead_items) == 20U);
  BOOST_TEST(cursor() == 20U);
  BOOST_REQUIRE(disk->dead_letters(traces).next == 1U);
  BOOST_TEST(letter(0).items == 1U);
  BOOST_TEST(letter(0).message.empty());
  BOOST_TEST(!letter(0).reason.empty());
}

// -- what it says --

// Scenario: a back end that is away, then refuses; the exporter goes. Guarantee: the board says so,
// with what waits; then nothing.
BOOST_AUTO_TEST_CASE(the_board_says_how_it_gets_on) {
  const auto status = [] { return exporter_board::instance().all().at(0); };
  fill(3);
  answers = [](const auto&) { return answer_of(kind::retry, "UNAVAILABLE: away"); };
  start();
  pass(2 * second_ns);
  BOOST_TEST((status().health == exporter_health::backing_off));
  BOOST_TEST(status().reason == "UNAVAILABLE: away");
  BOOST_TEST(status().oldest_waiting == beginning.wall);
  BOOST_TEST(status().waiting_items == 3U);
  BOOST_TEST(status().next_try > now.wall - 2ULL * second_ns);
  answers = [](const auto&) { return answer_of(kind::refused, "INVALID_ARGUMENT: never"); };
  pass(2 * second_ns);
  BOOST_TEST((status().health == exporter_health::refused));
  BOOST_TEST(status().reason == "INVALID_ARGUMENT: never");
  BOOST_TEST(status().waiting_items == 0U);
  kill();
  BOOST_TEST(exporter_board::instance().all().empty());
}

// -- start and stop --

// Scenario: its place cannot be read. Guarantee: it does not begin: it would send what it has sent.
BOOST_AUTO_TEST_CASE(it_does_not_start_without_its_place) {
  fill(1);
  disk->refuse_meta(true);
  BOOST_CHECK_THROW(start(), std::runtime_error);
  BOOST_TEST(requests == 0U);
}

// Scenario: blocks behind the cursor are gone at a start (a database that was salvaged). Guarantee:
// what is left is delivered; what is missing is counted as damaged.
BOOST_AUTO_TEST_CASE(a_gap_at_the_start_is_counted) {
  fill(10, 2);
  BOOST_REQUIRE(disk->trim_log(traces, 4));
  start();
  pass(5 * second_ns);
  BOOST_TEST(taken == 12U);
  BOOST_TEST(counted(damaged_items) == 8U);
  BOOST_TEST(counted(damage_open) == 0U);
}

// Scenario: it stops with two requests in flight and more in the log; the log grows. Guarantee:
// nothing more is sent; it is idle when both are answered and the cursor is written, not before.
BOOST_AUTO_TEST_CASE(it_stops_when_what_is_in_flight_is_over) {
  one_item_a_request(2);
  fill(5);
  answers = nullptr;
  writes = false;
  start();
  BOOST_TEST(sent.size() == 2U);
  uut->stop(now);
  append(some_spans(9, 1, 10), 1, true);
  pump();
  BOOST_TEST(!uut->idle());
  answer_one(delivered());
  BOOST_TEST(!uut->idle());
  answer_one(answer_of(kind::retry, "not now"));
  BOOST_TEST(!uut->idle());
  BOOST_REQUIRE(writer.waiting() == 1U);
  writer.write_one();
  BOOST_TEST(uut->idle());
  BOOST_TEST(sent.empty());
  BOOST_TEST(cursor() == 1U);
}

// Scenario: it stops with nothing to do. Guarantee: it is idle at once.
BOOST_AUTO_TEST_CASE(an_idle_one_stops_at_once) {
  start();
  uut->stop(now);
  BOOST_TEST(uut->idle());
}

BOOST_AUTO_TEST_SUITE_END()
