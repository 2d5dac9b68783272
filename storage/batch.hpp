#pragma once

#include "core/bytes.hpp"
#include "storage/keys.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::storage {

/// A cursor: the exporter has delivered everything before this place.
std::string encode(const log_place& place);
/// @pre what encode() made: 12 bytes
log_place decode_cursor(std::string_view value);

/// One record of a batch, its key ready.
struct operation {
  keys::kind kind = keys::kind::meta;
  pipeline_id pipeline = 0;
  std::uint64_t number = 0;
  unix_ns time = 0; ///< Of blocks, for the time index.
  std::string key;
  shared_bytes value;
};

/// What one commit writes, all or nothing. Built by the stages, merged by the writer. Where bytes
/// can be shared they are not copied; a view is copied.
class batch {
public:
  batch() = default;
  batch(batch&& other) noexcept
      : operations_(std::move(other.operations_)), bytes_(std::exchange(other.bytes_, 0)) {}
  batch& operator=(batch&& other) noexcept {
    operations_ = std::move(other.operations_);
    bytes_ = std::exchange(other.bytes_, 0);
    return *this;
  }

  void put_entry(journal_position position, std::string_view entry);
  void put_entry(journal_position position, shared_bytes entry);
  /// Takes one entry out of the middle (it was written again further back): scans leave it out.
  /// Who still knows its place can read it until the journal is trimmed above it.
  void erase_entry(journal_position position);

  void put_progress(const entry_id& id, std::string_view progress);
  /// What the origin knows to be settled of its entry, in place of what it wrote before.
  void put_settled(const entry_id& id, std::string_view record);

  /// `chunk` numbers rise; a chunk is what one flush decided.
  void put_decisions(pipeline_id pipeline, std::uint64_t chunk, std::string_view decisions);

  /// `last_time`: the latest receive time of what is inside (block_header::last_time), for
  /// find_time().
  /// @pre the blocks of a log are committed in the order of their positions
  void append_block(pipeline_id pipeline, log_position position, unix_ns last_time,
                    std::string_view block);
  void append_block(pipeline_id pipeline, log_position position, unix_ns last_time,
                    shared_bytes block);
  void put_cursor(std::string_view exporter, pipeline_id pipeline, const log_place& place);
  void put_dead_letter(pipeline_id pipeline, log_position position, std::string_view letter);
  void put_meta(std::string_view key, std::string_view value);

  /// Adds everything of `other` behind what is here.
  void append(batch&& other);
  std::size_t bytes() const noexcept { return bytes_; }
  bool empty() const noexcept { return operations_.empty(); }
  const std::vector<operation>& operations() const noexcept { return operations_; }

private:
  void add(operation operation);

  std::vector<operation> operations_;
  std::size_t bytes_ = 0;
};

} // namespace weir::storage
