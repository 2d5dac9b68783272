#pragma once

#include "core/clock.hpp"
#include "net/server/byte_budget.hpp"
#include "net/server/otlp_server.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::net {

/// What a session hands its complete requests to: its connection.
class session_owner {
public:
  /// `request` lacks its reply handle; what the handle answers comes back as reply(stream, …).
  virtual void deliver(std::uint32_t stream, otlp_request&& request, byte_reservation&& bytes) = 0;

  /// Has the authenticator look at credentials it does not know; its answer comes back as
  /// on_verdict(stream, …). False: it has too much to do.
  virtual bool ask_about(std::uint32_t stream, const std::vector<std::string>& credentials) = 0;

  /// Without the port; "" = not known.
  virtual std::string_view client_address() const = 0;

protected:
  ~session_owner() = default;
};

/// The server's side of one connection without its socket: bytes in, bytes out. One thread.
class session {
public:
  virtual ~session() = default;

  /// Takes bytes from the peer. False: nothing more will be read; flush and close.
  virtual bool feed(std::string_view bytes, steady_ns now) = 0;

  /// The peer will send nothing more. What is in flight is still answered.
  virtual void end_of_input() = 0;

  /// Appends what is to be sent, until `out` has about `soft_limit` bytes.
  virtual void produce(std::string& out, std::size_t soft_limit) = 0;

  /// The answer to a delivered request; one that is gone is passed over.
  virtual void reply(std::uint32_t stream, otlp_reply&& answer) = 0;

  /// Whether the client of a request that was asked about may come in.
  virtual void on_verdict(std::uint32_t stream, bool accepted) = 0;

  /// Looks at timeouts. False: close at once.
  virtual bool tick(steady_ns now) = 0;

  /// Takes no new requests, finishes those that are there.
  virtual void drain() = 0;

  /// Whether reading may go on (a session that works one request at a time stops meanwhile).
  virtual bool wants_input() const = 0;

  /// Whether all is said: close once the output is flushed.
  virtual bool finished() const = 0;
};

} // namespace weir::net
