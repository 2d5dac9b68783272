#pragma once

#include "core/error.hpp"

#include <rocksdb/io_status.h>
#include <rocksdb/status.h>

namespace weir::storage {

/// RocksDB's verdict in our words; `doing` begins the sentence ("writing a commit").
error to_error(const rocksdb::Status& status, std::string_view doing);

/// The disk is full, in any of the ways RocksDB says it.
bool is_no_space(const rocksdb::Status& status) noexcept;

/// Bytes are not what was written, in any of the ways RocksDB says it (a bad footer is "not
/// supported").
bool is_damage(const rocksdb::Status& status) noexcept;

} // namespace weir::storage
