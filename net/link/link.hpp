#pragma once

#include "cluster/messages.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

// A link: what one node tells another, and what comes back (cluster/messages.hpp), over a Control and
// a Data stream of gRPC (proto/weir/cluster/v1). The node that wants to tell makes it (link_client)
// to the other's cluster port (link_server); so two nodes have two.
//
//   link_client(hello) -------------> on_hello(session, hello)
//   opened(welcome)    <------------- session.accept(welcome), or refuse(reason): closed(reason, true)
//   send(link_message) -------------> session_events::received(), in order
//   received(answer)   <------------- session.send(link_answer)
//   closed(reason)     <------------- session.close(reason), or either end or the way between is gone
//
// Order: entries, sent_until and forgotten arrive in the order in which they were sent; so do taken,
// settled_slots and wrong_owner. What goes over the Control stream overtakes them and each other. Of
// gossip that cannot leave yet only the newest is kept; it wants an answer if one that it replaced did.
//
// Bounded: what waits to leave by bytes (link_limits), what comes by the size of a message and by
// what gRPC may take for all of them. How much a peer sends before it hears anything is for the
// credit to bound: whoever takes messages closes a link that sends without.
namespace weir::net {

/// Who may be at the other end: whoever has a certificate of `ca_file`. Both ends show one.
struct link_tls {
  bool insecure = false; ///< Plain text with anybody; the rest is not looked at.
  std::string cert_file = {}, key_file = {}, ca_file = {}; ///< PEM.
  /// The name or address in the certificates of those that links are made to; "" = the host of the
  /// address that is dialled.
  std::string server_name = {};
  /// The files are read again so often, in whole seconds, at least 1; links that stand stay.
  std::chrono::seconds reload_interval{10};

  friend bool operator==(const link_tls&, const link_tls&) = default;
};

struct link_limits {
  /// Of what waits for a link's Data stream, and for its Control stream; more closes the link.
  std::size_t data_queue_bytes = 32 << 20;
  std::size_t control_queue_bytes = 16 << 20;
  /// From the connection to the open link, at both ends.
  std::chrono::milliseconds hello_timeout{std::chrono::seconds(10)};
  /// A connection that is silent for so long is asked, and closed when it is silent for as long
  /// again.
  std::chrono::milliseconds keepalive{std::chrono::seconds(5)};
  // Of a server:
  std::uint32_t sessions = 1100;
  std::size_t memory_bytes = 256 << 20; ///< That gRPC may take for all that comes and goes.
};

/// What the maker of a link hears of it: called on gRPC's threads, one call at a time, in order.
/// Must not block; may call the link's send(), and destroy it.
class link_events {
public:
  virtual ~link_events() = default;

  /// First; what is sent from now on arrives, unless the link closes.
  virtual void opened(const cluster::welcome& welcome) = 0;
  virtual void received(cluster::link_answer answer) = 0;
  /// Last, once. `reason`: a sentence for a person, also where the link never opened; `refused`: the
  /// other node said it, of the hello. It may hold bytes that the other node chose.
  virtual void closed(const std::string& reason, bool refused) = 0;
};

/// What the other end hears: as link_events.
class session_events {
public:
  virtual ~session_events() = default;

  virtual void received(cluster::link_message message) = 0;
  /// Last, once; also of a session that was refused or closed here.
  virtual void closed(const std::string& reason) = 0;
};

/// The other end of a link that a peer made. Any thread; nothing blocks. Ends with close(), with the
/// link, or with the server; after that all calls do nothing.
class link_session {
public:
  virtual ~link_session() = default;

  /// One of the two, once, within link_limits::hello_timeout; nothing is received before.
  virtual void accept(const cluster::welcome& welcome) = 0;
  virtual void refuse(const std::string& reason) = 0;

  /// @pre accepted. Entries of settled_slots and wrong_owner may arrive as several messages.
  virtual void send(cluster::link_answer answer) = 0;
  /// The peer is told the reason; what still waits to leave is dropped.
  virtual void close(const std::string& reason) = 0;
};

} // namespace weir::net
