#include "actors/compressor.hpp"

#include "../storage/temporary_directory.hpp"
#include "actors/writer.hpp"
#include "sampling/assembly.hpp"
#include "sampling/decision_cache.hpp"
#include "../stages/spans.hpp"
#include "storage/store.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

using namespace weir;
using namespace weir::actors;
using namespace weir::stages;

namespace {

// A compressor over a real store; the test is its sampler.
struct fixture {
  fixture() {
    storage::options how;
    how.directory = directory.path() + "/data";
    auto opened = storage::store::open(how);
    BOOST_REQUIRE(opened);
    store = std::move(*opened);
    pipeline = *store->pipeline("traces");
    BOOST_REQUIRE(store->open_log(pipeline));
    write = system.spawn<caf::detached>(writer, store, sabotage{}, end_flag());
    compressor_config plan;
    plan.pipeline = pipeline;
    plan.name = "traces";
    uut = system.spawn(actors::compressor, plan, store, std::make_shared<log_tail>(0, 1 << 20), write);
  }

  ~fixture() {
    caf::anon_send_exit(uut, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(write, caf::exit_reason::user_shutdown);
  }

  // What a sampler decides of entries with one span of one trace each: (sequence, trace, keep).
  struct one_slot {
    sequence entry;
    char trace;
    bool keep;
  };

  void decide(const std::vector<one_slot>& slots, const std::string& decisions = "") {
    sampling::decided_batch batch;
    std::vector<std::string> bytes;
    auto message = std::make_shared<decided>();
    for (std::uint32_t i = 0; i < slots.size(); ++i) {
      bytes.push_back(some_spans(slots[i].entry, 1, 10, slots[i].trace));
      sampling::decided_trace trace;
      trace.id = trace_id::from(std::string(16, slots[i].trace));
      trace.verdict.keep = slots[i].keep;
      trace.spans = 1;
      trace.first_ref = i;
      trace.refs = 1;
      batch.traces.push_back(trace);
      batch.refs.push_back({i, 0});
      message->entries.push_back({{1, 1, slots[i].entry}, 1});
      message->slots.push_back({i, 0, i});
    }
    sampling::assembler collector;
    BOOST_REQUIRE(collector.collect(
        batch, 0,
        [&](sampling::entry_number number) -> result<sampling::unpacked_entry> {
          return sampling::unpacked_entry{bytes[number], 1, 2};
        },
        message->kept));
    message->pipeline = pipeline;
    message->ticket = ++ticket;
    message->traces = batch.traces;
    message->chunk = ticket;
    message->decisions = decisions;
    self->send(uut, decided_ptr(message));
    self->request(uut, caf::infinite, stop_atom_v)
        .receive([](stopped_atom) {}, [](const caf::error&) { BOOST_FAIL("no answer"); });
  }

  std::uint64_t logged_spans() const {
    std::uint64_t spans = 0;
    const auto held = store->log(pipeline);
    for (auto position = held.first; position < held.next; ++position) {
      const auto bytes = store->read_block(pipeline, position).value();
      spans += codec::read_block(bytes)->header.items;
    }
    return spans;
  }

  storage::temporary_directory directory;
  std::shared_ptr<storage::store> store;
  pipeline_id pipeline = 0;
  std::uint64_t ticket = 0;
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  writer_actor write;
  compressor_actor uut;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(compressor_test, fixture)

// Scenario: slots that are settled, kept and dropped ones, are decided again, beside new ones (their
// entry was sent again). Guarantee: each span is in the log once and in the ledger once.
BOOST_AUTO_TEST_CASE(a_settled_slot_is_not_logged_again) {
  decide({{1, 'a', true}, {2, 'b', false}});
  BOOST_TEST(logged_spans() == 1U);
  decide({{1, 'a', true}});
  BOOST_TEST(logged_spans() == 1U);
  decide({{2, 'b', false}, {1, 'a', true}, {3, 'c', true}, {2, 'b', true}, {4, 'd', false}});
  BOOST_TEST(logged_spans() == 2U);
  const ledger_page ledger(*store, ledger_key("traces", "log"), log_counts);
  BOOST_TEST(ledger[kept_items] == 2U);
  BOOST_TEST(ledger[dropped_items] == 2U);
  BOOST_TEST(ledger[appended_items] == 2U);
}

// Scenario: 300 flushes of one decision each, as at low traffic. Guarantee: they stand in a few
// chunks, and all of them are read back.
BOOST_AUTO_TEST_CASE(small_chunks_of_decisions_become_one) {
  sampling::decision_cache cache(1000);
  for (std::uint64_t i = 1; i <= 300; ++i) {
    cache.insert(i, {true, cache.number_of("policy"), 1});
    std::string chunk;
    cache.write_chunk(i, chunk);
    decide({{i, 'a', false}}, chunk);
  }
  const auto chunks = store->decision_chunks(pipeline).value();
  BOOST_TEST(chunks.size() <= 3U);
  sampling::decision_cache reader(1000);
  for (auto chunk = chunks.rbegin(); chunk != chunks.rend(); ++chunk)
    BOOST_REQUIRE(reader.load_chunk(*chunk, store->read_decisions(pipeline, *chunk).value(),
                                    [](auto) { return true; }));
  BOOST_TEST(reader.size() == 300U);
}

BOOST_AUTO_TEST_SUITE_END()
