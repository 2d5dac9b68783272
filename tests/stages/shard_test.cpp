#include "stages/shard.hpp"

#include "entries.hpp"
#include "made_up_time.hpp"
#include "sampling/decision_cache.hpp"
#include "spans.hpp"
#include "tests/support/model_disk.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <set>

using namespace weir;
using namespace weir::stages;

namespace {

constexpr pipeline_id traces = 1;
constexpr node_id origin_node = 1;
constexpr steady_ns wait = 10 * second_ns;
constexpr std::uint64_t much_memory = 256 << 20;

sampling::tail_sampling_config keep_all() {
  sampling::tail_sampling_config config;
  config.decision_wait_ns = wait;
  config.policies.emplace_back().name = "all";
  return config;
}

// No span of these tests has a status.
sampling::tail_sampling_config keep_errors() {
  auto config = keep_all();
  config.policies[0].type = sampling::policy_type::status_code;
  config.policies[0].status_codes = {"ERROR"};
  return config;
}

// One shard over a model of the disk, and what it says; the test is everybody else.
struct tested_shard : shard_ports {
  tested_shard(std::shared_ptr<test::model_disk> disk, shard_config config,
               std::vector<shard_pipeline> pipelines)
      : disk(std::move(disk)), config(std::move(config)) {
    this->config.origins = {origin_node};
    uut.emplace(this->config, std::move(pipelines), this->disk, *this, beginning);
  }

  void send_taken(node_id, std::uint64_t bytes) override { credit += bytes; }
  void send_settled(node_id origin, const settled_ptr& report) override {
    BOOST_TEST(origin == origin_node);
    for (const auto& [entry, slots] : report->entries)
      for (const auto each : slots)
        BOOST_TEST(settled.emplace(entry.sequence, each).second);
  }
  void send_decided(compressor_number compressor, const decided_ptr& message) override {
    compressors.push_back(compressor);
    decided_messages.push_back(message);
  }

  std::shared_ptr<test::model_disk> disk;
  shard_config config;
  std::uint64_t credit = 0;
  std::set<std::pair<sequence, slot>> settled;
  std::vector<compressor_number> compressors;
  std::vector<decided_ptr> decided_messages;
  std::optional<shard> uut;
};

struct fixture {
  shard_pipeline pipeline(const sampling::tail_sampling_config& config,
                          std::uint64_t memory = much_memory, compressor_number number = 1) const {
    return {traces, "traces", config, *sampling::policy_set::compile(config),
            number, memory,   1000,   next_chunk};
  }

  void start(const sampling::tail_sampling_config& config, std::uint64_t memory = much_memory) {
    only.emplace(disk, shard_config{}, std::vector{pipeline(config, memory)});
  }

  // An entry with one span of each of these traces, in the journal too.
  entry_ptr make(const std::string& trace_names, std::size_t noise = 10) {
    std::string message;
    for (const auto trace : trace_names)
      message += some_spans(++seed, 1, noise, trace);
    return put(std::move(message));
  }

  entry_ptr put(std::string message) {
    ++last;
    auto entry = entry_of({origin_node, 1, last}, last, std::move(message), now);
    storage::batch batch;
    batch.put_entry(last, journal_bytes(*entry));
    disk->commit(batch, true);
    return entry;
  }

  entry_ptr take(const std::string& trace_names, std::size_t noise = 10) {
    const auto entry = make(trace_names, noise);
    only->uut->take(entry, now);
    return entry;
  }

  // Everything received before has been sent, and time passes.
  void pass(steady_ns passed) {
    now = later(passed, now);
    only->uut->sent_until(origin_node, now.steady);
    only->uut->tick(now);
  }

  void change(std::vector<shard_pipeline> pipelines) {
    only->uut->change(std::move(pipelines), now);
  }

  void make_durable(std::size_t message) {
    only->uut->durable(traces, messages()[message]->ticket, now);
  }

  const std::vector<decided_ptr>& messages() const { return only->decided_messages; }

  std::size_t decided_traces() const {
    std::size_t count = 0;
    for (const auto& message : messages())
      count += message->traces.size();
    return count;
  }

  // A chunk as an earlier start wrote it: these traces were kept.
  recovered_decisions chunk_of(std::uint64_t number, const std::string& trace_names) const {
    sampling::decision_cache cache(100);
    for (const auto trace : trace_names)
      cache.insert(sampling::fingerprint_of(trace_id::from(std::string(16, trace))),
                   {.keep = true});
    recovered_decisions chunks;
    chunks.pipeline = traces;
    cache.write_chunk(number, chunks.chunks.emplace_back(number, "").second);
    return chunks;
  }

  std::shared_ptr<test::model_disk> disk = std::make_shared<test::model_disk>();
  std::shared_ptr<std::atomic<std::uint64_t>> next_chunk =
      std::make_shared<std::atomic<std::uint64_t>>(0);
  moment now = beginning;
  sequence last = 0;
  std::uint64_t seed = 0;
  std::optional<tested_shard> only;
};

} // namespace

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

// -- what is durable --

// Scenario: what was decided becomes durable; the same is said twice, of a ticket that nobody has,
// of another pipeline. Guarantee: the origin hears of each slot once, and only then; nothing is in
// flight then.
BOOST_AUTO_TEST_CASE(the_origin_hears_of_what_is_durable_once) {
  start(keep_all());
  take("ab");
  take("a");
  pass(wait + second_ns);
  BOOST_TEST(only->settled.empty());
  BOOST_TEST(only->uut->bytes_in_flight() > 0U);
  only->uut->durable(2, messages()[0]->ticket, now);
  only->uut->durable(traces, messages()[0]->ticket + 1, now);
  BOOST_TEST(only->settled.empty());
  make_durable(0);
  const std::set<std::pair<sequence, slot>> all{{1, 0}, {1, 1}, {2, 0}};
  BOOST_TEST((only->settled == all));
  BOOST_TEST(only->uut->bytes_in_flight() == 0U);
  make_durable(0);
  BOOST_TEST((only->settled == all));
}

// Scenario: nothing becomes durable while large traces are due, then it does. Guarantee: no more is
// decided than may be on its way (16 MiB, and what one round decides); the rest is, then.
BOOST_AUTO_TEST_CASE(what_is_on_its_way_to_the_disk_is_bounded) {
  constexpr std::size_t noise = 1 << 20;
  start(keep_all());
  for (char trace = 'a'; trace <= 'z'; ++trace)
    take(std::string(1, trace), noise);
  pass(wait + second_ns);
  pass(second_ns);
  BOOST_TEST(only->uut->bytes_in_flight() >= 16U << 20);
  BOOST_TEST(only->uut->bytes_in_flight() < 20U << 20);
  const auto decided_before = decided_traces();
  BOOST_TEST(decided_before < 26U);
  for (std::size_t i = 0; i < messages().size(); ++i) {
    make_durable(i);
    pass(second_ns / 10);
  }
  BOOST_TEST(decided_traces() == 26U);
  BOOST_TEST(only->uut->bytes_in_flight() == 0U);
}

// Scenario: 40 MiB of late spans, which are handed on as they come, and nothing becomes durable.
// Guarantee: from 32 MiB on no credit is given; what was held back comes when some of it is
// durable.
BOOST_AUTO_TEST_CASE(late_spans_stop_for_want_of_credit) {
  constexpr std::size_t noise = 1 << 20;
  start(keep_all());
  take("a");
  pass(wait + second_ns);
  const auto late = some_spans(1, 1, noise, 'a');
  std::uint64_t sent = only->credit;
  while (only->credit == sent && messages().size() < 60) {
    only->uut->take(put(late), now);
    sent += late.size();
  }
  BOOST_TEST(only->uut->bytes_in_flight() >= 32U << 20);
  BOOST_TEST(only->uut->bytes_in_flight() <= (32U << 20) + 2 * noise);
  make_durable(0);
  make_durable(1);
  make_durable(2);
  BOOST_TEST(only->credit == sent);
}

// Scenario: two shards decide after a start that found chunk 41; one of them decides far more.
// Guarantee: their chunks have numbers of their own behind 41, which rise with time.
BOOST_AUTO_TEST_CASE(shards_number_their_chunks_together) {
  std::vector<tested_shard> both;
  both.reserve(2);
  for (std::uint32_t index = 0; index < 2; ++index)
    both.emplace_back(disk, shard_config{index, 2}, std::vector{pipeline(keep_all())});
  for (auto& each : both)
    BOOST_TEST(each.uut->load(chunk_of(41, "0")));
  std::uint64_t expected = 42;
  std::set<std::uint32_t> deciders;
  for (char trace = 'a'; trace <= 'z'; ++trace) {
    const auto entry = make(std::string(1, trace));
    for (auto& each : both)
      each.uut->take(entry, now);
    now = later(wait + second_ns, now);
    for (auto& each : both) {
      each.uut->sent_until(origin_node, now.steady);
      each.uut->tick(now);
      for (const auto& message : std::exchange(each.decided_messages, {})) {
        BOOST_TEST(message->chunk == expected++);
        deciders.insert(message->shard);
      }
    }
  }
  BOOST_TEST(expected == 42U + 26);
  BOOST_TEST(deciders.size() == 2U);
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

// -- reading again --

// Scenario: a window so small that it keeps no packed bytes; a kept trace's entry is to be read
// from the journal, and the system refuses. Another trace is due too. Guarantee: the other one does
// not wait; the read is tried again after a second, and the trace comes whole, once.
BOOST_AUTO_TEST_CASE(a_refused_read_of_a_kept_trace_is_tried_again) {
  constexpr std::size_t noise = 8 << 10;
  start(keep_all(), 4 << 10);
  take("a", noise);
  take("b", noise);
  disk->refuse_one_read();
  pass(wait + second_ns);
  BOOST_TEST(disk->refused_reads() == 1U);
  BOOST_TEST(decided_traces() == 1U);
  pass(second_ns / 2);
  BOOST_TEST(decided_traces() == 1U);
  pass(second_ns / 2);
  BOOST_TEST(decided_traces() == 2U);
  std::set<trace_id> seen;
  for (const auto& message : messages()) {
    BOOST_TEST(message->kept.spans() == 1U);
    BOOST_TEST(message->kept.unreadable().empty());
    BOOST_TEST(seen.insert(message->traces[0].id).second);
  }
  make_durable(0);
  make_durable(1);
  BOOST_TEST(only->uut->bytes_in_flight() == 0U);
}

// Scenario: the entries of two kept traces are gone, or damaged, in the journal. Guarantee: their
// slots are settled as damaged, at once: only what is lost is lost.
BOOST_AUTO_TEST_CASE(what_is_gone_is_not_waited_for) {
  constexpr std::size_t noise = 8 << 10;
  start(keep_all(), 4 << 10);
  take("a", noise);
  take("b", noise);
  take("c", noise);
  disk->damage_entry(2);
  BOOST_REQUIRE(disk->trim_journal(2));
  pass(wait + second_ns);
  BOOST_REQUIRE(messages().size() == 1U);
  BOOST_TEST(messages()[0]->kept.spans() == 1U);
  BOOST_TEST(messages()[0]->kept.unreadable().size() == 2U);
  BOOST_TEST(messages()[0]->slots.size() == 3U);
}

// Scenario: an entry that has to be read back was written again further back. Guarantee: it is read
// there.
BOOST_AUTO_TEST_CASE(a_moved_entry_is_read_at_its_new_place) {
  start(keep_all(), 4 << 10);
  const auto entry = take("a", 8 << 10);
  storage::batch batch;
  batch.put_entry(50, journal_bytes(*entry));
  disk->commit(batch, true);
  only->uut->moved(entry->header.id, 50);
  only->uut->moved({origin_node, 1, 999}, 51); // One that it does not hold.
  BOOST_REQUIRE(disk->trim_journal(50));
  pass(wait + second_ns);
  BOOST_REQUIRE(messages().size() == 1U);
  BOOST_TEST(messages()[0]->kept.spans() == 1U);
}

// Scenario: nothing can be read, and 100 traces become due one after the other. Guarantee: after 64
// that wait nothing more is decided; once the disk can be read all of them come.
BOOST_AUTO_TEST_CASE(so_many_wait_for_the_disk_and_no_more) {
  start(keep_all(), 4 << 10);
  disk->refuse_reads(1);
  for (int i = 0; i < 100; ++i) {
    std::string message = some_spans(1, 1, 8 << 10, 'a');
    message.replace(message.find("aaaaaaaaaaaaaaaa"), 2, fmt::format("{:02}", i));
    only->uut->take(put(std::move(message)), now);
    pass(second_ns / 5);
  }
  pass(wait);
  BOOST_TEST(messages().empty());
  disk->refuse_reads(0);
  pass(second_ns);
  BOOST_TEST(decided_traces() == 64U);
  for (std::size_t i = 0; i < messages().size(); ++i)
    make_durable(i);
  pass(second_ns);
  BOOST_TEST(decided_traces() == 100U);
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
