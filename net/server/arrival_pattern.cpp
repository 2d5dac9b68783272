#include "net/server/arrival_pattern.hpp"

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
  for (auto sender = senders_.begin(); sender != senders_.end();) {
    auto& each = sender->second;
    each.sent = known ? each.sent_now : 0;
    each.most = std::max(known ? each.most_now : 0, each.in_hand);
    each.sent_now = 0;
    each.most_now = each.in_hand;
    if (each.sent == 0 && each.in_hand == 0) {
      sender = senders_.erase(sender);
      continue;
    }
    if (!each.all_in_hand())
      others_ += each.sent;
    all += each.sent;
    ++sender;
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
  auto& sender = senders_[connection];
  if (!sender.all_in_hand())
    others_ -= sender.sent;
  if (sender.in_hand++ == 0)
    in_hand_.push_back(connection);
  sender.most_now = std::max(sender.most_now, sender.in_hand);
  sender.most = std::max(sender.most, sender.in_hand);
  sender.sent = std::max(sender.sent, ++sender.sent_now);
  if (!sender.all_in_hand())
    others_ += sender.sent;
}

void arrival_pattern::left(std::uint64_t connection) {
  const auto found = senders_.find(connection);
  if (found == senders_.end())
    return;
  if (!found->second.all_in_hand())
    others_ -= found->second.sent;
  senders_.erase(found);
}

void arrival_pattern::handed_over() {
  for (const auto connection : in_hand_) {
    const auto found = senders_.find(connection);
    if (found == senders_.end())
      continue;
    if (found->second.all_in_hand())
      others_ += found->second.sent;
    found->second.in_hand = 0;
  }
  in_hand_.clear();
  if (std::exchange(probing_, false))
    keeps_coming_ = unforeseen_ >= enough_unforeseen;
}

bool arrival_pattern::more_is_coming() const noexcept {
  return keeps_coming_ || is_often(others_);
}

} // namespace weir::net
