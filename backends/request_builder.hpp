#pragma once

#include "codec/block.hpp"
#include "codec/traces_block.hpp"
#include "core/bytes.hpp"
#include "core/error.hpp"
#include "core/signal.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace weir::backends {

/// Items [first, last) of an unpacked block.
struct block_part {
  codec::block_layout layout = codec::block_layout::otlp;
  shared_bytes body = {};  ///< The block's unpacked bytes.
  std::uint32_t items = 0; ///< Of the whole block.
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

/// About how many bytes of OTLP a block makes: exact for layout `otlp`; blocks of layout `traces`
/// hold what spans have in common once.
std::uint64_t estimated_bytes(const codec::block_header& block) noexcept;

/// Makes OTLP messages of parts of blocks. A whole block of layout `otlp` alone is passed on as it
/// is, without a copy. Keeps its buffers' capacity; one thread at a time.
class request_builder {
public:
  explicit request_builder(weir::signal kind) : kind_(kind) {}

  /// The message with these items, in order; of a block of layout `traces` the spans of one
  /// resource and scope stand together. errc::corrupt: a body does not hold together.
  result<shared_bytes> build(std::span<const block_part> parts);

  /// Appends the numbers of a part's items in the order in which they stand in its message.
  result<void> append_order(const block_part& part, std::vector<std::uint32_t>& out);

private:
  result<void> add_otlp(const block_part& part, std::string& out);
  result<void> add_traces(const block_part& part, std::string& out);
  result<const codec::traces_block_reader*> reader_of(const block_part& part);
  void group_spans(const codec::traces_block_reader& block, const block_part& part);

  weir::signal kind_;
  shared_bytes opened_; ///< The block of which a part was asked for last, and its reader.
  std::optional<codec::traces_block_reader> reader_;
  struct group { ///< The spans of one ScopeSpans.
    std::uint32_t resource, scope;
    std::uint32_t spans;
    std::uint32_t next;  ///< Where its next span goes in order_.
    std::uint64_t bytes; ///< Of the ScopeSpans' body.
  };
  std::vector<group> groups_;
  std::vector<std::uint32_t> group_of_; ///< By span of the part.
  std::vector<std::uint32_t> order_;    ///< Spans by group.
  std::vector<std::uint32_t> sorted_;   ///< Groups by resource and scope.
  std::unordered_map<std::uint64_t, std::uint32_t> group_index_;
};

} // namespace weir::backends
