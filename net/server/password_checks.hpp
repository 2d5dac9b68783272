#pragma once

#include "core/clock.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace weir::net {

/// Time that may be spent on checks: so much at once, then a part of what passes. Pure.
class time_allowance {
public:
  time_allowance(steady_ns at_once, double share)
      : at_once_(at_once), share_(share), left_(at_once) {}

  /// Whether anything may be spent.
  bool any(steady_ns now) noexcept;
  /// It may be more than there was.
  void spend(steady_ns time) noexcept { left_ -= time; }

private:
  const steady_ns at_once_;
  const double share_;
  steady_ns left_, last_ = 0;
};

/// Checks of credentials that take long on purpose (bcrypt): on one thread of its own that gives
/// way to all others, for half of a core at the most, each credential once. What came of it is
/// remembered, so whoever is known never waits. Any thread.
class password_checks {
public:
  using check = std::function<bool(std::string_view credentials)>;
  using handler = std::function<void(bool right)>;

  explicit password_checks(check slow);
  ~password_checks(); ///< Handlers that wait are dropped.
  password_checks(const password_checks&) = delete;
  password_checks& operator=(const password_checks&) = delete;

  /// What is remembered of it.
  std::optional<bool> look(std::string_view credentials) const;

  /// Has it checked; `done` is called once, on the thread of the checks. False: too many wait, or
  /// the time is used up: later.
  bool add(std::string_view credentials, handler done);

private:
  using digest = std::array<unsigned char, 32>;
  struct job {
    digest key;
    std::string credentials;
  };

  digest digest_of(std::string_view credentials) const;
  void run();
  void remember(const digest& key, bool right);

  const check slow_;
  std::array<unsigned char, 32> secret_{}; ///< Keeps the digests from being guessed.
  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::set<digest> right_, wrong_;
  std::deque<job> jobs_;
  std::map<digest, std::vector<handler>> waiting_;
  time_allowance allowance_;
  bool over_ = false;
  std::thread thread_;
};

} // namespace weir::net
