#pragma once

#include "core/metrics.hpp"
#include "sampling/window.hpp"

#include <string>

namespace weir::stages {

/// What one shard shows of one pipeline. Several shards add up into the same instruments.
class shard_gauges {
public:
  shard_gauges() = default;
  /// `shard`: its number among the node's, for what does not add up.
  shard_gauges(const std::string& pipeline, std::uint32_t shard);

  /// Brings the instruments up to the present state.
  void show(const sampling::window& window, const sampling::decision_cache& decisions,
            steady_ns now);

  /// Measures a run of decisions, where it decided anything, until it goes.
  class run {
  public:
    explicit run(prometheus::Histogram* durations);
    run(const run&) = delete;
    run& operator=(const run&) = delete;
    ~run();
    void decided() noexcept { any_ = true; }

  private:
    prometheus::Histogram* durations_;
    steady_ns begun_;
    bool any_ = false;
  };
  run begin_run() { return run(decision_runs_); }

  /// What is decided and not durable yet.
  void in_flight(std::uint64_t bytes) { in_flight_.set(static_cast<double>(bytes)); }

  /// Bytes of an entry read back from the journal, since they were not in memory.
  void read_back(std::size_t bytes);

  /// Votes are those of other policies from now on.
  void policies_replaced() { votes_.clear(); }

  /// Slots of kept traces whose entry could not be read.
  void damaged(std::size_t slots);

private:
  void show_policies(const sampling::policy_set& policies);
  void show_rates(const sampling::policy_set& policies);

  struct gauge {
    prometheus::Gauge* instrument = nullptr;
    double last = 0;
    void set(double now);
  };
  struct counter {
    prometheus::Counter* instrument = nullptr;
    std::uint64_t last = 0;
    void set(std::uint64_t now);
  };
  struct votes {
    counter sampled, not_sampled, dropped;
  };

  std::string pipeline_;
  gauge traces_, spans_, packed_, index_, decisions_, in_flight_;
  counter new_traces_, decided_, early_, incomplete_, too_large_, late_kept_, late_dropped_,
      set_down_;
  std::vector<votes> votes_;
  counter kept_, dropped_;
  prometheus::Histogram* decision_runs_ = nullptr;
  prometheus::Gauge* oldest_ = nullptr;
  prometheus::Counter* read_back_ = nullptr;
  prometheus::Counter* damaged_ = nullptr;
};

} // namespace weir::stages
