#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::app {

/// How the node that worked in a storage directory before came to its end.
enum class last_stop : std::uint8_t {
  none,    ///< Nobody worked there.
  clean,   ///< It was told to stop, and did.
  unclean, ///< It was killed, or the machine went down.
  unknown, ///< It was of a version that did not say.
};

/// "clean", "unclean: ..." for the start line of the log.
std::string_view to_string(last_stop stop) noexcept;

/// What the directory's file `state` says.
last_stop read_last_stop(const std::string& directory);

/// Notes in the directory that a node works there, or has stopped as it was told to. What cannot be
/// written is not: the next start says `unknown`, or `unclean`.
void note_running(const std::string& directory);
void note_stopped(const std::string& directory);

} // namespace weir::app
