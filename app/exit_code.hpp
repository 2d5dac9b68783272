#pragma once

namespace weir::app {

/// Exit codes of `weir`; README.md and `weir help` list them.
enum exit_code : int {
  done = 0,
  wrong_configuration = 1, ///< It cannot be read, or what it says cannot be.
  wrong_usage = 2,         ///< Of the command line.
  something_lost = 3,      ///< `config convert`: the result lacks a part of what went in.
  /// At run time: a port or directory taken, no node to ask, or one that refuses (EX_UNAVAILABLE).
  not_available = 69,
  // 70, EX_SOFTWARE: actors/last_words.hpp
};

} // namespace weir::app
