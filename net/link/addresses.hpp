#pragma once

#include "core/error.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir::net {

/// All addresses of a name, as host:port each; blocks as long as the system's resolver does.
/// `host_port`: host:port. errc::invalid_argument: it is not; errc::unavailable: the name is not
/// known, or nobody could be asked.
result<std::vector<std::string>> addresses_of(const std::string& host_port);

/// Where others reach a port that listens at `endpoint` (host:port, as it is bound): the same, but
/// where it listens on all addresses, the first of the host that is not a loopback; if it has none,
/// a loopback.
std::string reachable_address(const std::string& endpoint);

/// Where nodes of a cluster may be: `host:port` stays as it is, `dns://host:port` is all addresses
/// that the name has, looked up again and again on a thread of its own.
class seed_lookup {
public:
  using on_seeds = std::function<void(std::vector<std::string>)>;

  /// Calls `found` on that thread each time it has asked; a name that is not known has no seeds.
  /// No seed with `dns://`: there is no thread.
  seed_lookup(std::vector<std::string> seeds, std::chrono::milliseconds pause, on_seeds found);
  /// Waits for no lookup; `found` is not called any more on return. Not from `found`.
  ~seed_lookup();
  seed_lookup(const seed_lookup&) = delete;
  seed_lookup& operator=(const seed_lookup&) = delete;

  /// Those that need no lookup.
  static std::vector<std::string> plain(const std::vector<std::string>& seeds);

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace weir::net
