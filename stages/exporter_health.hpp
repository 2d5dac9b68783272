#pragma once

#include "backends/sender.hpp"
#include "core/clock.hpp"
#include "core/exporter_board.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace weir::stages {

/// How an exporter gets on, and what a person should read about it. Pure: time is an argument;
/// lines are given back. Lines of one kind are at least ten seconds apart, those of warnings a
/// minute; what was not said meanwhile is counted in the next. One thread.
class exporter_health_log {
public:
  /// What one line says, and how loudly.
  struct line {
    enum class weight : std::uint8_t { info, warn, error };
    weight level = weight::info;
    std::string text;
  };
  /// What waits; asked only where a line is due.
  struct backlog {
    std::uint64_t items = 0;
    std::optional<steady_ns> next_try = {};
  };
  using ask_backlog = std::function<backlog()>;

  /// @param items what they are called: "spans", "metric points", "log records"
  exporter_health_log(std::string pipeline, std::string exporter, std::string items, unix_ns wall);

  /// An answer. @param is_down nothing gets through, with this answer
  std::optional<line> answered(const backends::outcome& answer, bool is_down, steady_ns now,
                               unix_ns wall, const ask_backlog& ask);

  /// Items became a dead letter.
  std::optional<line> given_up(std::uint64_t items, const std::string& reason, steady_ns now,
                               unix_ns wall);

  /// For the board; the numbers of what waits are the caller's.
  exporter_status& status() noexcept { return status_; }

private:
  /// Lines of one kind.
  struct kind_of_line {
    std::optional<steady_ns> last = {};
    std::uint64_t counted = 0; ///< Since the last line.

    bool due(steady_ns now, steady_ns interval);
  };

  void be(exporter_health health, std::string reason, unix_ns wall);
  std::optional<line> failed(const backends::outcome& answer, bool is_down, steady_ns now,
                             unix_ns wall, const ask_backlog& ask);
  std::optional<line> came_back(steady_ns now, unix_ns wall, const ask_backlog& ask);
  std::optional<line> taken(const backends::outcome& answer, steady_ns now);

  const std::string items_;
  exporter_status status_;
  std::optional<steady_ns> down_since_;
  bool outage_said_ = false;       ///< A line was written about it.
  std::uint64_t most_waiting_ = 0; ///< In this outage.
  kind_of_line retries_, losses_, rejections_, warnings_;
};

/// 221000 as "221,000".
std::string with_thousands(std::uint64_t number);

} // namespace weir::stages
