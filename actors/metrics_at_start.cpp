#include "actors/metrics_at_start.hpp"

#include "core/metrics.hpp"
#include "stages/origin.hpp"

namespace weir::actors {

namespace {

void show_limit(const char* metric, const char* setting, std::uint64_t limit) {
  metrics::limit.with({{"metric", metric}, {"setting", setting}}).Set(static_cast<double>(limit));
}

void show_limits(const node_plan& plan) {
  show_limit(metrics::receiver_bytes_in_flight.name, "service.limits.max_bytes_in_flight",
             plan.limits.max_bytes_in_flight);
  show_limit(metrics::receiver_connections.name, "service.limits.max_connections",
             plan.limits.max_connections);
  show_limit(metrics::storage_bytes.name, "storage.max_bytes", plan.storage.max_bytes);
  show_limit(metrics::intake_handed_bytes.name, "", max_handed_bytes);
  show_limit(metrics::router_bytes_in_flight.name, "", stages::origin_config{}.credit);
  show_limit(metrics::window_packed_bytes.name, "sampling.window_memory", plan.window_memory);
  show_limit(metrics::window_index_bytes.name, "sampling.window_memory",
             plan.window_memory / 10 * 9);
  show_limit(metrics::decision_cache_size.name, "sampling.decision_cache", plan.decision_cache);
  show_limit(metrics::replays.name, "storage.replays.max", plan.max_replays);
}

void show_receiver(const std::string& id, signal kind) {
  for (const auto* transport : {"grpc", "http"}) {
    const metrics::labels labels{{"receiver", id}, {"transport", transport}};
    metrics::receiver_accepted.of(kind).with(labels);
    metrics::receiver_refused_items.of(kind).with(labels);
  }
}

void show_pipeline(const node_plan& plan, const node_pipeline& pipeline) {
  const metrics::labels labels{{"pipeline", pipeline.name}};
  metrics::log_appended_bytes.with(labels);
  metrics::log_damaged_blocks.with(labels);
  metrics::log_dropped_items.with(labels);
  metrics::log_early_trimmed_blocks.with(labels);
  metrics::dead_letters_dropped_items.with(labels);
  if (pipeline.tail_sampling) {
    for (const auto* counter : {&metrics::duplicate_slots, &metrics::double_decisions,
                                &metrics::copies_given_up, &metrics::uncopied_blocks})
      counter->with(labels);
    metrics::sampler_reads_retried.with(labels);
  }
  for (const auto index : pipeline.receivers)
    show_receiver(plan.receivers[index].id, pipeline.signal);
}

} // namespace

void show_metrics_at_start(const node_plan& plan) {
  show_limits(plan);
  for (const auto* counter : {&metrics::journal_damaged_entries,
                              &metrics::journal_moved_entries,
                              &metrics::journal_orphaned_spans,
                              &metrics::intake_edits_slow,
                              &metrics::intake_edits_ended,
                              &metrics::kept_edits_ended,
                              &metrics::sampler_unfinished_conditions,
                              &metrics::storage_damaged_records,
                              &metrics::storage_salvaged_records,
                              &metrics::storage_lost_records,
                              &metrics::storage_spilled_bytes,
                              &metrics::storage_refused_spills,
                              &metrics::cluster_ring_changes,
                              &metrics::cluster_sent_entries,
                              &metrics::cluster_sent_bytes,
                              &metrics::cluster_received_entries,
                              &metrics::cluster_turned_away_slots,
                              &metrics::cluster_insisted_slots,
                              &metrics::cluster_refused_peers,
                              &metrics::replay_trimmed_blocks})
    counter->with();
  for (const auto* outcome : {"taken", "refused", "nothing_to_change"})
    metrics::reloads.with({{"outcome", outcome}});
  for (const auto& exporter : plan.exporters) {
    metrics::replay_sent_items.with({{"exporter", exporter.id}});
    metrics::replay_sent_bytes.with({{"exporter", exporter.id}});
  }
  for (const auto& connection : plan.connections)
    if (connection.make_meter)
      for (const auto* counter : {&metrics::connector_overflowed, &metrics::connector_made_points})
        counter->with({{"connector", connection.id}});
  for (const auto& pipeline : plan.pipelines)
    show_pipeline(plan, pipeline);
}

} // namespace weir::actors
