#pragma once

#include "backends/sender.hpp"
#include "cluster/messages.hpp"
#include "cluster/ring_view.hpp"
#include "codec/entry.hpp"
#include "core/bytes.hpp"
#include "core/clock.hpp"
#include "otlp/scan.hpp"
#include "sampling/assembly.hpp"
#include "sampling/decision.hpp"
#include "stages/foreign_bytes.hpp"
#include "storage/batch.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

// What the stages tell each other, in the order a span takes. Messages are shared pointers to
// immutable values, so that a hop copies a pointer; none of them leaves the process.
namespace weir::stages {

/// One commit. The writer takes the batch out of it.
struct commit {
  storage::batch batch;
  bool sync = true;
  /// Adds to the batch on the writer's thread, when all commits before are visible in the store.
  std::function<void(storage::batch&)> late = nullptr;
  /// Called on the writer's thread once it is durable, before the answer. Must not block.
  std::function<void(steady_ns now)> durable = nullptr;
};
using commit_ptr = std::shared_ptr<commit>;

/// An entry that is durable, on its way to the shards.
struct durable_entry {
  codec::entry_header header;
  journal_position position = 0;
  steady_ns received = 0;
  shared_bytes packed;    ///< The payload as in the journal.
  std::string unpacked;   ///< The payload as OTLP.
  otlp::span_index index; ///< Its spans.
  /// From the intake, in place of these three where another node owned its traces then: the whole entry
  /// as in the journal.
  shared_bytes to_send = {};
  /// From the intake: of its budget for the origin's mailbox. 0: there was no room, payload and
  /// index are left out and are to be read from the journal.
  std::uint64_t handed_bytes = 0;
  cluster::slot_set settled; ///< Slots to leave alone.
  /// Of the traces, by slot; empty where there is no cluster.
  std::vector<partition> partitions = {};
  /// Its traces are decided here whoever owns them: nobody else takes them.
  bool insists = false;
  /// Of another node's entry, which stands in no journal here; null: it is this node's.
  std::shared_ptr<const foreign_bytes> foreign = nullptr;
};
using entry_ptr = std::shared_ptr<const durable_entry>;

/// Names what another node handed over.
struct handed_ticket {
  node_id source = 0;
  std::uint64_t ticket = 0; ///< The source's own number for it.

  friend auto operator<=>(const handed_ticket&, const handed_ticket&) = default;
};

/// What one shard decided for one pipeline at a time.
struct decided {
  pipeline_id pipeline = 0;
  std::uint32_t shard = 0;  ///< Who decided.
  std::uint64_t ticket = 0; ///< The shard's own number for it, given back when it is durable.
  std::vector<sampling::decided_trace> traces;
  struct settled_slot {
    std::uint32_t entry = 0; ///< Into `entries`.
    weir::slot slot = 0;
    std::uint32_t trace = 0; ///< Into `traces`.
    std::uint32_t spans = 0;
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
  /// What others handed over of which this shard's part is in this chunk or an earlier one.
  std::vector<handed_ticket> taken_over;
};
using decided_ptr = std::shared_ptr<decided>;

/// Settled and durable: by the owner to the origin.
struct settled_report {
  std::vector<cluster::entry_slots> entries;
};
using settled_ptr = std::shared_ptr<const settled_report>;

/// Who owns what from now on, as this node sees it.
using ring_ptr = std::shared_ptr<const cluster::ring_view>;

/// What another owner has decided and settled of a pipeline: of what is, or will be, this node's.
struct taken_over {
  node_id source = 0;
  pipeline_id pipeline = 0;
  cluster::handed_over message;
};
using taken_over_ptr = std::shared_ptr<const taken_over>;

/// Decisions that go to another node, of one shard; without any: that was all for it by this ring.
struct handed_decisions {
  std::uint32_t shard = 0;
  ring_ptr ring;
  node_id target = 0;
  std::string chunk;
};
using handed_ptr = std::shared_ptr<const handed_decisions>;

/// Records of progress at one moment: as read back at a start, or as handed over.
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

} // namespace weir::stages
