#include "net/link/client.hpp"

#include "net/link/client_link.hpp"

namespace weir::net {

link_client::link_client(link_client_config config, cluster::hello hello,
                         std::shared_ptr<link_events> events)
    : link_(std::make_shared<client_link>(std::move(config), std::move(events))) {
  link_->begin(std::move(hello));
}

link_client::~link_client() {
  link_->abandon();
}

void link_client::send(cluster::link_message message) {
  link_->send(std::move(message));
}

} // namespace weir::net
