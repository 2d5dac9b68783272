#include "codec/block.hpp"

#include "codec/frame.hpp"

#include <fmt/format.h>
#include <stdexcept>

namespace weir::codec {

namespace {

constexpr auto kind = frame_kind{"block", "WBK1", block_version, block_header_bytes};
static_assert(block_header_bytes == 4 + 2 + 3 + 1 + 2 + 5 * 4 + 2 * 8 + 2 * 8);
static_assert(block_magic == 0x314b4257, "WBK1 in little endian");

result<void> check_kinds(std::uint8_t codec, std::uint8_t signal, std::uint8_t layout) {
  if (!is_codec(codec))
    return fail(errc::unsupported, fmt::format("block: codec {} is unknown here", codec));
  if (signal < 1 || signal > 3)
    return fail(errc::unsupported, fmt::format("block: signal {} is unknown here", signal));
  if (layout < 1 || layout > 2)
    return fail(errc::unsupported, fmt::format("block: layout {} is unknown here", layout));
  return {};
}

} // namespace

void write_block(block_header header, std::string_view packed, std::string& out) {
  if (packed.size() > largest_block_bytes || header.unpacked_bytes > largest_block_bytes)
    throw std::length_error(
        fmt::format("a block of {} bytes packed, {} unpacked, nobody could read "
                    "again",
                    packed.size(), header.unpacked_bytes));
  char raw[block_header_bytes];
  auto writer = field_writer(raw);
  writer.put(block_magic);
  writer.put(block_version);
  writer.put(header.codec);
  writer.put(header.signal);
  writer.put(header.layout);
  writer.put(std::uint8_t{0});
  writer.put(std::uint16_t{0});
  writer.put(header.pipeline);
  writer.put(header.items);
  writer.put(header.traces);
  writer.put(header.unpacked_bytes);
  writer.put(static_cast<std::uint32_t>(packed.size()));
  writer.put(header.first_time);
  writer.put(header.last_time);
  append_frame(kind, raw, packed, out);
}

result<block_view> read_block(std::string_view bytes) {
  if (auto checked = check_frame_header(kind, bytes); !checked)
    return tl::unexpected(checked.error());
  auto reader = field_reader(bytes.substr(6));
  const auto codec = reader.read<std::uint8_t>();
  const auto signal = reader.read<std::uint8_t>();
  const auto layout = reader.read<std::uint8_t>();
  reader.read<std::uint8_t>();
  reader.read<std::uint16_t>();
  block_header h;
  h.codec = static_cast<codec_id>(codec);
  h.signal = static_cast<weir::signal>(signal);
  h.layout = static_cast<block_layout>(layout);
  h.pipeline = reader.read<std::uint32_t>();
  h.items = reader.read<std::uint32_t>();
  h.traces = reader.read<std::uint32_t>();
  h.unpacked_bytes = reader.read<std::uint32_t>();
  h.packed_bytes = reader.read<std::uint32_t>();
  h.first_time = reader.read<std::uint64_t>();
  h.last_time = reader.read<std::uint64_t>();
  if (auto known = check_kinds(codec, signal, layout); !known)
    return tl::unexpected(known.error());
  if (h.packed_bytes > largest_block_bytes || h.unpacked_bytes > largest_block_bytes)
    return fail(errc::corrupt, fmt::format("block: {} bytes packed, {} unpacked, is over the limit",
                                           h.packed_bytes, h.unpacked_bytes));
  if (auto checked = check_frame_payload(kind, bytes, h.packed_bytes); !checked)
    return tl::unexpected(checked.error());
  return block_view{h, bytes.substr(block_header_bytes)};
}

} // namespace weir::codec
