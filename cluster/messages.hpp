#pragma once

#include "cluster/member.hpp"
#include "cluster/slot_set.hpp"
#include "core/bytes.hpp"
#include "core/clock.hpp"
#include "core/ids.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

// What nodes tell each other. Each node has a link to each other one, over which it says hello and
// gossips, sends entries as their origin, and hands over decisions as an owner; answers come back
// on the same link. net/link carries them (proto/weir/cluster/v1), the simulation does without.
//
// Moments are on the steady clock of whom they are told to: who made the link knows how far it is
// from its own (clock_offset.hpp), so that a message that takes long says nothing that is not so.
namespace weir::cluster {

/// What this program speaks, and the oldest that it still understands.
inline constexpr std::uint32_t newest_protocol = 2;
inline constexpr std::uint32_t oldest_protocol = 1;
/// From this one on a node leaves when it is asked to over a link.
inline constexpr std::uint32_t leave_protocol = 2;

/// Some slots of one entry.
struct entry_slots {
  entry_id entry;
  std::vector<slot> slots;

  friend bool operator==(const entry_slots&, const entry_slots&) = default;
};

// -- any node to any --

/// The first word on a link.
struct hello {
  std::string cluster; ///< Its name.
  node_id node = 0;
  std::uint64_t boot = 0;
  std::uint32_t oldest_protocol = cluster::oldest_protocol;
  std::uint32_t newest_protocol = cluster::newest_protocol;
  std::uint32_t partitions = partition_count;
  std::string address; ///< Where others reach it, host:port.
  std::string release;
  unix_ns clock = 0; ///< For what it is: how far clocks are apart is shown.

  friend bool operator==(const hello&, const hello&) = default;
};

/// The answer to it: the link stands.
struct welcome {
  node_id node = 0;
  std::uint64_t boot = 0;
  std::uint32_t protocol = 0; ///< The newest that both speak.
  unix_ns clock = 0;
  steady_ns steady = 0; ///< The answerer's steady clock.

  friend bool operator==(const welcome&, const welcome&) = default;
};

struct gossip {
  std::vector<member> members; ///< All that are known, itself included.
  bool wants_answer = false;
  steady_ns steady = 0; ///< The sender's steady clock; used where it is an answer.

  friend bool operator==(const gossip&, const gossip&) = default;
};

/// The receiver is to leave the cluster: somebody has asked the sender for that.
struct leave_request {
  friend bool operator==(const leave_request&, const leave_request&) = default;
};

// -- origin to owner, in order --

/// An entry on its way to an owner of some of its slots.
struct sent_entry {
  std::string pipeline;   ///< Its name: the number in the header is the origin's.
  shared_bytes entry;     ///< As in the journal: header and payload.
  slot_set left_alone;    ///< Slots that are settled, or somebody else's.
  steady_ns received = 0; ///< On the receiver's clock.
  /// It was turned away often enough: the receiver takes the slots, whatever its ring says.
  bool insists = false;
};

/// Everything that is the receiver's by this ring and was received before this moment, on its clock,
/// has been sent.
struct sent_until {
  steady_ns moment = 0;
  std::uint64_t ring = 0; ///< Its digest.

  friend bool operator==(const sent_until&, const sent_until&) = default;
};

/// The origin's entries of `epoch` below `below` are forgotten, durably: nobody will ask for them.
struct forgotten {
  weir::epoch epoch = 0;
  sequence below = 0;

  friend bool operator==(const forgotten&, const forgotten&) = default;
};

// -- owner to origin --

/// So many unpacked bytes of entries are taken over: credit.
struct taken {
  std::uint64_t bytes = 0;

  friend bool operator==(const taken&, const taken&) = default;
};

/// Settled and durable.
struct settled_slots {
  std::vector<entry_slots> entries;

  friend bool operator==(const settled_slots&, const settled_slots&) = default;
};

/// Not taken, as the receiver does not own them by its ring.
struct wrong_owner {
  std::uint64_t ring = 0; ///< The digest of the receiver's.
  std::vector<entry_slots> entries;

  friend bool operator==(const wrong_owner&, const wrong_owner&) = default;
};

// -- owner to the standby, or to the next owner --

/// What was decided and which slots that settled. Answered by handed_taken.
struct handed_over {
  std::string pipeline;  ///< Its name.
  std::string decisions; ///< A chunk as decision_cache writes it; may be empty.
  std::vector<std::pair<entry_id, std::string>> progress; ///< Records as progress::encode() makes.
  std::uint64_t ticket = 0;
  /// Not 0: with this, all is handed over that the ring of this digest takes from the sender.
  std::uint64_t last_of_ring = 0;

  friend bool operator==(const handed_over&, const handed_over&) = default;
};

struct handed_taken {
  std::uint64_t ticket = 0;

  friend bool operator==(const handed_taken&, const handed_taken&) = default;
};

/// What goes from the node that made the link.
using link_message =
    std::variant<gossip, sent_entry, sent_until, forgotten, handed_over, leave_request>;

/// Puts the moments of a message of an origin on another clock.
inline void put_on_clock(link_message& message, steady_ns offset) {
  if (auto* entry = std::get_if<sent_entry>(&message))
    entry->received += offset;
  else if (auto* until = std::get_if<sent_until>(&message))
    until->moment += offset;
}
/// What comes back.
using link_answer = std::variant<gossip, taken, settled_slots, wrong_owner, handed_taken>;

} // namespace weir::cluster
