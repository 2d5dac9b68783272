#include "stages/shard_gauges.hpp"

namespace weir::stages {

void shard_gauges::gauge::set(double now) {
  instrument->Increment(now - last);
  last = now;
}

void shard_gauges::counter::set(std::uint64_t now) {
  instrument->Increment(static_cast<double>(now - last));
  last = now;
}

shard_gauges::shard_gauges(const std::string& pipeline, std::uint32_t shard) : pipeline_(pipeline) {
  const metrics::labels labels{{"pipeline", pipeline}};
  const auto number = [&](const metrics::counter_metric& metric) {
    return counter{&metric.with(labels), 0};
  };
  const auto level = [&](const metrics::gauge_metric& metric) {
    return gauge{&metric.with(labels), 0};
  };
  traces_ = level(metrics::tail_sampling_sampling_traces_on_memory);
  spans_ = level(metrics::window_spans);
  packed_ = level(metrics::window_packed_bytes);
  index_ = level(metrics::window_index_bytes);
  decisions_ = level(metrics::decision_cache_size);
  in_flight_ = level(metrics::sampler_bytes_in_flight);
  new_traces_ = number(metrics::tail_sampling_new_trace_id_received);
  decided_ = number(metrics::window_decided_traces);
  early_ = number(metrics::tail_sampling_sampling_trace_dropped_too_early);
  incomplete_ = number(metrics::window_decided_incomplete);
  too_large_ = number(metrics::tail_sampling_traces_dropped_too_large);
  late_kept_ = number(metrics::window_late_spans_kept);
  late_dropped_ = number(metrics::window_late_spans_dropped);
  set_down_ = number(metrics::window_entries_set_down);
  const auto outcome = [&](const char* sampled, const char* decision) {
    return counter{&metrics::tail_sampling_global_count_traces_sampled.with(
                       {{"pipeline", pipeline}, {"sampled", sampled}, {"decision", decision}}),
                   0};
  };
  kept_ = outcome("true", "sampled");
  dropped_ = outcome("false", "not_sampled");
  decision_runs_ = &metrics::tail_sampling_sampling_decision_timer_latency.with(labels);
  oldest_ = &metrics::window_oldest_undecided_seconds.with(
      {{"pipeline", pipeline}, {"sampler", std::to_string(shard)}});
  read_back_ = &metrics::window_read_back_bytes.with(labels);
  damaged_ = &metrics::window_damaged_slots.with(labels);
}

void shard_gauges::show(const sampling::window& window, const sampling::decision_cache& decisions,
                        steady_ns now) {
  const auto state = window.snapshot();
  traces_.set(static_cast<double>(state.traces));
  spans_.set(static_cast<double>(state.spans));
  packed_.set(static_cast<double>(state.packed_bytes));
  index_.set(static_cast<double>(state.index_bytes));
  decisions_.set(static_cast<double>(decisions.size()));
  new_traces_.set(state.counts.new_traces);
  decided_.set(state.counts.decided);
  kept_.set(state.counts.decided_keep);
  dropped_.set(state.counts.decided - state.counts.decided_keep);
  oldest_->Set(state.traces == 0 ? 0 : static_cast<double>(now - state.oldest_arrival) / second_ns);
  early_.set(state.counts.decided_early);
  incomplete_.set(state.counts.decided_incomplete);
  too_large_.set(state.counts.too_large);
  late_kept_.set(state.counts.late_spans_kept);
  late_dropped_.set(state.counts.late_spans_dropped);
  set_down_.set(state.counts.entries_set_down);
  show_policies(window.policies());
  show_rates(window.policies());
}

void shard_gauges::show_policies(const sampling::policy_set& policies) {
  const auto& counts = policies.counts();
  if (votes_.size() != counts.size()) {
    votes_.clear();
    for (const auto& policy : policies.names()) {
      const auto vote = [&](const char* sampled, const char* decision) {
        return counter{&metrics::tail_sampling_count_traces_sampled.with({{"pipeline", pipeline_},
                                                                          {"policy", policy},
                                                                          {"sampled", sampled},
                                                                          {"decision", decision}}),
                       0};
      };
      votes_.push_back(
          {vote("true", "sampled"), vote("false", "not_sampled"), vote("false", "dropped")});
    }
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    votes_[i].sampled.set(counts[i].sampled);
    votes_[i].not_sampled.set(counts[i].not_sampled);
    votes_[i].dropped.set(counts[i].dropped);
  }
}

// The shards of a node share these rates, so they do not add up.
void shard_gauges::show_rates(const sampling::policy_set& policies) {
  for (std::size_t i = 0; i < policies.names().size(); ++i) {
    auto* rates = policies.rates(i);
    if (rates == nullptr)
      continue;
    const metrics::labels labels{{"pipeline", pipeline_}, {"policy", policies.names()[i]}};
    metrics::dynamic_keys.with(labels).Set(static_cast<double>(rates->keys()));
    metrics::dynamic_shared_spans.with(labels).Increment(
        static_cast<double>(rates->take_shared_spans()));
  }
}

shard_gauges::run::run(prometheus::Histogram* durations)
    : durations_(durations), begun_(steady_now()) {}

shard_gauges::run::~run() {
  if (any_ && durations_ != nullptr)
    durations_->Observe(static_cast<double>(steady_now() - begun_) / millisecond_ns);
}

void shard_gauges::read_back(std::size_t bytes) {
  read_back_->Increment(static_cast<double>(bytes));
}

void shard_gauges::damaged(std::size_t slots) {
  damaged_->Increment(static_cast<double>(slots));
}

} // namespace weir::stages
