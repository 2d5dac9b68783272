#pragma once

#include "codec/envelope_table.hpp"
#include "codec/span_shape.hpp"
#include "core/error.hpp"
#include "core/ids.hpp"

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// The unpacked bytes of a block of layout `traces`. What many spans have in common stands once, and
// what differs stands in columns, like beside like: a third smaller when packed than the spans
// behind each other, and quicker to pack because most of the work is done. Format 1:
//
// clang-format off
//   resources | scopes      each: varint count, then so often: varint length, bytes of the envelope
//   shapes                  the same; the bytes are: varint resource, varint 2 * scope + whole, shape
//   traces                  varint count; then so many trace ids of 16 bytes; then of each: varint spans
//   spans, in columns:
//     shape                 varint: 0 is the next one not yet named, else its number + 1
//     parent                varint: 0 is a span that is not in this trace here, else 1 + zigzag of how
//                           many spans it stands further on
//     ids                   8 bytes: of each span the span id, then the parents under 0
//     start                 varint zigzag: ns since the span before in this trace began (the first:
//                           since the first of the trace before; at the start 0)
//     end                   varint zigzag: ns since this span began
// clang-format on
//
// A shape is a span's body without these values (codec/span_shape.hpp), and says which there are: a
// column has nothing for a span that lacks the value. `whole` is 1 where the shape is the body as
// it is, which happens with bodies that are not protobuf. A trace is a run of spans with one trace
// id; a span that has none stands with those before it.
namespace weir::codec {

/// The values that are cut out of one span.
struct span_values {
  std::uint32_t shape = 0;
  std::uint32_t trace = 0; ///< Number of its run.
  std::uint64_t span = 0;  ///< Ids as they lie in memory.
  std::uint64_t parent = 0;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
};

/// Builds such a body. Spans are added trace by trace, otherwise it gets longer, not wrong.
/// Envelopes are found again by content, so that each stands once. Keeps its capacity. One thread
/// at a time.
class traces_block_builder {
public:
  /// The number of a resource (scope) envelope within this block; equal bytes get equal numbers.
  std::uint32_t resource(std::string_view envelope);
  std::uint32_t scope(std::string_view envelope);

  /// Adds a span: the body of a Span message. The numbers are of this block.
  void span(std::uint32_t resource, std::uint32_t scope, std::string_view body);

  std::size_t spans() const noexcept { return spans_.size(); }
  /// Traces so far: runs of spans with one trace id.
  std::size_t traces() const noexcept { return traces_.size(); }
  /// What finish() would append, within some 20 %.
  std::size_t size() const noexcept;
  /// Whether a block that is to hold about `wanted` bytes is full. Where large envelopes stand in
  /// block after block, it goes on until as much else is there: all blocks together are a small
  /// multiple of what is in them, whatever its shape.
  bool full(std::size_t wanted) const noexcept;
  /// The bytes of the spans' bodies as they came, which are many more.
  std::size_t span_bytes() const noexcept { return span_bytes_; }

  /// Appends the body to `out` and begins anew.
  void finish(std::string& out);

private:
  struct trace_run {
    trace_id id;
    std::uint32_t spans = 0;
  };

  std::uint32_t number_in(envelope_table& table, std::string_view envelope);
  void forget_old_envelopes();
  void cut_out(std::string_view body, const span_cuts& cuts, span_values& values);
  void enter(const trace_id& id);
  void put_shape_column(std::string& out) const;
  void put_id_columns(std::string& out);
  void put_time_columns(std::string& out) const;
  void find_run(std::size_t first, std::size_t spans);
  std::size_t place_of(std::uint64_t span_id, std::size_t first) const noexcept;

  envelope_table resources_;
  envelope_table scopes_;
  envelope_table shapes_;
  std::vector<std::uint8_t> present_; // by shape: which values its spans have
  std::vector<span_values> spans_;
  std::vector<trace_run> traces_;
  std::size_t span_bytes_ = 0;
  std::unordered_map<std::uint64_t, std::uint64_t> seen_; // large envelopes' hashes: last block
  std::uint64_t block_ = 1;
  std::size_t repeated_ = 0; // bytes of those in this block that stand in one not long before

  std::string shape_;                 // of the span in hand
  std::vector<std::uint32_t> places_; // of the span ids of the trace in hand, open addressing
};

/// Reads such a body, which must outlive it. All of it is checked by open(): errc::corrupt where it
/// does not hold together. Takes some 50 bytes of memory a span. Any threads once it is open.
class traces_block_reader {
public:
  static result<traces_block_reader> open(std::string_view body);

  std::size_t spans() const noexcept { return spans_.size(); }

  // Of a span. @pre `index < spans()`
  std::uint32_t resource_of(std::size_t index) const noexcept { return shape_of(index).resource; }
  std::uint32_t scope_of(std::size_t index) const noexcept { return shape_of(index).scope; }
  /// Zero for a span that has none and is the first.
  const trace_id& trace_of(std::size_t index) const noexcept {
    return traces_[spans_[index].trace];
  }
  std::size_t span_bytes(std::size_t index) const noexcept {
    return shape_of(index).bytes.size() + shape_of(index).cuts.value_bytes();
  }
  /// Appends the span's body, as it came, to `out`: exactly span_bytes(index).
  void append_span(std::size_t index, std::string& out) const;

  std::uint32_t resources() const noexcept { return static_cast<std::uint32_t>(resources_.size()); }
  std::uint32_t scopes() const noexcept { return static_cast<std::uint32_t>(scopes_.size()); }
  /// @pre `index < resources()`; a span's always is
  std::string_view resource(std::uint32_t index) const noexcept { return resources_[index]; }
  /// @pre `index < scopes()`; a span's always is
  std::string_view scope(std::uint32_t index) const noexcept { return scopes_[index]; }

private:
  struct span_shape {
    std::uint32_t resource = 0;
    std::uint32_t scope = 0;
    std::string_view bytes;
    span_cuts cuts;
  };

  const span_shape& shape_of(std::size_t index) const noexcept {
    return shapes_[spans_[index].shape];
  }

  bool take_shapes(std::string_view& rest);
  bool take_traces(std::string_view& rest);
  bool take_shape_column(std::string_view& rest);
  bool take_id_columns(std::string_view& rest);
  bool take_time_columns(std::string_view& rest);

  std::vector<std::string_view> resources_;
  std::vector<std::string_view> scopes_;
  std::vector<span_shape> shapes_;
  std::vector<trace_id> traces_;
  std::vector<std::uint32_t> run_ends_; // by trace: one past the number of its last span
  std::vector<span_values> spans_;
};

} // namespace weir::codec
