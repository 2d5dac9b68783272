#pragma once

#include "cluster/hub.hpp"
#include "net/link/client.hpp"

#include <atomic>
#include <memory>
#include <mutex>

namespace weir::actors {

/// A link to another node, from hello to its end: the hub makes and closes it, the origin and the
/// compressors send over it without a hop. Who is told of another link goes over to that one in its
/// mailbox's order, so that nothing said of one link goes over the next.
///
/// Any thread.
class peer_link {
public:
  /// Begins at once; `events` come on other threads.
  peer_link(cluster::link_number number, net::link_client_config config, cluster::hello first,
            std::shared_ptr<net::link_events> events);

  cluster::link_number number() const noexcept { return number_; }
  /// 0: it has not answered.
  node_id peer() const noexcept { return peer_; }
  /// The protocol that both speak; 0: it has not answered.
  std::uint32_t protocol() const noexcept { return protocol_; }

  /// It answered.
  void belongs_to(node_id peer, std::uint32_t protocol) noexcept {
    protocol_ = protocol;
    peer_ = peer;
  }
  /// Moments go to its clock by this.
  void set_offset(steady_ns offset) noexcept { offset_ = offset; }

  /// With moments on this node's clock. Lost where the link is closed.
  void send(cluster::link_message message);
  /// Nothing comes from it any more on return, where this is not called by what comes from it.
  void close();
  bool closed() const;

  std::uint64_t sent_bytes() const noexcept { return sent_bytes_; } ///< Of entries.
  std::uint64_t sent_entries() const noexcept { return sent_entries_; }

private:
  const cluster::link_number number_;
  std::atomic<node_id> peer_{0};
  std::atomic<std::uint32_t> protocol_{0};
  std::atomic<steady_ns> offset_{0};
  std::atomic<std::uint64_t> sent_bytes_{0};
  std::atomic<std::uint64_t> sent_entries_{0};
  mutable std::mutex mutex_;
  /// Guarded; never destroyed under the mutex, as its end waits for events.
  std::shared_ptr<net::link_client> client_;
};

using peer_link_ptr = std::shared_ptr<peer_link>;

} // namespace weir::actors
