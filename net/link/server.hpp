#pragma once

#include "core/error.hpp"
#include "net/link/credentials.hpp"
#include "net/link/link.hpp"
#include "net/link/question.hpp"

#include <functional>
#include <memory>
#include <string>

namespace weir::net {

struct link_server_config {
  std::string listen; ///< host:port; port 0: any that is free.
  std::shared_ptr<const link_credentials> credentials;
  link_limits limits = {};
};

/// A peer said hello: who hears what comes on the session, not null. accept() or refuse() may be
/// called before it returns or later. Called on gRPC's threads, also at once for several sessions;
/// must not block. `peer`: the other end of the connection, for a person.
using hello_handler = std::function<std::shared_ptr<session_events>(
    std::shared_ptr<link_session> session, const cluster::hello& hello, const std::string& peer)>;

/// Listens on the cluster port. Whatever comes, it goes on: who says no hello in time, opens no Data
/// stream, or sends what is no message is closed with a reason that it is told.
class link_server {
public:
  /// errc::io: it cannot listen there.
  static result<std::unique_ptr<link_server>> start(link_server_config config,
                                                    hello_handler on_hello);
  /// As stop().
  ~link_server();

  /// Where it listens: host:port.
  const std::string& endpoint() const noexcept;

  /// Who answers the questions of other nodes that have a link to this one; before, they are told that
  /// the node starts. It has to live until the server has stopped. Any thread.
  void answer_by(question_handler handler);

  /// Closes all sessions, for a second at most; after it nothing is called any more. Not from an
  /// event.
  void stop();

  class implementation;
  /// For start() alone.
  explicit link_server(std::unique_ptr<implementation> made);

private:
  std::unique_ptr<implementation> implementation_;
};

} // namespace weir::net
