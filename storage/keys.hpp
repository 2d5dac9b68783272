#pragma once

#include "core/clock.hpp"
#include "core/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Keys of the database, format version 1. Each begins with a letter for its kind, so that a record
// says what it is even where the database around it is damaged; numbers are big endian, so that
// they sort. A value marked * begins with a version u64 that rises with every commit: of two copies
// the newer wins.
//
// clang-format off
//   kind       key                                      value                  family
//   entry      e | position u64                         the entry              journal
//   block      b | pipeline u32 | position u64          the block              log.<pipeline>
//   time       t | pipeline u32 | time u64 | position   empty                  index.<pipeline>
//   letter     l | pipeline u32 | position u64          the dead letter        dead_letters.<pipeline>
//   progress   p | node u64 | epoch u64 | sequence u64  * the record           progress
//   settled    s | node u64 | epoch u64 | sequence u64  * the record           progress
//   decisions  d | pipeline u32 | chunk u64             * the chunk            decisions
//   cursor     c | pipeline u32 | exporter              * position, item u32   cursors
//   erased     x | position u64                         *                      meta
//   head       h | prefix of a queue's keys             * first u64, next u64  meta
//   pipeline   n | name                                 * pipeline u32         meta
//   meta       m | key                                  * the value            meta
// clang-format on
namespace weir::storage::keys {

enum class kind : char {
  entry = 'e',
  block = 'b',
  time = 't',
  letter = 'l',
  progress = 'p',
  settled = 's',
  decisions = 'd',
  cursor = 'c',
  erased = 'x',
  head = 'h',
  pipeline = 'n',
  meta = 'm',
};

void append_u32(std::string& out, std::uint32_t value);
void append_u64(std::string& out, std::uint64_t value);
/// @pre there are as many bytes
std::uint32_t read_u32(std::string_view source) noexcept;
std::uint64_t read_u64(std::string_view source) noexcept;

std::string entry(journal_position position);
std::string block(pipeline_id pipeline, log_position position);
std::string time(pipeline_id pipeline, unix_ns time, log_position position);
std::string letter(pipeline_id pipeline, log_position position);
std::string progress(const entry_id& id);
std::string settled(const entry_id& id);
std::string decisions(pipeline_id pipeline, std::uint64_t chunk);
std::string cursor(pipeline_id pipeline, std::string_view exporter);
std::string erased(journal_position position);
std::string head(std::string_view queue_prefix);
std::string pipeline(std::string_view name);
std::string meta(std::string_view key);

/// What stands before the position in the keys of a queue.
std::string prefix(kind kind);
std::string prefix(kind kind, pipeline_id pipeline);

/// The smallest key that is larger than all that begin with `prefix`. @pre not all bytes are 0xff
std::string end_of(std::string prefix);

/// A key taken apart; the fields that its kind has.
struct parsed {
  keys::kind kind = kind::meta;
  pipeline_id pipeline = 0;
  std::uint64_t number = 0; ///< Position, chunk.
  unix_ns time = 0;
  entry_id id;
  std::string_view text; ///< Exporter, name, meta key, queue prefix.
};

/// Nothing when it is no key of this format.
std::optional<parsed> parse(std::string_view key);

} // namespace weir::storage::keys
