#pragma once

#include "actors/peer_link.hpp"
#include "cluster/view.hpp"
#include "net/link/link.hpp"
#include "stages/messages.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

// What goes between a node's place in a cluster and its stages. See messages.hpp.
namespace weir::actors {

/// A link that another node made to this one.
struct peer_session {
  cluster::session_number number = 0;
  cluster::hello word; ///< Who it says it is.
  std::shared_ptr<net::link_session> link;
};
using session_ptr = std::shared_ptr<const peer_session>;

/// Gives back what a message in the inbox's mailbox takes of its session's room.
using mailbox_room = std::shared_ptr<void>;

/// What another node sends to an owner. The inbox moves the message out of it.
struct peer_message {
  session_ptr session;
  cluster::link_message message;
  mailbox_room room;
};
using peer_message_ptr = std::shared_ptr<peer_message>;

using gossip_ptr = std::shared_ptr<const cluster::gossip>;
using welcome_ptr = std::shared_ptr<const cluster::welcome>;
using wrong_owner_ptr = std::shared_ptr<const cluster::wrong_owner>;
using view_ptr = std::shared_ptr<const cluster::cluster_view>;
using seeds_ptr = std::shared_ptr<const std::vector<std::string>>;

/// What an origin says of itself.
struct origin_look {
  std::uint64_t entries = 0; ///< Open ones.
  std::uint64_t open_slots = 0;
  std::uint64_t unsent = 0;    ///< Entries.
  steady_ns oldest_unsent = 0; ///< Its age; 0: nothing is unsent.
  std::uint64_t link_credit = 0;
  std::map<node_id, std::uint64_t> in_flight; ///< By peer.
};
using origin_look_ptr = std::shared_ptr<const origin_look>;

} // namespace weir::actors
