#pragma once

#include "backends/config.hpp"
#include "core/error.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::backends {

/// How records stand behind each other in a file.
enum class framing : std::uint8_t {
  lines,    ///< Each ends with "\n".
  prefixed, ///< Each behind its length, four bytes, big-endian.
};

/// The file that the `file` exporter writes: records of one framing, whole at all times. One
/// thread.
///
/// With rotation, a file that a record would make larger than `max_megabytes` is renamed to
/// `<name>-<time>.<ext>` first, and the oldest such files go as `max_backups` and `max_days` say. A
/// record is never spread over two files; one that is larger than the limit has a file of its own.
/// Names and rules are the Collector's (reference: otlp.md 2.13).
class output_file {
public:
  /// Opens it. A file that is gone on with (`append`, or with rotation) is cut back to its last
  /// whole record first: a process that was killed while writing leaves a torn one, which was not
  /// acknowledged. errc::io with the system's reason; errc::invalid_argument: bad permissions.
  static result<output_file> open(const file_config& config, framing how);

  output_file(output_file&& other) noexcept;
  output_file& operator=(output_file&&) = delete;
  ~output_file();

  /// How many bytes go into the file that a record of this size goes into: what is left of this
  /// one, or, where it does not fit any more, all of the next.
  std::uint64_t room_with(std::size_t record) const noexcept;

  /// Begins a new file where these bytes do not fit into this one, unless it is empty.
  result<void> rotate_for(std::size_t bytes);

  /// Writes whole records, or leaves the file as long as it was.
  result<void> write(std::string_view records);

private:
  output_file(const file_config& config, framing how, int fd, std::uint64_t size)
      : path_(config.path), rotation_(config.rotation), how_(how), fd_(fd), size_(size) {}

  result<void> rename_away();
  void remove_old() const;

  std::string path_;
  std::optional<rotation_config> rotation_;
  framing how_;
  int fd_;
  std::uint64_t size_;
};

/// The time that a rotated file of `path` bears in its name, or nothing: it is none. Newer
/// Collectors write `-size` behind it.
std::optional<std::chrono::system_clock::time_point>
rotation_time(const std::string& path, const std::string& file_name, bool localtime);

} // namespace weir::backends
