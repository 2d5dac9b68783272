#pragma once

#include "core/clock.hpp"
#include "net/config.hpp"

#include <algorithm>
#include <utility>

namespace weir::net {

/// What a client may do that costs us and brings nothing: pings, settings, priorities, empty
/// frames. A bucket that holds `burst` and fills by `per_second`.
class frame_allowance {
public:
  static constexpr steady_ns burst = 1000;
  static constexpr steady_ns per_second = 100;

  /// False: too many.
  bool spend(steady_ns now) noexcept {
    constexpr steady_ns price = second_ns / per_second;
    paid_until_ = std::max(paid_until_, now - burst * price) + price;
    return paid_until_ <= now;
  }

private:
  steady_ns paid_until_ = 0;
};

/// gRPC's rule for keepalive pings (grpc-go's `enforcement_policy`): a ping sooner than `min_time`
/// after the last one, or in two hours without a stream, is a strike unless we have sent something
/// meanwhile; the third strike ends the connection.
class ping_strikes {
public:
  explicit ping_strikes(const keepalive_server_config& config) : config_(&config) {}

  void on_sent() noexcept { forgive_ = true; }

  /// False: too many.
  bool on_ping(steady_ns now, bool has_streams) noexcept {
    constexpr int allowed = 2;
    const auto last = std::exchange(last_, now);
    if (std::exchange(forgive_, false)) {
      strikes_ = 0;
      return true;
    }
    const auto pause = has_streams || config_->permit_without_stream
                           ? config_->min_time.count() * millisecond_ns
                           : 7200 * second_ns;
    if (last && last + pause > now)
      ++strikes_;
    return strikes_ <= allowed;
  }

private:
  const keepalive_server_config* config_;
  steady_ns last_ = 0;
  int strikes_ = 0;
  bool forgive_ = false;
};

} // namespace weir::net
