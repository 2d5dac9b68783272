#include "chains.hpp"
#include "compressor_fixture.hpp"
#include "sampling/decision_cache.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::stages;
using namespace weir::stages::compressor_tests;

namespace {

// Of one decision about a trace.
std::string chunk_with(std::uint64_t number, std::uint64_t trace) {
  sampling::decision_cache cache(10);
  cache.insert(trace, {true, cache.number_of("policy"), 1});
  std::string chunk;
  cache.write_chunk(number, chunk);
  return chunk;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(compressor_test, fixture)

// -- commits --

// Scenario: two messages, little in them, and the time is over. Guarantee: they wait for company
// under one timer; then one commit has block, progress, decisions and counts; shard and tail hear
// of it when it is durable, not before.
BOOST_AUTO_TEST_CASE(what_was_decided_becomes_durable_together) {
  decide({{1, 'a', true}}, chunk_with(1, 1));
  decide({{2, 'b', false}});
  BOOST_TEST(writer.waiting() == 0U);
  BOOST_TEST((timers == std::vector<steady_ns>{200 * millisecond_ns}));
  uut->on_timeout();
  BOOST_REQUIRE(writer.waiting() == 1U);
  BOOST_TEST(writer.syncs());
  BOOST_TEST(durable.empty());
  BOOST_TEST(tail->next() == 0U);
  writer.write_one();
  BOOST_TEST((durable == std::vector<std::uint64_t>{1, 2}));
  BOOST_TEST(tail->next() == 1U);
  BOOST_TEST(tail->find(0)->header.items == 1U);
  BOOST_TEST(tail->find(0)->header.first_time == 11U);
  BOOST_TEST(tail->find(0)->header.last_time == 22U);
  BOOST_TEST(has_progress(1));
  BOOST_TEST(has_progress(2));
  BOOST_TEST(disk->durable().decisions.size() == 1U);
  BOOST_TEST(counted(kept_items) == 1U);
  BOOST_TEST(counted(dropped_items) == 1U);
}

// Scenario: the timer fires with nothing gathered, then something comes. Guarantee: nothing is
// written for nothing; there is a timer again.
BOOST_AUTO_TEST_CASE(a_timer_that_finds_nothing_writes_nothing) {
  uut->on_timeout();
  BOOST_TEST(writer.waiting() == 0U);
  decide({{1, 'a', false}});
  BOOST_TEST(timers.size() == 1U);
  flush();
  decide({{2, 'a', false}});
  BOOST_TEST(timers.size() == 2U);
}

// Scenario: only dropped traces. Guarantee: no block, and they are settled, counted and answered.
BOOST_AUTO_TEST_CASE(dropped_traces_are_settled_without_a_block) {
  decide({{1, 'a', false}, {2, 'b', false}});
  flush();
  BOOST_TEST(disk->log(traces).next == 0U);
  BOOST_TEST(has_progress(1));
  BOOST_TEST(counted(dropped_items) == 2U);
  BOOST_TEST(durable.size() == 1U);
}

// Scenario: more is kept than a block holds. Guarantee: it is written at once; no block is much
// larger.
BOOST_AUTO_TEST_CASE(a_full_block_does_not_wait) {
  config.max_block_bytes = 10'000;
  start();
  std::vector<one_slot> slots;
  for (sequence number = 1; number <= 10; ++number)
    slots.push_back({number, static_cast<char>('a' + number), true});
  decide(slots, "", 3000);
  BOOST_REQUIRE(writer.waiting() == 1U);
  BOOST_TEST(timers.empty());
  writer.write_one();
  BOOST_TEST(disk->log(traces).next >= 2U);
  for (log_position position = 0; position < disk->log(traces).next; ++position)
    BOOST_TEST(tail->find(position)->header.unpacked_bytes <= 10'000U + 2 * 3100);
  BOOST_TEST(logged_spans() == 10U);
}

// Scenario: the writer is slow while more and more is decided. Guarantee: four commits are in
// flight at most; what comes meanwhile is one more, as soon as one is over; tickets are answered in
// order.
BOOST_AUTO_TEST_CASE(four_commits_are_in_flight_at_most) {
  for (sequence number = 1; number <= 10; ++number) {
    decide({{number, 'a', true}});
    uut->on_timeout();
  }
  BOOST_TEST(writer.waiting() == 4U);
  writer.write_one();
  BOOST_TEST(writer.waiting() == 4U);
  BOOST_TEST((durable == std::vector<std::uint64_t>{1}));
  writer.write_all();
  BOOST_TEST((durable == std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  BOOST_TEST(disk->log(traces).next == 5U);
  BOOST_TEST(logged_spans() == 10U);
}

// Scenario: a kill before a commit is written, and one behind it. Guarantee: all of it is there, or
// none; the next start goes on behind what is.
BOOST_AUTO_TEST_CASE(a_kill_leaves_all_or_nothing) {
  decide({{1, 'a', true}});
  flush();
  decide({{2, 'b', true}}, chunk_with(2, 2));
  uut->on_timeout();
  crash();
  BOOST_TEST(logged_spans() == 1U);
  BOOST_TEST(!has_progress(2));
  BOOST_TEST(counted(appended_items) == 1U);
  decide({{2, 'b', true}});
  flush();
  BOOST_TEST(disk->log(traces).next == 2U);
  BOOST_TEST(logged_spans() == 2U);
  BOOST_TEST(counted(appended_items) == 2U);
}

// -- once --

// Scenario: slots that are settled, kept and dropped ones, are decided again, beside new ones
// (their entry was sent again). Guarantee: each span is in the log once and in the ledger once;
// each ticket is answered.
BOOST_AUTO_TEST_CASE(a_settled_slot_is_not_logged_again) {
  decide({{1, 'a', true}, {2, 'b', false}});
  flush();
  BOOST_TEST(logged_spans() == 1U);
  decide({{1, 'a', true}});
  flush();
  BOOST_TEST(logged_spans() == 1U);
  decide({{2, 'b', false}, {1, 'a', true}, {3, 'c', true}, {2, 'b', true}, {4, 'd', false}});
  flush();
  BOOST_TEST(logged_spans() == 2U);
  BOOST_TEST(counted(kept_items) == 2U);
  BOOST_TEST(counted(dropped_items) == 2U);
  BOOST_TEST(counted(appended_items) == 2U);
  BOOST_TEST(durable.size() == 3U);
}

// Scenario: a start with progress of two entries, one of which the origin has forgotten; a record
// that is none. Guarantee: what is settled is not logged again, nor what is forgotten: all of it was
// settled, here or by another owner. What is forgotten is not remembered.
BOOST_AUTO_TEST_CASE(progress_from_before_the_start_counts) {
  cluster::progress before;
  before.settle(id(1), 1, 0, true);
  before.settle(id(5), 1, 0, true);
  uut->load({{{id(1), before.encode(id(1))}, {id(5), before.encode(id(5))}, {id(6), "x"}}});
  uut->forget({1, 1, 5});
  decide({{1, 'a', true}, {5, 'b', true}, {6, 'c', true}});
  flush();
  BOOST_TEST(logged_spans() == 1U);
  BOOST_TEST(!has_progress(1));
}

// -- decisions --

// Scenario: 300 flushes of one decision each, as at low traffic. Guarantee: they stand in a few
// chunks, and all of them are read back.
BOOST_AUTO_TEST_CASE(small_chunks_of_decisions_become_one) {
  sampling::decision_cache cache(1000);
  for (std::uint64_t number = 1; number <= 300; ++number) {
    cache.insert(number, {true, cache.number_of("policy"), 1});
    std::string chunk;
    cache.write_chunk(number, chunk);
    decide({{number, 'a', false}}, chunk);
    flush();
  }
  const auto chunks = disk->decision_chunks(traces).value();
  BOOST_TEST(chunks.size() <= 3U);
  sampling::decision_cache reader(1000);
  for (auto chunk = chunks.rbegin(); chunk != chunks.rend(); ++chunk)
    BOOST_REQUIRE(reader.load_chunk(*chunk, disk->read_decisions(traces, *chunk).value(),
                                    [](auto) { return true; }));
  BOOST_TEST(reader.size() == 300U);
}

// Scenario: chunks from before the start, then as many new decisions as are to be remembered, and
// more. Guarantee: the old ones go then, and of the new ones the oldest: there are never many more.
BOOST_AUTO_TEST_CASE(as_many_decisions_stay_as_are_remembered) {
  storage::batch old;
  for (std::uint64_t chunk = 0; chunk < 5; ++chunk)
    old.put_decisions(traces, chunk, "old");
  disk->commit(old, true);
  config.decision_cache = 10;
  start();
  ticket = 10;
  const std::string large(4 << 10, 'x'); // Joined with no other.
  for (sequence number = 1; number <= 10; ++number)
    decide({{number, 'a', false}}, large);
  flush();
  BOOST_TEST(disk->decision_chunks(traces)->size() == 15U);
  for (sequence number = 11; number <= 30; ++number) {
    decide({{number, 'a', false}}, large);
    flush();
    BOOST_TEST(disk->decision_chunks(traces)->size() == 10U);
  }
  BOOST_TEST(disk->decision_chunks(traces)->front() == 31U);
}

// -- reload and stop --

// Scenario: processors behind sampling come with a reload, and go with another. Guarantee: what is
// taken in between passes through them; what they refuse is counted, and the ledger's sides agree.
BOOST_AUTO_TEST_CASE(other_processors_are_for_what_comes_then) {
  auto wanted = config;
  wanted.edits = chain_of(R"(set(name, 1 / 0) where trace_id.string != "x")", "propagate");
  decide({{1, 'a', true}});
  uut->change(wanted);
  decide({{2, 'b', true}});
  wanted.edits = nullptr;
  uut->change(wanted);
  decide({{3, 'c', true}});
  flush();
  BOOST_TEST(logged_spans() == 2U);
  BOOST_TEST(counted(removed_items) == 1U);
  BOOST_TEST(counted(kept_items) == counted(appended_items) + counted(removed_items));
  BOOST_TEST(durable.size() == 3U);
}

// Scenario: it stops with something gathered, and all turns taken. Guarantee: that is written
// without waiting for the timer; it is idle when it is durable, not before; a late timer does
// nothing.
BOOST_AUTO_TEST_CASE(it_stops_when_everything_is_durable) {
  for (sequence number = 1; number <= 4; ++number) {
    decide({{number, 'a', true}});
    uut->on_timeout();
  }
  decide({{5, 'b', true}});
  uut->stop();
  BOOST_TEST(!uut->idle());
  while (writer.waiting() > 0) {
    BOOST_TEST(!uut->idle());
    writer.write_one();
  }
  BOOST_TEST(uut->idle());
  BOOST_TEST(logged_spans() == 5U);
  uut->on_timeout();
  BOOST_TEST(writer.waiting() == 0U);
}

// Scenario: a shard's message comes behind the stop, while a commit is in flight. Guarantee: it is
// written as soon as that is over.
BOOST_AUTO_TEST_CASE(what_comes_behind_the_stop_is_written) {
  decide({{1, 'a', true}});
  uut->stop();
  decide({{2, 'b', true}});
  writer.write_all();
  BOOST_TEST(uut->idle());
  BOOST_TEST(logged_spans() == 2U);
}

// Scenario: it stops with nothing to do. Guarantee: it is idle at once.
BOOST_AUTO_TEST_CASE(an_idle_one_stops_at_once) {
  uut->stop();
  BOOST_TEST(uut->idle());
  BOOST_TEST(writer.waiting() == 0U);
}

// Scenario: counts and log of an earlier start cannot be read. Guarantee: it does not begin anew.
BOOST_AUTO_TEST_CASE(it_does_not_start_without_its_counts) {
  disk->refuse_meta(true);
  BOOST_CHECK_THROW(compressor(config, disk, tail, *this), std::runtime_error);
}

BOOST_AUTO_TEST_SUITE_END()
