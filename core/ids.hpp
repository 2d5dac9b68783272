#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

namespace weir {

/// The 16 bytes that name a trace, in the order they have on the wire.
struct trace_id {
  std::array<std::uint8_t, 16> bytes{};

  /// @pre `raw.size() == 16`
  static trace_id from(std::string_view raw) noexcept {
    trace_id result;
    std::memcpy(result.bytes.data(), raw.data(), 16);
    return result;
  }

  std::string_view view() const noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  friend auto operator<=>(const trace_id&, const trace_id&) = default;
};

/// Lower-case hexadecimal text of any id's bytes.
std::string to_hex(std::string_view raw);

/// Number of partitions a cluster's trace ids fall into; fixed for ever (design: words).
inline constexpr std::uint32_t partition_count = 4096;

/// One of the `partition_count` fixed slots of trace ids: `xxh3(trace_id) % 4096`.
/// Computed by codec::partition_of (codec/hash.hpp).
using partition = std::uint16_t;

/// A node's lasting id: made once, kept in the storage directory.
using node_id = std::uint64_t;

/// A random number made at every process start, so that an entry id never names other bytes.
using epoch = std::uint64_t;

/// Number of an entry within its epoch, rising by one from 1.
using sequence = std::uint64_t;

/// Number of a pipeline, given once to its name and kept in the `meta` column family.
using pipeline_id = std::uint32_t;

/// Names one entry in all the world for ever.
struct entry_id {
  node_id node = 0;
  weir::epoch epoch = 0;
  weir::sequence sequence = 0;

  friend auto operator<=>(const entry_id&, const entry_id&) = default;
};

/// Number of one distinct trace within an entry, by first appearance.
using slot = std::uint32_t;

/// Place of an entry in a node's journal: rises by one, never reused. Not the entry id, so that an
/// entry can be written again further back.
using journal_position = std::uint64_t;

/// Place of a block in a log: rises by one, never reused.
using log_position = std::uint64_t;

/// A place in a log: before item `item` of block `position`.
struct log_place {
  log_position position = 0;
  std::uint32_t item = 0;

  friend auto operator<=>(const log_place&, const log_place&) = default;
};

} // namespace weir

template <>
struct std::hash<weir::trace_id> {
  std::size_t operator()(const weir::trace_id& id) const noexcept {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::memcpy(&high, id.bytes.data(), 8);
    std::memcpy(&low, id.bytes.data() + 8, 8);
    return static_cast<std::size_t>((low ^ (high * 0x9e37'79b9'7f4a'7c15ULL))
                                    * 0xff51'afd7'ed55'8ccdULL);
  }
};

template <>
struct std::hash<weir::entry_id> {
  std::size_t operator()(const weir::entry_id& id) const noexcept {
    return static_cast<std::size_t>((id.sequence ^ id.epoch) * 0x9e37'79b9'7f4a'7c15ULL ^ id.node);
  }
};
