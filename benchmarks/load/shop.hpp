#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::load {

struct shop_config {
  std::uint64_t seed = 1;
  std::uint64_t traces = 1000;
  std::size_t payload_bytes =
      0; ///< Of random bytes that each span carries: what packing cannot shrink.
  double traces_per_second = 30;                      ///< Of the recorded time, not of playing.
  std::uint64_t start_ns = 1'700'000'000'000'000'000; ///< Of the first trace.
};

/// The traffic of a made-up web shop: some 16 services in two or three instances each, a call graph
/// with log-normal times, errors that travel up, retries, parallel calls, and asynchronous work
/// that ends after the request that caused it. The same seed gives the same bytes. One OTLP
/// TracesData message per service instance, its spans in no particular order.
std::vector<std::string> generate_shop(const shop_config& config);

} // namespace weir::load
