#include "app/node_plan.hpp"

#include <algorithm>
#include <fstream>
#include <unistd.h>

namespace weir::app {

namespace {

template <class Configs>
std::vector<std::uint32_t> indexes(const std::vector<std::string>& ids, const Configs& in) {
  std::vector<std::uint32_t> result;
  for (const auto& id : ids) {
    const auto it = std::find_if(in.begin(), in.end(), [&](const auto& c) { return c.id == id; });
    result.push_back(static_cast<std::uint32_t>(it - in.begin()));
  }
  return result;
}

std::shared_ptr<const processors::chain> chain_of(std::vector<processors::chain::part> parts) {
  return parts.empty() ? nullptr : std::make_shared<const processors::chain>(std::move(parts));
}

// The cgroup's limit where there is one, else the machine's memory.
std::uint64_t total_memory() {
  const auto machine = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES))
                       * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  std::ifstream file("/sys/fs/cgroup/memory.max");
  std::uint64_t limit = 0;
  return file >> limit ? std::min(limit, machine) : machine;
}

// The soft limit, above which clients are refused, as the Collector computes it. 0 = none.
std::uint64_t soft_limit(const memory_limiter_config& limiter) {
  auto hard = limiter.limit_bytes;
  auto spike = limiter.spike_limit_bytes;
  if (hard == 0) {
    hard = total_memory() / 100 * limiter.limit_percentage;
    spike = total_memory() / 100 * limiter.spike_limit_percentage;
  }
  if (spike == 0)
    spike = hard / 5;
  return hard - std::min(hard, spike);
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
  plan.drop_oldest = config.storage.overflow == overflow_policy::drop_oldest;
  plan.window_memory = config.sampling.window_memory;
  plan.decision_cache = config.sampling.decision_cache;
  plan.samplers = config.sampling.samplers;
  plan.max_span_bytes = static_cast<std::uint32_t>(config.limits.max_span_bytes);
  plan.limits = config.limits.server;
  plan.receivers = config.receivers;
  plan.exporters = config.exporters;
  for (const auto& p : config.pipelines) {
    plan.pipelines.push_back({p.name, p.signal, indexes(p.receivers, config.receivers),
                              indexes(p.exporters, config.exporters), p.tail_sampling, p.batch,
                              chain_of(p.edits_before), chain_of(p.edits_behind), p.edits_text});
    // Memory is the process's: the lowest limit of all pipelines holds for all.
    for (const auto& limiter : p.memory_limiters)
      if (const auto limit = soft_limit(limiter);
          plan.memory_limit == 0 || limit < plan.memory_limit)
        plan.memory_limit = limit;
  }
  return plan;
}

} // namespace weir::app
