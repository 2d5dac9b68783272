#include "net/arrival_pattern.hpp"

#include <algorithm>
#include <utility>

namespace weir::net {

namespace {

// One may be anybody's.
constexpr std::uint32_t enough_unforeseen = 2;

} // namespace

void arrival_pattern::next_period(steady_ns now) {
  // After a longer silence nothing is known any more.
  const bool known = now < period_end_ + period;
  period_end_ = now + period;
  others_ = 0;
  std::uint64_t all = 0;
  for (auto at = senders_.begin(); at != senders_.end();) {
    auto& each = at->second;
    each.sent = known ? each.sent_now : 0;
    each.most = std::max(known ? each.most_now : 0, each.in_hand);
    each.sent_now = 0;
    each.most_now = each.in_hand;
    if (each.sent == 0 && each.in_hand == 0) {
      at = senders_.erase(at);
      continue;
    }
    if (!each.all_in_hand())
      others_ += each.sent;
    all += each.sent;
    ++at;
  }
  probing_ = is_often(all);
  keeps_coming_ = keeps_coming_ && probing_;
  unforeseen_ = 0;
}

void arrival_pattern::came(std::uint64_t connection, steady_ns now) {
  if (now >= period_end_)
    next_period(now);
  if (probing_ && !in_hand_.empty() && !is_often(others_))
    ++unforeseen_;
  auto& from = senders_[connection];
  if (!from.all_in_hand())
    others_ -= from.sent;
  if (from.in_hand++ == 0)
    in_hand_.push_back(connection);
  from.most_now = std::max(from.most_now, from.in_hand);
  from.most = std::max(from.most, from.in_hand);
  from.sent = std::max(from.sent, ++from.sent_now);
  if (!from.all_in_hand())
    others_ += from.sent;
}

void arrival_pattern::left(std::uint64_t connection) {
  const auto at = senders_.find(connection);
  if (at == senders_.end())
    return;
  if (!at->second.all_in_hand())
    others_ -= at->second.sent;
  senders_.erase(at);
}

void arrival_pattern::handed_over() {
  for (const auto connection : in_hand_) {
    const auto at = senders_.find(connection);
    if (at == senders_.end())
      continue;
    if (at->second.all_in_hand())
      others_ += at->second.sent;
    at->second.in_hand = 0;
  }
  in_hand_.clear();
  if (std::exchange(probing_, false))
    keeps_coming_ = unforeseen_ >= enough_unforeseen;
}

bool arrival_pattern::more_is_coming() const noexcept {
  return keeps_coming_ || is_often(others_);
}

} // namespace weir::net
