#include "actors/sampler.hpp"

#include "../storage/temporary_directory.hpp"
#include "sampling/decision_cache.hpp"
#include "spans.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <condition_variable>
#include <mutex>
#include <set>

using namespace weir;
using namespace weir::actors;

namespace {

constexpr pipeline_id traces = 1;
constexpr std::uint32_t count = 2;

// Two samplers of a pipeline that keeps everything at once; the compressor is the test's.
struct fixture {
  fixture() {
    storage::options how;
    how.directory = directory.path() + "/data";
    auto opened = storage::store::open(how);
    BOOST_REQUIRE(opened);
    store = std::move(*opened);
    compressor = system.spawn(fake_compressor, this);
    sampling::tail_sampling_config keep_all;
    keep_all.decision_wait_ns = 1;
    keep_all.policies.emplace_back().name = "all";
    const auto next_chunk = std::make_shared<std::atomic<std::uint64_t>>(0);
    for (std::uint32_t i = 0; i < count; ++i)
      samplers.push_back(
          system.spawn(sampler, sampler_config{i, count},
                       std::vector{sampler_pipeline{traces, "traces", keep_all,
                                                    *sampling::policy_set::compile(keep_all),
                                                    compressor, 1 << 20, 1000, next_chunk}},
                       store));
  }

  ~fixture() {
    for (const auto& each : samplers)
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
    chunk->chunk = number;
    cache.write_chunk(number, chunk->bytes);
    for (const auto& each : samplers)
      self->send(each, decisions_ptr(chunk));
  }

  // An entry with one span, to all samplers as the router does.
  void send(char trace) {
    auto entry = std::make_shared<durable_entry>();
    entry->unpacked = some_spans(1, 1, 10, trace);
    BOOST_REQUIRE(otlp::index_traces(entry->unpacked, 0, entry->index));
    entry->header.id = {1, 1, ++sequence_};
    entry->header.pipeline = traces;
    entry->header.spans = entry->header.slots = 1;
    entry->header.codec = codec::codec_id::none;
    entry->header.unpacked_bytes = static_cast<std::uint32_t>(entry->unpacked.size());
    entry->packed = shared_bytes(std::string(entry->unpacked));
    entry->received = steady_now();
    for (const auto& each : samplers)
      self->send(each, entry_ptr(entry));
  }

  void await_decided(std::size_t messages) {
    for (const auto& each : samplers)
      self->send(each, sent_until_atom_v, std::int64_t{steady_now() + second_ns});
    std::unique_lock lock(mutex);
    BOOST_REQUIRE(
        changed.wait_for(lock, std::chrono::seconds(30), [&] { return seen.size() >= messages; }));
  }

  storage::temporary_directory directory;
  std::shared_ptr<storage::store> store;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<decided_ptr> seen;
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  compressor_actor compressor;
  std::vector<sampler_actor> samplers;
  sequence sequence_ = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(sampler_test, fixture)

// Scenario: two samplers decide after a start that found chunk 41; one of them decides far more.
// Guarantee: their chunks have numbers of their own behind 41, which rise with time, so that what
// is trimmed by number is what is oldest.
BOOST_AUTO_TEST_CASE(samplers_number_their_chunks_together) {
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

BOOST_AUTO_TEST_SUITE_END()
