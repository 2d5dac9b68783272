#pragma once

#include "core/clock.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// How one exporter gets on with its back end.
enum class exporter_health : std::uint8_t {
  sending,     ///< What was answered last was taken, or nothing has been sent yet.
  backing_off, ///< Nothing gets through; it is tried again with growing pauses.
  refused,     ///< The back end answers, and refuses for good: dead letters.
  paused,      ///< Somebody said so; it goes on when somebody says so.
};

/// Stable lower-case name, for pages and logs: "sending", "backing off", "refused for good", "paused by hand".
std::string_view to_string(exporter_health health) noexcept;

/// One exporter on one pipeline, as its actor last saw it.
struct exporter_status {
  std::string pipeline; ///< "traces/main"
  std::string exporter; ///< "otlp/tempo"
  exporter_health health = exporter_health::sending;
  unix_ns since = 0;                 ///< In this health since then.
  std::string reason = {};           ///< The back end's last words; empty while sending.
  std::uint64_t waiting_items = 0;   ///< In the log, not delivered yet.
  unix_ns oldest_waiting = 0;        ///< When the oldest of them was received; 0: nothing waits.
  unix_ns next_try = 0;              ///< While backing off; 0: at any moment.
  std::uint64_t backlog_blocks = 0;  ///< Of what has waited, not read yet.
  std::uint64_t letters_to_send = 0; ///< Dead letters, and what was set aside, at most.
};

/// The exporters' states, for whoever shows them (health pages, status): exporters write
/// once a second and with each change of health, pages read. Any thread; one lock, never on the
/// path of a request.
class exporter_board {
public:
  /// The process's one.
  static exporter_board& instance();

  void set(exporter_status status);
  void remove(const std::string& pipeline, const std::string& exporter);

  /// By pipeline and exporter.
  std::vector<exporter_status> all() const;

private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, exporter_status> known_;
};

} // namespace weir
