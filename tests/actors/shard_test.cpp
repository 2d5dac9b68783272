#include "actors/shard.hpp"

#include "../storage/small_store.hpp"
#include "codec/entry.hpp"
#include "sampling/decision_cache.hpp"
#include "../stages/spans.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

using namespace weir;
using namespace weir::actors;
using namespace weir::stages;

namespace {

constexpr pipeline_id traces = 1;
constexpr std::uint32_t count = 2;

// Two shards of a pipeline that keeps everything at once; the compressor is the test's.
struct fixture {
  explicit fixture(std::uint64_t window_memory = 1 << 20) {
    store = storage::small_store(directory, disk);
    compressor = system.spawn(fake_compressor, this);
    sampling::tail_sampling_config keep_all;
    keep_all.decision_wait_ns = 1;
    keep_all.policies.emplace_back().name = "all";
    const auto next_chunk = std::make_shared<std::atomic<std::uint64_t>>(0);
    for (std::uint32_t i = 0; i < count; ++i) {
      shard_change_message plan;
      plan.pipelines.push_back({traces, "traces", keep_all, *sampling::policy_set::compile(keep_all),
                                1, window_memory, 1000, next_chunk});
      plan.compressors.emplace(1, compressor);
      shards.push_back(system.spawn(actors::shard, shard_config{i, count},
                                    std::make_shared<const shard_change_message>(std::move(plan)),
                                    store));
    }
  }

  ~fixture() {
    for (const auto& each : shards)
      caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(compressor, caf::exit_reason::user_shutdown);
  }

  static compressor_actor::behavior_type fake_compressor(compressor_actor::pointer, fixture* of) {
    return {
        [of](const decided_ptr& what) {
          const std::lock_guard guard(of->mutex);
          of->seen.push_back(what);
          of->changed.notify_all();
        },
        [](const progress_ptr&) {},
        [](const cluster::low_water&) {},
        [](flush_atom) {},
        [](const compressor_change&) -> caf::result<changed_atom> { return changed_atom_v; },
        [](stop_atom) -> caf::result<stopped_atom> { return stopped_atom_v; },
    };
  }

  static std::uint32_t owner(char trace) {
    const auto id = trace_id::from(std::string(16, trace));
    return sampling::fingerprint_of(id) % partition_count % count;
  }

  // A chunk as an earlier start wrote it.
  void remember(std::uint64_t number) {
    sampling::decision_cache cache(10);
    cache.insert(1, {});
    auto chunk = std::make_shared<recovered_decisions>();
    chunk->pipeline = traces;
    cache.write_chunk(number, chunk->chunks.emplace_back(number, "").second);
    for (const auto& each : shards)
      self->request(each, caf::infinite, decisions_ptr(chunk))
          .receive([](bool room) { BOOST_TEST(room); },
                   [](const caf::error&) { BOOST_FAIL("no answer"); });
  }

  // An entry with one span, to all shards as the router does.
  void send(char trace, std::size_t noise = 10, journal_position position = 0) {
    auto entry = std::make_shared<durable_entry>();
    entry->unpacked = some_spans(1, 1, noise, trace);
    entry->position = position;
    BOOST_REQUIRE(otlp::index_traces(entry->unpacked, 0, entry->index));
    entry->header.id = {1, 1, ++sequence_};
    entry->header.pipeline = traces;
    entry->header.spans = entry->header.slots = 1;
    entry->header.codec = codec::codec_id::none;
    entry->header.unpacked_bytes = static_cast<std::uint32_t>(entry->unpacked.size());
    entry->packed = shared_bytes(std::string(entry->unpacked));
    entry->received = steady_now();
    for (const auto& each : shards)
      self->send(each, entry_ptr(entry));
  }

  void open_gate() {
    for (const auto& each : shards)
      self->send(each, sent_until_atom_v, std::int64_t{steady_now() + second_ns});
  }

  // Until something else than a message has come.
  template <class Condition>
  void await_other(Condition reached) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!reached()) {
      BOOST_REQUIRE(std::chrono::steady_clock::now() < until);
      open_gate();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  void await_decided(std::size_t messages) {
    open_gate();
    std::unique_lock lock(mutex);
    BOOST_REQUIRE(
        changed.wait_for(lock, std::chrono::seconds(60), [&] { return seen.size() >= messages; }));
  }

  // The same entry in the journal.
  void write(journal_position position, char trace, std::size_t noise) {
    const auto spans = some_spans(1, 1, noise, trace);
    codec::entry_header header;
    header.id = {1, 1, position + 1};
    header.pipeline = traces;
    header.spans = header.slots = 1;
    header.codec = codec::codec_id::none;
    header.unpacked_bytes = header.packed_bytes = static_cast<std::uint32_t>(spans.size());
    std::string bytes;
    codec::write_entry(header, spans, bytes);
    storage::batch batch;
    batch.put_entry(position, bytes);
    BOOST_REQUIRE(store->commit(std::move(batch), true));
  }

  storage::temporary_directory directory;
  std::shared_ptr<storage::faulty_file_system> disk =
      std::make_shared<storage::faulty_file_system>(directory.path());
  std::shared_ptr<storage::store> store;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<decided_ptr> seen;
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  compressor_actor compressor;
  std::vector<shard_actor> shards;
  sequence sequence_ = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(shard_test, fixture)

// Scenario: two shards decide after a start that found chunk 41; one of them decides far more.
// Guarantee: their chunks have numbers of their own behind 41, which rise with time, so that what
// is trimmed by number is what is oldest.
BOOST_AUTO_TEST_CASE(shards_number_their_chunks_together) {
  remember(41);
  std::vector<std::uint32_t> order;
  for (char trace = 'a'; trace <= 'z'; ++trace) {
    send(trace);
    await_decided(order.size() + 1);
    order.push_back(owner(trace));
  }
  BOOST_TEST(std::set(order.begin(), order.end()).size() == count);
  for (std::size_t i = 0; i < seen.size(); ++i)
    BOOST_TEST(seen[i]->chunk == 42 + i);
}

// Scenario: a window so small that it keeps no packed bytes; a kept trace's entry is to be read back
// from the journal, and the system refuses once. Another trace is kept meanwhile.
// Guarantee: nothing is settled without its spans: the read is tried again, and the trace comes
// whole; the other one does not wait for it.
BOOST_AUTO_TEST_CASE(a_refused_read_of_a_kept_trace_is_tried_again) {
  fixture f(4 << 10);
  constexpr std::size_t noise = 8 << 10;
  const char trace = 'a';
  const char other = [&] {
    for (char t = 'b';; ++t)
      if (owner(t) == owner(trace))
        return t;
  }();
  f.write(0, 'z', 1000);
  f.write(1, trace, noise);
  f.write(2, other, noise);
  for (journal_position p = 3; p < 20; ++p)
    f.write(p, 'z', noise);
  // An idle node has everything in tables, and nothing goes on behind the scenes.
  BOOST_REQUIRE(f.store->trim_journal(1));
  for (int second = 0; second < 20; ++second)
    f.store->maintain();
  const auto faults = f.disk->faults();
  f.disk->fail_read(1);
  f.send(trace, noise, 1);
  f.await_other([&] { return f.disk->faults() > faults; });
  f.send(other, noise, 2);
  f.await_decided(2);
  BOOST_TEST(f.disk->faults() == faults + 1);
  std::set<trace_id> seen;
  for (const auto& message : f.seen) {
    for (const auto& kept : message->traces)
      BOOST_TEST(seen.insert(kept.id).second);
    BOOST_TEST(message->kept.spans() == message->traces.size());
    BOOST_TEST(message->kept.unreadable().empty());
  }
  BOOST_TEST(seen.size() == 2U);
}

// Scenario: an entry that a kept trace is in is gone from the journal. Guarantee: its slots are settled
// as damaged, at once: only what is gone is lost.
BOOST_AUTO_TEST_CASE(what_is_gone_is_not_waited_for) {
  fixture f(4 << 10);
  f.send('a', 8 << 10, 77);
  f.await_decided(1);
  BOOST_TEST(f.seen[0]->kept.spans() == 0U);
  BOOST_TEST(f.seen[0]->kept.unreadable().size() == 1U);
  BOOST_TEST(f.seen[0]->slots.size() == 1U);
}

// Scenario: a pipeline goes in a reload while more than is allowed of it is on its way to the disk,
// and its compressor is ended before it has answered. Guarantee: the credit that was held back for
// it comes: the other pipelines go on.
BOOST_AUTO_TEST_CASE(what_a_compressor_that_ended_owed_is_let_go) {
  fixture f(256 << 20);
  constexpr std::size_t noise = 1 << 20;
  f.send('a', noise);
  f.await_decided(1);
  constexpr int more = 40;
  for (int i = 0; i < more; ++i)
    f.send('a', noise); // Late ones: handed on as they come.
  f.await_decided(1 + more);
  const auto spans = some_spans(1, 1, noise, 'a').size();
  const auto credit = [&] {
    std::uint64_t taken = 0;
    bool any = true;
    while (any) {
      any = false;
      f.self->receive([&](taken_atom, std::uint64_t bytes) { taken += bytes; any = true; },
                    [](const settled_ptr&) {}, caf::after(std::chrono::milliseconds(300)) >> [] {});
    }
    return taken;
  };
  auto given = credit();
  BOOST_TEST(given < count * (1 + more) * spans);
  for (const auto& each : f.shards)
    f.self->request(each, caf::infinite,
                  shard_change(std::make_shared<const shard_change_message>()))
        .receive([](changed_atom) {}, [](const caf::error&) { BOOST_FAIL("no answer"); });
  caf::anon_send_exit(f.compressor, caf::exit_reason::user_shutdown);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (given < count * (1 + more) * spans && std::chrono::steady_clock::now() < until)
    given += credit();
  BOOST_TEST(given == count * (1 + more) * spans);
}

BOOST_AUTO_TEST_SUITE_END()
