#include "actors/sampler_gauges.hpp"

namespace weir::actors {

void sampler_gauges::gauge::set(double now) {
  instrument->Increment(now - last);
  last = now;
}

void sampler_gauges::counter::set(std::uint64_t now) {
  instrument->Increment(static_cast<double>(now - last));
  last = now;
}

sampler_gauges::sampler_gauges(const std::string& pipeline) : pipeline_(pipeline) {
  const metrics::labels labels{{"pipeline", pipeline}};
  const auto number = [&](const char* name) { return counter{&metrics::counter(name, labels), 0}; };
  const auto level = [&](const char* name) { return gauge{&metrics::gauge(name, labels), 0}; };
  traces_ = level("otelcol_processor_tail_sampling_sampling_traces_on_memory");
  spans_ = level("weir_window_spans");
  packed_ = level("weir_window_packed_bytes");
  index_ = level("weir_window_index_bytes");
  decisions_ = level("weir_decision_cache_size");
  in_flight_ = level("weir_sampler_bytes_in_flight");
  new_traces_ = number("otelcol_processor_tail_sampling_new_trace_id_received");
  decided_ = number("weir_window_decided_traces");
  early_ = number("otelcol_processor_tail_sampling_sampling_trace_dropped_too_early");
  incomplete_ = number("weir_window_decided_incomplete");
  too_large_ = number("otelcol_processor_tail_sampling_traces_dropped_too_large");
  late_kept_ = number("weir_window_late_spans_kept");
  late_dropped_ = number("weir_window_late_spans_dropped");
  set_down_ = number("weir_window_entries_set_down");
  read_back_ = &metrics::counter("weir_window_read_back_bytes", labels);
  damaged_ = &metrics::counter("weir_window_damaged_slots", labels);
}

void sampler_gauges::show(const sampling::window& window,
                          const sampling::decision_cache& decisions) {
  const auto state = window.snapshot();
  traces_.set(static_cast<double>(state.traces));
  spans_.set(static_cast<double>(state.spans));
  packed_.set(static_cast<double>(state.packed_bytes));
  index_.set(static_cast<double>(state.index_bytes));
  decisions_.set(static_cast<double>(decisions.size()));
  new_traces_.set(state.counts.new_traces);
  decided_.set(state.counts.decided);
  early_.set(state.counts.decided_early);
  incomplete_.set(state.counts.decided_incomplete);
  too_large_.set(state.counts.too_large);
  late_kept_.set(state.counts.late_spans_kept);
  late_dropped_.set(state.counts.late_spans_dropped);
  set_down_.set(state.counts.entries_set_down);
  show_policies(window.policies());
  show_rates(window.policies());
}

void sampler_gauges::show_policies(const sampling::policy_set& policies) {
  constexpr auto name = "otelcol_processor_tail_sampling_count_traces_sampled";
  const auto& counts = policies.counts();
  if (votes_.size() != counts.size()) {
    votes_.clear();
    for (const auto& policy : policies.names()) {
      const auto vote = [&](const char* sampled, const char* decision) {
        return counter{&metrics::counter(name, {{"pipeline", pipeline_},
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

// The samplers of a node share these rates, so they do not add up.
void sampler_gauges::show_rates(const sampling::policy_set& policies) {
  for (std::size_t i = 0; i < policies.names().size(); ++i) {
    auto* rates = policies.rates(i);
    if (rates == nullptr)
      continue;
    const metrics::labels labels{{"pipeline", pipeline_}, {"policy", policies.names()[i]}};
    metrics::gauge("weir_dynamic_keys", labels).Set(static_cast<double>(rates->keys()));
    metrics::counter("weir_dynamic_shared_spans", labels)
      .Increment(static_cast<double>(rates->take_shared_spans()));
  }
}

void sampler_gauges::read_back(std::size_t bytes) {
  read_back_->Increment(static_cast<double>(bytes));
}

void sampler_gauges::damaged(std::size_t slots) {
  damaged_->Increment(static_cast<double>(slots));
}

} // namespace weir::actors
