#pragma once

#include <spdlog/spdlog.h>
#include <string>

// Logging: spdlog's default logger, set up once at start. Levels by what an operator must do:
// error = data was lost or someone must act; warn = someone should look; info = life events; debug.
namespace weir::log {

using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::warn;

/// How log lines look and where they go.
struct config {
  std::string level = "info";       ///< debug, info, warn or error
  std::string encoding = "console"; ///< console or json

  friend bool operator==(const config&, const config&) = default;
};

/// Replaces the default logger by one that writes to standard error. An unknown level means info.
void configure(const config& options);

/// Says whether a message of a kind may be logged now: the first of each kind, then one per
/// `interval_s` seconds, so that a fault that repeats cannot flood the log. Any thread.
bool permit(std::string_view kind, unsigned interval_s = 10);

} // namespace weir::log
