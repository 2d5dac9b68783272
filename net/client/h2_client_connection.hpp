#pragma once

#include "core/clock.hpp"
#include "net/client/h2_client.hpp"
#include "net/client/h2_client_socket.hpp"

#include <functional>
#include <memory>
#include <string>

namespace weir::net {

/// A connected socket and its HTTP/2 session. Everything on the io_context's one thread.
class h2_client_connection : public std::enable_shared_from_this<h2_client_connection> {
public:
  /// After something came in: streams may have ended, SETTINGS or GOAWAY may have arrived.
  using on_progress = std::function<void()>;
  /// The connection is gone; its open streams' callbacks will never come. Called once.
  using on_lost = std::function<void(const std::string& reason)>;

  h2_client_connection(std::shared_ptr<h2_client_socket> socket,
                       h2_client_session::options options);

  void start(on_progress progress, on_lost lost);

  /// What is submitted here is sent by flush(). From a stream's callback flush() does nothing: it
  /// comes by itself afterwards.
  h2_client_session& session() noexcept { return session_; }
  void flush();

  /// Ends it with this reason; on_lost is called unless it was lost before.
  void lose(const std::string& reason);
  /// Ends it without a word.
  void close();

  steady_ns last_read() const noexcept { return last_read_; }

private:
  void read();

  std::shared_ptr<h2_client_socket> socket_;
  h2_client_session session_;
  h2_output out_;
  on_progress progress_;
  on_lost lost_;
  steady_ns last_read_;
  bool writing_ = false;
  bool busy_ = false; ///< Inside the session, which must not be entered twice.
  bool closed_ = false;
};

} // namespace weir::net
