#pragma once

#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/signal.hpp"
#include "net/config.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::net {

/// What a request came to.
struct otlp_reply {
  enum class status : std::uint8_t {
    ok,          ///< All durable (with rejected > 0 or a message: partial success).
    invalid,     ///< INVALID_ARGUMENT / 400: will never be accepted.
    too_large,   ///< RESOURCE_EXHAUSTED without RetryInfo / 413.
    unavailable, ///< UNAVAILABLE with RetryInfo (both trailers) / 503 with Retry-After.
    internal,    ///< INTERNAL / 500.
  };
  status code = status::ok;
  std::uint64_t rejected = 0;
  std::string message;
  std::chrono::milliseconds retry_after{1000};
};

/// Answers one request, from any thread, once. One that is dropped unanswered answers
/// `unavailable`.
class reply_handle {
public:
  struct target {
    virtual ~target() = default;
    virtual void reply(otlp_reply&& answer) = 0; ///< Any thread.
  };
  reply_handle() = default;
  explicit reply_handle(std::shared_ptr<target> destination) : target_(std::move(destination)) {}
  reply_handle(reply_handle&&) noexcept = default;
  reply_handle& operator=(reply_handle&& other) noexcept {
    drop();
    target_ = std::move(other.target_);
    return *this;
  }
  ~reply_handle() { drop(); }

  void operator()(otlp_reply answer) {
    if (auto target = std::exchange(target_, nullptr))
      target->reply(std::move(answer));
  }

private:
  void drop() {
    if (target_)
      (*this)({.code = otlp_reply::status::unavailable, .message = "the node is stopping"});
  }
  std::shared_ptr<target> target_;
};

/// One OTLP export request, unpacked, as protobuf (JSON was translated). Its bytes count as in
/// flight until it is answered.
struct otlp_request {
  weir::signal signal = weir::signal::traces;
  bool over_grpc = true;
  std::uint32_t receiver = 0;   ///< Index of the receiver in the list given to start().
  steady_ns arrived = 0;        ///< When it was complete.
  std::uint64_t connection = 0; ///< Number of the connection it came on, the server's own.
  std::string body;
  /// Headers of otlp_listener_config::metadata_keys, with include_metadata alone; as many as the
  /// client sent, in its order.
  std::vector<std::pair<std::string, std::string>> metadata;
  /// What the authenticator knows of the client: its "username", never a secret.
  std::vector<std::pair<std::string, std::string>> auth;
  std::string client_address; ///< Without the port; "" = not known.
  reply_handle reply;
};

/// The OTLP ports: HTTP/2 by nghttp2 with gRPC's protocol on it, HTTP/1.1 and HTTP/2 for OTLP/HTTP,
/// on a network thread a core.
class otlp_server {
public:
  /// Called on a network thread with everything that has become complete since the last call. Must
  /// not block.
  using handler = std::function<void(std::vector<otlp_request>&&)>;

  /// Signals a receiver takes; the others answer UNIMPLEMENTED / 404.
  struct receiver {
    otlp_receiver_config config;
    std::vector<weir::signal> signals;
  };

  /// Binds every endpoint (a port in use is an error that names it) and starts to serve. Ignores
  /// SIGPIPE for the process: OpenSSL writes to sockets without a flag against it.
  static result<std::unique_ptr<otlp_server>>
  start(std::vector<receiver> receivers, const server_limits& limits, handler on_requests);

  /// The bound addresses ("127.0.0.1:43179"), in the order of receivers and their listeners.
  std::vector<std::string> endpoints() const;

  /// While false, every new request is answered `unavailable` (with this reason); its body is read,
  /// as far as there is room for that, to count what is in it, and never handed over. Any thread.
  void set_accepting(bool accepting, std::string reason);
  /// The reason while it does not accept; "" otherwise. Any thread.
  std::string refusal() const;

  /// The signals that a receiver (its index in the list given to start()) takes from now on.
  /// Requests that were let in already still come. Any thread.
  void set_signals(std::uint32_t receiver, const std::vector<weir::signal>& signals);

  /// Stops listening and sends GOAWAY; returns when what is in flight is answered or at the
  /// deadline.
  void drain(std::chrono::milliseconds deadline);

  ~otlp_server(); ///< Closes everything at once.

private:
  struct impl;
  explicit otlp_server(std::unique_ptr<impl> built);
  std::unique_ptr<impl> impl_;
};

} // namespace weir::net
