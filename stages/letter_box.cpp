#include "stages/letter_box.hpp"

#include "backends/finished_ranges.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

namespace weir::stages {

namespace {

using backends::place_range;

std::string gone_key(const std::string& pipeline) {
  return fmt::format("letters-gone/{}", pipeline);
}

} // namespace

result<gone_letters> gone_letters::read(const storage::disk& disk, const std::string& pipeline) {
  const auto bytes = disk.meta(gone_key(pipeline));
  if (!bytes)
    return tl::unexpected(bytes.error());
  gone_letters gone;
  gone.ranges_ =
      backends::decode_finished(bytes->value_or(""), {std::numeric_limits<log_position>::max(), 0});
  return gone;
}

bool gone_letters::contains(log_position letter) const {
  return first_left(letter) != letter;
}

std::uint64_t gone_letters::count(const storage::bounds& held) const {
  std::uint64_t count = 0;
  for (const auto& range : ranges_) {
    const auto first = std::max(held.first, range.first.position);
    const auto last = std::min(held.next, range.last.position);
    count += last > first ? last - first : 0;
  }
  return count;
}

log_position gone_letters::first_left(log_position position) const {
  const auto it = std::partition_point(ranges_.begin(), ranges_.end(),
                                       [&](const auto& r) { return r.last.position <= position; });
  return it != ranges_.end() && it->first.position <= position ? it->last.position : position;
}

bool gone_letters::is_full() const {
  return ranges_.size() >= backends::max_finished_ranges;
}

void gone_letters::add(log_position letter) {
  if (contains(letter))
    return;
  auto it = std::partition_point(ranges_.begin(), ranges_.end(),
                                 [&](const auto& r) { return r.last.position < letter; });
  if (it == ranges_.end() || it->first.position > letter + 1)
    it = ranges_.insert(it, place_range{{letter, 0}, {letter + 1, 0}});
  it->first.position = std::min(it->first.position, letter);
  it->last.position = std::max(it->last.position, letter + 1);
  if (const auto next = std::next(it);
      next != ranges_.end() && next->first.position <= it->last.position) {
    it->last = next->last;
    ranges_.erase(next);
  }
}

void gone_letters::forget_before(log_position position) {
  std::erase_if(ranges_, [&](const auto& r) { return r.last.position <= position; });
}

void gone_letters::write(const std::string& pipeline, storage::batch& batch) const {
  batch.put_meta(gone_key(pipeline), ranges_.empty() ? "" : backends::encode_finished(ranges_));
}

letter_box::letter_box(std::shared_ptr<storage::disk> disk, pipeline_id pipeline, std::string name)
    : disk_(std::move(disk)), pipeline_(pipeline), name_(std::move(name)),
      next_(disk_->dead_letters(pipeline_).next) {
  // A salvage gives letters other places.
  if (disk_->recovery().salvaged)
    return;
  auto gone = gone_letters::read(*disk_, name_);
  if (!gone)
    throw std::runtime_error(gone.error().message);
  gone_ = *std::move(gone);
}

log_position letter_box::take_place() {
  const std::lock_guard guard(mutex_);
  return next_++;
}

bool letter_box::claim(log_position letter) {
  const std::lock_guard guard(mutex_);
  return !gone_.is_full() && !gone_.contains(letter) && claimed_.insert(letter).second;
}

void letter_box::release(log_position letter) {
  const std::lock_guard guard(mutex_);
  claimed_.erase(letter);
}

bool letter_box::is_gone(log_position letter) const {
  const std::lock_guard guard(mutex_);
  return gone_.contains(letter);
}

std::uint64_t letter_box::left() const {
  const auto held = disk_->dead_letters(pipeline_);
  const std::lock_guard guard(mutex_);
  return held.next - held.first - gone_.count(held);
}

void letter_box::put_gone(const std::vector<log_position>& letters, storage::batch& batch) {
  const std::lock_guard guard(mutex_);
  for (const auto letter : letters) {
    gone_.add(letter);
    claimed_.erase(letter);
  }
  gone_.forget_before(disk_->dead_letters(pipeline_).first);
  gone_.write(name_, batch);
}

void letter_box::trim() {
  const auto held = disk_->dead_letters(pipeline_);
  const std::lock_guard guard(mutex_);
  const auto left = std::min(held.next, gone_.first_left(held.first));
  if (left > held.first)
    (void)disk_->trim_dead_letters(pipeline_, left);
}

} // namespace weir::stages
