#pragma once

#include "codec/block.hpp"
#include "core/bytes.hpp"
#include "core/ids.hpp"

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

namespace weir::stages {

/// A block as exporters read it: header facts and unpacked body.
struct log_block {
  log_position position = 0;
  codec::block_header header;
  shared_bytes body;
};

/// The end of one pipeline's log: how far it reaches, and its newest blocks still unpacked, so that
/// an exporter that has caught up neither reads the disk nor unpacks. Holds at most `budget` bytes
/// of them. Any thread; the lock is taken once a block.
class log_tail {
public:
  log_tail(log_position next, std::size_t budget) : next_(next), budget_(budget) {}

  /// `wake` is called (on the appending thread, under the tail's lock: it must not call back)
  /// whenever the log has grown. Returns what unsubscribes it.
  std::uint64_t subscribe(std::function<void()> wake);
  void unsubscribe(std::uint64_t subscription);

  /// A block is durable. @pre positions come in order
  void append(log_block block);

  /// One past the last durable block.
  log_position next() const;

  /// The block, if it is still held unpacked.
  std::optional<log_block> find(log_position position) const;

private:
  mutable std::mutex mutex_;
  log_position next_;
  std::size_t budget_;
  std::size_t bytes_ = 0;
  std::deque<log_block> newest_;
  std::map<std::uint64_t, std::function<void()>> subscribers_;
  std::uint64_t next_subscription_ = 1;
};

} // namespace weir::stages
