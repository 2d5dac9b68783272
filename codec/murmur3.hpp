#pragma once

#include "codec/hash.hpp"

#include <cstdint>
#include <string_view>

namespace weir::codec {

/// MurmurHash3 with seed 0, as configurations ask for: its x86 form of 32 bits, and its x64 form of
/// 128 (`low` is the half that it calls first).
std::uint32_t murmur3_32(std::string_view bytes) noexcept;
hash_128 murmur3_128(std::string_view bytes) noexcept;

} // namespace weir::codec
