#pragma once

#include "net/link/outbox.hpp"

#include <chrono>
#include <grpcpp/alarm.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::net {

/// Bytes that may be on their way on a stream while nobody reads it, at both ends. Fixed: gRPC's own
/// probing lets it grow without a limit that matters.
inline constexpr int stream_window = 1 << 20;

/// Takes the bytes over.
inline grpc::ByteBuffer buffer_of(std::string bytes) {
  auto* kept = new std::string(std::move(bytes));
  const grpc::Slice slice(
      kept->data(), kept->size(), [](void* owner) { delete static_cast<std::string*>(owner); },
      kept);
  return {&slice, 1};
}

/// What is written at once, about.
inline constexpr std::size_t frame_bytes = 256 << 10;
static_assert(frame_bytes / outbox<data_message>::least_weight <= most_messages);

/// How long a write waits for more after the one before: what is on its way to an owner waits for
/// seconds there, and each write costs both ends several switches between threads.
template <class Kinds>
inline constexpr std::chrono::milliseconds pause_between_writes{0};
template <>
inline constexpr std::chrono::milliseconds pause_between_writes<data_message>{50};
template <>
inline constexpr std::chrono::milliseconds pause_between_writes<data_answer>{50};

/// One stream of a link, at either end: writes one message after the other, many at once where they
/// come quickly, hands over what comes.
/// `Reactor`: gRPC's. Keeps itself alive from begin_life() until gRPC is done with it.
///
/// gRPC's rules: one write and one read at a time; nothing is started before the call is there, and
/// nothing once it is given up (server: Finish, client: the hold is gone). So whoever starts a write
/// has the turn, and the call is given up by whoever has the turn, or when nobody has it. The first
/// turn is that of whoever makes the call; it ends with go_on(). In a pause an alarm has it.
template <class Reactor, class Kinds>
class stream : public Reactor, public std::enable_shared_from_this<stream<Reactor, Kinds>> {
public:
  explicit stream(std::size_t room) : waiting_(room) {}

  /// false: there is no room for it. Nothing happens where the stream ends.
  bool write(Kinds message) {
    {
      const std::lock_guard lock(mutex_);
      if (ending_)
        return true;
      if (!waiting_.push(std::move(message)))
        return false;
      if (pause_ && waiting_.hurries())
        pause_->Cancel();
      if (writing_)
        return true;
      writing_ = true;
    }
    go_on();
    return true;
  }

  /// The call is given up: after what waits to be written where `flush`, else as soon as can be.
  void end(bool flush = false) {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      if (!flush)
        waiting_.clear();
      if (pause_)
        pause_->Cancel();
      if (writing_ || std::exchange(given_up_, true))
        return;
    }
    give_up();
  }

protected:
  /// A message came. false: nothing more is read until read().
  virtual bool came(std::string_view bytes) = 0;
  /// Nothing more will come.
  virtual void dried_up() = 0;
  /// The last thing that is done with the call.
  virtual void give_up() = 0;

  void begin_life() { self_ = this->shared_from_this(); }
  /// Drops this, unless somebody else has it.
  void end_life() { const auto last = std::move(self_); }

  /// The first time, and after came() was false.
  void read() {
    const std::lock_guard lock(mutex_);
    if (!ending_)
      this->StartRead(&incoming_);
  }

  void OnReadDone(bool ok) final {
    if (!ok)
      return dried_up();
    grpc::Slice bytes;
    if (!incoming_.Valid() || !incoming_.DumpToSingleSlice(&bytes).ok())
      bytes = grpc::Slice();
    incoming_.Clear();
    bool goes_on = true;
    const auto whole = each_message(
        {reinterpret_cast<const char*>(bytes.begin()), static_cast<std::size_t>(bytes.size())},
        [&](std::string_view message) { return goes_on = came(message); });
    if (!whole)
      return dried_up();
    if (goes_on)
      this->StartRead(&incoming_); // gRPC keeps the call while it calls us
  }

  void OnWriteDone(bool ok) final {
    if (!ok) {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      waiting_.clear();
    }
    go_on();
  }

  /// @pre this thread has the turn
  void go_on() {
    std::vector<Kinds> next;
    bool last = false;
    {
      const std::lock_guard lock(mutex_);
      pause_.reset();
      if (pauses())
        return;
      next = waiting_.pop_some(frame_bytes);
      if (next.empty()) {
        writing_ = false;
        last = ending_ && !std::exchange(given_up_, true);
      }
    }
    if (last)
      return give_up();
    if (next.empty())
      return;
    auto frame = encode(next.front());
    for (auto it = next.begin() + 1; it != next.end(); ++it)
      append_behind(frame, encode(*it));
    outgoing_ = buffer_of(std::move(frame));
    this->StartWrite(&outgoing_);
  }

  std::mutex& mutex() noexcept { return mutex_; }

private:
  /// Whether the turn is given to an alarm, to gather more. @pre mutex_ is held
  bool pauses() {
    constexpr auto pause = pause_between_writes<Kinds>;
    if (pause.count() == 0 || ending_ || waiting_.empty())
      return false;
    const auto now = std::chrono::steady_clock::now();
    if (waiting_.hurries() || now >= write_after_) {
      write_after_ = now + pause;
      return false;
    }
    pause_.emplace(); // The one before may still be calling.
    pause_->Set(std::chrono::system_clock::now() + (write_after_ - now),
                [self = this->shared_from_this()](bool) { self->go_on(); });
    return true;
  }

  std::mutex mutex_;
  std::shared_ptr<stream> self_;
  outbox<Kinds> waiting_;
  bool writing_ = true; ///< Somebody has the turn.
  bool ending_ = false;
  bool given_up_ = false;
  std::optional<grpc::Alarm> pause_; ///< In a pause.
  std::chrono::steady_clock::time_point write_after_{};
  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer outgoing_;
};

} // namespace weir::net
