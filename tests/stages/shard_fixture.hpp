#pragma once

#include "entries.hpp"
#include "made_up_time.hpp"
#include "sampling/decision_cache.hpp"
#include "spans.hpp"
#include "stages/shard.hpp"
#include "tests/support/model_disk.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <set>

namespace weir::stages::shard_tests {

inline constexpr pipeline_id traces = 1;
inline constexpr node_id origin_node = 1;
inline constexpr steady_ns wait = 10 * second_ns;
inline constexpr std::uint64_t much_memory = 256 << 20;

inline sampling::tail_sampling_config keep_all() {
  sampling::tail_sampling_config config;
  config.decision_wait_ns = wait;
  config.policies.emplace_back().name = "all";
  return config;
}

// No span of these tests has a status.
inline sampling::tail_sampling_config keep_errors() {
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
  void send_turned_away(node_id, cluster::wrong_owner report) override {
    turned_away.push_back(std::move(report));
  }
  void send_ring(compressor_number, const ring_ptr& ring) override { rings.push_back(ring); }
  void send_handed(compressor_number, const handed_ptr& message) override {
    handed.push_back(message);
  }

  std::shared_ptr<test::model_disk> disk;
  shard_config config;
  std::uint64_t credit = 0;
  std::set<std::pair<sequence, slot>> settled;
  std::vector<compressor_number> compressors;
  std::vector<decided_ptr> decided_messages;
  std::vector<cluster::wrong_owner> turned_away;
  std::vector<ring_ptr> rings;
  std::vector<handed_ptr> handed;
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

} // namespace weir::stages::shard_tests
