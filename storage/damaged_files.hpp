#pragma once

#include "storage/files.hpp"

namespace weir::storage {

/// Removes what was set aside in `directory`, the oldest first, until no more than `max_bytes` are
/// left; says what went. Of a database that was moved aside whole, file by file.
void bound_damaged(const files& disk, const std::string& directory, std::uint64_t max_bytes);

} // namespace weir::storage
