#pragma once

#include "made_up_time.hpp"
#include "model_writer.hpp"
#include "spans.hpp"
#include "stages/compressor.hpp"

#include <boost/test/unit_test.hpp>

namespace weir::stages::compressor_tests {

inline constexpr pipeline_id traces = 1;

// A compressor over a model of the disk; the test is its shard, and the writer.
struct fixture : compressor_ports {
  fixture() {
    config.pipeline = traces;
    config.name = "traces";
    start();
  }

  void write(const commit_ptr& work) override {
    writer.take(work, [this] { uut->written(now); });
  }
  void send_durable(std::uint32_t shard, pipeline_id pipeline, std::uint64_t number) override {
    BOOST_TEST(shard == 3U);
    BOOST_TEST(pipeline == traces);
    durable.push_back(number);
  }
  void time_out_after(steady_ns pause) override { timers.push_back(pause); }
  void show_after(steady_ns pause) override { shows.push_back(pause); }
  void send_away(node_id target, cluster::handed_over message) override {
    away.emplace_back(target, std::move(message));
  }
  void send_handed(std::uint32_t, const handed_ptr& message) override { handed.push_back(message); }
  void send_taken_over(const handed_ticket& message) override { taken_over_by.push_back(message); }

  void start() {
    tail = std::make_shared<log_tail>(disk->log(traces).next, 1 << 20);
    uut.emplace(config, disk, tail, *this);
  }

  // The power goes, and comes back.
  void crash() {
    writer = model_writer(disk);
    disk->crash();
    timers.clear();
    start();
  }

  // What a shard decides of a trace that has one span in one entry.
  struct one_slot {
    sequence entry;
    char trace;
    bool keep;
    weir::slot slot = 0;
    std::uint32_t slots = 1; // Of the entry.
  };

  void decide(const std::vector<one_slot>& slots, const std::string& decisions = "",
              std::size_t noise = 10) {
    sampling::decided_batch batch;
    std::vector<std::string> bytes;
    decided message;
    for (std::uint32_t i = 0; i < slots.size(); ++i) {
      bytes.push_back(some_spans(slots[i].entry, 1, noise, slots[i].trace));
      sampling::decided_trace trace;
      trace.id = trace_id::from(std::string(16, slots[i].trace));
      trace.verdict.keep = slots[i].keep;
      trace.spans = 1;
      trace.first_ref = i;
      trace.refs = 1;
      batch.traces.push_back(trace);
      batch.refs.push_back({i, 0});
      message.entries.push_back({id(slots[i].entry), slots[i].slots});
      message.slots.push_back({i, slots[i].slot, i, 1});
    }
    sampling::assembler collector;
    const auto read = [&](sampling::entry_number number) -> result<sampling::unpacked_entry> {
      return sampling::unpacked_entry{bytes[number], 11, 22};
    };
    BOOST_REQUIRE(collector.collect(batch, 0, read, message.kept));
    message.pipeline = traces;
    message.shard = 3;
    message.ticket = ++ticket;
    message.traces = batch.traces;
    message.chunk = ticket;
    message.decisions = decisions;
    uut->take(message, now);
  }

  // Until all of it is durable.
  void flush() {
    uut->on_timeout();
    writer.write_all();
  }

  static entry_id id(sequence number) { return {1, 1, number}; }

  std::uint64_t logged_spans() const {
    std::uint64_t spans = 0;
    const auto held = disk->log(traces);
    for (auto position = held.first; position < held.next; ++position) {
      const auto bytes = disk->read_block(traces, position).value();
      spans += codec::read_block(bytes)->header.items;
    }
    return spans;
  }

  std::uint64_t counted(log_count which) const {
    return ledger_page(*disk, ledger_key("traces", "log"), log_counts)[which];
  }

  bool has_progress(sequence number) const { return disk->durable().progress.contains(id(number)); }

  std::shared_ptr<test::model_disk> disk = std::make_shared<test::model_disk>();
  model_writer writer{disk};
  compressor_config config;
  std::shared_ptr<log_tail> tail;
  std::vector<std::uint64_t> durable; ///< Tickets.
  std::vector<steady_ns> timers;
  std::vector<steady_ns> shows;
  std::vector<std::pair<node_id, cluster::handed_over>> away;
  std::vector<handed_ptr> handed;
  std::vector<handed_ticket> taken_over_by;
  moment now = beginning;
  std::uint64_t ticket = 0;
  std::optional<compressor> uut;
};

} // namespace weir::stages::compressor_tests
