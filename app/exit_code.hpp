#pragma once

namespace weir::app {

/// Exit codes of `weir`; README.md and `weir help` list them.
enum exit_code : int {
  done = 0,
  failed = 1,                   ///< What was asked for could not be done, and the error says why.
  wrong_configuration = failed, ///< It cannot be read, or what it says cannot be.
  wrong_usage = 2,              ///< Of the command line.
  /// It was done, but not whole: a member of the cluster did not answer, or `config convert` made a
  /// file that lacks a part of what went in.
  not_whole = 3,
  /// At run time: a port or directory taken, no node to ask, or one that refuses (EX_UNAVAILABLE).
  not_available = 69,
  // 70, EX_SOFTWARE: actors/last_words.hpp
};

} // namespace weir::app
