#pragma once

#include "backends/config.hpp"
#include "codec/dead_letter.hpp"
#include "core/exporter_board.hpp"
#include "core/ids.hpp"

#include <cstdint>
#include <string>
#include <vector>

// What a node tells, and is told, about its exporters and dead letters.
namespace weir::actors {

/// Some exporters. "": any.
struct exporter_filter {
  std::string pipeline = {};
  std::string exporter = {};

  bool takes(const std::string& of_pipeline, const std::string& id) const {
    return (pipeline.empty() || pipeline == of_pipeline) && (exporter.empty() || exporter == id);
  }
};

/// One exporter on one pipeline.
struct exporter_view {
  exporter_status status; ///< Of one that is not configured: its names, and what waits, about.
  bool configured = true;
  unix_ns until = 0; ///< Not configured: when what it is owed may go.
  log_place cursor;
  log_position log_next = 0;
};

/// A dead letter, without its message.
struct letter_view {
  std::string pipeline;
  log_position position = 0;
  codec::dead_letter_record letter; ///< `message` is empty.
  std::uint64_t bytes = 0;          ///< Of the message.
};

/// Dead letters, oldest first.
struct letter_list {
  std::vector<letter_view> letters;
  std::uint64_t more = 0; ///< About: letters that were not looked at.
  std::uint64_t unreadable = 0;
};

} // namespace weir::actors
