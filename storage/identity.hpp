#pragma once

#include "core/ids.hpp"
#include "storage/files.hpp"

#include <optional>

namespace weir::storage {

/// Version of everything in the storage directory. Newer ones are refused, untouched.
inline constexpr std::uint32_t format_version = 1;

/// The file VERSION: what the directory is and whose. Text, guarded by a checksum:
///
///   weir storage
///   format 1
///   node 0123456789abcdef
///   check 0123456789abcdef        (xxh3 of the lines before)
struct identity {
  std::uint32_t format = format_version;
  node_id node = 0;
};

/// errc::unsupported for a newer format, naming both versions; nothing when it is missing or
/// damaged.
result<std::optional<identity>> read_identity(const files& disk, const std::string& directory);
result<void> write_identity(const files& disk, const std::string& directory,
                            const identity& identity);

/// Text whose last line is a checksum: how VERSION and MARK are guarded.
std::string with_check(std::string text);
/// The text before that line, if it is what was written.
std::optional<std::string_view> checked_text(std::string_view content);

/// A random number that is not 0: node ids and epochs.
std::uint64_t random_id();

} // namespace weir::storage
