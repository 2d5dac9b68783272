#include "sampling/rate_source.hpp"

#include <algorithm>

namespace weir::sampling {

namespace {

class budget_source : public rate_board::source {
public:
  explicit budget_source(const std::shared_ptr<rate_budget>& budget) : budget_(budget) {}

  bool gone() const noexcept override { return budget_.expired(); }
  const void* object() const noexcept override { return budget_.lock().get(); }

  void measure(measured& sum, steady_ns now) override {
    if (const auto budget = budget_.lock()) {
      sum.limit = std::max(sum.limit, budget->rate());
      sum.demand += meter_.per_second(budget->asked(), now);
    }
  }

  void apply(const budget_share& share, steady_ns now) override {
    if (const auto budget = budget_.lock())
      budget->set_share(share.share, now);
  }

private:
  std::weak_ptr<rate_budget> budget_;
  rate_meter meter_;
};

class part_source : public rate_board::source {
public:
  part_source(const std::shared_ptr<rate_shares>& shares, std::size_t part)
      : shares_(shares), part_(part) {}

  bool gone() const noexcept override { return shares_.expired(); }
  const void* object() const noexcept override { return shares_.lock().get(); }

  void measure(measured& sum, steady_ns now) override {
    if (const auto shares = shares_.lock()) {
      sum.limit = std::max(sum.limit, shares->rate(part_));
      sum.demand += meter_.per_second(shares->asked(part_), now);
    }
  }

  void apply(const budget_share& share, steady_ns /*now*/) override {
    if (const auto shares = shares_.lock())
      shares->set_share(part_, share.share);
  }

private:
  std::weak_ptr<rate_shares> shares_;
  std::size_t part_;
  rate_meter meter_;
};

class dynamic_source : public rate_board::source {
public:
  explicit dynamic_source(const std::shared_ptr<dynamic_rates>& rates) : rates_(rates) {}

  bool gone() const noexcept override { return rates_.expired(); }
  const void* object() const noexcept override { return rates_.lock().get(); }

  // Spans are counted, each once: what came in between two calls, and no mean.
  void measure(measured& sum, steady_ns now) override {
    const auto rates = rates_.lock();
    if (!rates)
      return;
    const auto counts = rates->take_counts();
    const auto passed = now - std::exchange(measured_, now);
    if (passed <= 0 || passed == now)
      return;
    const auto seconds = static_cast<double>(passed) / static_cast<double>(second_ns);
    sum.demand += counts.spans / seconds;
    for (const auto& [key, spans] : counts.keys)
      sum.keys[key] += spans / seconds;
  }

  void apply(const budget_share& share, steady_ns now) override {
    if (const auto rates = rates_.lock())
      rates->learn(share.counts, now);
  }

private:
  std::weak_ptr<dynamic_rates> rates_;
  steady_ns measured_ = 0; ///< Last; 0: never.
};

} // namespace

double rate_meter::per_second(double total, steady_ns now) {
  constexpr std::size_t most = 5;
  if (!samples_.empty() && now <= samples_.back().time)
    samples_.pop_back();
  samples_.push_back({total, now});
  if (samples_.size() > most)
    samples_.pop_front();
  const auto& first = samples_.front();
  if (now <= first.time)
    return 0;
  return (total - first.total) * static_cast<double>(second_ns)
         / static_cast<double>(now - first.time);
}

std::unique_ptr<rate_board::source> make_source(const std::shared_ptr<rate_budget>& budget) {
  return std::make_unique<budget_source>(budget);
}

std::unique_ptr<rate_board::source> make_source(const std::shared_ptr<dynamic_rates>& rates) {
  return std::make_unique<dynamic_source>(rates);
}

std::unique_ptr<rate_board::source> make_source(const std::shared_ptr<rate_shares>& shares,
                                                std::size_t part) {
  return std::make_unique<part_source>(shares, part);
}

} // namespace weir::sampling
