#pragma once

#include "codec/compression.hpp"
#include "codec/entry.hpp"
#include "core/clock.hpp"
#include "otlp/scan.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::stages {

/// Unpacked bytes that make an entry full, whoever sent them: a request above it is cut by spans.
/// Up to codec::largest_entry_content_bytes a piece grows where its resource and scope are large; a
/// span that is larger with these is left out.
inline constexpr std::size_t entry_hard_limit = 1 << 20;

/// An entry that is ready to be written.
struct closed_entry {
  codec::entry_header header; ///< Without the id.
  std::string unpacked;
  otlp::span_index index;
  std::string packed;
  std::vector<partition> partitions; ///< By slot; empty where there is no cluster.
  node_id owner = 0;                 ///< Of its traces; 0: nobody, or there is no cluster.
};

/// Who owns which partition, by partition; 0: nobody.
using owner_map = std::shared_ptr<const std::vector<node_id>>;

/// Gathers the spans of many small requests for one pipeline into entries. One thread. No CAF, no
/// clock.
class entry_group {
public:
  /// `wanted`: unpacked bytes at which an entry is closed.
  entry_group(pipeline_id pipeline, std::size_t wanted, otlp::scan_limits limits)
      : pipeline_(pipeline), wanted_(wanted), limits_(limits) {}

  /// From now on each entry holds traces of one owner alone; null: there is no cluster.
  void split_by(owner_map owners);

  /// Adds all good spans of a request. On an error nothing was added.
  tl::expected<otlp::rejected_spans, otlp::parse_error> add(std::string_view request, unix_ns now);

  /// Adds a message of that many spans that was checked before, as processors left it. Returns how
  /// many were left out, since no entry can hold them any more.
  std::uint64_t add_edited(std::string_view message, std::uint64_t spans, unix_ns now);

  /// Unpacked bytes gathered and not yet taken.
  std::size_t bytes() const noexcept { return message_.size() + closed_bytes_; }

  /// Whether an entry is full: worth a commit at once.
  bool full() const noexcept { return !closed_.empty(); }

  /// Spans added since the last take().
  std::uint64_t spans() const noexcept { return spans_; }

  /// Closes what is gathered and gives all entries.
  std::vector<closed_entry> take();

private:
  void append(std::string_view message);
  std::uint64_t append_in_pieces(std::string_view message);
  void note_time(unix_ns now);
  void close();
  void close_split();
  void close_entry(std::string message, otlp::span_index index);

  pipeline_id pipeline_;
  std::size_t wanted_;
  otlp::scan_limits limits_;
  owner_map owners_;
  std::size_t enough_ = wanted_; ///< Bytes at which what is gathered is closed.
  std::string message_;
  otlp::span_index index_;
  unix_ns first_ = 0;
  unix_ns last_ = 0;
  std::vector<closed_entry> closed_;
  std::size_t closed_bytes_ = 0;
  std::uint64_t spans_ = 0;
  codec::packer packer_;
};

} // namespace weir::stages
