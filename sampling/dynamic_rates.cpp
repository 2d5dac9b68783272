#include "sampling/dynamic_rates.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace weir::sampling {

namespace {

constexpr double first_throughput_rate = 10;

/// Sorts behind every other key.
constexpr auto rest_key = std::numeric_limits<std::uint64_t>::max();

double at_least_one(double value) {
  return std::max(1.0, value);
}

} // namespace

dynamic_rates::dynamic_rates(const dynamic_settings& settings) : settings_(settings) {
  rest_.rate = 0;
}

double dynamic_rates::rate_of(const row& row) const noexcept {
  if (rated_ && row.rate >= 1)
    return row.rate;
  return settings_.goal_per_second > 0 ? first_throughput_rate
                                       : std::ceil(at_least_one(settings_.goal_rate));
}

dynamic_rates::row* dynamic_rates::find_or_add(std::uint64_t key) {
  if (const auto known = rows_.find(key); known != rows_.end())
    return &known->second;
  return rows_.size() < settings_.max_keys ? &rows_[key] : &rest_;
}

double dynamic_rates::count(std::uint64_t key, std::uint32_t spans, steady_ns now) {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(started_, true))
    begun_ = now;
  const bool burst =
      burst_spans_ > 0 && intervals_ >= settings_.burst_delay && spans_ >= burst_spans_;
  if (burst || now - begun_ >= length())
    adjust(now);
  auto* found = find_or_add(key);
  found->counted += spans;
  found->own += spans;
  spans_ += spans;
  own_spans_ += spans;
  if (found == &rest_)
    shared_spans_ += spans;
  return rate_of(*found);
}

dynamic_rates::counts dynamic_rates::take_counts() {
  const std::lock_guard lock(mutex_);
  counts result{std::exchange(own_spans_, 0), {}};
  for (auto& [key, each] : rows_) {
    each.told = std::exchange(each.own, 0);
    if (each.told > 0)
      result.keys.emplace_back(key, each.told);
  }
  rest_.told = std::exchange(rest_.own, 0);
  return result;
}

void dynamic_rates::learn(const foreign_counts& foreign, steady_ns now) {
  // What was counted before a pause is not what was counted in it.
  constexpr auto longest = 5 * second_ns;
  const std::lock_guard lock(mutex_);
  const auto before = std::exchange(learned_, now);
  const auto passed = static_cast<double>(
      before == 0 ? second_ns : std::clamp<steady_ns>(now - before, 0, longest));
  busy_ = std::min(busy_, foreign.nodes);
  if (foreign.busy == 0) {
    known_ns_ += passed;
    return;
  }
  if (foreign.busy > std::exchange(busy_, std::max(busy_, foreign.busy)))
    learn_anew(now);
  else if (now - begun_ >= length())
    adjust(now);
  known_ns_ += passed;
  const auto spans_of = [&](std::uint64_t rate) {
    return static_cast<double>(rate) / 1000 * passed / static_cast<double>(second_ns);
  };
  for (const auto& [key, spans] : foreign.keys) {
    find_or_add(key)->foreign += spans_of(spans);
    spans_ += spans_of(spans);
  }
  deal_out(spans_of(foreign.other_keys), foreign.keys);
}

/// The interval begins anew, a short one, and what it shows replaces what was learned.
void dynamic_rates::learn_anew(steady_ns now) {
  started_ = true;
  fresh_ = true;
  begun_ = now;
  intervals_ = std::min(intervals_, 1U);
  known_ns_ = 0;
  spans_ = 0;
  for (auto& [key, each] : rows_)
    each.counted = each.foreign = 0;
  rest_.counted = rest_.foreign = 0;
}

// Traces are dealt out over nodes by chance: what is frequent here is so there.
void dynamic_rates::deal_out(double spans, const std::vector<key_rate>& keys) {
  if (spans <= 0)
    return;
  std::vector<row*> unnamed{&rest_};
  for (auto& [key, each] : rows_)
    if (each.told > 0 && !std::ranges::binary_search(keys, key, {}, &key_rate::key))
      unnamed.push_back(&each);
  double sum = 0;
  for (const auto* each : unnamed)
    sum += each->told;
  if (sum <= 0)
    rest_.foreign += spans;
  else
    for (auto* each : unnamed)
      each->foreign += spans * each->told / sum;
  spans_ += spans;
}

double dynamic_rates::rate(std::uint64_t key) const {
  const std::lock_guard lock(mutex_);
  if (const auto known = rows_.find(key); known != rows_.end())
    return rate_of(known->second);
  return rows_.size() < settings_.max_keys ? rate_of(row()) : rate_of(rest_);
}

std::size_t dynamic_rates::keys() const {
  const std::lock_guard lock(mutex_);
  return rows_.size();
}

std::uint64_t dynamic_rates::take_shared_spans() {
  const std::lock_guard lock(mutex_);
  return std::exchange(shared_spans_, 0);
}

/// Of the interval that runs.
steady_ns dynamic_rates::length() const noexcept {
  constexpr unsigned doublings = 20;
  return std::min(settings_.interval, second_ns << std::min(intervals_, doublings));
}

void dynamic_rates::adjust(steady_ns now) {
  const auto lasted = std::clamp(now - begun_, length(), settings_.interval);
  begun_ = now;
  ++intervals_;
  // Without traffic nothing is learned, and nothing forgotten.
  if (spans_ == 0) {
    known_ns_ = 0;
    return;
  }
  average(static_cast<double>(settings_.interval) / static_cast<double>(lasted),
          static_cast<double>(lasted));
  spans_ = 0;
  std::vector<std::pair<std::uint64_t, row*>> sorted;
  sorted.reserve(rows_.size() + 1);
  for (auto& [key, each] : rows_)
    sorted.emplace_back(key, &each);
  if (rest_.average > 0)
    sorted.emplace_back(rest_key, &rest_);
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  set_rates(sorted);
  rated_ = true;
}

/// `scale`: the spans of a full interval for each that was counted.
void dynamic_rates::average(double scale, double lasted_ns) {
  const auto weight = std::exchange(fresh_, false) ? 1 : settings_.weight;
  // News of the others come once a second, and not when an interval ends.
  const auto known_ns = std::exchange(known_ns_, 0);
  const auto foreign_scale = known_ns > 0 ? lasted_ns / known_ns : 0;
  const auto advance = [&](row& each) {
    const auto spans = each.counted + foreign_scale * each.foreign;
    each.average = weight * scale * spans + (1 - weight) * each.average;
    each.counted = 0;
    each.foreign = 0;
  };
  for (auto& [key, each] : rows_)
    advance(each);
  advance(rest_);
  // Less than one span, one interval ago: gone.
  const auto gone = [&](const row& each) { return each.average < settings_.weight; };
  std::erase_if(rows_, [&](const auto& each) { return gone(each.second); });
  if (gone(rest_))
    rest_ = {.rate = 0};
}

void dynamic_rates::set_rates(const std::vector<std::pair<std::uint64_t, row*>>& sorted) {
  double sum = 0;
  double logarithms = 0;
  for (const auto& [key, each] : sorted) {
    sum += at_least_one(each->average);
    logarithms += std::log10(at_least_one(each->average));
  }
  burst_spans_ = settings_.burst_multiple * sum;
  const auto seconds = static_cast<double>(settings_.interval) / static_cast<double>(second_ns);
  const auto goal = settings_.goal_per_second > 0 ? settings_.goal_per_second * seconds
                                                  : sum / at_least_one(settings_.goal_rate);
  const auto share = logarithms > 0 ? goal / logarithms : 0;
  double extra = 0; // what keys with few spans leave of their share to the others
  auto remaining = static_cast<double>(sorted.size());
  for (const auto& [key, each] : sorted) {
    const auto spans = at_least_one(each->average);
    const auto more = extra / remaining--;
    extra -= more;
    const auto wanted = at_least_one(std::log10(spans) * share) + more;
    each->rate = spans <= wanted ? 1 : std::ceil(spans / wanted);
    extra += spans <= wanted ? wanted - spans : wanted - spans / each->rate;
  }
}

} // namespace weir::sampling
