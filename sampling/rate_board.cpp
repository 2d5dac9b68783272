#include "sampling/rate_board.hpp"

#include "codec/hash.hpp"
#include "sampling/policy_set.hpp"
#include "sampling/policy_types.hpp"
#include "sampling/rate_source.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace weir::sampling {

namespace {

std::uint64_t thousandths(double number) {
  constexpr double most = 1e18;
  return static_cast<std::uint64_t>(std::llround(std::clamp(number, 0.0, most / 1000) * 1000));
}

/// Of these the most frequent, rising by key.
std::vector<key_rate> most_frequent(const std::map<std::uint64_t, double>& counts,
                                    std::size_t most) {
  std::vector<key_rate> keys;
  for (const auto& [key, spans] : counts)
    keys.push_back({key, thousandths(spans)});
  if (keys.size() > most) {
    std::ranges::nth_element(keys, keys.begin() + static_cast<std::ptrdiff_t>(most),
                             std::ranges::greater(), &key_rate::spans);
    keys.resize(most);
  }
  std::ranges::sort(keys);
  return keys;
}

/// Goes through a policy and its parts; `found(budget, source)` for each rate.
template <class Found>
class rate_search {
public:
  explicit rate_search(Found found) : found_(std::move(found)) {}

  void visit(const evaluator& policy, const policy_config& config, std::string path) {
    // The end of a name is no part of one.
    path.append(info_of(config.type).name).append(1, '\0').append(config.name).append(1, '\0');
    std::visit([&](const auto& rule) { visit_rule(rule, config, path); }, policy.rule);
  }

private:
  template <class Rule>
  void visit_rule(const Rule& rule, const policy_config& config, const std::string& path) {
    if constexpr (requires { rule.budget; })
      found_(codec::xxh3(path), make_source(rule.budget));
    if constexpr (requires { rule.rates; })
      found_(codec::xxh3(path), make_source(rule.rates));
    if constexpr (requires { rule.shares; })
      for (std::size_t i = 0; i < rule.parts.size(); ++i)
        found_(codec::xxh3(path + config.sub_policies[i].name), make_source(rule.shares, i));
    if constexpr (requires { rule.parts; })
      visit_all(rule.parts, config, path);
    if constexpr (requires { rule.part; })
      visit_all(rule.part, config, path);
  }

  // What `intelligent` is made of has no configuration, and no rates.
  void visit_all(const std::vector<evaluator>& parts, const policy_config& config,
                 const std::string& path) {
    for (std::size_t i = 0; i < std::min(parts.size(), config.sub_policies.size()); ++i)
      visit(parts[i], config.sub_policies[i], path);
  }

  Found found_;
};

} // namespace

rate_board::rate_board() = default;
rate_board::~rate_board() = default;

void rate_board::forget_gone() {
  for (auto& [budget, sources] : budgets_)
    std::erase_if(sources, [](const auto& source) { return source->gone(); });
  std::erase_if(budgets_, [](const auto& budget) { return budget.second.empty(); });
}

void rate_board::add(std::string_view pipeline, const policy_set& policies, steady_ns now) {
  const std::lock_guard lock(mutex_);
  forget_gone();
  rate_search search([&](std::uint64_t budget, std::unique_ptr<source> added) {
    auto& sources = budgets_[budget];
    const auto same = [&](const auto& each) { return each->object() == added->object(); };
    if (std::ranges::any_of(sources, same))
      return;
    sources.push_back(std::move(added));
    apply_to(budget, sources, now);
  });
  for (std::size_t i = 0; i < policies.evaluators().size(); ++i)
    search.visit(policies.evaluators()[i], policies.configs()[i],
                 std::string(pipeline).append(1, '\0'));
}

std::vector<rate_report> rate_board::demands(steady_ns now) {
  const std::lock_guard lock(mutex_);
  forget_gone();
  std::map<std::uint64_t, measured> all;
  std::size_t keyed = 0;
  for (const auto& [budget, sources] : budgets_) {
    auto& sum = all[budget];
    for (const auto& source : sources)
      source->measure(sum, now);
    keyed += sum.keys.empty() ? 0 : 1;
  }
  std::vector<rate_report> reports;
  for (const auto& [budget, sum] : all)
    reports.push_back({budget, thousandths(sum.limit), thousandths(sum.demand),
                       most_frequent(sum.keys, max_key_rates / std::max<std::size_t>(keyed, 1))});
  limit_rates(reports);
  return reports;
}

void rate_board::apply(const node_shares& shares, steady_ns now) {
  const std::lock_guard lock(mutex_);
  shares_ = shares;
  for (const auto& [budget, sources] : budgets_)
    apply_to(budget, sources, now);
  // They are counted once.
  for (auto& each : shares_.budgets)
    each.counts = {};
}

void rate_board::apply_to(std::uint64_t budget, const sources& sources, steady_ns now) const {
  const auto found = std::ranges::lower_bound(shares_.budgets, budget, {}, &budget_share::budget);
  const auto known = found != shares_.budgets.end() && found->budget == budget;
  const auto share = known ? *found : budget_share{budget, shares_.even};
  for (const auto& source : sources)
    source->apply(share, now);
}

} // namespace weir::sampling
