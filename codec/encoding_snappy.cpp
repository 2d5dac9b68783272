// The snappy formats of codec/encoders.hpp.
#include "codec/decode_sink.hpp"
#include "codec/encoders.hpp"

#include <boost/crc.hpp>
#include <snappy.h>

namespace weir::codec {

namespace {

// Source of the framed format: snappy's framing_format.txt.
constexpr std::string_view stream_identifier{"\xff\x06\x00\x00sNaPpY", 10};
constexpr std::size_t max_chunk_bytes = 65536; // unpacked
constexpr std::size_t chunk_header_bytes = 4;
constexpr std::size_t chunk_sum_bytes = 4;

enum chunk : std::uint8_t {
  compressed = 0x00,
  uncompressed = 0x01,
  first_skippable = 0x80,
  identifier = 0xff
};

std::uint32_t masked_crc32c(std::string_view bytes) {
  boost::crc_optimal<32, 0x1edc6f41, 0xffffffff, 0xffffffff, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  const auto sum = static_cast<std::uint32_t>(crc.checksum());
  return ((sum >> 15) | (sum << 17)) + 0xa282ead8u;
}

std::uint32_t little_endian(std::string_view bytes) noexcept {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i)
    value = value << 8 | static_cast<std::uint8_t>(bytes[i - 1]);
  return value;
}

void put_little_endian(std::uint32_t value, std::size_t bytes, std::string& out) {
  for (; bytes > 0; --bytes, value >>= 8)
    out.push_back(static_cast<char>(value));
}

// Unpacks a data chunk into `room`; an empty view and why on an error.
std::string_view unpack_chunk(std::uint8_t type, std::string_view data, std::string& room,
                              std::string_view& why) {
  if (data.size() < chunk_sum_bytes) {
    why = "a chunk has no checksum";
    return {};
  }
  const auto sum = little_endian(data.substr(0, chunk_sum_bytes));
  auto bytes = data.substr(chunk_sum_bytes);
  if (type == chunk::compressed) {
    std::size_t size = 0;
    if (!snappy::GetUncompressedLength(bytes.data(), bytes.size(), &size) || size > max_chunk_bytes
        || (room.resize(size), !snappy::RawUncompress(bytes.data(), bytes.size(), room.data()))) {
      why = "a chunk is damaged";
      return {};
    }
    bytes = room;
  }
  if (bytes.size() > max_chunk_bytes)
    why = "a chunk is longer than 64 KiB";
  else if (sum != masked_crc32c(bytes))
    why = "a chunk's checksum does not match";
  return bytes;
}

void append_chunk(std::string_view part, std::string& packed, std::string& out) {
  snappy::Compress(part.data(), part.size(), &packed);
  const auto shorter = packed.size() < part.size();
  const auto data = shorter ? std::string_view(packed) : part;
  out.push_back(static_cast<char>(shorter ? chunk::compressed : chunk::uncompressed));
  put_little_endian(static_cast<std::uint32_t>(data.size() + chunk_sum_bytes), 3, out);
  put_little_endian(masked_crc32c(part), chunk_sum_bytes, out);
  out.append(data);
}

} // namespace

result<void> decode_snappy_block(std::string_view body, std::size_t max_bytes, std::string& out) {
  std::size_t size = 0;
  out.clear();
  if (!snappy::GetUncompressedLength(body.data(), body.size(), &size))
    return fail(errc::invalid_argument, "snappy: no length in front");
  // A copy of 64 bytes takes at least 3, so memory is taken only for what can be in there.
  if (size > body.size() * 22)
    return fail(errc::invalid_argument,
                fmt::format("snappy: {} bytes cannot hold the {} they claim", body.size(), size));
  if (size > max_bytes)
    return fail(errc::too_large, fmt::format("more than {} bytes when unpacked", max_bytes));
  out.resize(size);
  if (snappy::RawUncompress(body.data(), body.size(), out.data()))
    return {};
  out.clear();
  return fail(errc::invalid_argument, "snappy: damaged or cut short");
}

result<void> encode_snappy_block(std::string_view body, std::string& out) {
  snappy::Compress(body.data(), body.size(), &out);
  return {};
}

bool is_snappy_framed(std::string_view body) noexcept {
  return body.starts_with(stream_identifier);
}

result<void> decode_snappy_framed(std::string_view body, std::size_t max_bytes, std::string& out) {
  constexpr std::string_view name = "snappy framed";
  decode_sink sink(out, max_bytes, body.size() * 4);
  if (!is_snappy_framed(body))
    return sink.bad(name, "does not begin with the stream identifier");
  std::string room;
  for (auto rest = body; !rest.empty();) {
    const auto length = rest.size() < chunk_header_bytes
                            ? std::string_view::npos
                            : little_endian(rest.substr(1, chunk_header_bytes - 1));
    if (rest.size() < chunk_header_bytes || length > rest.size() - chunk_header_bytes)
      return sink.bad(name, "cut short");
    const auto type = static_cast<std::uint8_t>(rest.front());
    const auto data = rest.substr(chunk_header_bytes, length);
    const auto whole = rest.substr(0, chunk_header_bytes + length);
    rest.remove_prefix(whole.size());
    if (type == chunk::compressed || type == chunk::uncompressed) {
      std::string_view why;
      const auto bytes = unpack_chunk(type, data, room, why);
      if (!why.empty())
        return sink.bad(name, why);
      if (!sink.append(bytes))
        return sink.too_large();
    } else if (type == chunk::identifier ? whole != stream_identifier
                                         : type < chunk::first_skippable) {
      return sink.bad(name, fmt::format("a chunk of unknown type 0x{:02x}", type));
    }
  }
  return sink.finish();
}

result<void> encode_snappy_framed(std::string_view body, std::string& out) {
  out.assign(stream_identifier);
  std::string packed;
  for (; !body.empty(); body.remove_prefix(std::min(body.size(), max_chunk_bytes)))
    append_chunk(body.substr(0, max_chunk_bytes), packed, out);
  return {};
}

} // namespace weir::codec
