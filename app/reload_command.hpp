#pragma once

#include "core/clock.hpp"
#include "core/error.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace weir::app {

/// What came of a reload.
struct reload_answer {
  bool good = false;
  std::string text; ///< Lines for a person.
};

/// The sources of a configuration by which two are told apart: files by their absolute paths, texts
/// and settings by digests, as they may hold secrets.
std::vector<std::string> source_names(const std::vector<std::string>& configs,
                                      const std::vector<std::string>& settings);

/// Takes the request that `weir reload` left in the storage directory: the sources it was given.
/// nullopt: there is none, the signal came from somebody else.
std::optional<std::vector<std::string>> take_request(const std::string& directory);

/// Why a node with the sources `own` does not reload what `asked` names; "": they are the same.
std::string other_sources(const std::vector<std::string>& own,
                          const std::vector<std::string>& asked);

/// Leaves the answer in the storage directory for whoever asked: the file `reload`, its first line
/// "<when the reload began, ns since 1970> <ok|failed>", the text behind it.
result<void> leave_answer(const std::string& directory, unix_ns began, const reload_answer& answer);

/// Sends SIGHUP to the node that works in this storage directory, and waits for its answer. With
/// `sources`, the node first compares them with its own. Errors: errc::not_found (no node works
/// there), errc::unavailable (no answer in time), errc::io.
result<reload_answer> ask_to_reload(const std::string& directory,
                                    const std::vector<std::string>& sources = {},
                                    std::chrono::milliseconds patience = std::chrono::minutes(2));

} // namespace weir::app
