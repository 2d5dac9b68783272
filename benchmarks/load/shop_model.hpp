#pragma once

#include <cstddef>
#include <span>
#include <string_view>

// The made-up shop as tables: which operations there are, what they call, how long they take.
namespace weir::load {

enum class protocol : unsigned char {
  http,     ///< Server span with HTTP attributes; the caller has a client span.
  rpc,      ///< The same for gRPC.
  internal, ///< A span inside the caller's service.
  database, ///< A client span alone: the database has no tracing.
  queue,    ///< A producer span, and a consumer span that may begin after the caller has ended.
};

struct step {
  std::size_t operation; ///< Into the table of operations.
  double probability = 1;
  unsigned char at_least = 1, at_most = 1; ///< How often.
  bool parallel = false;                   ///< With the steps before it.
  unsigned char retries = 0;               ///< After an error.
};

struct operation {
  std::string_view service;
  std::string_view name;
  protocol kind;
  double median_ms; ///< Own work, without what it calls.
  double spread;    ///< Sigma of the log-normal distribution.
  double error_rate;
  std::span<const step> steps;
};

std::span<const operation> operations();

/// The requests that come from outside: operations, with their share of the traffic.
struct entry_point {
  std::size_t operation;
  double share;
};
std::span<const entry_point> entry_points();

} // namespace weir::load
