#pragma once

#include <functional>
#include <string_view>

namespace weir::actors {

/// Promises that a node breaks on purpose, so that tests can prove that they would notice. Only the tests'
/// own program (tests/system/broken_node.cpp) sets any.
struct sabotage {
  bool answer_before_commit = false; ///< Clients get OK before their spans are on disk.
  bool forget_progress = false;      ///< Settled slots are not noted with what was kept of them.

  /// Called by a stage (by the name of its actor) on its thread before it works on a message; may block.
  std::function<void(std::string_view stage)> before_work;

  void stall(std::string_view stage) const {
    if (before_work) [[unlikely]]
      before_work(stage);
  }
};

} // namespace weir::actors
