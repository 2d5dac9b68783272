#include "codec/frame.hpp"

#include "codec/hash.hpp"

#include <fmt/format.h>

namespace weir::codec {

result<void> check_frame_header(const frame_kind& kind, std::string_view bytes) {
  if (bytes.size() < kind.header_bytes)
    return fail(errc::corrupt, fmt::format("{}: {} bytes, its header alone has {}", kind.name,
                                           bytes.size(), kind.header_bytes));
  if (!bytes.starts_with(kind.magic))
    return fail(errc::corrupt, fmt::format("{}: does not begin with {}", kind.name, kind.magic));
  // Before the checksum: a newer version may keep that elsewhere.
  const auto version = field_reader(bytes.substr(4)).read<std::uint16_t>();
  if (version > kind.version)
    return fail(errc::unsupported, fmt::format("{}: format version {}, this program knows {}",
                                               kind.name, version, kind.version));
  const auto sum_at = kind.header_bytes - 8;
  if (field_reader(bytes.substr(sum_at)).read<std::uint64_t>() != xxh3(bytes.substr(0, sum_at)))
    return fail(errc::corrupt, fmt::format("{}: the header's checksum does not match", kind.name));
  if (version == 0)
    return fail(errc::corrupt, fmt::format("{}: format version 0 never existed", kind.name));
  return {};
}

result<void> check_frame_payload(const frame_kind& kind, std::string_view bytes,
                                 std::uint32_t packed_bytes) {
  const auto payload = bytes.substr(kind.header_bytes);
  if (payload.size() != packed_bytes)
    return fail(errc::corrupt, fmt::format("{}: {} bytes of payload, its header says {}", kind.name,
                                           payload.size(), packed_bytes));
  const auto sum = field_reader(bytes.substr(kind.header_bytes - 16)).read<std::uint64_t>();
  if (sum != xxh3(payload))
    return fail(errc::corrupt, fmt::format("{}: the payload's checksum does not match", kind.name));
  return {};
}

void append_frame(const frame_kind& kind, char* header, std::string_view payload,
                  std::string& out) {
  const auto payload_sum_at = kind.header_bytes - 16;
  field_writer(header + payload_sum_at).put(xxh3(payload));
  const auto header_sum_at = kind.header_bytes - 8;
  field_writer(header + header_sum_at).put(xxh3({header, header_sum_at}));
  out.reserve(out.size() + kind.header_bytes + payload.size());
  out.append(header, kind.header_bytes);
  out.append(payload);
}

} // namespace weir::codec
