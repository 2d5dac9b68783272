#pragma once

#include "net/link/wire.hpp"

#include <deque>
#include <optional>
#include <vector>

namespace weir::net {

/// About how many bytes a message takes, on the wire and in memory.
std::size_t weight(const control_message& message) noexcept;
std::size_t weight(const control_answer& answer) noexcept;
std::size_t weight(const data_message& message) noexcept;
std::size_t weight(const data_answer& answer) noexcept;

/// The same in messages that are small, if it can be cut: settled_slots and wrong_owner can.
std::vector<data_answer> cut(data_answer answer);

/// What waits to be written on a stream, bounded in bytes. Of gossip only the newest waits, in front
/// of all; it wants an answer if one that it replaced did. Not thread-safe.
template <class Kinds>
class outbox {
public:
  explicit outbox(std::size_t room) : room_(room) {}

  /// false: no room, and nothing is changed.
  bool push(Kinds message);
  std::optional<Kinds> pop();
  /// The next ones, of at most so many bytes in all, or one; none: nothing waits.
  std::vector<Kinds> pop_some(std::size_t bytes);
  void clear();

  bool empty() const noexcept { return !gossip_ && queue_.empty(); }
  /// What waits is not to wait for more: it is much, or one of it says so.
  bool hurries() const noexcept { return hurried_ > 0 || bytes_ >= much; }
  /// Of any message.
  static constexpr std::size_t least_weight = 64;
  /// Bytes that are worth a write.
  static constexpr std::size_t much = 128 << 10;

  std::size_t bytes() const noexcept { return bytes_; }

private:
  struct waiting {
    Kinds message;
    std::size_t bytes;
  };

  std::size_t room_;
  std::size_t bytes_ = 0; ///< Without gossip, which cannot add up.
  std::optional<cluster::gossip> gossip_;
  std::deque<waiting> queue_;
  std::size_t hurried_ = 0; ///< Messages that do not wait for others.
};

extern template class outbox<control_message>;
extern template class outbox<control_answer>;
extern template class outbox<data_message>;
extern template class outbox<data_answer>;

} // namespace weir::net
