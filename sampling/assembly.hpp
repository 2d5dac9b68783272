#pragma once

#include "codec/traces_block.hpp"
#include "core/arena.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "otlp/scan.hpp"
#include "otlp/writer.hpp"
#include "sampling/decision.hpp"
#include "sampling/decision_cache.hpp"
#include "sampling/policy_stamp.hpp"
#include "sampling/rate_stamp.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weir::sampling {

/// Spans to keep, copied out of their entries once, trace by trace, with the sampling rate in them
/// where their decision says so. Moves cheaply between threads.
class kept_spans {
public:
  std::size_t traces() const noexcept { return ends_.size(); }
  std::size_t spans() const noexcept { return pieces_.size(); }
  /// Memory held.
  std::size_t bytes() const noexcept;

  /// Earliest and latest receive time of the entries they came in: the time range of their block.
  unix_ns first_received() const noexcept { return first_received_; }
  unix_ns last_received() const noexcept { return last_received_; }

  /// Where a message of about `max_bytes` ends that begins with span number `first`: by the same
  /// rules, but each envelope counts once, and it goes on while envelopes are the larger part.
  std::size_t end_of(std::size_t first, std::size_t max_bytes) const;

  /// Adds the spans [first, end) to a message, by resource and scope: each envelope stands once.
  void append_to(otlp::traces_writer& writer, std::size_t first, std::size_t end) const;

  /// Leaves out the spans of some slots; `places[i]` says it of the i-th ref of the traces that
  /// were collected, dropped ones counted. Returns how many spans went. @pre nothing is appended
  /// yet
  std::uint64_t leave_out(const std::vector<bool>& places);

  /// What could not be read: these slots are lost, and to be counted as damaged.
  const std::vector<slot_ref>& unreadable() const noexcept { return unreadable_; }

  /// Appends spans from number `first` on, trace by trace, until `to` has at least `max_bytes`; a
  /// trace is cut only where it alone would make the block four times as large. Returns the number
  /// of the next span (spans() when all are done).
  std::size_t append_to(codec::traces_block_builder& builder, std::size_t first,
                        std::size_t max_bytes) const;

private:
  friend class assembler;

  struct piece {
    std::uint32_t resource = 0; ///< Into envelopes_.
    std::uint32_t scope = 0;
    std::string_view body;
  };

  /// The spans of one slot: neighbours among pieces_.
  struct run {
    std::uint32_t place = 0; ///< Which ref it is.
    std::uint32_t end = 0;   ///< Into pieces_.
  };

  /// Gives pieces to `add` from number `first` on, until `full` holds of the bytes that are wanted:
  /// `max_bytes`, and more inside a trace, so that few are cut. Returns the number of the next.
  template <class Full, class Add>
  std::size_t fill(std::size_t first, std::size_t max_bytes, const Full& full,
                   const Add& add) const;

  static constexpr std::size_t max_trace_share = 4;
  static constexpr std::size_t most_message_bytes = 16 << 20;

  /// Of one size: what is held is what was taken, nearly.
  arena bytes_{arena_sizes{.first_chunk = 256 << 10, .largest_chunk = 256 << 10}};
  std::vector<std::string_view> envelopes_;
  std::vector<piece> pieces_;       ///< The spans of a trace together.
  std::vector<std::uint32_t> ends_; ///< By trace: where its pieces end.
  std::vector<run> runs_;
  std::vector<slot_ref> unreadable_;
  unix_ns first_received_ = std::numeric_limits<unix_ns>::max();
  unix_ns last_received_ = 0;
};

/// An entry's bytes, unpacked, and when they were received.
struct unpacked_entry {
  std::string_view bytes; ///< Valid until the next one is asked for.
  unix_ns first_received = 0;
  unix_ns last_received = 0;
};

/// Puts the kept traces of decided batches together. Each entry is unpacked and scanned once a
/// call, whatever number of kept traces it has spans of. Holds scratch; one thread at a time.
class assembler {
public:
  using entry_reader = std::function<result<unpacked_entry>(entry_number)>;

  /// `max_bytes`: of spans collected in one call (a single larger trace is still taken whole).
  explicit assembler(std::size_t max_bytes = 16 << 20) : max_bytes_(max_bytes) {}

  /// From now on the scopes of kept spans say what kept them (policy_stamp). `names`: of policies,
  /// by the numbers in decisions; it outlives the assembler. Null: they say nothing.
  void record_policies(const decision_cache* names) noexcept { names_ = names; }

  /// Collects the kept traces from `batch.traces[first]` on, as many as fit, into `out` (replaced).
  /// Returns the index of the first trace not looked at. An entry that is damaged or gone leaves
  /// the rest whole: its slots are in out.unreadable(). Where one cannot be read at the moment
  /// (is_passing()) that is returned, `out` is empty, and the same call is to be made again later.
  result<std::size_t> collect(const decided_batch& batch, std::size_t first,
                              const entry_reader& read, kept_spans& out);

private:
  struct wanted_slot {
    entry_number entry;
    weir::slot slot;
    std::uint32_t trace; ///< Of this call's kept traces.
    std::uint32_t place; ///< Which ref of this call's traces.

    friend auto operator<=>(const wanted_slot&, const wanted_slot&) = default;
  };

  struct found_span {
    std::uint32_t trace;
    std::uint32_t place;
    kept_spans::piece piece;
  };

  /// A scope's envelope, and what is to be said in it.
  struct recorded_scope {
    std::uint32_t scope = 0xffff'ffff;
    policy_number policy = no_policy;
    policy_number composite_part = no_policy;
    bool late = false;

    friend auto operator<=>(const recorded_scope&, const recorded_scope&) = default;
  };

  std::size_t select(const decided_batch& batch, std::size_t first);
  result<void> take_entry(std::size_t begin, std::size_t end, const entry_reader& read,
                          kept_spans& out);
  void take_spans(const unpacked_entry& entry, kept_spans& out);
  std::uint32_t envelope(std::uint32_t first, std::uint32_t count, std::string_view unpacked,
                         kept_spans& out);
  std::uint32_t envelope(std::string_view content, kept_spans& out);
  std::uint32_t recorded(std::uint32_t scope, const decided_trace& kept, kept_spans& out);
  void arrange(kept_spans& out);

  std::size_t max_bytes_;
  std::uint32_t traces_ = 0;
  std::vector<const decided_trace*> of_traces_; ///< Of this call: the kept ones.
  rate_stamp stamp_;
  const decision_cache* names_ = nullptr;
  policy_stamp policy_stamp_;
  std::map<recorded_scope, std::uint32_t> recorded_; ///< Of this call: their envelopes.
  recorded_scope last_recorded_; ///< Spans behind each other are mostly one trace's.
  std::uint32_t last_envelope_ = 0;
  std::vector<wanted_slot> wanted_;
  std::vector<found_span> found_;
  otlp::span_index index_;
  std::vector<const wanted_slot*> wanted_of_slot_; ///< Of the entry that is looked at.
  std::vector<std::uint32_t> places_;              ///< Of pieces.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> envelopes_of_group_;
  std::unordered_map<std::string_view, std::uint32_t> known_; ///< Envelopes, by content.
  std::string joined_;
};

} // namespace weir::sampling
