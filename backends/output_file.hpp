#pragma once

#include "backends/config.hpp"
#include "backends/record_format.hpp"
#include "core/error.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

namespace weir::backends {

/// A file that `file` exporters write to: records of one format, whole at all times. Any thread.
///
/// With rotation, a file that a record would make larger than `max_megabytes` is renamed to
/// `<name>-<time>.<ext>` first, and the oldest such files go as `max_backups` and `max_days` say. A
/// record is never spread over two files; one that is larger than the limit has a file of its own.
/// Names and rules are those of the Collector's `file` exporter.
class output_file {
public:
  /// Opens it. A file that is gone on with (`append`, or with rotation) is cut back to its last
  /// whole record first: a process that was killed while writing leaves a torn one, which was not
  /// acknowledged. What cannot be the beginning of a record is never cut (file_content.hpp).
  ///
  /// A path has one file in the process, which all who open it share while any of them has it,
  /// however many pipelines an exporter stands in and while a reload goes from one configuration to
  /// the next: then it is gone on with, whatever `append` says for a start.
  ///
  /// errc::io with the system's reason; errc::invalid_argument: bad permissions, or records of
  /// another format in the file.
  static result<std::shared_ptr<output_file>> open(const file_config& config);

  output_file(const output_file&) = delete;
  ~output_file();

  struct written {
    std::size_t records = 0; ///< So many of the first stand in the file.
    result<void> outcome;    ///< Why the next one does not.
  };
  /// Writes whole records behind each other; `ends`: where each ends. Begins a new file where
  /// `rotation` says. A write that fails leaves the file as long as it was.
  written append(std::string_view records, std::span<const std::size_t> ends,
                 const std::optional<rotation_config>& rotation);

private:
  output_file(std::string path, record_format format, int fd)
      : path_(std::move(path)), format_(format), fd_(fd) {}

  static result<std::shared_ptr<output_file>> open_first(const file_config& config);
  result<void> mend();
  result<void> empty();
  result<void> cut(std::uint64_t bytes);
  result<void> begin_next(const rotation_config& rotation);
  result<void> rename_away(const rotation_config& rotation);
  void remove_old(const rotation_config& rotation) const;
  result<void> write(std::string_view bytes);
  std::uint64_t size() const; ///< 0 for what is no regular file.

  std::string path_;
  record_format format_;
  std::mutex mutex_;
  int fd_; ///< Under the mutex, once it is shared.
};

/// The time that a rotated file of `path` bears in its name, or nothing: it is none. Newer
/// Collectors write `-size` behind it.
std::optional<std::chrono::system_clock::time_point>
rotation_time(const std::string& path, const std::string& file_name, bool localtime);

} // namespace weir::backends
