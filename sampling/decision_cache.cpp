#include "sampling/decision_cache.hpp"

#include "codec/hash.hpp"

#include <algorithm>

namespace weir::sampling {

namespace {

// Records that an insertion looks at to make room: it adds one, so what is over the capacity goes
// by three with each that comes.
constexpr unsigned eviction_steps = 4;

} // namespace

fingerprint fingerprint_of(const trace_id& id) noexcept {
  return codec::xxh3(id.view());
}

decision_cache::decision_cache(std::size_t capacity)
    : capacity_(std::max<std::size_t>(capacity, 1)) {}

policy_number decision_cache::number_of(std::string_view policy_name) {
  const auto known = std::find(names_.begin(), names_.end(), policy_name);
  if (known != names_.end())
    return static_cast<policy_number>(known - names_.begin());
  if (policy_name.empty() || names_.size() >= no_policy)
    return no_policy;
  names_.emplace_back(policy_name);
  return static_cast<policy_number>(names_.size() - 1);
}

std::string_view decision_cache::policy_name(policy_number number) const noexcept {
  return number < names_.size() ? std::string_view(names_[number]) : std::string_view{};
}

std::uint32_t decision_cache::lookup(fingerprint trace) const {
  return index_.find(trace, [&](std::uint32_t number) { return at(number).trace == trace; });
}

std::optional<decision> decision_cache::find(fingerprint trace) const {
  const auto number = lookup(trace);
  if (number == number_index::none)
    return std::nullopt;
  return decision_of(at(number));
}

decision_cache::record decision_cache::record_of(fingerprint trace,
                                                 const decision& decision) noexcept {
  record record;
  record.trace = trace;
  record.sampling_rate = decision.sampling_rate;
  record.policy = decision.policy;
  record.keep = decision.keep ? 1 : 0;
  record.mark = static_cast<std::uint16_t>(static_cast<unsigned>(decision.mark) & 3U);
  return record;
}

decision decision_cache::decision_of(const record& record) noexcept {
  return {record.keep != 0, record.policy, record.sampling_rate,
          static_cast<rate_mark>(record.mark)};
}

void decision_cache::append(const record& record) {
  const auto hash_of = [this](std::uint32_t number) { return at(number).trace; };
  const auto number = indexed(next_number());
  records_.push_back(record);
  index_.insert(record.trace, number, hash_of);
}

void decision_cache::insert(fingerprint trace, const decision& decision, bool pinned) {
  auto fresh = record_of(trace, decision);
  if (const auto number = lookup(trace); number != number_index::none) {
    auto& old = at(number);
    fresh.pins = old.pins;
    old.replaced = 1;
    old.pins = 0;
    ++replaced_;
    index_.erase(trace, number, [this](std::uint32_t other) { return at(other).trace; });
  }
  if (pinned)
    add_pin(fresh);
  append(fresh);
  evict();
}

void decision_cache::forget_oldest() {
  const auto& oldest = records_.front();
  if (oldest.replaced != 0)
    --replaced_;
  else
    index_.erase(oldest.trace, indexed(first_number_),
                 [this](std::uint32_t number) { return at(number).trace; });
  records_.pop_front();
  ++first_number_;
  written_ = std::max(written_, first_number_);
  while (!chunks_.empty() && chunks_.front().end <= first_number_)
    chunks_.pop_front();
}

// A pinned one moves to the end, into the next chunk; what stands in no chunk yet stays.
void decision_cache::evict() {
  for (unsigned steps = 0; steps < eviction_steps && records_.size() > capacity_; ++steps) {
    if (first_number_ >= written_ || pinned_ == records_.size())
      return;
    const auto oldest = records_.front();
    forget_oldest();
    if (oldest.replaced == 0 && oldest.pins != 0)
      append(oldest);
  }
}

void decision_cache::add_pin(record& record) noexcept {
  if (record.pins == max_pins)
    return;
  pinned_ += record.pins == 0 ? 1 : 0;
  record.pins = static_cast<std::uint16_t>((record.pins + 1U) & max_pins);
}

void decision_cache::pin(fingerprint trace) {
  if (const auto number = lookup(trace); number != number_index::none)
    add_pin(at(number));
}

void decision_cache::unpin(fingerprint trace) {
  const auto number = lookup(trace);
  if (number == number_index::none)
    return;
  auto& record = at(number);
  // One that ever had that many stays pinned: nobody knows how many are left.
  if (record.pins == 0 || record.pins == max_pins)
    return;
  record.pins = static_cast<std::uint16_t>((record.pins - 1U) & max_pins);
  pinned_ -= record.pins == 0 ? 1 : 0;
}

std::size_t decision_cache::bytes() const noexcept {
  return records_.size() * sizeof(record) + index_.bytes();
}

std::uint64_t decision_cache::first_needed_chunk() const noexcept {
  return chunks_.empty() ? next_chunk_ : chunks_.front().number;
}

bool decision_cache::prepend(const chunk_record& record) {
  if (records_.size() >= capacity_)
    return false;
  if (lookup(record.trace) != number_index::none)
    return true;
  records_.push_front(record_of(record.trace, record.outcome));
  --first_number_;
  index_.insert(record.trace, indexed(first_number_),
                [this](std::uint32_t number) { return at(number).trace; });
  return true;
}

} // namespace weir::sampling
