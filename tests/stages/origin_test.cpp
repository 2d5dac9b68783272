#include "origin_fixture.hpp"

using namespace weir;
using namespace weir::stages;
using namespace weir::stages::origin_tests;

BOOST_FIXTURE_TEST_SUITE(origin_test, fixture)

// -- a start --

// Scenario: an earlier start left 40 entries, long ago. Guarantee: they come in order, and their
// traces have two seconds left to come together.
BOOST_AUTO_TEST_CASE(the_journal_is_read_back_in_order) {
  fill(1, 40);
  now = later(3600 * second_ns);
  start();
  BOOST_TEST((sent() == ids(1, 40)));
  for (const auto& entry : entries)
    BOOST_TEST(entry->received == now.steady - wait + 2 * second_ns);
  BOOST_TEST(asked.empty());
}

// Scenario: the wall clock was set back by an hour since. Guarantee: the entries count as received
// now.
BOOST_AUTO_TEST_CASE(an_entry_is_not_received_later_than_now) {
  fill(1, 1);
  now = {beginning.steady, beginning.wall - 3600ULL * second_ns};
  start();
  BOOST_TEST(entries.at(0)->received == now.steady);
}

// Scenario: the intake's first entries are durable, and told, before the origin has begun to read.
// Guarantee: what an earlier start left is read back, what is new comes once, behind it.
BOOST_AUTO_TEST_CASE(what_came_meanwhile_comes_once) {
  fill(1, 3);
  config.journal = disk->journal();
  positions = std::make_shared<std::atomic<journal_position>>(3);
  uut.emplace(config, disk, positions, *this);
  take(4);
  take(5, false);
  BOOST_TEST(entries.empty());
  go_on();
  BOOST_TEST((sent() == ids(1, 5)));
  BOOST_TEST(moves.empty());
}

// Scenario: entries of which some are settled wholly or in part, as progress says. Guarantee: the
// one is not sent, the other goes with what is settled; the compressor has the progress before any
// entry goes.
BOOST_AUTO_TEST_CASE(what_progress_says_is_settled_is_not_sent) {
  fill(1, 3);
  auto two = entry_of(id(4), 3, some_spans(4, 1, 10, 'a') + some_spans(5, 1, 10, 'b'), now);
  storage::batch batch;
  batch.put_entry(3, journal_bytes(*two));
  disk->commit(batch, true);
  put_progress(2);
  put_progress(4, 2);
  start();
  BOOST_TEST((sent() == std::vector{id(1), id(3), id(4)}));
  BOOST_TEST(entries.back()->settled.contains(0));
  BOOST_TEST(!entries.back()->settled.contains(1));
  BOOST_REQUIRE(progress.size() == 1U);
  BOOST_TEST(progress[0]->records.size() == 2U);
}

// Scenario: half of 20 entries are settled, three chunks of decisions are remembered; the system
// refuses one read of the start, whichever. Guarantee: it is tried again; what is settled is not
// sent, all decisions come, the newest first, before any entry; each other entry comes once.
BOOST_AUTO_TEST_CASE(one_refused_read_at_a_start_loses_nothing) {
  unsigned reads = 0;
  for (bool refused = true; refused; ++reads) {
    fixture f;
    f.fill(1, 20);
    for (sequence number = 1; number <= 10; ++number)
      f.put_progress(number);
    f.put_decisions(3, 3000);
    f.disk->refuse_one_read(reads);
    f.start();
    refused = f.disk->refused_reads() > 0;
    if (!f.asked.empty()) {
      BOOST_TEST(f.asked.front() == second_ns);
      BOOST_TEST(f.sent_until == -1);
      f.pause_ends();
    }
    BOOST_TEST((f.sent() == ids(11, 20)), "read " << reads);
    BOOST_TEST((f.chunks() == std::vector<std::uint64_t>{2, 1, 0}), "read " << reads);
  }
  BOOST_TEST(reads > 30U);
}

// Scenario: one entry of the journal is damaged. Guarantee: it is set aside and holds up nothing:
// the others come, and once they are settled the journal is trimmed past it.
BOOST_AUTO_TEST_CASE(a_damaged_entry_is_set_aside) {
  fill(1, 5);
  disk->damage_entry(2);
  start();
  BOOST_TEST((sent() == std::vector{id(1), id(2), id(4), id(5)}));
  BOOST_TEST(
      (disk->set_aside() == std::vector{std::pair{std::string("journal"), std::uint64_t{2}}}));
  settle(1, 2);
  settle(4, 5);
  tick();
  BOOST_TEST(disk->journal().first == 5U);
}

// Scenario: 60 chunks of decisions are remembered, and the shard takes its time. Guarantee: no more
// of them are on their way than there is credit, and a message; all come, and only then the
// entries.
BOOST_AUTO_TEST_CASE(remembered_decisions_come_by_credit) {
  constexpr std::size_t bytes = 100'000;
  put_decisions(60, bytes);
  fill(1, 2);
  config.decisions_credit = 1 << 20;
  start();
  std::vector<std::uint64_t> all;
  while (!decisions.empty()) {
    std::uint64_t unanswered = 0;
    for (const auto& each : decisions)
      unanswered += std::get<2>(each);
    BOOST_TEST(unanswered <= (1U << 20) + (256U << 10) + bytes);
    const auto come = chunks();
    all.insert(all.end(), come.begin(), come.end());
    BOOST_TEST(entries.empty() == (all.size() < 60));
    answer_decisions();
  }
  BOOST_TEST(all.size() == 60U);
  BOOST_TEST(std::is_sorted(all.rbegin(), all.rend()));
  BOOST_TEST(progress.size() == 1U);
  BOOST_TEST((sent() == ids(1, 2)));
}

// Scenario: of two shards one has no room for older decisions, then the other has none either.
// Guarantee: older ones come for the other's sake, then no more; the entries do.
BOOST_AUTO_TEST_CASE(no_more_decisions_come_than_there_is_room_for) {
  put_decisions(60, 300'000);
  fill(1, 2);
  config.decisions_credit = 1;
  config.shards = 2;
  start();
  const auto answer = [this](bool first_has_room, bool second_has_room) {
    for (const auto& [shard, message, bytes] : std::exchange(decisions, {}))
      uut->decisions_taken(traces, shard, bytes, shard == 0 ? first_has_room : second_has_room);
    go_on();
  };
  BOOST_TEST(decisions.size() == 2U);
  answer(false, true);
  BOOST_TEST(decisions.size() == 2U);
  BOOST_TEST(entries.empty());
  answer(false, false);
  BOOST_TEST(decisions.empty());
  BOOST_TEST((sent() == ids(1, 2)));
  uut->decisions_taken(traces, 0, 300'000, true); // Of an answer that comes late nothing follows.
  BOOST_TEST(asked.empty());
}

// -- reload --

// Scenario: the journal of a start holds entries of a pipeline that is not configured; a reload
// brings it back. Guarantee: they are kept, do not hold back the others' decisions, and are sent
// then, behind the pipeline's progress and decisions, as if they had just been received.
BOOST_AUTO_TEST_CASE(a_pipeline_that_comes_back_finds_its_entries) {
  fill(1, 3);
  put_progress(2);
  put_decisions(1, 100);
  config.pipelines.clear();
  start();
  BOOST_TEST(all_is_sent());
  BOOST_TEST(entries.empty());
  BOOST_TEST(decisions.empty());
  BOOST_TEST(disk->journal().first == 0U);
  now = later(3600 * second_ns, now);
  reload({{traces, wait}});
  BOOST_TEST(decisions.size() == 1U);
  BOOST_TEST(progress.size() == 1U);
  BOOST_TEST((sent() == std::vector{id(1), id(3)}));
  BOOST_TEST(entries[0]->received >= now.steady - wait + 2 * second_ns);
}

// Scenario: a pipeline goes with entries sent, waiting and yet to come. Guarantee: nothing of it is
// sent while it is gone; once it is back all that is open is, in order, and what its last
// compressor made durable without a report is not.
BOOST_AUTO_TEST_CASE(entries_of_a_pipeline_that_goes_wait_for_it) {
  config.credit = 2 * entry_bytes;
  start();
  for (sequence number = 1; number <= 4; ++number)
    take(number);
  BOOST_TEST(entries.size() == 2U);
  reload({});
  give_credit();
  give_credit();
  const auto held = config.handed->used();
  take(5);
  BOOST_TEST(config.handed->used() == held);
  BOOST_TEST(entries.size() == 2U);
  put_progress(2);
  tick();
  BOOST_TEST(config.handed->used() == 0U);
  reload({{traces, wait}});
  give_credit();
  give_credit();
  BOOST_TEST((sent() == std::vector{id(1), id(2), id(1), id(3), id(4), id(5)}));
}

// Scenario: a pipeline goes while what it has to know is still being read. Guarantee: the others go
// on.
BOOST_AUTO_TEST_CASE(records_of_a_pipeline_that_goes_are_not_waited_for) {
  fill(1, 2);
  put_decisions(3, 300'000);
  config.decisions_credit = 1;
  config.pipelines = {{traces, wait}, {2, wait}};
  start();
  BOOST_TEST(entries.empty());
  reload({{2, wait}});
  answer_decisions();
  BOOST_TEST(all_is_sent());
  BOOST_TEST(entries.empty());
}

BOOST_AUTO_TEST_SUITE_END()
