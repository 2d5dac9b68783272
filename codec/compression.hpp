#pragma once

#include "core/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::codec {

/// How bytes on disk are packed. The values are on disk: never renumber.
enum class codec_id : std::uint8_t { none = 0, zstd = 1, lz4 = 2 };

/// Packs whole buffers for entries and blocks; holds contexts, so keep one a thread. Not thread-safe.
class packer {
public:
  packer();
  ~packer();
  packer(packer&&) noexcept;

  /// Appends `bytes`, packed, to `out`. `level`: zstd's (negative is faster); ignored elsewhere.
  void pack(codec_id codec, int level, std::string_view bytes, std::string& out);

  /// Replaces `out` by the unpacked bytes, which must be exactly `unpacked_size` (known from a checked
  /// header, so memory is bounded before it is taken). errc::corrupt otherwise.
  result<void> unpack(codec_id codec, std::string_view packed, std::size_t unpacked_size,
                      std::string& out);
};

} // namespace weir::codec
