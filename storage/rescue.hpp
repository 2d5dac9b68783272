#pragma once

#include "storage/files.hpp"

#include <optional>
#include <string>

namespace weir::storage {

/// A salvage that is needed or under way; the file SALVAGE of the storage directory holds it until
/// it is done, as text: "whole|log directory attempts".
struct rescue {
  bool whole = true;     ///< The database is moved aside; else only its write-ahead log is linked.
  std::string directory; ///< Where to, below the storage directory: "damaged/<time>".
  unsigned attempts = 0; ///< Starts that have tried.
};

/// A new one, with a directory that is not there yet.
rescue begin_rescue(const files& disk, const std::string& storage_directory, bool whole);

/// What the file says; a new one of the whole database where it names no directory, as when a table
/// was found damaged at work. Nothing where there is no file.
std::optional<rescue> read_rescue(const files& disk, const std::string& storage_directory);

/// On a full disk it is not written, which is no error: the node starts all the same.
result<void> write_rescue(const files& disk, const std::string& storage_directory,
                          const rescue& rescue);

void remove_rescue(const files& disk, const std::string& storage_directory);

} // namespace weir::storage
