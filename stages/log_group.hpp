#pragma once

#include "codec/block.hpp"
#include "codec/compression.hpp"
#include "core/bytes.hpp"
#include "core/clock.hpp"
#include "otlp/scan.hpp"

#include <string>
#include <vector>

namespace weir::stages {

/// A block that is ready to be appended, and its unpacked body.
struct closed_block {
  codec::block_header header;
  std::string bytes; ///< As in the log.
  shared_bytes body; ///< Unpacked.
};

/// Gathers requests of a pipeline that samples nothing into blocks: their bytes behind each other.
/// One thread. No CAF, no clock.
class log_group {
public:
  log_group(pipeline_id pipeline, weir::signal kind, std::size_t wanted, otlp::scan_limits limits)
      : pipeline_(pipeline), kind_(kind), wanted_(wanted), limits_(limits) {}

  struct added {
    std::uint64_t items = 0; ///< Good ones.
    otlp::rejected_spans rejected{};
  };
  /// Checks a request and takes it over. On an error nothing was added.
  tl::expected<added, otlp::parse_error> add(std::string request, unix_ns now);

  /// Adds a message of that many items that was checked before, as processors left it. Returns what
  /// was left out of it: in too large an envelope, or larger than a block can hold.
  otlp::rejected_spans add_edited(std::string message, std::uint64_t items, unix_ns now);

  std::size_t bytes() const noexcept { return bytes_; }
  bool full() const noexcept { return bytes_ >= wanted_; }

  /// Everything gathered, as blocks of about the wanted size.
  std::vector<closed_block> take();

private:
  struct part {
    std::string message;
    std::uint64_t items;
  };
  tl::expected<added, otlp::parse_error> check(std::string_view request);
  otlp::rejected_spans append_in_pieces(part whole);
  void append(part piece);
  void note(unix_ns now);
  closed_block close(std::size_t first, std::size_t last);

  pipeline_id pipeline_;
  weir::signal kind_;
  std::size_t wanted_;
  otlp::scan_limits limits_;
  std::vector<part> parts_;
  std::size_t bytes_ = 0;
  unix_ns first_ = 0;
  unix_ns last_ = 0;
  otlp::span_index scratch_;
  codec::packer packer_;
};

} // namespace weir::stages
