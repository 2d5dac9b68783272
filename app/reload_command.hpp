#pragma once

#include "core/clock.hpp"
#include "core/error.hpp"

#include <chrono>
#include <string>

namespace weir::app {

/// What came of a reload.
struct reload_answer {
  bool good = false;
  std::string text; ///< Lines for a person.
};

/// Leaves the answer in the storage directory for whoever asked: the file `reload`, its first line
/// "<when the reload began, ns since 1970> <ok|failed>", the text behind it.
result<void> leave_answer(const std::string& directory, unix_ns began, const reload_answer& answer);

/// Sends SIGHUP to the node that works in this storage directory, and waits for its answer. Errors:
/// errc::not_found (no node works there), errc::unavailable (no answer in time), errc::io.
result<reload_answer> ask_to_reload(const std::string& directory,
                                    std::chrono::milliseconds patience = std::chrono::minutes(2));

} // namespace weir::app
