#pragma once

#include "core/signal.hpp"
#include "otlp/scan.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

namespace weir::otlp {

/// How large the pieces of a message become.
struct piece_limits {
  /// Bytes at which a piece is full. One that begins with envelopes which a piece before had too
  /// may grow to twice their size: so all pieces together stay under about twice the message.
  std::size_t wanted = std::numeric_limits<std::size_t>::max();
  /// Items at which one is full too, where its envelopes are not the larger part of it.
  std::uint64_t wanted_items = std::numeric_limits<std::uint64_t>::max();
  /// No piece is larger: what holds them could not be read again.
  std::size_t most = std::numeric_limits<std::size_t>::max();
  /// What lies in larger envelopes (of a resource, scope, metric) is left out.
  std::size_t max_envelope = std::numeric_limits<std::size_t>::max();
};

/// Cuts a metrics or logs message into pieces that hold at least one data point (log record) each,
/// in order, each with its resource, scope and metric around it, and gives them to `take`. What is
/// neither an item nor around one stays as it is, unknown fields too, and goes with what is next to
/// it. Work and what is written are within a small multiple of the message, whatever its shape.
/// Returns what was left out: `large_envelope`, and `outgrown` where an item alone is over `most`.
/// @pre check_items took the message; old scopes were renewed (otlp/old_scopes.hpp)
rejected_spans
cut_in_pieces(signal kind, std::string_view message, const piece_limits& limits,
              const std::function<void(std::string piece, std::uint64_t items)>& take);

} // namespace weir::otlp
