#pragma once

#include "benchmarks/load/chance.hpp"
#include "benchmarks/load/shop_model.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::load {

enum class span_kind : std::uint8_t {
  internal = 1,
  server = 2,
  client = 3,
  producer = 4,
  consumer = 5
};

/// A span of the shop, before it is put on the wire.
struct shop_span {
  std::string_view trace; ///< 16 bytes.
  std::uint64_t id = 0;
  std::uint64_t parent = 0; ///< 0: a root.
  std::uint64_t linked = 0; ///< Another span of the trace; 0: none.
  const operation* made = nullptr;
  span_kind kind = span_kind::internal;
  std::uint64_t start_ns = 0;
  std::uint64_t end_ns = 0;
  bool failed = false;
  bool own_fault = false; ///< The error began here: it has an exception event.
};

/// Appends the body of the Span message, with the attributes its kind of operation has, and one of
/// `payload_bytes` random bytes unless that is 0.
void append_span(const shop_span& span, std::size_t payload_bytes, chance& random,
                 std::string& out);

/// The Resource message of an instance of a service.
std::string shop_resource(std::string_view service, std::size_t instance);

/// The InstrumentationScope message that makes spans of this kind of operation.
std::string shop_scope(protocol kind);

} // namespace weir::load
