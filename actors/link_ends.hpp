#pragma once

#include "actors/messages.hpp"
#include "net/link/server.hpp"

#include <atomic>
#include <memory>

// The ends of links: what comes on gRPC's threads goes into mailboxes.
namespace weir::actors {

/// What comes over a link that this node made: gossip and news of the link to the hub, an owner's
/// answers to the origin.
std::shared_ptr<net::link_events> make_link_events(cluster::link_number link, hub_actor hub,
                                                   origin_actor origin);

/// Whoever makes a link to this node goes to the hub, and what is sent then to the inbox. A session
/// whose messages take more of the inbox's mailbox than any credit lets is closed.
net::hello_handler make_hello_handler(hub_actor hub, inbox_actor inbox);

} // namespace weir::actors
