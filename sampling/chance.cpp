#include "sampling/chance.hpp"

#include <algorithm>

namespace weir::sampling {

namespace {

bool is_certain(const chance& chance) noexcept {
  return chance.share <= 0 || chance.share >= 1;
}

} // namespace

chance otherwise(const chance& chance) noexcept {
  return {1 - chance.share, ~chance.source};
}

chance both(const chance& one, const chance& other) noexcept {
  if (is_certain(one))
    return one.share >= 1 ? other : chance{};
  if (is_certain(other))
    return other.share >= 1 ? one : chance{};
  if (one.source == other.source)
    return {std::min(one.share, other.share), one.source};
  return {one.share * other.share, one.source * 31 + other.source};
}

void inclusion::clear() noexcept {
  always_ = false;
  largest_.clear();
}

void inclusion::add(const chance& chance) {
  if (is_certain(chance)) {
    always_ = always_ || chance.share >= 1;
    return;
  }
  const auto known = std::find_if(largest_.begin(), largest_.end(),
                                  [&](const auto& each) { return each.first == chance.source; });
  if (known == largest_.end())
    largest_.emplace_back(chance.source, chance.share);
  else
    known->second = std::max(known->second, chance.share);
}

double inclusion::share() const noexcept {
  if (always_)
    return 1;
  if (largest_.size() == 1)
    return largest_.front().second; // exactly: the threshold is made of it again
  double missed = 1;
  for (const auto& [source, share] : largest_)
    missed *= 1 - share;
  return 1 - missed;
}

bool inclusion::is_consistent() const noexcept {
  return !always_ && largest_.size() == 1 && largest_.front().first == trace_id_randomness;
}

} // namespace weir::sampling
