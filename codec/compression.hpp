#pragma once

#include "core/error.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace weir::codec {

/// How bytes on disk are packed. The values are on disk: never renumber.
enum class codec_id : std::uint8_t { none = 0, zstd = 1, lz4 = 2 };

/// Whether a number read from disk is one of codec_id's.
constexpr bool is_codec(std::uint8_t value) noexcept {
  return value <= 2;
}

/// Packs whole buffers for entries and blocks; holds contexts, so keep one a thread. Not
/// thread-safe.
class packer {
public:
  packer();
  ~packer();
  packer(packer&&) noexcept;
  packer& operator=(packer&&) noexcept;

  /// Appends `bytes`, packed, to `out`. `level`: zstd's (negative is faster); ignored elsewhere.
  /// @pre `bytes` is shorter than 1 GiB
  void pack(codec_id codec, int level, std::string_view bytes, std::string& out);

  /// Replaces `out` by the unpacked bytes, which must be exactly `unpacked_size` (known from a
  /// checked header, so memory is bounded before it is taken). errc::corrupt otherwise; `out` is
  /// empty then.
  result<void> unpack(codec_id codec, std::string_view packed, std::size_t unpacked_size,
                      std::string& out);

private:
  struct contexts;
  std::unique_ptr<contexts> contexts_;
};

} // namespace weir::codec
