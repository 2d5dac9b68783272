#pragma once

#include "codec/compression.hpp"
#include "codec/hash.hpp"
#include "codec/little_endian.hpp"
#include "fuzz_check.hpp"

#include <string>

namespace weir::fuzz {

// Unpacked sizes up to here are tried, so that a run is quick and its memory small.
inline constexpr std::size_t max_unpacked = 1 << 20;

/// Makes both checksums and the packed size of a header right, so that what lies behind those
/// checks is reached.
inline std::string mended(std::string_view bytes, std::size_t header_bytes,
                          std::size_t packed_bytes_at) {
  std::string out(bytes);
  if (out.size() < header_bytes)
    return out;
  const auto payload = std::string_view(out).substr(header_bytes);
  codec::field_writer(out.data() + packed_bytes_at).put(static_cast<std::uint32_t>(payload.size()));
  codec::field_writer(out.data() + header_bytes - 16).put(codec::xxh3(payload));
  const auto header = std::string_view(out).substr(0, header_bytes - 8);
  codec::field_writer(out.data() + header_bytes - 8).put(codec::xxh3(header));
  return out;
}

/// Unpacks a payload within max_unpacked; empty where it is over or damaged.
inline std::string unpacked(codec::codec_id codec, std::string_view payload,
                            std::size_t unpacked_bytes) {
  static codec::packer packer;
  std::string out;
  if (unpacked_bytes > max_unpacked || !packer.unpack(codec, payload, unpacked_bytes, out))
    return {};
  check(out.size() == unpacked_bytes, "what is unpacked has the size that was said");
  return out;
}

} // namespace weir::fuzz
