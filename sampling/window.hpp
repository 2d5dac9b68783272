#pragma once

#include "codec/compression.hpp"
#include "core/bytes.hpp"
#include "core/clock.hpp"
#include "otlp/scan.hpp"
#include "sampling/config.hpp"
#include "sampling/deadline_wheel.hpp"
#include "sampling/decision.hpp"
#include "sampling/decision_cache.hpp"
#include "sampling/entry_table.hpp"
#include "sampling/number_index.hpp"
#include "sampling/policy_set.hpp"
#include "sampling/pool.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <string_view>
#include <vector>

namespace weir::sampling {

/// How one shard's window behaves; waits and limits of the processor, this shard's share of memory.
struct window_settings {
  steady_ns decision_wait = 30 * second_ns;
  steady_ns wait_after_root = 0;     ///< 0 = off
  std::uint64_t max_traces = 0;      ///< 0 = none; over it the oldest are decided early
  std::uint64_t max_trace_bytes = 0; ///< 0 = none; larger traces are dropped
  std::size_t memory = 512ULL << 20; ///< For packed entries and the index together.
  /// Of `memory`; over it the oldest are decided early. Packed bytes can be read back, the index
  /// cannot.
  double index_share = 0.9;
  /// CPU time that conditions and patterns may take on the spans of one entry; 0: without end.
  /// Beyond, they do not hold.
  std::int64_t max_work_ns = 0;
  steady_ns incomplete_after = 30 * second_ns; ///< Past the deadline nothing is waited for.

  /// From the processor's options: `num_traces` is split over `shards`, `memory` is this shard's
  /// part.
  static window_settings from(const tail_sampling_config& config, std::size_t memory,
                              std::size_t shards);
};

/// What add() found. Keeps its capacity.
struct additions {
  entry_number entry = no_entry;  ///< None where no slot was taken.
  std::uint32_t taken = 0;        ///< Slots that wait for a decision now.
  std::uint32_t already_held = 0; ///< Wanted slots that were in the window before (sent again).
  /// Slots of traces that were decided before: they follow (flag decided_late). Like what decide()
  /// gives, they are held until released.
  decided_batch late;

  void clear();
};

/// Counted since the window was made.
struct window_counts {
  std::uint64_t new_traces = 0;
  std::uint64_t decided = 0;
  std::uint64_t decided_keep = 0; ///< Of these.
  std::uint64_t decided_early = 0;
  std::uint64_t decided_incomplete = 0;
  std::uint64_t too_large = 0;
  std::uint64_t late_spans_kept = 0;
  std::uint64_t late_spans_dropped = 0;
  std::uint64_t entries_set_down = 0; ///< Packed bytes dropped for want of memory.
};

/// The state of a window at one moment.
struct window_snapshot {
  std::size_t traces = 0;       ///< Undecided.
  std::uint64_t spans = 0;      ///< In undecided traces.
  std::size_t entries = 0;      ///< With a slot not released.
  std::size_t packed_bytes = 0; ///< Of entries, in memory.
  std::size_t index_bytes = 0;  ///< In use for everything else.
  std::size_t held_bytes = 0;   ///< Allocated for it (it is not given back).
  steady_ns oldest_arrival = 0; ///< Of the trace that is due first; 0 when empty.
  window_counts counts;
};

/// The undecided traces of one shard: features for the policies and references to where the spans
/// are. Says which traces are decided and how; moves no spans. Of each entry it keeps the packed
/// bytes until all slots taken from it are released, or only the index where memory is short. One
/// thread at a time.
class window {
public:
  /// `cache` holds this shard's decisions and outlives the window.
  window(const window_settings& settings, policy_set policies, decision_cache& cache);

  /// Takes the spans of the wanted slots. `unpacked` are the entry's bytes, `index` their scan (as
  /// by otlp::index_traces, base 0). `received`: when the spans arrived at their origin, on this
  /// node's steady clock; at most `now`. Adds to `out`.
  /// @pre `wanted.size() == index.traces.size()`
  void add(window_entry entry, std::string_view unpacked, const otlp::span_index& index,
           const std::vector<bool>& wanted, steady_ns received, steady_ns now, additions& out);

  /// Decides traces that are due, in order of their deadlines, at most `max_traces`; adds them to
  /// `out` and returns how many. `complete_until`: everything received before it has been added, so
  /// only traces that were due by then are decided; later ones when they are due since
  /// `incomplete_after`. Before them, whatever is missing: traces that grew too large, and the
  /// oldest ones while there are more traces or index bytes than allowed. Waits are kept to
  /// decision_wait / 1024 (1 ms to 1 s). Stops behind the trace with which the kept ones come to
  /// `max_kept_bytes`.
  std::size_t decide(steady_ns now, steady_ns complete_until, std::size_t max_traces,
                     decided_batch& out,
                     std::uint64_t max_kept_bytes = std::numeric_limits<std::uint64_t>::max());

  /// Forgets undecided traces without deciding them: all, or those for whose fingerprint `goes` is
  /// true, as somebody else decides them. Says which slots were held of them.
  using slot_sink = std::function<void(const window_entry&, slot)>;
  void abandon();
  void abandon(const std::function<bool(fingerprint)>& goes, const slot_sink& dropped);

  /// The outcome of these slots (of decide() or additions::late) is durable. Entries whose slots
  /// are all released are dropped. `batch` itself is left as it is.
  void release(const decided_batch& batch);

  /// An entry held here. @pre not all its slots are released
  const window_entry& entry(entry_number number) const { return entries_[number]; }

  /// Decisions of other nodes may be in the cache from now on: a trace that is held follows its own.
  void follow_others() noexcept { follows_ = true; }
  /// While it holds late ones, spans of traces that are decided wait as others do: whoever decided
  /// them may have settled these spans as well, and not said so yet.
  void hold_late(bool holds) noexcept { holds_late_ = holds; }

  /// The entry was written again further back in the journal. Without effect where it is not held.
  void moved(const entry_id& id, journal_position position);

  /// Whether decide() has something to do even where nothing is due.
  bool pressed() const noexcept;

  /// Gives the unpacked bytes of an entry held here and their scan, or an error.
  using entry_scanner =
      std::function<result<void>(entry_number, std::string_view& bytes, otlp::span_index&)>;

  /// Other policies from now on, for the traces held too; one that did not change goes on with its
  /// budget and its rates. Every entry is scanned again; of one where that fails the spans count
  /// for nothing, until scan_again() has seen them.
  void replace_policies(policy_set policies, const window_settings& settings,
                        const entry_scanner& scan);

  /// The policies see an entry that they could not see when they were replaced. Without effect
  /// where it is not held any more.
  void scan_again(const entry_id& id, const entry_scanner& scan);

  window_snapshot snapshot() const;
  std::size_t bytes() const noexcept;
  const policy_set& policies() const noexcept { return policies_; }
  const decision_cache& decisions() const noexcept { return cache_; }

private:
  struct trace {
    trace_id id;
    steady_ns arrival = 0;
    steady_ns deadline = 0;
    std::uint64_t min_start_ns = 0;
    std::uint64_t max_end_ns = 0;
    std::uint32_t bytes = 0;
    std::uint32_t spans = 0;
    std::uint32_t last_ref = 0; ///< In a ring: behind it comes the first.
    std::uint32_t next = 0;     ///< In its wheel bucket, or among the free.
    std::uint32_t previous = 0;
    std::uint16_t bucket : 15 = 0;
    std::uint16_t too_large : 1 = 0;
  };
  static_assert(sizeof(trace) == 72); // A window is as small as the memory of its traces.

  struct ref {
    slot_ref slot;
    std::uint32_t next = 0;
  };

  /// What add() works out about one slot of an entry.
  struct slot_state {
    enum class kind : std::uint8_t { unwanted, open, late } is = kind::unwanted;
    fingerprint print = 0;
    decision verdict;
    trace_features features;
    std::uint32_t last_group = std::numeric_limits<std::uint32_t>::max();
    std::uint32_t last_resource = std::numeric_limits<std::uint32_t>::max();
  };

  /// The same about a (resource, scope) group.
  struct group_state {
    bool known = false;
    std::uint32_t resource_bytes = 0; ///< Of the envelope, with its frame.
    std::uint32_t scope_bytes = 0;
    resource_features features;
  };

  /// What a trace adds to the batch in hand.
  struct added_bytes {
    std::uint64_t most; ///< At the most; 0: nothing that is not there.
    std::uint64_t guess;
  };

  enum class ending : std::uint8_t { decide, drop };

  void classify(const window_entry& entry, const otlp::span_index& index,
                const std::vector<bool>& wanted, additions& out);
  void observe(std::string_view unpacked, const otlp::span_index& index);
  const group_state& group_of(std::uint32_t number, std::string_view unpacked,
                              const otlp::span_index& index);
  void take_slot(entry_number entry, slot slot, const trace_id& id, steady_ns received,
                 steady_ns now);
  void take_late(entry_number entry, slot slot, const trace_id& id, steady_ns received,
                 decided_batch& out);
  void make_room();

  std::uint32_t find(const trace_id& id, fingerprint print) const;
  std::uint32_t new_trace(const trace_id& id, fingerprint print, steady_ns received, steady_ns now);
  void add_ref(trace& trace, const slot_ref& slot);
  template <class Each>
  void for_each_ref(const trace& trace, Each each) const;
  void add_features(std::uint32_t number, const trace_features& features);
  trace_features features_of(std::uint32_t number) const;
  void advance_deadline(std::uint32_t number, bool has_root, steady_ns received, steady_ns now);
  void decide_one(std::uint32_t number, steady_ns now, std::uint8_t flags, ending ending,
                  decided_batch& out);
  added_bytes brought_by(const trace& trace) const;
  void note_kept(decided_batch& out, std::uint64_t brought);
  std::size_t decide_too_large(steady_ns now, std::size_t max_traces, decided_batch& out);
  void forget(std::uint32_t number);
  void rescan(entry_number number, std::string_view unpacked, const otlp::span_index& index);

  std::uint64_t* words_of(std::uint32_t number);
  const std::uint64_t* words_of(std::uint32_t number) const;
  void use(policy_set policies);
  bool over_limits() const noexcept;
  std::size_t index_bytes() const noexcept;

  window_settings settings_;
  policy_set policies_;
  decision_cache& cache_;
  std::vector<policy_number> policy_numbers_; ///< Of the cache, by index of policies_.names().
  std::vector<policy_number> part_numbers_;   ///< The same of policies_.part_names().

  pool<trace> traces_;
  pool<ref, 16384> refs_;
  std::vector<std::vector<std::uint64_t>> predicate_rows_; ///< Of words_ each, by trace number.
  std::size_t words_ = 0;
  number_index by_id_;
  deadline_wheel wheel_;
  std::vector<std::pair<std::uint32_t, trace_id>> too_large_; ///< To drop at the next decide().
  entry_table entries_;
  std::uint64_t spans_ = 0;
  window_counts counts_;

  // Scratch of add().
  std::vector<slot_state> slots_;
  std::vector<group_state> groups_;
  std::uint32_t last_group_ = 0; ///< That group_of() was asked for; its own size: none.

  // Entries with a part in the batch in hand, by number: that of the batch.
  std::vector<std::uint64_t> in_batch_;
  std::uint64_t batch_ = 0;
  bool follows_ = false;
  bool holds_late_ = false;
};

} // namespace weir::sampling
