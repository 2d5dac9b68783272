#pragma once

namespace weir::sampling {

/// What was asked of a budget: how much in all, and by how many traces.
class cost_meter {
public:
  void add(double cost) noexcept {
    total_ += cost;
    ++traces_;
  }

  double total() const noexcept { return total_; }

  /// Of one trace, since the last call; as before where there was none. 0: never was one.
  double take_mean() noexcept {
    if (traces_ > 0)
      mean_ = (total_ - taken_) / traces_;
    taken_ = total_;
    traces_ = 0;
    return mean_;
  }

private:
  double total_ = 0;
  double taken_ = 0;
  double traces_ = 0;
  double mean_ = 0;
};

/// So many traces' cost a node's part of a budget may save up, though the budget in one hand would
/// be cut up finer: with less, chance decides what fits.
inline constexpr double saved_traces = 16;

} // namespace weir::sampling
