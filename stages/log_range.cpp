#include "stages/log_range.hpp"

#include <algorithm>
#include <limits>

namespace weir::stages {

namespace {

using run = log_range::run;

// Shards decide side by side, and what one block holds goes back as far as a trace waits: the order
// of first times is kept but for that.
constexpr unix_ns sampled_slack = 10'000'000'000;

// Positions come by time: mostly each is the one behind the one before.
void add(std::vector<run>& runs, log_position position) {
  if (!runs.empty() && runs.back().next == position)
    ++runs.back().next;
  else
    runs.push_back({position, position + 1});
}

// By position, those that touch as one.
void order(std::vector<run>& runs) {
  std::sort(runs.begin(), runs.end(), [](const run& a, const run& b) { return a.first < b.first; });
  std::vector<run> joined;
  for (const auto& each : runs)
    if (!joined.empty() && each.first <= joined.back().next)
      joined.back().next = std::max(joined.back().next, each.next);
    else
      joined.push_back(each);
  runs = std::move(joined);
}

// So that at most `most` are left. @pre they are in order
void close_gaps(std::vector<run>& runs, std::size_t most) {
  if (runs.size() <= most)
    return;
  std::vector<log_position> gaps;
  for (std::size_t i = 1; i < runs.size(); ++i)
    gaps.push_back(runs[i].first - runs[i - 1].next);
  const auto closed = runs.size() - most;
  std::nth_element(gaps.begin(), gaps.begin() + static_cast<std::ptrdiff_t>(closed - 1),
                   gaps.end());
  const auto largest = gaps[closed - 1];
  std::vector<run> joined;
  for (const auto& each : runs)
    if (!joined.empty() && each.first - joined.back().next <= largest)
      joined.back().next = each.next;
    else
      joined.push_back(each);
  runs = std::move(joined);
}

} // namespace

result<log_range> log_range::find(const storage::disk& disk, pipeline_id pipeline, unix_ns begin,
                                  unix_ns end, log_position bound) {
  log_range range(begin, end, bound);
  auto& runs = range.runs_;
  const auto done = disk.scan_times(pipeline, begin, [&](unix_ns time, log_position position) {
    if (time >= end)
      return false;
    if (position < bound)
      add(runs, position);
    if (runs.size() > 64 * max_runs_of_range) {
      order(runs);
      close_gaps(runs, max_runs_of_range);
    }
    return true;
  });
  if (!done)
    return tl::unexpected(done.error());
  order(runs);
  close_gaps(runs, max_runs_of_range);
  // Nothing may be indexed in it, and yet the next block may hold something of it.
  if (runs.empty()) {
    auto behind = bound;
    const auto looked = disk.scan_times(pipeline, end, [&](unix_ns, log_position position) {
      behind = position;
      return false;
    });
    if (!looked)
      return tl::unexpected(looked.error());
    if (behind < bound)
      runs.push_back({behind, behind});
  }
  for (std::size_t i = 0; i < runs.size(); ++i)
    range.closed_.push_back(i + 1 < runs.size() ? runs[i + 1].first : bound);
  return range;
}

// The last run that begins at or before it.
const run* log_range::run_of(log_position position) const noexcept {
  const auto behind =
      std::upper_bound(runs_.begin(), runs_.end(), position,
                       [](log_position wanted, const run& each) { return wanted < each.first; });
  return behind == runs_.begin() ? nullptr : &*(behind - 1);
}

bool log_range::indexed(log_position position) const noexcept {
  const auto* found = run_of(position);
  return found != nullptr && position < found->next;
}

std::optional<log_position> log_range::next(log_position position) const noexcept {
  const auto* found = run_of(position);
  if (found != nullptr && position < closed_[static_cast<std::size_t>(found - runs_.data())])
    return position;
  const auto* behind = found == nullptr ? runs_.data() : found + 1;
  if (behind == runs_.data() + runs_.size())
    return std::nullopt;
  // A run without blocks is only where to begin to look.
  return behind->first < bound_ ? std::optional(behind->first) : std::nullopt;
}

bool log_range::holds(log_position position, const codec::block_header& block) const noexcept {
  return indexed(position) || (block.first_time < end_ && block.last_time >= begin_);
}

void log_range::close(log_position position) noexcept {
  if (const auto* found = run_of(position)) {
    auto& closed = closed_[static_cast<std::size_t>(found - runs_.data())];
    closed = std::min(closed, std::max(position, found->next));
  }
}

bool log_range::is_behind(log_position position, const codec::block_header& block) const noexcept {
  if (indexed(position))
    return false;
  const auto slack = block.layout == codec::block_layout::traces ? sampled_slack : 0;
  return block.first_time >= end_ + slack || block.last_time + slack < begin_;
}

std::uint64_t log_range::blocks() const noexcept {
  return blocks_before(std::numeric_limits<log_position>::max());
}

std::uint64_t log_range::blocks_before(log_position position) const noexcept {
  std::uint64_t blocks = 0;
  for (const auto& each : runs_)
    if (each.first < position)
      blocks += std::min(each.next, position) - each.first;
  return blocks;
}

} // namespace weir::stages
