#pragma once

#include "core/error.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir::net {

/// Makes addresses of names. Tests put their own in its place.
class name_resolver {
public:
  using addresses = std::vector<boost::asio::ip::tcp::endpoint>;
  using on_addresses = std::function<void(result<addresses>)>;

  virtual ~name_resolver() = default;

  /// Asks for all addresses of `host`. `done` is called on the client's thread, maybe before this
  /// returns; after cancel() never, or with an error.
  virtual void resolve(const std::string& host, const std::string& port, on_addresses done) = 0;
  virtual void cancel() = 0;
};

/// The system's: /etc/hosts, DNS, whatever nsswitch.conf says.
std::shared_ptr<name_resolver> make_system_resolver(boost::asio::io_context& io);

} // namespace weir::net
