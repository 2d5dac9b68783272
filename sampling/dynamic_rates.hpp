#pragma once

#include "core/clock.hpp"
#include "core/rates.hpp"
#include "sampling/config.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weir::sampling {

struct dynamic_settings {
  double goal_rate = policy_config{}.goal_sample_rate; ///< One span of so many is kept, all in all.
  double goal_per_second = 0; ///< Instead of that: spans kept a second; 0 = none.
  steady_ns interval = policy_config{}.adjustment_interval_ns;
  double weight = policy_config{}.weight; ///< Of the last interval against all before; in (0, 1].
  /// So many times the usual spans in an interval end it early; 0 = never.
  double burst_multiple = policy_config{}.burst_multiple;
  /// Intervals before that is looked for.
  unsigned burst_delay = static_cast<unsigned>(policy_config{}.burst_detection_delay);
  std::size_t max_keys = static_cast<std::size_t>(policy_config{}.max_keys);
};

/// Sampling rates by key: seldom keys are kept, frequent ones thinned, so that each gets a share of
/// the goal that grows with the logarithm of its spans. How many spans a key has is an exponential
/// moving average over intervals. Source: dynsampler-go's EMASampleRate and EMAThroughput
/// (Refinery).
///
/// A key that was not seen before is kept at rate 1 until the interval is over; before the first
/// one is over, everything at the goal's rate (10 for a throughput). So that this does not take
/// long, the first interval lasts a second, and each twice as long as the one before up to the full
/// length. Beyond `max_keys` further keys share one row. All of it is counted in spans. Nothing
/// random: the same calls give the same rates.
///
/// The nodes of a cluster tell each other what they count, and each works with the counts of all:
/// what others count comes in with learn(), and has the same effect as traces counted here.
///
/// Any thread: the samplers of a node share one, so that rates do not depend on how partitions are
/// dealt out.
class dynamic_rates {
public:
  explicit dynamic_rates(const dynamic_settings& settings);

  /// Counts a trace and says at which rate it is to be kept: a whole number, at least 1.
  double count(std::uint64_t key, std::uint32_t spans, steady_ns now);

  /// What count() would say, without counting.
  double rate(std::uint64_t key) const;

  /// Spans counted here since the last call, by key; those of further keys are in the sum alone.
  struct counts {
    double spans = 0;
    std::vector<std::pair<std::uint64_t, double>> keys; ///< In any order.
  };
  counts take_counts();

  /// Counts what other nodes count, since the last call (since a second, at first). Once a second.
  /// Their further keys are dealt out over those that this node alone names, like its own of
  /// take_counts(). Where more nodes count than before, it learns anew, as quickly as at the start.
  void learn(const foreign_counts& foreign, steady_ns now);

  /// Keys with a row of their own.
  std::size_t keys() const;

  /// Spans counted under no key of their own since the last call.
  std::uint64_t take_shared_spans();

private:
  struct row {
    double average = 0; ///< Spans an interval.
    double counted = 0; ///< In this interval.
    double rate = 1;    ///< 0: none yet.
    double foreign = 0; ///< Counted by others in this interval, as far as is known.
    double own = 0;     ///< Counted here since take_counts(),
    double told = 0;    ///< and what that gave.
  };

  row* find_or_add(std::uint64_t key);
  double rate_of(const row& row) const noexcept;
  void adjust(steady_ns now);
  steady_ns length() const noexcept;
  void average(double scale, double lasted_ns);
  void learn_anew(steady_ns now);
  void deal_out(double spans, const std::vector<key_rate>& keys);
  void set_rates(const std::vector<std::pair<std::uint64_t, row*>>& sorted);

  dynamic_settings settings_;
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, row> rows_;
  row rest_; ///< Of all keys beyond max_keys.
  std::uint64_t shared_spans_ = 0;
  double own_spans_ = 0;   ///< Counted here since take_counts().
  steady_ns learned_ = 0;  ///< When learn() was called last; 0: never.
  double known_ns_ = 0;    ///< Of this interval, that row::foreign is of.
  std::size_t busy_ = 0;   ///< Other nodes that are known to count.
  double spans_ = 0;       ///< In this interval.
  double burst_spans_ = 0; ///< Ending it early; 0 = none known.
  unsigned intervals_ = 0;
  bool started_ = false;
  bool rated_ = false; ///< An interval is over.
  bool fresh_ = true;  ///< The averages are of no account.
  steady_ns begun_ = 0;
};

} // namespace weir::sampling
