#pragma once

#include "codec/compression.hpp"
#include "core/clock.hpp"
#include "core/ids.hpp"

#include <string>
#include <string_view>

namespace weir::codec {

/// Header of an entry, format version 1: fixed size, little endian, before the packed payload.
///
///   magic u32 | version u16 | codec u8 | reserved u8 | node u64 | epoch u64 | sequence u64 |
///   pipeline u32 | spans u32 | slots u32 | unpacked bytes u32 | packed bytes u32 |
///   first receive time u64 | last receive time u64 (unix ns) | xxh3 of the payload u64 |
///   xxh3 of the header before this field u64
///
/// The payload is one OTLP traces message (messages behind each other are one message).
struct entry_header {
  entry_id id;
  pipeline_id pipeline = 0;
  std::uint32_t spans = 0;
  std::uint32_t slots = 0;
  std::uint32_t unpacked_bytes = 0;
  std::uint32_t packed_bytes = 0;
  unix_ns first_received = 0;
  unix_ns last_received = 0;
  codec_id codec = codec_id::zstd;
};

inline constexpr std::uint32_t entry_magic = 0x314e4557; // "WEN1"
inline constexpr std::uint16_t entry_version = 1;
inline constexpr std::size_t entry_header_bytes = 84;
/// Larger entries (header and payload as written) are refused before anything is allocated.
inline constexpr std::uint32_t largest_entry_bytes = 4 << 20;
/// An entry that would unpack to more is refused too: bounds what a lying header can make anyone
/// take.
inline constexpr std::uint32_t largest_entry_unpacked_bytes = 64 << 20;
/// Unpacked bytes that fit into an entry however little they pack: lz4 then adds a byte in 255.
inline constexpr std::uint32_t largest_entry_content_bytes = largest_entry_bytes - (64 << 10);
static_assert(largest_entry_content_bytes + largest_entry_content_bytes / 255 + 16
                  + entry_header_bytes
              <= largest_entry_bytes);

/// Appends header and payload to `out`. `header.packed_bytes` is taken from `packed`.
/// @throws std::length_error above largest_entry_bytes or largest_entry_unpacked_bytes: nobody would read
/// it again, so nobody may be promised anything. Callers cut before; this is the last line.
void write_entry(entry_header header, std::string_view packed, std::string& out);

/// A checked entry: `payload` still packed, a slice of the bytes given.
struct entry_view {
  entry_header header;
  std::string_view payload;
};

/// Checks magic, version, sizes and both checksums; `bytes` is one entry, nothing behind it.
/// errc::corrupt, or errc::unsupported for a version
/// that is newer than this program.
result<entry_view> read_entry(std::string_view bytes);

} // namespace weir::codec
