#pragma once

#include "core/clock.hpp"
#include "core/rates.hpp"
#include "sampling/dynamic_rates.hpp"
#include "sampling/rate_board.hpp"
#include "sampling/rate_budget.hpp"
#include "sampling/rate_share.hpp"

#include <deque>
#include <map>
#include <memory>

namespace weir::sampling {

/// A rate out of sums: the mean over the last calls.
class rate_meter {
public:
  /// `total`: so far. @pre once a second
  double per_second(double total, steady_ns now);

private:
  struct sample {
    double total;
    steady_ns time;
  };
  std::deque<sample> samples_;
};

/// What all sources of one budget report together, a second.
struct measured {
  double limit = 0;
  double demand = 0;
  std::map<std::uint64_t, double> keys = {};
};

class rate_board::source {
public:
  virtual ~source() = default;

  /// Nobody decides by it any more.
  virtual bool gone() const noexcept = 0;
  /// Of what it is: two of one object have the same.
  virtual const void* object() const noexcept = 0;
  virtual void measure(measured& sum, steady_ns now) = 0;
  virtual void apply(const budget_share& share, steady_ns now) = 0;
};

/// A source of this object, which it does not keep alive.
std::unique_ptr<rate_board::source> make_source(const std::shared_ptr<rate_budget>& budget);
std::unique_ptr<rate_board::source> make_source(const std::shared_ptr<dynamic_rates>& rates);
/// @pre a part of it
std::unique_ptr<rate_board::source> make_source(const std::shared_ptr<rate_shares>& shares,
                                                std::size_t part);

} // namespace weir::sampling
