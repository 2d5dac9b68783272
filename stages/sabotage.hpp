#pragma once

#include <functional>
#include <string_view>

namespace weir::stages {

/// Promises that a node breaks on purpose, so that tests can prove that they would notice. Only
/// tests set any: their own program (tests/system/broken_node.cpp) and the world
/// (tests/simulation/).
struct sabotage {
  bool answer_before_commit = false; ///< Clients get OK before their spans are on disk.
  bool forget_progress = false;      ///< Settled slots are not noted with what was kept of them.
  bool report_before_sync = false; ///< Slots are reported as settled before their batch is durable.
  bool mark_before_trim = false;   ///< Low-water marks rise before the journal's trim is durable.
  bool keep_credit = false;        ///< A shard gives no credit back.
  bool forget_slot = false;        ///< The first slot of an entry that is sent again is left out.

  // -- in a cluster --
  bool keep_decisions = false;   ///< Decisions are not handed to the owners of another ring.
  bool keep_progress = false;    ///< Nor is progress.
  bool keep_copies = false;      ///< The standbys get nothing.
  bool ignore_watermark = false; ///< It is decided before all members have sent what they have.
  bool ignore_deciders = false;  ///< It is decided before the owners of before have handed over.
  bool ignore_frozen = false;    ///< It is decided in whatever state the node is.
  bool keep_window = false; ///< One that was taken for down goes on with the window that it had.
  bool keep_sent = false;   ///< Its origin takes what it had sent to itself for still there.
  bool forget_link = false; ///< What was under way as a link broke is not sent again.
  bool forget_turned_away = false; ///< What an owner turns away is not sent again.

  /// Called by a stage (by the name of its actor) on its thread before it works on a message; may
  /// block.
  std::function<void(std::string_view stage)> before_work = nullptr;

  void stall(std::string_view stage) const {
    if (before_work) [[unlikely]]
      before_work(stage);
  }
};

} // namespace weir::stages
