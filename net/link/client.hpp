#pragma once

#include "net/link/credentials.hpp"
#include "net/link/link.hpp"

#include <memory>
#include <string>

namespace weir::net {

class client_link;

struct link_client_config {
  std::string address; ///< host:port
  std::shared_ptr<const link_credentials> credentials;
  link_limits limits = {};
};

/// A link to one address, from hello to its end: to try again is a new one. Any thread; nothing
/// blocks. No proxy of the environment is used.
class link_client {
public:
  /// Begins at once; `events` are called from then on, perhaps before this returns.
  link_client(link_client_config config, cluster::hello hello, std::shared_ptr<link_events> events);
  /// Closes the link. After it no event comes, where it is not destroyed in one.
  ~link_client();
  link_client(const link_client&) = delete;
  link_client& operator=(const link_client&) = delete;

  /// Dropped before opened() and after closed(). Where its queue is full, or it is larger than
  /// a message may be (largest_message in wire.hpp), the link closes.
  void send(cluster::link_message message);

private:
  std::shared_ptr<client_link> link_;
};

} // namespace weir::net
