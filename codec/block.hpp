#pragma once

#include "codec/compression.hpp"
#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/signal.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::codec {

/// How a block's unpacked bytes are laid out. On disk: never renumber.
enum class block_layout : std::uint8_t {
  /// OTLP messages behind each other (which are one message): pipelines that only pass on.
  otlp = 1,
  /// What spans share, then columns, the spans of a trace together (codec/traces_block.hpp).
  traces = 2,
};

/// Header of a block, format version 1: fixed size, little endian, before the packed payload.
///
///   magic u32 | version u16 | codec u8 | signal u8 | layout u8 | reserved u8 u16 | pipeline u32 |
///   items u32 | traces u32 | unpacked bytes u32 | packed bytes u32 | first receive time u64 |
///   last receive time u64 (unix ns) | xxh3 of the payload u64 | xxh3 of the header before this u64
struct block_header {
  pipeline_id pipeline = 0;
  weir::signal signal = weir::signal::traces;
  block_layout layout = block_layout::otlp;
  codec_id codec = codec_id::zstd;
  std::uint32_t items = 0;  ///< Spans, data points or log records.
  std::uint32_t traces = 0; ///< Distinct traces; 0 where nobody counted.
  std::uint32_t unpacked_bytes = 0;
  std::uint32_t packed_bytes = 0;
  unix_ns first_time = 0; ///< Earliest and latest receive time of what is inside (the time index).
  unix_ns last_time = 0;
};

inline constexpr std::uint32_t block_magic = 0x314b4257; // "WBK1"
inline constexpr std::uint16_t block_version = 1;
inline constexpr std::size_t block_header_bytes = 64;
/// Blocks that are larger, packed or unpacked, are refused before anything is allocated.
inline constexpr std::uint32_t largest_block_bytes = 64 << 20;
/// Unpacked bytes that fit into a block however little they pack: lz4 then adds a byte in 255.
inline constexpr std::uint32_t largest_block_content_bytes = largest_block_bytes - (1 << 20);
static_assert(largest_block_content_bytes + largest_block_content_bytes / 255 + 16
              <= largest_block_bytes);

/// Appends header and payload to `out`. `header.packed_bytes` is taken from `packed`.
/// @throws std::length_error above largest_block_bytes, packed or unpacked: nobody would read it again,
/// so nobody may be promised anything. Callers cut before; this is the last line.
void write_block(block_header header, std::string_view packed, std::string& out);

struct block_view {
  block_header header;
  std::string_view payload; ///< Packed.
};

/// Checks magic, version, sizes, checksums; `bytes` is one block, nothing behind it. errc::corrupt,
/// or errc::unsupported for a newer version.
result<block_view> read_block(std::string_view bytes);

} // namespace weir::codec
