#include "origin_fixture.hpp"

using namespace weir;
using namespace weir::stages;
using namespace weir::stages::origin_tests;

BOOST_FIXTURE_TEST_SUITE(origin_forgetting_test, fixture)

// Scenario: all entries are settled and the journal is trimmed, which is not synced yet; then it
// is. Guarantee: only then are owners told to drop their progress: after a crash before, the
// entries would be read back.
BOOST_AUTO_TEST_CASE(progress_is_kept_until_the_trim_is_synced) {
  fill(1, 3);
  start();
  settle(1, 3);
  put_progress(3);
  tick();
  BOOST_TEST(disk->journal().first == 3U);
  for (const auto& mark : marks)
    BOOST_TEST(mark.below <= 1U);
  disk->maintain();
  tick();
  BOOST_TEST(marks.back().below == 4U);
  const auto said = marks.size();
  tick();
  BOOST_TEST(marks.size() == said);
}

// Scenario: reports come twice, and of entries that nobody knows. Guarantee: the first counts.
BOOST_AUTO_TEST_CASE(odd_reports_of_settled_slots_change_nothing) {
  fill(1, 2);
  start();
  settle(1, 1);
  settle(1, 1);
  settle(77, 77);
  uut->settled({{{id(2), {5}}}}); // A slot that it does not have.
  BOOST_TEST(uut->settling().entries() == 1U);
  tick();
  BOOST_TEST(disk->journal().first == 1U);
}

// Scenario: the first and the last of 20 old entries stay open, so they are written again at the
// tail; the shard has not heard of it yet. Guarantee: the old places can be read until it has; then
// the journal is trimmed up to the new ones.
BOOST_AUTO_TEST_CASE(a_moved_entry_can_be_read_at_its_old_place) {
  fill(1, 20);
  config.stuck_age = 60 * second_ns;
  start();
  settle(2, 19);
  tick();
  BOOST_TEST(writer.waiting() == 0U); // Not old enough.
  tick(61 * second_ns);
  BOOST_TEST(writer.waiting() == 1U);
  BOOST_TEST(moves.empty());
  tick();
  BOOST_TEST(writer.waiting() == 1U); // One move at a time.
  writer.write_one();
  BOOST_TEST((moves == std::vector<sent_move>{{id(1), 20, true}, {id(20), 21, true}}));
  tick();
  BOOST_TEST(disk->journal().first == 0U);
  BOOST_TEST(disk->read_entry(0).value() == disk->read_entry(20).value());
  uut->move_seen();
  tick();
  BOOST_TEST(disk->journal().first == 0U);
  uut->move_seen();
  tick();
  BOOST_TEST(disk->journal().first == 20U);
  BOOST_TEST(disk->read_entry(20).has_value());
}

// Scenario: 40 entries of a pipeline that is gone hold up the journal, and there is no shard.
// Guarantee: they are written again, 16 at most at a time, without anybody's answer, until the head
// is behind them.
BOOST_AUTO_TEST_CASE(many_are_moved_in_turns) {
  for (sequence number = 1; number <= 40; ++number)
    put(number, 2);
  fill(41, 400);
  config.stuck_age = 60 * second_ns;
  start();
  settle(41, 400);
  config.shards = 0;
  reload({{traces, wait}});
  tick(61 * second_ns);
  int turns = 0;
  for (; writer.waiting() > 0; writer.write_one(), ++turns)
    BOOST_TEST(writer.batch().operations().size() <= 2U * 16);
  BOOST_TEST(turns == 3);
  tick();
  BOOST_TEST(disk->journal().first >= 400U);
  BOOST_TEST(uut->settling().entries() == 40U);
}

// Scenario: an entry that is being moved is settled before that is written; then a kill. Guarantee:
// the journal is trimmed past both places, and nothing of it comes back.
BOOST_AUTO_TEST_CASE(an_entry_may_be_settled_while_it_is_moved) {
  fill(1, 20);
  config.stuck_age = 60 * second_ns;
  start();
  settle(2, 19);
  tick(61 * second_ns);
  BOOST_REQUIRE(writer.waiting() == 1U);
  settle(1, 1);
  settle(20, 20);
  writer.write_one();
  uut->move_seen();
  uut->move_seen();
  tick();
  BOOST_TEST(disk->journal().first == 22U);
  disk->maintain();
  disk->crash();
  entries.clear();
  start();
  BOOST_TEST(entries.empty());
}

// Scenario: a kill when a move is durable, and the journal is not trimmed. Guarantee: the next
// start sends each entry once, from its new place.
BOOST_AUTO_TEST_CASE(a_moved_entry_comes_back_once) {
  fill(1, 20);
  config.stuck_age = 60 * second_ns;
  start();
  settle(2, 19);
  for (sequence number = 2; number <= 19; ++number)
    put_progress(number);
  tick(61 * second_ns);
  writer.write_one();
  disk->crash();
  entries.clear();
  start();
  BOOST_TEST((sent() == std::vector{id(1), id(20)}));
  BOOST_TEST(entries[0]->position == 20U);
}

// Scenario: an entry stands in the journal twice (its old place came back with a damaged database).
// Guarantee: it is sent once, and the shards hear of its second place, without an answer.
BOOST_AUTO_TEST_CASE(an_entry_that_stands_there_twice_comes_once) {
  const auto entry = put(1);
  fill(2, 3);
  storage::batch batch;
  batch.put_entry(3, journal_bytes(*entry));
  disk->commit(batch, true);
  start();
  BOOST_TEST((sent() == ids(1, 3)));
  BOOST_TEST((moves == std::vector<sent_move>{{id(1), 3, false}}));
  settle(1, 3);
  tick();
  BOOST_TEST(disk->journal().first == 4U);
}

BOOST_AUTO_TEST_SUITE_END()
