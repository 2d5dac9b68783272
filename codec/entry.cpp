#include "codec/entry.hpp"

#include "codec/frame.hpp"

#include <fmt/format.h>
#include <stdexcept>

namespace weir::codec {

namespace {

constexpr auto kind = frame_kind{"entry", "WEN1", entry_version, entry_header_bytes};
static_assert(entry_header_bytes == 4 + 2 + 1 + 1 + 3 * 8 + 5 * 4 + 2 * 8 + 2 * 8);
static_assert(entry_magic == 0x314e4557, "WEN1 in little endian");

} // namespace

void write_entry(entry_header header, std::string_view packed, std::string& out) {
  if (packed.size() > largest_entry_bytes - entry_header_bytes
      || header.unpacked_bytes > largest_entry_unpacked_bytes)
    throw std::length_error(
        fmt::format("an entry of {} bytes packed, {} unpacked, nobody could read "
                    "again",
                    packed.size(), header.unpacked_bytes));
  char raw[entry_header_bytes];
  auto writer = field_writer(raw);
  writer.put(entry_magic);
  writer.put(entry_version);
  writer.put(header.codec);
  writer.put(std::uint8_t{0});
  writer.put(header.id.node);
  writer.put(header.id.epoch);
  writer.put(header.id.sequence);
  writer.put(header.pipeline);
  writer.put(header.spans);
  writer.put(header.slots);
  writer.put(header.unpacked_bytes);
  writer.put(static_cast<std::uint32_t>(packed.size()));
  writer.put(header.first_received);
  writer.put(header.last_received);
  append_frame(kind, raw, packed, out);
}

result<entry_view> read_entry(std::string_view bytes) {
  if (auto checked = check_frame_header(kind, bytes); !checked)
    return tl::unexpected(checked.error());
  auto reader = field_reader(bytes.substr(6));
  const auto codec = reader.read<std::uint8_t>();
  reader.read<std::uint8_t>();
  entry_header h;
  h.id.node = reader.read<std::uint64_t>();
  h.id.epoch = reader.read<std::uint64_t>();
  h.id.sequence = reader.read<std::uint64_t>();
  h.pipeline = reader.read<std::uint32_t>();
  h.spans = reader.read<std::uint32_t>();
  h.slots = reader.read<std::uint32_t>();
  h.unpacked_bytes = reader.read<std::uint32_t>();
  h.packed_bytes = reader.read<std::uint32_t>();
  h.first_received = reader.read<std::uint64_t>();
  h.last_received = reader.read<std::uint64_t>();
  h.codec = static_cast<codec_id>(codec);
  if (!is_codec(codec))
    return fail(errc::unsupported, fmt::format("entry: codec {} is unknown here", codec));
  if (bytes.size() > largest_entry_bytes || h.unpacked_bytes > largest_entry_unpacked_bytes)
    return fail(errc::corrupt, fmt::format("entry: {} bytes, {} unpacked, is over the limit",
                                           bytes.size(), h.unpacked_bytes));
  if (auto checked = check_frame_payload(kind, bytes, h.packed_bytes); !checked)
    return tl::unexpected(checked.error());
  return entry_view{h, bytes.substr(entry_header_bytes)};
}

} // namespace weir::codec
