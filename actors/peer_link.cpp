#include "actors/peer_link.hpp"

#include "core/metrics.hpp"

#include <utility>

namespace weir::actors {

peer_link::peer_link(cluster::link_number number, net::link_client_config config,
                     cluster::hello first, std::shared_ptr<net::link_events> events)
    : number_(number), client_(std::make_shared<net::link_client>(
                           std::move(config), std::move(first), std::move(events))) {}

void peer_link::send(cluster::link_message message) {
  const auto client = [this] {
    const std::lock_guard guard(mutex_);
    return client_;
  }();
  if (!client)
    return;
  if (const auto* entry = std::get_if<cluster::sent_entry>(&message)) {
    static auto& entries = metrics::cluster_sent_entries.with();
    static auto& bytes = metrics::cluster_sent_bytes.with();
    entries.Increment();
    bytes.Increment(static_cast<double>(entry->entry.size()));
    ++sent_entries_;
    sent_bytes_ += entry->entry.size();
  }
  cluster::put_on_clock(message, offset_);
  client->send(std::move(message));
}

void peer_link::close() {
  std::shared_ptr<net::link_client> last; // Outlives the guard.
  const std::lock_guard guard(mutex_);
  last = std::exchange(client_, nullptr);
}

bool peer_link::closed() const {
  const std::lock_guard guard(mutex_);
  return client_ == nullptr;
}

} // namespace weir::actors
