#pragma once

#include "benchmarks/load/traffic.hpp"
#include "otlp/scan.hpp"
#include "sampling/config.hpp"
#include "sampling/window.hpp"

#include <cstdint>
#include <string>

namespace weir::bench {

/// Entries as a node's intake makes them of requests of 512 spans, round after round with other
/// trace ids: recorded data ($WEIR_DATA or ../shared/data) where it is there, else a generated
/// shop.
class entry_source {
public:
  explicit entry_source(std::size_t requests_per_entry = 2);

  /// Makes the next entry: `bytes()` and `index()` are those of it until the next call.
  sampling::window_entry next();

  const std::string& bytes() const noexcept { return bytes_; }
  const otlp::span_index& index() const noexcept { return index_; }
  std::uint64_t spans() const noexcept { return index_.spans.size(); }
  bool recorded() const noexcept { return recorded_; }

private:
  std::size_t requests_per_entry_;
  bool recorded_ = false;
  load::traffic traffic_;
  std::size_t next_ = 0;
  std::uint64_t round_ = 0;
  std::uint64_t sequence_ = 0;
  std::string bytes_;
  otlp::span_index index_;
  codec::packer packer_;
};

/// Error, latency, and 10 %.
sampling::tail_sampling_config three_policies();

} // namespace weir::bench
