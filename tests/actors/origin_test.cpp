#include "actors/origin.hpp"

#include "fake_stages.hpp"
#include "stepped_system.hpp"
#include "tests/stages/entries.hpp"

using namespace weir;
using namespace weir::actors;

namespace {

constexpr pipeline_id traces = 1;

// An origin over a model of the disk, with a shard and a compressor of the test.
struct fixture : stepped_system {
  fixture() {
    shard = system.spawn(fake_shard, &told);
    compressor = system.spawn(fake_compressor, &compressed);
    write = system.spawn(fake_writer, &writer);
  }
  ~fixture() {
    tell(shard, tick_atom_v); // Nobody goes unanswered.
    end(uut);
    end(write);
    end(compressor);
    end(shard);
  }

  void fill(sequence count) {
    for (sequence number = 1; number <= count; ++number) {
      storage::batch batch;
      batch.put_entry(number - 1, stages::journal_bytes(*stages::entry_of(
                                      {1, 7, number}, number - 1, stages::some_spans(number, 1, 10),
                                      moment::now())));
      disk->commit(batch, true);
    }
  }

  void start() { start({shard}); }

  void start(std::vector<shard_actor> shards) {
    origin_change_message plan;
    plan.config.pipelines = {{traces, second_ns}};
    plan.config.shards = shards.size();
    plan.config.stuck_age = -3600 * second_ns; // Any age will do.
    plan.config.handed = std::make_shared<net::byte_budget>(1 << 20);
    plan.config.journal = disk->journal();
    plan.shards = std::move(shards);
    plan.compressors.emplace(traces, compressor);
    const auto positions =
        std::make_shared<std::atomic<journal_position>>(plan.config.journal.next);
    uut =
        system.spawn(actors::origin, std::make_shared<const origin_change_message>(std::move(plan)),
                     disk, positions, write);
    run();
  }

  std::shared_ptr<test::model_disk> disk = std::make_shared<test::model_disk>();
  stages::model_writer writer{disk};
  told_shard told;
  told_compressor compressed;
  shard_actor shard;
  compressor_actor compressor;
  writer_actor write;
  origin_actor uut;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(origin_test, fixture)

// Scenario: a journal and remembered decisions, and nobody asks for anything. Guarantee: it reads
// by itself: the compressor has the progress, the shard the decisions and the entries, and, with
// the timer, how far it was sent.
BOOST_AUTO_TEST_CASE(it_reads_back_by_itself) {
  fill(40);
  storage::batch records;
  records.put_decisions(traces, 0, "x");
  disk->commit(records, true);
  start();
  BOOST_TEST(compressed.progress.size() == 1U);
  BOOST_TEST(told.decisions.size() == 1U);
  BOOST_TEST(told.entries.size() == 40U);
  BOOST_TEST(told.sent_until.empty());
  pass(std::chrono::milliseconds(210));
  BOOST_TEST(told.sent_until.size() == 1U);
  pass(std::chrono::milliseconds(200));
  BOOST_TEST(told.sent_until.size() == 2U);
}

// Scenario: reading is refused once at the start. Guarantee: it goes on by itself, a second later.
BOOST_AUTO_TEST_CASE(it_tries_again_by_itself) {
  fill(3);
  disk->refuse_one_read();
  start();
  BOOST_TEST(told.entries.empty());
  pass(std::chrono::milliseconds(900));
  BOOST_TEST(told.entries.empty());
  pass(std::chrono::milliseconds(200));
  BOOST_TEST(told.entries.size() == 3U);
}

// Scenario: of two shards one has ended, and there are more decisions than credit for both.
// Guarantee: what it was sent counts as taken: the other one has all of them, and then the entry.
BOOST_AUTO_TEST_CASE(a_shard_that_ended_owes_no_answer) {
  fill(1);
  storage::batch records;
  for (std::uint64_t chunk = 0; chunk < 60; ++chunk)
    records.put_decisions(traces, chunk, std::string(200'000, 'x'));
  disk->commit(records, true);
  told_shard nothing;
  auto ended = system.spawn(fake_shard, &nothing);
  const auto handle = ended;
  end(ended);
  start({handle, shard});
  for (int answers = 0; answers < 60 && told.entries.empty(); ++answers)
    tell(shard, tick_atom_v);
  BOOST_TEST(told.entries.size() == 1U);
  std::size_t chunks = 0;
  for (const auto& message : told.decisions)
    chunks += message->chunks.size();
  BOOST_TEST(chunks == 60U);
}

// Scenario: the first and the last of 20 entries stay open, so they are written again at the tail,
// and the shard takes its time to answer. Guarantee: the journal is trimmed when it has, not
// before.
BOOST_AUTO_TEST_CASE(a_move_ends_with_the_shards_answer) {
  fill(20);
  start();
  auto report = std::make_shared<stages::settled_report>();
  for (sequence number = 2; number <= 19; ++number)
    report->entries.push_back({{1, 7, number}, {0}});
  tell(uut, settled_ptr(report));
  pass(std::chrono::milliseconds(210));
  BOOST_REQUIRE(writer.waiting() == 1U);
  tell(write, flush_atom_v);
  BOOST_TEST(told.moved.size() == 2U);
  pass(std::chrono::seconds(1));
  BOOST_TEST(disk->journal().first == 0U);
  tell(shard, tick_atom_v);
  BOOST_TEST(*ask<stopped_atom>(uut, stop_atom_v) == 1); // It has ticked, too.
  BOOST_TEST(disk->journal().first == 20U);
}

BOOST_AUTO_TEST_SUITE_END()
