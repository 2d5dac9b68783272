#pragma once

#include "codec/block.hpp"
#include "codec/entry.hpp"

#include <functional>
#include <optional>
#include <string_view>
#include <variant>

namespace weir::storage {

/// An entry or a block found in bytes around which the structure is broken.
struct found_frame {
  std::variant<codec::entry_header, codec::block_header> header;
  std::string_view bytes;
  /// From the key before it, where that is still there.
  std::optional<std::uint64_t> position;
};

/// Calls `each` for every entry and block in `bytes` whose checksums are good: bytes of a
/// WriteBatch or of an uncompressed table file.
void find_frames(std::string_view bytes, const std::function<void(const found_frame&)>& each);

/// The checksum in the header of an entry or block, which stands for all of it; 0 for other bytes.
std::uint64_t frame_checksum(std::string_view bytes) noexcept;

} // namespace weir::storage
