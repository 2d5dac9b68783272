#pragma once

#include "actors/cluster_messages.hpp"
#include "net/link/credentials.hpp"
#include "net/server/otlp_server.hpp"
#include "stages/compressor.hpp"
#include "stages/exporter.hpp"
#include "stages/housekeeper.hpp"
#include "stages/inbox.hpp"
#include "stages/intake.hpp"
#include "stages/messages.hpp"
#include "stages/origin.hpp"
#include "stages/orphans.hpp"
#include "stages/replays.hpp"
#include "stages/shard.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>
#include <map>
#include <memory>
#include <vector>

// Every protocol between the actors of a node, in the order a span takes. Messages are shared
// pointers to immutable values, so that a hop copies a pointer; none of them leaves the process.
namespace weir::actors {

using stages::commit_ptr;
using stages::decided_ptr;
using stages::decisions_ptr;
using stages::delivery_ptr;
using stages::entry_ptr;
using stages::exporter_order_ptr;
using stages::handed_ptr;
using stages::housekeeper_change;
using stages::intake_change;
using stages::progress_ptr;
using stages::ring_ptr;
using stages::settled_ptr;
using stages::taken_over_ptr;

/// What a network thread has taken in since the last time. The intake moves the requests out of it.
struct arrivals {
  std::vector<net::otlp_request> requests;
};
using arrivals_ptr = std::shared_ptr<arrivals>;

/// What became of a replay's request.
struct replay_report {
  stages::replay_id replay = 0;
  stages::delivery_report report;
};
using replay_report_ptr = std::shared_ptr<const replay_report>;

/// What is wanted of the replays. `answer` is called once, on their thread: it must not block.
struct replay_question {
  enum class kind : std::uint8_t { check, start, list, pause, resume, cancel };
  kind hand = kind::list;
  stages::replay_order order; ///< Of check and start; of the others its id.
  std::function<void(result<std::vector<stages::replay_view>>)> answer;
};
using replay_question_ptr = std::shared_ptr<const replay_question>;
using replays_change = std::shared_ptr<const stages::replays_config>;

using compressor_change = std::shared_ptr<const stages::compressor_config>;
struct origin_change_message;
struct shard_change_message;
using origin_change = std::shared_ptr<const origin_change_message>;
using shard_change = std::shared_ptr<const shard_change_message>;
struct hub_plan;
struct hub_change_message;
struct inbox_change_message;
using hub_plan_ptr = std::shared_ptr<const hub_plan>;
using hub_change = std::shared_ptr<const hub_change_message>;
using inbox_change = std::shared_ptr<const inbox_change_message>;

} // namespace weir::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::arrivals_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::commit_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::entry_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::decided_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::settled_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::progress_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::decisions_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::delivery_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::exporter_order_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::replay_report_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::replay_question_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::replays_change)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::intake_change)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::compressor_change)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::origin_change)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::shard_change)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::housekeeper_change)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::ring_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::handed_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::taken_over_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::wrong_owner_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::peer_link_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::session_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::peer_message_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::gossip_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::welcome_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::view_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::seeds_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::origin_look_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::hub_plan_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::hub_change)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::inbox_change)
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
CAF_ADD_ATOM(weir, weir::actors, show_atom, "show")
CAF_ADD_ATOM(weir, weir::actors, handed_atom, "handed")
CAF_ADD_ATOM(weir, weir::actors, away_atom, "away")
CAF_ADD_ATOM(weir, weir::actors, linked_atom, "linked")
CAF_ADD_ATOM(weir, weir::actors, lost_atom, "lost")
CAF_ADD_ATOM(weir, weir::actors, opened_atom, "opened")
CAF_ADD_ATOM(weir, weir::actors, closed_atom, "closed")
CAF_ADD_ATOM(weir, weir::actors, hello_atom, "hello")
CAF_ADD_ATOM(weir, weir::actors, session_atom, "session")
CAF_ADD_ATOM(weir, weir::actors, records_atom, "records")
CAF_ADD_ATOM(weir, weir::actors, freeze_atom, "freeze")
CAF_ADD_ATOM(weir, weir::actors, leave_atom, "leave")

CAF_END_TYPE_ID_BLOCK(weir)

namespace weir::actors {

// The stages, in the order the spans take.

/// Makes what arrived durable, answers clients, hands entries on.
using intake_actor =
    caf::typed_actor<caf::reacts_to<arrivals_ptr>,
                     // INTERNAL: processors are done with some requests.
                     caf::reacts_to<edited_atom>,
                     // INTERNAL: a commit is over while another one waits for its turn.
                     caf::reacts_to<flush_atom>,
                     // INTERNAL: a second is over.
                     caf::reacts_to<tick_atom>,
                     // Other pipelines: answers when what was taken for those that go is on its way
                     // to the disk.
                     caf::replies_to<intake_change>::with<changed_atom>,
                     // From the hub: entries are cut by owner from now on.
                     caf::reacts_to<ring_ptr>,
                     // Answers when everything taken so far is durable and answered.
                     caf::replies_to<stop_atom>::with<stopped_atom>>;

/// The one thread that writes to the store: merges what has come into one commit.
using writer_actor = caf::typed_actor<
    // Answers when it is durable. While the disk is full it waits; any other failure ends the
    // process.
    caf::replies_to<commit_ptr>::with<stored_atom>,
    // INTERNAL: everything that was in the mailbox is gathered.
    caf::reacts_to<flush_atom>>;

/// The origin: sends entries to their owner by credit, settles them, forgets them, reads the
/// journal back after a start.
using origin_actor = caf::typed_actor<
    // From the intake: an entry is durable.
    caf::reacts_to<entry_ptr>,
    // From a shard: it has taken over that many unpacked bytes (credit).
    caf::reacts_to<taken_atom, std::uint64_t>,
    // From a shard: slots are settled, durably.
    caf::reacts_to<settled_ptr>,
    // From a shard or another owner: these slots are not its own.
    caf::reacts_to<node_id, wrong_owner_ptr>,
    // From another owner over a link: the same as from a shard.
    caf::reacts_to<taken_atom, cluster::link_number, node_id, std::uint64_t>,
    caf::reacts_to<away_atom, settled_ptr>,
    // From the hub: who owns what, behind the shards; links.
    caf::reacts_to<ring_ptr>, caf::reacts_to<linked_atom, peer_link_ptr>,
    caf::reacts_to<lost_atom, node_id>,
    // Answers once the stages know what was settled and decided before the start: nothing of
    // other nodes may reach them before.
    caf::replies_to<records_atom>::with<records_atom>,
    // To show it, and to know when it holds nothing any more.
    caf::replies_to<look_atom>::with<origin_look_ptr>,
    // INTERNAL: goes on with reading back.
    caf::reacts_to<recover_atom>, caf::reacts_to<tick_atom>,
    // Other pipelines: what the journal holds of those that come is sent again.
    caf::replies_to<origin_change>::with<changed_atom>,
    caf::replies_to<stop_atom>::with<stopped_atom>>;

/// The owner's window for some partitions: scans, indexes, waits, decides.
using shard_actor = caf::typed_actor<
    caf::reacts_to<entry_ptr>,
    // Decisions remembered from before the start. Answers whether there is room for older ones.
    caf::replies_to<decisions_ptr>::with<bool>,
    // From an origin: everything that it received before this moment and is this node's by the
    // ring of this digest has been sent.
    caf::reacts_to<sent_until_atom, node_id, std::int64_t, std::uint64_t>,
    // From a compressor: what was decided under this pipeline and ticket is durable.
    caf::reacts_to<durable_atom, pipeline_id, std::uint64_t>,
    // From a compressor: decisions are with another node.
    caf::reacts_to<handed_atom, pipeline_id, handed_ptr>,
    // From the hub.
    caf::reacts_to<ring_ptr>,
    // From the inbox: another owner's decisions.
    caf::reacts_to<taken_over_ptr>,
    // How many members' words hold decisions back.
    caf::replies_to<look_atom>::with<std::uint64_t>,
    // From the origin: an entry was written again further back in the journal. Its old place may go
    // when this is answered.
    caf::replies_to<moved_atom, entry_id, journal_position>::with<moved_atom>,
    caf::reacts_to<tick_atom>,
    // Other pipelines, other policies: what is held is scanned again.
    caf::replies_to<shard_change>::with<changed_atom>,
    caf::replies_to<stop_atom>::with<stopped_atom>>;

/// Turns what was decided into blocks, decisions and progress, one commit each.
using compressor_actor =
    caf::typed_actor<caf::reacts_to<decided_ptr>, caf::reacts_to<progress_ptr>,
                     // From an origin: forgotten below this mark.
                     caf::reacts_to<cluster::low_water>,
                     // From a shard: all that it decided by earlier rings is here; decisions for
                     // another node.
                     caf::reacts_to<std::uint32_t, ring_ptr>, caf::reacts_to<handed_ptr>,
                     // From the inbox: what another owner settled.
                     caf::reacts_to<taken_over_ptr>,
                     // From the hub: a link stands; the other node has what was handed over.
                     caf::reacts_to<linked_atom, peer_link_ptr>,
                     caf::reacts_to<handed_atom, node_id, std::uint64_t>,
                     // INTERNAL: blocks have waited long enough for a standby.
                     caf::reacts_to<show_atom>,
                     // Whether all that it took is durable, and others know what they have to.
                     caf::replies_to<look_atom>::with<bool>,
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
    caf::reacts_to<delivery_ptr>, caf::reacts_to<tick_atom>,
    // What a hand asks; answered when it is durable.
    caf::replies_to<exporter_order_ptr>::with<changed_atom>,
    caf::replies_to<stop_atom>::with<stopped_atom>>;

/// Sends ranges of logs once more, as people ask for it.
using replays_actor = caf::typed_actor<
    // INTERNAL: there is something to do again.
    caf::reacts_to<wake_atom>,
    // A request came to an end.
    caf::reacts_to<replay_report_ptr>,
    // From people.
    caf::reacts_to<replay_question_ptr>,
    // Other pipelines, other exporters.
    caf::replies_to<replays_change>::with<changed_atom>,
    // The node leaves its cluster.
    caf::reacts_to<leave_atom>, caf::reacts_to<tick_atom>,
    caf::replies_to<stop_atom>::with<stopped_atom>>;

/// Five times a second: space and admission; once a second retention and gauges too.
using housekeeper_actor = caf::typed_actor<caf::reacts_to<tick_atom>,
                                           caf::replies_to<housekeeper_change>::with<changed_atom>,
                                           caf::replies_to<stop_atom>::with<stopped_atom>>;

/// The owner's near end for other nodes.
using inbox_actor = caf::typed_actor<
    // From a session.
    caf::reacts_to<peer_message_ptr>,
    // From a session: it is closed.
    caf::reacts_to<closed_atom, cluster::session_number>,
    // From a shard: credit, what is settled, what is not its own.
    caf::reacts_to<taken_atom, node_id, std::uint64_t>, caf::reacts_to<node_id, settled_ptr>,
    caf::reacts_to<node_id, wrong_owner_ptr>,
    // From a compressor: what another node handed over is durable.
    caf::reacts_to<handed_atom, node_id, std::uint64_t>,
    // Other pipelines.
    caf::replies_to<inbox_change>::with<changed_atom>,
    caf::replies_to<stop_atom>::with<stopped_atom>>;

/// The node's place in the cluster: members, links, the ring.
using hub_actor = caf::typed_actor<
    // It begins, once the origin has read its records.
    caf::reacts_to<hub_plan_ptr>, caf::reacts_to<tick_atom>,
    // From links that this node made.
    caf::reacts_to<opened_atom, cluster::link_number, welcome_ptr>,
    caf::reacts_to<closed_atom, cluster::link_number, std::string, bool>,
    caf::reacts_to<cluster::link_number, gossip_ptr>,
    caf::reacts_to<handed_atom, node_id, std::uint64_t>,
    // From links that others made.
    caf::reacts_to<hello_atom, session_ptr>,
    caf::reacts_to<session_atom, cluster::session_number, node_id, gossip_ptr>,
    caf::reacts_to<closed_atom, cluster::session_number>,
    // Members that may be there.
    caf::reacts_to<seeds_ptr>,
    // Nothing is decided here any more: the node stops.
    caf::replies_to<freeze_atom>::with<changed_atom>,
    // Begins to leave.
    caf::replies_to<leave_atom>::with<changed_atom>,
    // A member is asked to leave. Answers why not; "" = it was asked.
    caf::replies_to<leave_atom, node_id>::with<std::string>,
    caf::replies_to<look_atom>::with<view_ptr>,
    // Other pipelines.
    caf::replies_to<hub_change>::with<changed_atom>,
    caf::replies_to<stop_atom>::with<stopped_atom>>;

/// What a stage is to do from now on, and with whom: a reload.
struct origin_change_message {
  stages::origin_config config;
  std::vector<shard_actor> shards;
  std::map<pipeline_id, compressor_actor> compressors;
};

struct shard_change_message {
  std::vector<stages::shard_pipeline> pipelines;
  std::map<stages::compressor_number, compressor_actor> compressors;
};

struct inbox_change_message {
  stages::inbox_config config;
  std::map<pipeline_id, compressor_actor> compressors;
};

/// What the hub begins with.
struct hub_plan {
  cluster::member self; ///< With its boot.
  std::vector<std::string> seeds;
  cluster::hub_settings settings;
  std::shared_ptr<const net::link_credentials> credentials;
};

struct hub_change_message {
  std::vector<std::string> pipelines; ///< Those that are sampled, sorted.
  std::map<stages::compressor_number, compressor_actor> compressors;
  stages::configured_exporters
      exporters; ///< Who has to have delivered all before this node leaves.
};

} // namespace weir::actors
