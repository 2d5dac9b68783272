#pragma once

#include "backends/sender.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

namespace weir::test {

/// Gathers what callbacks bring, and waits (bounded) for so many of them.
template <class T>
class inbox {
public:
  void put(T value) {
    const std::lock_guard guard(mutex_);
    values_.push_back(std::move(value));
    changed_.notify_all();
  }

  /// All that came, once there are `count`.
  std::vector<T> wait(std::size_t count,
                      std::chrono::milliseconds most = std::chrono::seconds(10)) {
    std::unique_lock guard(mutex_);
    const bool came = changed_.wait_for(guard, most, [&] { return values_.size() >= count; });
    BOOST_REQUIRE_MESSAGE(came, "only " << values_.size() << " of " << count << " came in time");
    return values_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> values_;
};

/// Sends one request and waits for its outcome.
inline backends::outcome send_and_wait(backends::sender& sender, std::string message,
                                       weir::signal kind = weir::signal::traces) {
  inbox<backends::outcome> answers;
  sender.send({.signal = kind, .message = shared_bytes(std::move(message)), .items = 1},
              [&](backends::outcome o) { answers.put(std::move(o)); });
  return answers.wait(1).front();
}

} // namespace weir::test
