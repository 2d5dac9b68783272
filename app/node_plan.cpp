#include "app/node_plan.hpp"

#include "app/config/memory_limit.hpp"
#include "app/replay_selection.hpp"
#include "app/version.hpp"

#include <algorithm>

namespace weir::app {

namespace {

constexpr std::uint64_t least_memtable_bytes = 4 << 20;
constexpr std::uint64_t least_tail_bytes = 1 << 20;

template <class Configs>
std::vector<std::uint32_t> indexes(const std::vector<std::string>& ids, const Configs& configs) {
  std::vector<std::uint32_t> result;
  for (const auto& id : ids) {
    const auto it =
        std::find_if(configs.begin(), configs.end(), [&](const auto& c) { return c.id == id; });
    result.push_back(static_cast<std::uint32_t>(it - configs.begin()));
  }
  return result;
}

std::shared_ptr<const editing::chain> chain_of(std::vector<editing::chain::part> parts) {
  return parts.empty() ? nullptr : std::make_shared<const editing::chain>(std::move(parts));
}

// Makes what is kept in memory for speed small enough for a soft limit: write buffers, blocks for
// exporters, the sampling window. What does not fit there is read from the disk.
void fit_into(std::uint64_t limit, actors::node_plan& plan) {
  const auto pipelines = std::max<std::size_t>(1, plan.pipelines.size());
  auto& memtable = plan.storage.memtable_bytes; // three of them, together
  memtable = std::min(memtable, std::max(least_memtable_bytes, limit / 12));
  plan.tail_bytes = std::min(plan.tail_bytes, std::max(least_tail_bytes, limit / 8 / pipelines));
  plan.window_memory = std::min(plan.window_memory, limit / 2);
}

} // namespace

actors::node_plan plan_of(const node_config& config) {
  actors::node_plan plan;
  plan.storage = config.storage.database;
  plan.commit_interval = config.storage.journal.commit_interval;
  plan.max_entry_bytes = config.storage.journal.max_entry_bytes;
  plan.max_block_bytes = config.storage.log.max_bytes;
  plan.block_timeout = config.storage.log.timeout;
  plan.retention = config.storage.retention;
  plan.cursor_interval = config.storage.cursor_interval;
  plan.dead_letter_bytes = config.storage.dead_letters.max_bytes;
  plan.cursor_retention = config.storage.cursor_retention;
  plan.dead_letter_retention = config.storage.dead_letters.retention;
  plan.max_replays = config.storage.replays.max;
  plan.keep_replays = config.storage.replays.keep;
  plan.select = selection_of;
  plan.drop_oldest = config.storage.overflow == overflow_policy::drop_oldest;
  plan.window_memory = config.sampling.window_memory;
  plan.decision_cache = config.sampling.decision_cache;
  plan.samplers = config.sampling.samplers;
  plan.max_span_bytes = static_cast<std::uint32_t>(config.limits.max_span_bytes);
  plan.max_envelope_bytes = static_cast<std::uint32_t>(config.limits.max_envelope_bytes);
  plan.limits = config.limits.server;
  plan.max_gathered_bytes = config.limits.max_gathered_bytes;
  plan.edits = {config.limits.edit_threads, config.limits.max_edit_time};
  plan.receivers = config.receivers;
  plan.exporters = config.exporters;
  plan.connections = config.connections;
  plan.cluster = config.cluster;
  plan.release = version();
  for (const auto& p : config.pipelines) {
    plan.pipelines.push_back({p.name, p.signal, indexes(p.receivers, config.receivers),
                              indexes(p.exporters, config.exporters), p.tail_sampling, p.batch,
                              chain_of(p.edits_before), chain_of(p.edits_behind), p.edits_text,
                              p.connectors_behind});
    // Memory is the process's: the lowest limit of all pipelines holds for all.
    for (const auto& limiter : p.memory_limiters) {
      const auto limit = std::max(soft_limit(limiter), least_memory_limit);
      if (plan.memory_limit == 0 || limit < plan.memory_limit)
        plan.memory_limit = limit;
    }
  }
  if (plan.memory_limit != 0)
    fit_into(plan.memory_limit, plan);
  return plan;
}

} // namespace weir::app
