#pragma once

#include "core/clock.hpp"
#include "core/ids.hpp"

#include <cstdint>
#include <vector>

namespace weir::sampling {

/// Number of a policy's name in a decision_cache; `no_policy` where none decided (nobody kept it).
/// Parts of composite policies are numbered among them.
using policy_number = std::uint16_t;
inline constexpr policy_number no_policy = 0xffff;

/// What the kept spans of a decision say of its sampling rate. Source of the numbers: chunks of
/// decisions (decision_chunk.cpp).
enum class rate_mark : std::uint8_t {
  none = 0,      ///< Nothing.
  attribute = 1, ///< An attribute.
  threshold = 2, ///< That, and the threshold in the tracestate.
};

/// What was decided about a trace.
struct decision {
  bool keep = false;
  policy_number policy = no_policy; ///< The first policy that voted for the outcome.
  float sampling_rate = 1;          ///< A kept trace stands for this many like it; at least 1.
  rate_mark mark = rate_mark::none; ///< Not `none` only where it is kept and the rate above 1.
  /// The part by which a composite policy sampled it, the last one where several did, whichever
  /// policy is named above. Not remembered: a decision out of a decision_cache has none.
  policy_number composite_part = no_policy;

  friend bool operator==(const decision&, const decision&) = default;
};

/// Number of an entry in a window: given by add(), valid until all its slots are released.
using entry_number = std::uint32_t;
inline constexpr entry_number no_entry = 0xffff'ffff;

/// One trace's spans in one entry.
struct slot_ref {
  entry_number entry = no_entry;
  weir::slot slot = 0;
  std::uint32_t spans = 0;

  friend auto operator<=>(const slot_ref&, const slot_ref&) = default;
};

/// How a decision came about; several may hold.
enum decided_flags : std::uint8_t {
  decided_late = 1,       ///< Spans that came after their trace was decided; they follow it.
  decided_early = 2,      ///< Before its wait was over: num_traces or the index was full.
  decided_incomplete = 4, ///< After its wait, while older spans were still on their way.
  decided_too_large = 8,  ///< Over maximum_trace_size_bytes: dropped.
};

struct decided_trace {
  trace_id id;
  decision verdict;
  std::uint8_t flags = 0; ///< Of decided_flags.
  std::uint32_t spans = 0;
  std::uint32_t bytes = 0;     ///< Of its spans and their envelopes, unpacked; saturates.
  steady_ns arrival = 0;       ///< Of its first span.
  std::uint32_t first_ref = 0; ///< Its refs in decided_batch::refs.
  std::uint32_t refs = 0;
  /// Of `bytes`, what other kept traces of the batch bring as well: large envelopes. Put together,
  /// the batch is as large as the rest.
  std::uint32_t repeated = 0;
};

/// Traces decided together, and where their spans are. Keeps its capacity over clear().
struct decided_batch {
  std::vector<decided_trace> traces;
  std::vector<slot_ref> refs;

  void clear() {
    traces.clear();
    refs.clear();
  }
};

} // namespace weir::sampling
