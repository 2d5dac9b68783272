#include "storage/frame_finder.hpp"

#include "storage/keys.hpp"

#include <cstring>

namespace weir::storage {

namespace {

constexpr std::string_view entry_mark = "WEN1";
constexpr std::string_view block_mark = "WBK1";
// Behind "packed bytes" in both headers: two times, two checksums.
constexpr std::size_t packed_bytes_to_end = 4 + 2 * 8 + 2 * 8;
// What RocksDB puts behind a key in a table file: sequence and type.
constexpr std::size_t internal_key_bytes = 8;

std::uint32_t little_endian_u32(std::string_view source) noexcept {
  std::uint32_t value;
  std::memcpy(&value, source.data(), sizeof value);
  return value;
}

std::size_t header_size(std::string_view bytes) noexcept {
  if (bytes.starts_with(entry_mark))
    return codec::entry_header_bytes;
  return bytes.starts_with(block_mark) ? codec::block_header_bytes : 0;
}

std::string varint(std::size_t value) {
  auto out = std::string();
  for (; value >= 0x80; value >>= 7)
    out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
  return out;
}

std::optional<std::uint64_t> position_in(std::string_view before, std::string_view prefix) {
  const auto size = prefix.size() + 8;
  if (before.size() < size)
    return {};
  const auto key = before.substr(before.size() - size);
  if (!key.starts_with(prefix))
    return {};
  return keys::read_u64(key.substr(prefix.size()));
}

// In a WriteBatch the value's length stands between key and value, in a table file nothing but
// RocksDB's addition to the key does.
std::optional<std::uint64_t> position_before(std::string_view before, const std::string& prefix,
                                             std::size_t value_size) {
  if (const auto length = varint(value_size); before.ends_with(length))
    if (const auto found = position_in(before.substr(0, before.size() - length.size()), prefix))
      return found;
  if (before.size() < internal_key_bytes)
    return {};
  return position_in(before.substr(0, before.size() - internal_key_bytes), prefix);
}

std::optional<found_frame> check(std::string_view bytes) {
  if (bytes.starts_with(entry_mark)) {
    const auto entry = codec::read_entry(bytes);
    return entry ? std::optional(found_frame{entry->header, bytes, {}}) : std::nullopt;
  }
  const auto block = codec::read_block(bytes);
  return block ? std::optional(found_frame{block->header, bytes, {}}) : std::nullopt;
}

} // namespace

std::uint64_t frame_checksum(std::string_view bytes) noexcept {
  const auto header = header_size(bytes);
  if (header == 0 || bytes.size() < header)
    return 0;
  std::uint64_t sum;
  std::memcpy(&sum, bytes.data() + header - sizeof sum, sizeof sum);
  return sum;
}

void find_frames(std::string_view bytes, const std::function<void(const found_frame&)>& each) {
  for (auto position = bytes.find('W'); position != bytes.npos;
       position = bytes.find('W', position + 1)) {
    const auto rest = bytes.substr(position);
    const auto header = header_size(rest);
    if (header == 0 || rest.size() < header)
      continue;
    const auto size = header + little_endian_u32(rest.substr(header - packed_bytes_to_end));
    if (size > rest.size())
      continue;
    auto found = check(rest.substr(0, size));
    if (!found)
      continue;
    const auto* block = std::get_if<codec::block_header>(&found->header);
    const auto prefix =
        block ? keys::prefix(keys::kind::block, block->pipeline) : keys::prefix(keys::kind::entry);
    found->position = position_before(bytes.substr(0, position), prefix, size);
    each(*found);
    position += size - 1;
  }
}

} // namespace weir::storage
