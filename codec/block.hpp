#pragma once

#include "codec/compression.hpp"
#include "codec/envelope_table.hpp"
#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/signal.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::codec {

/// How a block's unpacked bytes are laid out. On disk: never renumber.
enum class block_layout : std::uint8_t {
  otlp =
      1, ///< OTLP messages behind each other (which are one message): pipelines that only pass on.
  traces =
      2, ///< Tables of resource and scope envelopes, then spans, the spans of a trace together.
};

/// Header of a block, format version 1: fixed size, little endian, before the packed payload.
///
///   magic u32 | version u16 | codec u8 | signal u8 | layout u8 | reserved u8 u16 | pipeline u32 |
///   items u32 | traces u32 | unpacked bytes u32 | packed bytes u32 | first receive time u64 |
///   last receive time u64 (unix ns) | xxh3 of the payload u64 | xxh3 of the header before this u64
struct block_header {
  pipeline_id pipeline = 0;
  weir::signal signal = weir::signal::traces;
  block_layout layout = block_layout::otlp;
  codec_id codec = codec_id::zstd;
  std::uint32_t items = 0;  ///< Spans, data points or log records.
  std::uint32_t traces = 0; ///< Distinct traces; 0 where nobody counted.
  std::uint32_t unpacked_bytes = 0;
  std::uint32_t packed_bytes = 0;
  unix_ns first_time = 0; ///< Earliest and latest receive time of what is inside (the time index).
  unix_ns last_time = 0;
};

inline constexpr std::uint32_t block_magic = 0x314b4257; // "WBK1"
inline constexpr std::uint16_t block_version = 1;
inline constexpr std::size_t block_header_bytes = 64;
/// Blocks that are larger, packed or unpacked, are refused before anything is allocated.
inline constexpr std::uint32_t max_block_bytes = 64 << 20;

/// Appends header and payload to `out`. `header.packed_bytes` is taken from `packed`.
/// @pre within max_block_bytes, else nobody will read it again
void write_block(block_header header, std::string_view packed, std::string& out);

struct block_view {
  block_header header;
  std::string_view payload; ///< Packed.
};

/// Checks magic, version, sizes, checksums; `bytes` is one block, nothing behind it. errc::corrupt,
/// or errc::unsupported for a newer version.
result<block_view> read_block(std::string_view bytes);

/// Builds the unpacked bytes of a block of layout `traces`: version-free body
///
///   varint resources, then each: varint length, bytes | varint scopes, the same |
///   varint spans, then for each: varint resource, varint scope, varint length | the spans' bytes
///
/// Spans are added trace by trace. Envelopes are found again by content, so that each stands once.
class traces_block_builder {
public:
  /// The number of a resource (scope) envelope within this block; equal bytes get equal numbers.
  std::uint32_t resource(std::string_view envelope);
  std::uint32_t scope(std::string_view envelope);

  void span(std::uint32_t resource, std::uint32_t scope, std::string_view body);

  std::size_t spans() const noexcept;
  /// Unpacked bytes so far.
  std::size_t size() const noexcept;

  /// Appends the body to `out` and begins anew (capacity is kept).
  void finish(std::string& out);

private:
  envelope_table resources_;
  envelope_table scopes_;
  std::string table_;  // resource, scope, length of each span
  std::string bodies_; // the spans' bytes
  std::size_t spans_ = 0;
};

/// Reads such a body, which must outlive it; all of it is checked by open(). Never reads outside
/// it; errc::corrupt where it does not hold together.
class traces_block_reader {
public:
  static result<traces_block_reader> open(std::string_view body);

  struct span_entry {
    std::uint32_t resource, scope;
    std::string_view body;
  };

  std::size_t spans() const noexcept { return spans_.size(); }
  /// @pre `index < spans()`
  const span_entry& span(std::size_t index) const noexcept { return spans_[index]; }

  std::uint32_t resources() const noexcept { return static_cast<std::uint32_t>(resources_.size()); }
  std::uint32_t scopes() const noexcept { return static_cast<std::uint32_t>(scopes_.size()); }
  /// @pre `index < resources()`; a span's always is
  std::string_view resource(std::uint32_t index) const noexcept { return resources_[index]; }
  /// @pre `index < scopes()`; a span's always is
  std::string_view scope(std::uint32_t index) const noexcept { return scopes_[index]; }

private:
  std::vector<std::string_view> resources_;
  std::vector<std::string_view> scopes_;
  std::vector<span_entry> spans_;
};

} // namespace weir::codec
