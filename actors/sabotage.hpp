#pragma once

namespace weir::actors {

/// Promises that a node breaks on purpose, so that tests can prove that they would notice. Only the tests'
/// own program (tests/system/broken_node.cpp) sets any.
struct sabotage {
  bool answer_before_commit = false; ///< Clients get OK before their spans are on disk.
  bool forget_progress = false;      ///< Settled slots are not noted with what was kept of them.
};

} // namespace weir::actors
