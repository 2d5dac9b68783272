#include "storage/wal_reader.hpp"

#include "storage/crc32c.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace weir::storage {

namespace {

constexpr std::size_t block_bytes = 32 << 10;
constexpr std::size_t header_bytes = 7;
constexpr std::size_t batch_header_bytes = 12;

enum fragment_type : std::uint8_t { filler = 0, full = 1, first = 2, middle = 3, last = 4 };

template <class T>
T little_endian(const char* bytes) noexcept {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// RocksDB stores checksums changed, as a checksum of bytes that hold checksums is a poor one.
std::uint32_t unmasked(std::uint32_t stored) noexcept {
  const auto rotated = stored - 0xa282ead8u;
  return (rotated >> 17) | (rotated << 15);
}

} // namespace

bool wal_reader::record::is_batch() const noexcept {
  return intact && bytes.size() >= batch_header_bytes;
}

std::uint64_t wal_reader::record::sequence() const noexcept {
  return little_endian<std::uint64_t>(bytes.data());
}

std::uint32_t wal_reader::record::count() const noexcept {
  return little_endian<std::uint32_t>(bytes.data() + 8);
}

wal_reader::wal_reader(const files& disk, const std::string& path) : size_(disk.size(path)) {
  const auto status =
      disk.system().NewRandomAccessFile(path, rocksdb::FileOptions(), &file_, nullptr);
  if (!status.ok())
    size_ = 0;
}

// A block that the disk cannot read is damage like any other.
bool wal_reader::load_block() {
  while (offset_ < size_) {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(block_bytes, size_ - offset_));
    buffer_.resize(wanted);
    auto got = rocksdb::Slice();
    const auto status =
        file_->Read(offset_, wanted, rocksdb::IOOptions(), &got, buffer_.data(), nullptr);
    offset_ += wanted;
    block_ = got.ToStringView();
    if (status.ok() && !block_.empty())
      return true;
    unreadable_ = damaged_ = true;
  }
  return false;
}

// The fragment at the front of `block_`; nothing if there cannot be one of that length.
std::optional<wal_reader::fragment> wal_reader::fragment_here() const {
  if (block_.size() < header_bytes)
    return {};
  const auto length = little_endian<std::uint16_t>(block_.data() + 4);
  const auto type = static_cast<std::uint8_t>(block_[6]);
  if (header_bytes + length > block_.size())
    return {};
  auto result = fragment{.type = type, .payload = block_.substr(header_bytes, length)};
  const auto sum = unmasked(little_endian<std::uint32_t>(block_.data()));
  result.intact = type >= full && type <= last && sum == crc32c(block_.substr(6, 1 + length));
  return result;
}

// Goes on to where a checksum is right again, or to the block's end.
void wal_reader::find_next() {
  damaged_ = true;
  for (block_.remove_prefix(1); block_.size() >= header_bytes; block_.remove_prefix(1)) {
    const auto type = static_cast<std::uint8_t>(block_[6]);
    if (type < full || type > last)
      continue;
    if (const auto found = fragment_here(); found && found->intact)
      return;
  }
  block_ = {};
}

// Its length may be what is wrong: it ends where the next one begins.
wal_reader::fragment wal_reader::damaged_fragment(bool fits) {
  auto bytes = block_;
  find_next();
  torn_ |= !fits && offset_ >= size_ && block_.empty();
  bytes.remove_suffix(block_.size());
  return {.payload = bytes.substr(std::min(bytes.size(), header_bytes))};
}

std::optional<wal_reader::fragment> wal_reader::next_fragment() {
  for (;;) {
    if (block_.size() < header_bytes) {
      // A torn header at the file's end is damage, the filler at a block's end is not.
      if (offset_ >= size_ && size_ % block_bytes != 0 && !block_.empty())
        torn_ = damaged_ = true;
      block_ = {};
      if (!load_block())
        return {};
      continue;
    }
    // Space that was reserved and not written.
    if (block_.find_first_not_of('\0') == block_.npos) {
      block_ = {};
      continue;
    }
    const auto found = fragment_here();
    if (!found || !found->intact)
      return damaged_fragment(found.has_value());
    block_.remove_prefix(header_bytes + found->payload.size());
    return found;
  }
}

std::optional<wal_reader::record> wal_reader::next() {
  auto result = record();
  auto begun = false;
  while (auto part = held_back_ ? std::exchange(held_back_, {}) : next_fragment()) {
    damaged_ |= !part->intact;
    const auto begins = part->intact && (part->type == full || part->type == first);
    if (begins && (begun || damaged_)) {
      // What came before it was never finished, or was wrong: that is given out first.
      held_back_ = part;
      break;
    }
    damaged_ |= !begun && !begins;
    begun = true;
    result.bytes += part->payload;
    if (part->intact && (part->type == full || part->type == last)) {
      result.intact = !std::exchange(damaged_, false);
      return result;
    }
  }
  if (!begun && !damaged_ && !held_back_)
    return {};
  damaged_ = false;
  result.intact = false;
  return result;
}

} // namespace weir::storage
