#pragma once

#include "backends/sender.hpp"
#include "cluster/progress.hpp"
#include "cluster/settling.hpp"
#include "cluster/slot_set.hpp"
#include "codec/entry.hpp"
#include "core/bytes.hpp"
#include "core/clock.hpp"
#include "net/otlp_server.hpp"
#include "otlp/scan.hpp"
#include "sampling/assembly.hpp"
#include "sampling/decision.hpp"
#include "storage/store.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// Every protocol between the actors of a node, in the order a span takes. Messages are shared pointers
// to immutable values, so that a hop copies a pointer; none of them leaves the process.
namespace weir::actors {

/// What a network thread has taken in since the last time. The intake moves the requests out of it.
struct arrivals {
  std::vector<net::otlp_request> requests;
};
using arrivals_ptr = std::shared_ptr<arrivals>;

/// One commit. The writer takes the batch out of it.
struct commit {
  storage::batch what;
  bool sync = true;
  /// Adds to the batch on the writer's thread, when all commits before are visible in the store.
  std::function<void(storage::batch&)> late = nullptr;
  /// Called on the writer's thread once it is durable, before the answer. Must not block.
  std::function<void()> durable = nullptr;
};
using commit_ptr = std::shared_ptr<commit>;

/// An entry that is durable, on its way to the samplers.
struct durable_entry {
  codec::entry_header header;
  journal_position position = 0;
  steady_ns received = 0;
  shared_bytes packed;        ///< The payload as in the journal.
  std::string unpacked;       ///< The payload as OTLP.
  otlp::span_index index;     ///< Its spans.
  /// From the intake: of its budget for the router's mailbox. 0: there was no room, payload and index are
  /// left out and are to be read from the journal.
  std::uint64_t handed_bytes = 0;
  cluster::slot_set settled;  ///< Slots to leave alone.
};
using entry_ptr = std::shared_ptr<const durable_entry>;

/// Some slots of one entry.
struct entry_slots {
  entry_id entry;
  std::vector<slot> slots;
};

/// What one sampler decided for one pipeline at a time.
struct decided {
  pipeline_id pipeline = 0;
  std::uint64_t ticket = 0; ///< The sampler's own number for it, given back when it is durable.
  std::vector<sampling::decided_trace> traces;
  struct settled_slot {
    std::uint32_t entry = 0; ///< Into `entries`.
    weir::slot slot = 0;
    std::uint32_t trace = 0; ///< Into `traces`.
  };
  struct touched_entry {
    entry_id id;
    std::uint32_t slots = 0;
  };
  std::vector<touched_entry> entries;
  std::vector<settled_slot> slots;
  sampling::kept_spans kept; ///< Spans of the kept traces, trace by trace.
  std::uint64_t chunk = 0;   ///< Number of the decision chunk.
  std::string decisions;     ///< The chunk; empty: no news.
};
using decided_ptr = std::shared_ptr<decided>;

/// Settled and durable: by the compressor to the router.
struct settled_report {
  std::vector<entry_slots> entries;
};
using settled_ptr = std::shared_ptr<const settled_report>;

/// Records read back at start.
struct recovered_progress {
  std::vector<std::pair<entry_id, std::string>> records;
};
using progress_ptr = std::shared_ptr<const recovered_progress>;

struct recovered_decisions {
  pipeline_id pipeline = 0;
  std::vector<std::pair<std::uint64_t, std::string>> chunks; ///< By number; newest come first.
};
using decisions_ptr = std::shared_ptr<const recovered_decisions>;

/// What became of an exporter's request.
struct delivery_report {
  std::uint64_t request = 0;
  backends::outcome outcome;
};
using delivery_ptr = std::shared_ptr<const delivery_report>;

// What a stage is to do from now on: a reload.
struct intake_config;
struct compressor_config;
struct router_config;
struct sampler_pipeline;
struct housekeeper_config;
using intake_change = std::shared_ptr<const intake_config>;
using compressor_change = std::shared_ptr<const compressor_config>;
using router_change = std::shared_ptr<const router_config>;
using sampler_change = std::shared_ptr<const std::vector<sampler_pipeline>>;
using housekeeper_change = std::shared_ptr<const housekeeper_config>;

} // namespace weir::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::arrivals_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::commit_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::entry_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::decided_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::settled_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::progress_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::decisions_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::delivery_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::intake_change)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::compressor_change)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::router_change)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::sampler_change)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::housekeeper_change)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::entry_id)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::cluster::low_water)

// At most ten characters each.
CAF_BEGIN_TYPE_ID_BLOCK(weir, caf::first_custom_type_id)

  CAF_ADD_ATOM(weir, weir::actors, stored_atom, "stored")
  CAF_ADD_ATOM(weir, weir::actors, flush_atom, "flush")
  CAF_ADD_ATOM(weir, weir::actors, tick_atom, "tick")
  CAF_ADD_ATOM(weir, weir::actors, taken_atom, "taken")
  CAF_ADD_ATOM(weir, weir::actors, durable_atom, "durable")
  CAF_ADD_ATOM(weir, weir::actors, sent_until_atom, "sentuntil")
  CAF_ADD_ATOM(weir, weir::actors, moved_atom, "moved")
  CAF_ADD_ATOM(weir, weir::actors, recover_atom, "recover")
  CAF_ADD_ATOM(weir, weir::actors, wake_atom, "wake")
  CAF_ADD_ATOM(weir, weir::actors, look_atom, "look")
  CAF_ADD_ATOM(weir, weir::actors, changed_atom, "changed")
  CAF_ADD_ATOM(weir, weir::actors, stop_atom, "stop")
  CAF_ADD_ATOM(weir, weir::actors, stopped_atom, "stopped")
  CAF_ADD_ATOM(weir, weir::actors, edited_atom, "edited")

CAF_END_TYPE_ID_BLOCK(weir)

namespace weir::actors {

// The stages, in the order the spans take.

/// Makes what arrived durable, answers clients, hands entries on.
using intake_actor = caf::typed_actor<
  caf::reacts_to<arrivals_ptr>,
  // INTERNAL: processors are done with some requests.
  caf::reacts_to<edited_atom>,
  // INTERNAL: a commit is over while another one waits for its turn.
  caf::reacts_to<flush_atom>,
  // Other pipelines: answers when what was taken for those that go is on its way to the disk.
  caf::replies_to<intake_change>::with<changed_atom>,
  // Answers when everything taken so far is durable and answered.
  caf::replies_to<stop_atom>::with<stopped_atom>>;

/// The one thread that writes to the store: merges what has come into one commit.
using writer_actor = caf::typed_actor<
  // Answers when it is durable. While the disk is full it waits; any other failure ends the process.
  caf::replies_to<commit_ptr>::with<stored_atom>,
  // INTERNAL: everything that was in the mailbox is gathered.
  caf::reacts_to<flush_atom>>;

/// The origin: sends entries to their owner by credit, settles them, forgets them, reads the journal
/// back after a start.
using router_actor = caf::typed_actor<
  // From the intake: an entry is durable.
  caf::reacts_to<entry_ptr>,
  // From a sampler: it has taken over that many unpacked bytes (credit).
  caf::reacts_to<taken_atom, std::uint64_t>,
  // From a compressor: slots are settled, durably.
  caf::reacts_to<settled_ptr>,
  // INTERNAL: goes on with reading back.
  caf::reacts_to<recover_atom>,
  caf::reacts_to<tick_atom>,
  // Other pipelines: what the journal holds of those that come is sent again.
  caf::replies_to<router_change>::with<changed_atom>,
  caf::replies_to<stop_atom>::with<stopped_atom>>;

/// The owner's window for some partitions: scans, indexes, waits, decides.
using sampler_actor = caf::typed_actor<
  caf::reacts_to<entry_ptr>,
  // Decisions remembered from before the start. Answers whether there is room for older ones.
  caf::replies_to<decisions_ptr>::with<bool>,
  // From the router: everything that was received before this moment has been sent.
  caf::reacts_to<sent_until_atom, std::int64_t>,
  // From a compressor: what was decided under this pipeline and ticket is durable.
  caf::reacts_to<durable_atom, pipeline_id, std::uint64_t>,
  // From the router: an entry was written again further back in the journal. Its old place may go
  // when this is answered.
  caf::replies_to<moved_atom, entry_id, journal_position>::with<moved_atom>,
  caf::reacts_to<tick_atom>,
  // Other pipelines, other policies: what is held is scanned again.
  caf::replies_to<sampler_change>::with<changed_atom>,
  caf::replies_to<stop_atom>::with<stopped_atom>>;

/// Turns what was decided into blocks, decisions and progress, one commit each.
using compressor_actor = caf::typed_actor<
  caf::reacts_to<decided_ptr>,
  caf::reacts_to<progress_ptr>,
  // From the router: forgotten below this mark.
  caf::reacts_to<cluster::low_water>,
  // INTERNAL: the oldest thing gathered has waited long enough.
  caf::reacts_to<flush_atom>,
  // Other processors behind sampling.
  caf::replies_to<compressor_change>::with<changed_atom>,
  caf::replies_to<stop_atom>::with<stopped_atom>>;

/// Delivers one pipeline's log to one back end.
using exporter_actor = caf::typed_actor<
  // The log has grown, or a request waits no longer.
  caf::reacts_to<wake_atom>,
  // INTERNAL: time to look at the log again.
  caf::reacts_to<look_atom>,
  // A request came to an end.
  caf::reacts_to<delivery_ptr>,
  caf::reacts_to<tick_atom>,
  caf::replies_to<stop_atom>::with<stopped_atom>>;

/// Once a second: space, retention, admission, gauges.
using housekeeper_actor = caf::typed_actor<
  caf::reacts_to<tick_atom>,
  caf::replies_to<housekeeper_change>::with<changed_atom>,
  caf::replies_to<stop_atom>::with<stopped_atom>>;

} // namespace weir::actors
