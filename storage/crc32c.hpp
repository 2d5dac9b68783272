#pragma once

#include <cstdint>
#include <string_view>

namespace weir::storage {

/// CRC-32C (Castagnoli), as RocksDB's write-ahead log has it: with the processor's instruction
/// where there is one.
std::uint32_t crc32c(std::string_view bytes) noexcept;

} // namespace weir::storage
