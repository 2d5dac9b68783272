// What a plan means for each stage.
#include "actors/node_impl.hpp"
#include "core/cpus.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::actors {

namespace {

// The processor's own cache sizes can only lower what is remembered.
std::uint64_t remembered(const sampling::tail_sampling_config& config, std::uint64_t share) {
  const auto asked = config.sampled_cache_size + config.non_sampled_cache_size;
  return asked == 0 ? share : std::min(share, asked);
}

std::uint64_t sampled_pipelines(const node_plan& plan) {
  return static_cast<std::uint64_t>(
      std::count_if(plan.pipelines.begin(), plan.pipelines.end(),
                    [](const auto& p) { return p.tail_sampling.has_value(); }));
}

} // namespace

// Each shard looks at every entry for its partitions' slots, so more of them than needed cost; the
// other cores have the network, the intake, the packing to do. A reload keeps them.
std::uint32_t node::impl::shard_count(const node_plan& wanted) const {
  if (!shards.empty())
    return static_cast<std::uint32_t>(shards.size());
  return wanted.samplers == 0 ? std::max(1U, usable_cpus() / 2) : wanted.samplers;
}

result<std::vector<node::impl::shard_pipelines>>
node::impl::pipelines_of_shards(const node_plan& wanted,
                                const std::vector<pipeline_id>& wanted_ids) const {
  const auto sampled = sampled_pipelines(wanted);
  // Others may send what is sampled here after a reload.
  if (sampled == 0 && shards.empty() && !wanted.cluster)
    return std::vector<shard_pipelines>{};
  const auto count = shard_count(wanted);
  const auto shares = std::max<std::uint64_t>(1, sampled * count);
  std::vector<shard_pipelines> all(count);
  for (std::size_t p = 0; p < wanted.pipelines.size(); ++p) {
    const auto& pipeline = wanted.pipelines[p];
    if (!pipeline.tail_sampling)
      continue;
    const auto policies = sampling::policy_set::compile(*pipeline.tail_sampling);
    if (!policies)
      return tl::unexpected(policies.error());
    if (rates)
      rates->add(pipeline.name, *policies, steady_now());
    const auto decisions = remembered(*pipeline.tail_sampling, wanted.decision_cache / sampled);
    const auto next_chunk = std::make_shared<std::atomic<std::uint64_t>>(0);
    for (auto& pipelines : all)
      pipelines.push_back({wanted_ids[p], pipeline.name, *pipeline.tail_sampling, *policies, 0,
                           wanted.window_memory / shares, decisions / count, next_chunk});
  }
  return all;
}

stages::compressor_config node::impl::config_of_compressor(std::size_t p) const {
  const auto& pipeline = plan.pipelines[p];
  const auto share = plan.decision_cache / sampled_pipelines(plan);
  stages::compressor_config config;
  config.pipeline = ids[p];
  config.name = pipeline.name;
  config.max_block_bytes = plan.max_block_bytes;
  config.timeout = plan.block_timeout;
  config.decision_cache = remembered(*pipeline.tail_sampling, share);
  config.shards = shard_count(plan);
  config.edits = pipeline.edits_behind;
  config.edit_time = plan.edits.max_time;
  if (plan.cluster)
    config.progress_retention = plan.cluster->progress_retention;
  config.broken = plan.broken;
  return config;
}

// @pre the compressors are there
shard_change node::impl::change_of_shard(shard_pipelines pipelines) const {
  shard_change_message message;
  for (auto& pipeline : pipelines) {
    const auto& running = compressors.at(pipeline.id);
    pipeline.compressor = running.number;
    message.compressors.emplace(running.number, running.actor);
  }
  message.pipelines = std::move(pipelines);
  return std::make_shared<const shard_change_message>(std::move(message));
}

origin_change_message node::impl::change_of_origin() const {
  origin_change_message message;
  auto& config = message.config;
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
    const auto& sampled = plan.pipelines[p].tail_sampling;
    if (!sampled)
      continue;
    config.pipelines.push_back({ids[p], sampled->decision_wait_ns, plan.pipelines[p].name});
    message.compressors.emplace(ids[p], compressors.at(ids[p]).actor);
  }
  config.shards = shards.size();
  config.clustered = plan.cluster.has_value();
  if (plan.cluster)
    config.link_credit = plan.cluster->link_credit;
  config.broken = plan.broken;
  config.handed = handed;
  message.shards = shards;
  return message;
}

stages::intake_config node::impl::config_of_intake() const {
  stages::intake_config config;
  for (const auto& receiver : plan.receivers)
    config.receivers.push_back({receiver.id, {}, {}, {}});
  std::vector<stages::connected_pipeline> to_connect;
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
    const auto& pipeline = plan.pipelines[p];
    to_connect.push_back(
        {ids[p], pipeline.name, pipeline.signal, pipeline.edits_before, pipeline.connectors});
  }
  auto connected =
      stages::connect(to_connect, plan.connections, fmt::format("{:016x}", store->node()));
  config.meters = std::move(connected.metering);
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
    const auto& pipeline = plan.pipelines[p];
    config.pipelines.push_back(
        {ids[p], pipeline.name, pipeline.signal, pipeline.tail_sampling.has_value(),
         tails.at(ids[p]), pipeline.edits_before, connected.passages[p],
         !pipeline.exporters.empty() || pipeline.connectors.empty(), connected.meters[p]});
    for (const auto r : pipeline.receivers) {
      auto& receiver = config.receivers[r];
      auto& lanes = pipeline.signal == signal::traces    ? receiver.traces
                    : pipeline.signal == signal::metrics ? receiver.metrics
                                                         : receiver.logs;
      lanes.push_back(p);
    }
  }
  config.max_entry_bytes = plan.max_entry_bytes;
  config.max_block_bytes = plan.max_block_bytes;
  config.max_gathered_bytes = plan.max_gathered_bytes;
  config.limits.max_span_bytes = plan.max_span_bytes;
  config.edits = plan.edits;
  config.limits.max_envelope_bytes = plan.max_envelope_bytes;
  config.broken = plan.broken;
  config.handed = handed;
  if (plan.cluster) // Nobody, until the hub says who.
    config.owners = std::make_shared<const std::vector<node_id>>(partition_count, 0);
  return config;
}

std::vector<signal> node::impl::signals_of(std::uint32_t receiver) const {
  std::vector<signal> signals;
  for (const auto& p : plan.pipelines)
    if (std::count(p.receivers.begin(), p.receivers.end(), receiver) > 0
        && std::count(signals.begin(), signals.end(), p.signal) == 0)
      signals.push_back(p.signal);
  return signals;
}

stages::configured_exporters node::impl::configured() const {
  stages::configured_exporters all;
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
    auto& log = all[ids[p]];
    for (const auto index : plan.pipelines[p].exporters)
      log.insert(plan.exporters[index].id);
  }
  return all;
}

stages::housekeeper_config node::impl::config_of_housekeeper() const {
  stages::housekeeper_config config;
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
    stages::kept_log log{ids[p], plan.pipelines[p].name, {}};
    for (const auto index : plan.pipelines[p].exporters)
      log.exporters.push_back(plan.exporters[index].id);
    config.logs.push_back(std::move(log));
  }
  config.retention_ns = plan.retention / std::chrono::nanoseconds(1);
  config.cursor_retention_ns = plan.cursor_retention / std::chrono::nanoseconds(1);
  config.dead_letter_bytes = plan.dead_letter_bytes;
  config.dead_letter_retention_ns = plan.dead_letter_retention / std::chrono::nanoseconds(1);
  config.drop_oldest = plan.drop_oldest;
  config.memory_limit = plan.memory_limit;
  config.admit = [gate = gate](bool accepting, std::string reason) {
    gate->set(accepting, std::move(reason));
  };
  return config;
}

} // namespace weir::actors
