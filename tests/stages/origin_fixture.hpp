#pragma once

#include "entries.hpp"
#include "made_up_time.hpp"
#include "model_writer.hpp"
#include "spans.hpp"
#include "stages/origin.hpp"

#include <boost/test/unit_test.hpp>
#include <deque>
#include <tuple>

namespace weir::stages::origin_tests {

inline constexpr pipeline_id traces = 1;
inline constexpr steady_ns wait = 10 * second_ns;

// Of the model disk's first start.
inline entry_id id(sequence number) {
  return {1, 1, number};
}

inline std::vector<entry_id> ids(sequence first, sequence last) {
  std::vector<entry_id> all;
  for (auto number = first; number <= last; ++number)
    all.push_back(id(number));
  return all;
}

struct sent_move {
  entry_id entry;
  journal_position position;
  bool answer;

  friend bool operator==(const sent_move&, const sent_move&) = default;
};

// An origin over a model of the disk; the test is everybody else. Shard 0 is looked at.
struct fixture : origin_ports {
  fixture() {
    config.pipelines = {{traces, wait}};
    config.shards = 1;
    config.stuck_age = 3600 * second_ns;
    config.handed = std::make_shared<net::byte_budget>(1 << 20);
  }

  // -- what the origin says --

  void send_entry(std::size_t shard, const entry_ptr& entry) override {
    if (shard == 0) {
      entries.push_back(entry);
      owed.push_back(entry->unpacked.size());
    }
  }
  void send_move(std::size_t, const entry_id& entry, journal_position position,
                 bool answer) override {
    moves.push_back({entry, position, answer});
  }
  void send_sent_until(std::size_t, steady_ns moment, std::uint64_t) override {
    sent_until = moment;
  }
  void send_away(node_id owner, cluster::link_message message) override {
    away.emplace_back(owner, std::move(message));
  }
  void send_decisions(std::size_t shard, const decisions_ptr& message,
                      std::uint64_t bytes) override {
    decisions.emplace_back(shard, message, bytes);
  }
  void send_progress(pipeline_id, const progress_ptr& records) override {
    progress.push_back(records);
  }
  void send_low_water(pipeline_id, const cluster::low_water& mark) override {
    marks.push_back(mark);
  }
  void records_read() override { ++records; }
  void write(const commit_ptr& work) override {
    writer.take(work, [this] { uut->written(); });
  }
  void go_on_after(steady_ns pause) override { asked.push_back(pause); }

  // -- what the test does --

  // Entries of one trace each, as if an earlier start had left them, at positions 0, 1, ...
  void fill(sequence first, sequence last) {
    for (auto number = first; number <= last; ++number)
      put(number);
  }

  entry_ptr put(sequence number, pipeline_id pipeline = traces) {
    auto entry = entry_of(id(number), number - 1, some_spans(number, 1, 100), now);
    entry->header.pipeline = pipeline;
    storage::batch batch;
    batch.put_entry(entry->position, journal_bytes(*entry));
    disk->commit(batch, true);
    return entry;
  }

  void put_decisions(std::uint64_t chunks, std::size_t bytes) {
    storage::batch batch;
    for (std::uint64_t chunk = 0; chunk < chunks; ++chunk)
      batch.put_decisions(traces, chunk, std::string(bytes, 'x'));
    disk->commit(batch, true);
  }

  void put_progress(sequence number, std::uint32_t slots = 1) {
    cluster::progress done;
    done.settle(id(number), slots, 0, true);
    storage::batch batch;
    batch.put_progress(id(number), done.encode(id(number)));
    disk->commit(batch, true);
  }

  // One that comes from the intake; `in_memory`: there was room for its bytes.
  void take(sequence number, bool in_memory = true) {
    auto entry = std::make_shared<durable_entry>(*put(number));
    if (in_memory) {
      entry->handed_bytes = entry->packed.size() + entry->unpacked.size();
      BOOST_REQUIRE(config.handed->take(entry->handed_bytes));
    } else {
      entry->packed = {};
      entry->unpacked.clear();
      entry->index = {};
    }
    uut->stored(entry, now);
  }

  void start() { start(disk->journal()); }

  void start(storage::bounds found) {
    config.journal = found;
    positions = std::make_shared<std::atomic<journal_position>>(disk->journal().next);
    uut.emplace(config, disk, positions, *this);
    go_on();
  }

  // Until it asks for nothing, or for a pause.
  void go_on() {
    while (!asked.empty() && asked.front() == 0) {
      asked.pop_front();
      uut->go_on(now);
    }
  }

  // A pause that it asked for is over.
  void pause_ends() {
    BOOST_REQUIRE(asked.size() == 1U);
    now = later(asked.front(), now);
    asked.front() = 0;
    go_on();
  }

  // The shard gives back the credit of its oldest entry.
  void give_credit() {
    BOOST_REQUIRE(!owed.empty());
    uut->taken(owed.front());
    owed.pop_front();
    go_on();
  }

  void answer_decisions(bool room = true) {
    for (const auto& [shard, message, bytes] : std::exchange(decisions, {}))
      uut->decisions_taken(message->pipeline, shard, bytes, room);
    go_on();
  }

  void settle(sequence first, sequence last) {
    settled_report report;
    for (auto number = first; number <= last; ++number)
      report.entries.push_back({id(number), {0}});
    uut->settled(report);
  }

  void tick(steady_ns passed = second_ns / 5) {
    now = later(passed, now);
    uut->tick(now);
    go_on();
  }

  // Whether the origin says that all is sent which it has heard of. It says so up to its last tick:
  // the one after that is what has to say it.
  bool all_is_sent() {
    tick();
    const auto heard = now.steady;
    tick();
    return sent_until == heard;
  }

  void reload(std::vector<origin_pipeline> pipelines) {
    auto wanted = config;
    wanted.pipelines = std::move(pipelines);
    uut->change(wanted, now);
    go_on();
  }

  std::vector<entry_id> sent() const {
    std::vector<entry_id> all;
    for (const auto& entry : entries)
      all.push_back(entry->header.id);
    return all;
  }

  std::vector<std::uint64_t> chunks() const {
    std::vector<std::uint64_t> numbers;
    for (const auto& [shard, message, bytes] : decisions)
      for (const auto& [number, chunk] : message->chunks)
        numbers.push_back(number);
    return numbers;
  }

  moment now = beginning;
  std::shared_ptr<test::model_disk> disk = std::make_shared<test::model_disk>();
  model_writer writer{disk};
  origin_config config;
  position_counter positions;
  std::vector<entry_ptr> entries;
  std::deque<std::uint64_t> owed;
  std::vector<sent_move> moves;
  std::vector<std::tuple<std::size_t, decisions_ptr, std::uint64_t>> decisions;
  std::vector<progress_ptr> progress;
  std::vector<cluster::low_water> marks;
  std::vector<std::pair<node_id, cluster::link_message>> away;
  std::deque<steady_ns> asked;
  steady_ns sent_until = -1;
  unsigned records = 0;
  std::optional<origin> uut;
};

inline const auto entry_bytes = some_spans(1, 1, 100).size();

} // namespace weir::stages::origin_tests
