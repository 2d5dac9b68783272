#include "shard_fixture.hpp"

using namespace weir;
using namespace weir::stages;
using namespace weir::stages::shard_tests;

BOOST_FIXTURE_TEST_SUITE(shard_test, fixture)

// -- deciding --

// Scenario: two spans of a trace in two entries, and one of another. Guarantee: nothing is decided
// before the wait is over, credit is given at once; then each trace is decided once, with all its
// spans, and the message says which slots that settles.
BOOST_AUTO_TEST_CASE(a_trace_is_decided_when_its_wait_is_over) {
  start(keep_all());
  const auto first = take("ab");
  const auto second = take("a");
  BOOST_TEST(only->credit == first->unpacked.size() + second->unpacked.size());
  pass(wait - second_ns / 10);
  BOOST_TEST(messages().empty());
  pass(second_ns / 5);
  BOOST_REQUIRE(messages().size() == 1U);
  const auto& message = *messages()[0];
  BOOST_TEST(message.pipeline == traces);
  BOOST_TEST(message.traces.size() == 2U);
  BOOST_TEST(message.kept.spans() == 3U);
  BOOST_TEST(message.slots.size() == 3U);
  BOOST_TEST(message.entries.size() == 2U);
  BOOST_TEST(message.entries[0].slots == 2U);
  BOOST_TEST(!message.decisions.empty());
  pass(wait);
  BOOST_TEST(messages().size() == 1U);
}

// Scenario: what the origin has sent lags behind; then it stands still for longer than anybody
// waits. Guarantee: traces are decided as far as everything received before has come; in the end
// without, marked.
BOOST_AUTO_TEST_CASE(nothing_is_decided_before_all_of_it_has_come) {
  start(keep_all());
  take("a");
  const auto sent = now.steady + wait / 2;
  only->uut->sent_until(origin_node, sent);
  for (int second = 0; second < 39; ++second) {
    now = later(second_ns, now);
    only->uut->tick(now);
  }
  BOOST_TEST(messages().empty());
  now = later(2 * second_ns, now);
  only->uut->tick(now);
  BOOST_REQUIRE(messages().size() == 1U);
  BOOST_TEST((messages()[0]->traces[0].flags & sampling::decided_incomplete) != 0);
}

// Scenario: an entry with one slot that is settled (it was sent again). Guarantee: that one is left
// alone.
BOOST_AUTO_TEST_CASE(a_settled_slot_is_left_alone) {
  start(keep_all());
  auto entry = std::make_shared<durable_entry>(*make("ab"));
  entry->settled.insert(0);
  only->uut->take(entry, now);
  only->uut->take(entry, now); // And once more: nothing comes twice.
  pass(wait + second_ns);
  BOOST_REQUIRE(messages().size() == 1U);
  BOOST_REQUIRE(messages()[0]->slots.size() == 1U);
  BOOST_TEST(messages()[0]->slots[0].slot == 1U);
}

// Scenario: two shards see the same entry of 26 traces. Guarantee: each trace is decided by one of
// them.
BOOST_AUTO_TEST_CASE(each_trace_has_one_shard) {
  std::vector<tested_shard> both;
  both.reserve(2);
  for (std::uint32_t index = 0; index < 2; ++index)
    both.emplace_back(disk, shard_config{index, 2}, std::vector{pipeline(keep_all())});
  const auto entry = make("abcdefghijklmnopqrstuvwxyz");
  now = later(wait + second_ns);
  std::set<trace_id> seen;
  for (auto& each : both) {
    each.uut->take(entry, beginning);
    each.uut->sent_until(origin_node, now.steady);
    each.uut->tick(now);
    BOOST_REQUIRE(each.decided_messages.size() == 1U);
    for (const auto& trace : each.decided_messages[0]->traces)
      BOOST_TEST(seen.insert(trace.id).second);
  }
  BOOST_TEST(seen.size() == 26U);
}

// Scenario: spans come after their trace was decided, kept or dropped. Guarantee: they follow at
// once.
BOOST_AUTO_TEST_CASE(late_spans_follow_the_decision) {
  for (const bool keep : {true, false}) {
    fixture f;
    f.start(keep ? keep_all() : keep_errors());
    f.take("a");
    f.pass(wait + second_ns);
    BOOST_TEST(f.messages().size() == 1U);
    f.take("a");
    BOOST_REQUIRE(f.messages().size() == 2U);
    const auto& late = *f.messages()[1];
    BOOST_TEST(late.traces[0].flags == sampling::decided_late);
    BOOST_TEST(late.traces[0].verdict.keep == keep);
    BOOST_TEST(late.kept.spans() == (keep ? 1U : 0U));
    BOOST_TEST(late.slots.size() == 1U);
  }
}

// Scenario: there may be one trace undecided, and five come. Guarantee: the oldest are decided
// early.
BOOST_AUTO_TEST_CASE(a_full_window_decides_the_oldest_early) {
  auto config = keep_all();
  config.num_traces = 1;
  start(config);
  for (const auto* trace : {"a", "b", "c", "d", "e"})
    take(trace);
  BOOST_TEST(decided_traces() == 4U);
  BOOST_TEST((messages()[0]->traces[0].flags & sampling::decided_early) != 0);
  BOOST_TEST((messages()[0]->traces[0].id == trace_id::from(std::string(16, 'a'))));
}

// -- decisions from before the start --

// Scenario: a chunk says that a trace was kept; policies would drop it now. Guarantee: late spans
// of it follow the old decision. A damaged chunk is passed over; of a pipeline that is gone none is
// wanted.
BOOST_AUTO_TEST_CASE(decisions_from_before_the_start_are_followed) {
  start(keep_errors());
  auto damaged = chunk_of(6, "b");
  damaged.chunks[0].second.resize(5);
  BOOST_TEST(only->uut->load(damaged));
  BOOST_TEST(only->uut->load(chunk_of(5, "a")));
  auto other = chunk_of(4, "c");
  other.pipeline = 2;
  BOOST_TEST(!only->uut->load(other));
  take("a");
  BOOST_REQUIRE(messages().size() == 1U);
  BOOST_TEST(messages()[0]->traces[0].verdict.keep);
  BOOST_TEST(next_chunk->load() >= 7U);
}

// Scenario: more decisions are stored than are to be remembered. Guarantee: it says so.
BOOST_AUTO_TEST_CASE(it_says_when_no_older_decision_fits) {
  auto info = pipeline(keep_all());
  info.decision_cache = 3;
  only.emplace(disk, shard_config{}, std::vector{info});
  BOOST_TEST(only->uut->load(chunk_of(2, "ab")));
  BOOST_TEST(!only->uut->load(chunk_of(1, "cdef")));
}

// -- reload --

// Scenario: policies change while traces wait. Guarantee: they are decided by the new ones; the
// same configuration again changes nothing.
BOOST_AUTO_TEST_CASE(what_waits_is_decided_by_new_policies) {
  start(keep_all());
  take("a");
  change({pipeline(keep_all())});
  change({pipeline(keep_errors())});
  take("b");
  pass(wait + second_ns);
  BOOST_REQUIRE(messages().size() == 1U);
  BOOST_REQUIRE(messages()[0]->traces.size() == 2U);
  for (const auto& trace : messages()[0]->traces)
    BOOST_TEST(!trace.verdict.keep);
  BOOST_TEST(messages()[0]->kept.spans() == 0U);
}

// Scenario: policies change, and an entry cannot be read for them; the window is full, too.
// Guarantee: nothing is decided without what is in it, and no credit is given, until it can be
// read: then both.
BOOST_AUTO_TEST_CASE(new_policies_wait_for_what_they_cannot_see) {
  auto config = keep_all();
  config.num_traces = 2;
  start(config, 4 << 10);
  take("a", 8 << 10);
  const auto credit = only->credit;
  disk->refuse_reads(1);
  config.policies[0].name = "everything";
  change({pipeline(config, 4 << 10)});
  take("b");
  const auto with_room = only->credit;
  BOOST_TEST(with_room > credit);
  take("c");
  BOOST_TEST(only->credit == with_room);
  pass(wait + second_ns);
  BOOST_TEST(messages().empty());
  disk->refuse_reads(0);
  pass(second_ns);
  BOOST_TEST(decided_traces() == 3U);
  BOOST_TEST(only->credit > with_room);
}

// Scenario: the same, and it never can. Guarantee: after 30 s the rest is decided without it.
BOOST_AUTO_TEST_CASE(new_policies_do_not_wait_for_ever) {
  start(keep_errors(), 4 << 10);
  take("a", 8 << 10);
  take("b", 8 << 10);
  disk->refuse_reads(1);
  auto other = keep_errors();
  other.policies[0].name = "failures";
  change({pipeline(other, 4 << 10)});
  for (int second = 0; second < 29; ++second)
    pass(second_ns);
  BOOST_TEST(messages().empty());
  pass(second_ns);
  pass(second_ns);
  BOOST_TEST(decided_traces() == 2U);
}

// Scenario: a pipeline goes with a trace that waits and one on its way to the disk; its entries
// still come; it is back with another compressor. Guarantee: what becomes durable is reported, what
// waited is not decided until it is sent again, and goes to the new compressor then; credit is
// always given.
BOOST_AUTO_TEST_CASE(a_pipeline_goes_and_comes_back) {
  start(keep_all());
  take("a");
  pass(wait + second_ns);
  const auto open = take("b");
  change({});
  pass(wait + second_ns);
  BOOST_TEST(messages().size() == 1U);
  BOOST_TEST(only->settled.empty());
  make_durable(0);
  BOOST_TEST(only->settled.size() == 1U);
  const auto credit = only->credit;
  const auto unknown = take("c");
  BOOST_TEST(only->credit == credit + unknown->unpacked.size());
  pass(wait + second_ns);
  BOOST_TEST(messages().size() == 1U);
  change({pipeline(keep_all(), much_memory, 2)});
  only->uut->take(open, now);
  pass(wait + second_ns);
  BOOST_REQUIRE(messages().size() == 2U);
  BOOST_TEST(only->compressors.back() == 2U);
}

// Scenario: a pipeline goes while more than is allowed of it is on its way to the disk, and its
// compressor ends before it has answered; the answers come late. Guarantee: the credit that was
// held back for it comes: the other pipelines go on; late answers change nothing.
BOOST_AUTO_TEST_CASE(what_a_compressor_that_ended_owed_is_let_go) {
  start(keep_all());
  take("a");
  pass(wait + second_ns);
  const auto late = some_spans(1, 1, 1 << 20, 'a');
  std::uint64_t sent = only->credit;
  for (int i = 0; i < 40; ++i, sent += late.size())
    only->uut->take(put(late), now);
  BOOST_TEST(only->credit < sent);
  change({});
  BOOST_TEST(only->credit < sent);
  only->uut->compressor_ended(7); // Another one.
  BOOST_TEST(only->credit < sent);
  only->uut->compressor_ended(1);
  BOOST_TEST(only->credit == sent);
  BOOST_TEST(only->uut->bytes_in_flight() == 0U);
  make_durable(0);
  BOOST_TEST(only->settled.empty());
}

BOOST_AUTO_TEST_SUITE_END()
