#include "origin_fixture.hpp"

using namespace weir;
using namespace weir::stages;
using namespace weir::stages::origin_tests;

BOOST_FIXTURE_TEST_SUITE(origin_credit_test, fixture)

// Scenario: a journal of 20 entries and credit for four, of two shards. Guarantee: no more is on
// its way than the credit and an entry; half of it free is enough for more; at the end all is given
// back.
BOOST_AUTO_TEST_CASE(reading_back_stops_without_credit) {
  fill(1, 20);
  config.shards = 2;
  config.credit = 4 * 2 * entry_bytes;
  start();
  BOOST_TEST((sent() == ids(1, 4)));
  give_credit(); // Of one shard: the larger part is still on its way.
  BOOST_TEST(entries.size() == 4U);
  while (uut->bytes_in_flight() > 0) {
    BOOST_TEST(uut->bytes_in_flight() <= config.credit + 2 * entry_bytes);
    uut->taken(entry_bytes);
    go_on();
  }
  BOOST_TEST((sent() == ids(1, 20)));
  uut->taken(1 << 20); // More than was sent: nothing is owed beyond nothing.
  BOOST_TEST(uut->bytes_in_flight() == 0U);
}

// Scenario: the shard is slightly behind: it gives credit, but never so much that a good part of it
// is free, and entries keep coming. Guarantee: they come in the order in which they were received.
BOOST_AUTO_TEST_CASE(nothing_overtakes_what_waits) {
  config.credit = 4 * entry_bytes;
  start();
  sequence number = 0;
  while (number < 6)
    take(++number);
  BOOST_TEST((sent() == ids(1, 4)));
  while (number < 40) {
    uut->taken(owed.front()); // Room for one, which the next one must not have.
    owed.pop_front();
    take(++number);
    go_on();
  }
  BOOST_TEST((sent() == ids(1, 38)));
}

// Scenario: more waits than the budget between intake and origin holds, so that some of it is in
// the journal alone. Guarantee: all of it comes, in order, and the budget is free at the end.
BOOST_AUTO_TEST_CASE(what_waits_in_memory_and_on_disk_keeps_its_order) {
  config.credit = entry_bytes;
  start();
  for (sequence number = 1; number <= 30; ++number)
    take(number, number % 3 != 0);
  BOOST_TEST(config.handed->used() > 0U);
  for (std::size_t come = 1; come < 30; ++come) {
    BOOST_TEST(entries.size() == come);
    give_credit();
  }
  BOOST_TEST((sent() == ids(1, 30)));
  BOOST_TEST(config.handed->used() == 0U);
}

// Scenario: what waits in memory is settled before it was sent (an earlier compressor's progress
// says so). Guarantee: it is not sent, and its part of the budget is free.
BOOST_AUTO_TEST_CASE(what_is_settled_while_it_waits_is_let_go) {
  config.credit = entry_bytes;
  start();
  for (sequence number = 1; number <= 4; ++number)
    take(number);
  settle(2, 3);
  give_credit();
  BOOST_TEST((sent() == std::vector{id(1), id(4)}));
  BOOST_TEST(config.handed->used() == 0U);
  take(5);
  settle(5, 5);
  tick();
  BOOST_TEST(config.handed->used() == 0U);
}

// Scenario: one of two slots of what waits in memory is settled meanwhile. Guarantee: it goes with
// that.
BOOST_AUTO_TEST_CASE(what_is_settled_in_part_while_it_waits_goes_along) {
  config.credit = entry_bytes;
  start();
  take(1);
  auto entry = entry_of(id(2), 1, some_spans(2, 1, 10, 'a') + some_spans(3, 1, 10, 'b'), now);
  storage::batch batch;
  batch.put_entry(1, journal_bytes(*entry));
  disk->commit(batch, true);
  entry->handed_bytes = 100;
  BOOST_REQUIRE(config.handed->take(100));
  uut->stored(entry, now);
  uut->settled({{{id(2), {1}}}});
  give_credit();
  BOOST_REQUIRE(entries.size() == 2U);
  BOOST_TEST(entries[1]->settled.contains(1));
  BOOST_TEST(entries[1]->settled.count() == 1U);
  BOOST_TEST(entries[1]->index.spans.size() == 2U);
}

// Scenario: what waits in the journal cannot be read at the moment. Guarantee: others overtake it,
// the gate stays where it was received; a second later it is tried again.
BOOST_AUTO_TEST_CASE(an_unreadable_entry_holds_the_gate_alone) {
  config.credit = entry_bytes;
  start();
  take(1);
  const auto received = now.steady;
  take(2, false);
  now = later(second_ns / 10, now);
  take(3);
  disk->refuse_reads(1);
  give_credit();
  BOOST_TEST((sent() == std::vector{id(1), id(3)}));
  give_credit();
  tick();
  BOOST_TEST(sent_until == received);
  disk->refuse_reads(0);
  tick(second_ns / 2);
  BOOST_TEST(entries.size() == 2U);
  tick(second_ns / 2);
  BOOST_TEST((sent() == std::vector{id(1), id(3), id(2)}));
  BOOST_TEST(all_is_sent());
}

// Scenario: 30 entries wait in the journal, one behind them in memory, and nothing can be read.
// Guarantee: after 16 that cannot be read nothing else is tried until the tick's next round.
BOOST_AUTO_TEST_CASE(not_everything_overtakes_what_cannot_be_read) {
  config.credit = entry_bytes;
  start();
  take(1);
  for (sequence number = 2; number <= 31; ++number)
    take(number, false);
  take(32);
  disk->refuse_reads(1);
  give_credit();
  BOOST_TEST(disk->refused_reads() == 16U);
  BOOST_TEST((sent() == ids(1, 1)));
  disk->refuse_reads(0);
  config.credit = 1 << 20;
  tick(2 * second_ns);
  while (entries.size() < 32)
    give_credit();
  BOOST_TEST((sent() == ids(1, 32)));
}

// Scenario: of what waits in the journal one entry is damaged, one gone. Guarantee: both are given
// up and counted; the gate does not wait for them.
BOOST_AUTO_TEST_CASE(what_is_lost_while_it_waits_is_given_up) {
  config.credit = entry_bytes;
  start();
  for (sequence number = 1; number <= 4; ++number)
    take(number, number == 1);
  disk->damage_entry(1);
  BOOST_REQUIRE(disk->trim_journal(3));
  give_credit();
  BOOST_TEST((sent() == std::vector{id(1), id(4)}));
  BOOST_TEST(disk->set_aside().size() == 2U);
  BOOST_TEST(all_is_sent());
  BOOST_TEST(uut->settling().entries() == 2U);
}

// Scenario: a start without credit for all of the journal, then entries that wait. Guarantee: the
// gate is shut until the journal is read back; then it is where the oldest unsent was received.
BOOST_AUTO_TEST_CASE(the_gate_follows_the_oldest_that_is_not_sent) {
  fill(1, 3);
  config.credit = 2 * entry_bytes;
  start();
  tick();
  BOOST_TEST(sent_until == 0);
  while (entries.size() < 3)
    give_credit();
  give_credit();
  BOOST_TEST(all_is_sent());
  take(4);
  take(5); // All credit is used up.
  now = later(second_ns / 10, now);
  const auto received = now.steady;
  take(6);
  now = later(second_ns / 10, now);
  take(7);
  BOOST_TEST((sent() == ids(1, 5)));
  tick();
  BOOST_TEST(sent_until == received);
}

// Scenario: nothing is unsent, and time passes between ticks. Guarantee: all is sent up to the tick
// before, not up to now: of what clients were told since, this origin may not have heard.
BOOST_AUTO_TEST_CASE(all_is_sent_up_to_the_tick_before) {
  start();
  tick();
  BOOST_TEST(sent_until == 0);
  for (int i = 0; i < 3; ++i) {
    const auto before = now.steady;
    tick((1 + i) * second_ns);
    BOOST_TEST(sent_until == before);
  }
}

BOOST_AUTO_TEST_SUITE_END()
