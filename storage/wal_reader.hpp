#pragma once

#include "storage/files.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace weir::storage {

/// Reads a write-ahead log file of RocksDB front to back, and does not stop at damage as RocksDB
/// does.
///
/// The format (RocksDB's db/log_format.h, version 7.8): blocks of 32 KiB; in them fragments, each
///   checksum u32 (masked CRC-32C of type and payload) | length u16 | type u8 | payload
/// little endian. Type 1 is a whole record, 2, 3, 4 are the first, a middle, the last part of one.
/// Less than 7 bytes at a block's end are filler, as is a fragment of type 0. A record is a
/// WriteBatch:
///   sequence u64 | count u32 | operations
class wal_reader {
public:
  struct record {
    /// Everything checked. Else a part is missing or wrong; what could be read of it is there.
    bool intact = true;
    std::string bytes;

    /// Intact, and what a write-ahead log holds.
    bool is_batch() const noexcept;
    /// @pre is_batch()
    std::uint64_t sequence() const noexcept;
    std::uint32_t count() const noexcept;
  };

  wal_reader(const files& disk, const std::string& path);

  /// The next record; nothing at the end. Damage without anything readable in it comes as a record
  /// without bytes.
  std::optional<record> next();

  /// Where in the file the last record ended.
  std::uint64_t position() const noexcept { return offset_ - block_.size(); }
  /// After the end: the file ends in the middle of something, as a power cut leaves it.
  bool torn() const noexcept { return torn_; }
  /// The disk could not read some of it.
  bool unreadable() const noexcept { return unreadable_; }

private:
  struct fragment {
    std::uint8_t type = 0;
    bool intact = false;
    std::string_view payload;
  };

  bool load_block();
  std::optional<fragment> next_fragment();
  std::optional<fragment> fragment_here() const;
  void find_next();
  fragment damaged_fragment(bool fits);

  std::unique_ptr<rocksdb::FSRandomAccessFile> file_;
  std::uint64_t offset_ = 0;
  std::uint64_t size_ = 0;
  std::string buffer_;
  std::string_view block_;
  bool torn_ = false;
  bool unreadable_ = false;
  bool damaged_ = false;              ///< Something was wrong since the last record.
  std::optional<fragment> held_back_; ///< Begins the next record; a slice of buffer_.
};

} // namespace weir::storage
