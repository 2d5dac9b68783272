#pragma once

#include "codec/little_endian.hpp"
#include "core/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

// What the headers of entries and blocks have in common: magic u32 and version u16 in front, in the
// last 16 bytes xxh3 of the payload and xxh3 of the header before that field.
namespace weir::codec {

struct frame_kind {
  std::string_view name;  ///< For messages: "entry".
  std::string_view magic; ///< The four bytes it begins with.
  std::uint16_t version;  ///< The newest that this program knows.
  std::size_t header_bytes;
};

/// Checks length, magic, version and the header's checksum. errc::corrupt or errc::unsupported.
result<void> check_frame_header(const frame_kind& kind, std::string_view bytes);

/// Checks the payload's length and checksum. errc::corrupt. @pre the header was checked
result<void> check_frame_payload(const frame_kind& kind, std::string_view bytes,
                                 std::uint32_t packed_bytes);

/// Fills in both checksums of the `header_bytes` at `header` and appends header and payload to
/// `out`.
void append_frame(const frame_kind& kind, char* header, std::string_view payload, std::string& out);

} // namespace weir::codec
