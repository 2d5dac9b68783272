#pragma once

#include "codec/hash.hpp"

#include <cstdint>
#include <cstring>
#include <string>

namespace weir::codec {

/// The bytes of an entry or a block with another number at `offset` of its header, checked anew.
inline std::string lying(std::string bytes, std::size_t header_bytes, std::size_t offset,
                         std::uint32_t number) {
  std::memcpy(bytes.data() + offset, &number, sizeof number);
  const auto sum_offset = header_bytes - 8;
  const auto sum = xxh3(std::string_view(bytes).substr(0, sum_offset));
  std::memcpy(bytes.data() + sum_offset, &sum, sizeof sum);
  return bytes;
}

} // namespace weir::codec
