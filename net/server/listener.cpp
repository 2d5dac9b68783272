#include "net/server/listener.hpp"

#include "core/log.hpp"
#include "net/server/tls_server.hpp"

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

namespace weir::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// After an accept that failed for want of descriptors or memory.
constexpr std::chrono::milliseconds accept_pause{100};
constexpr int backlog = 1024;
/// Connections above the limit that may wait until another has gone for each.
constexpr int most_swaps = 64;

result<tcp::endpoint> resolve(asio::io_context& io, const std::string& endpoint) {
  const auto colon = endpoint.rfind(':');
  if (colon == std::string::npos)
    return fail(errc::invalid_argument, fmt::format("endpoint {}: no port in it", endpoint));
  auto host = endpoint.substr(0, colon);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  boost::system::error_code ec;
  const auto found =
      tcp::resolver(io).resolve(host, endpoint.substr(colon + 1), tcp::resolver::passive, ec);
  if (ec || found.empty())
    return fail(errc::io, fmt::format("endpoint {}: {}", endpoint, ec.message()));
  // "localhost" may stand for both families; clients try 127.0.0.1 at the latest as their second.
  for (const auto& entry : found)
    if (entry.endpoint().address().is_v4() && !host.empty())
      return entry.endpoint();
  for (const auto& entry : found)
    if (entry.endpoint().address().is_v6())
      return entry.endpoint();
  return found.begin()->endpoint();
}

} // namespace

std::string to_string(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address().to_string();
  if (endpoint.address().is_v6())
    return fmt::format("[{}]:{}", address, endpoint.port());
  return fmt::format("{}:{}", address, endpoint.port());
}

result<tcp::acceptor> listen_on(asio::io_context& io, const std::string& endpoint) {
  const auto wanted = resolve(io, endpoint);
  if (!wanted)
    return tl::unexpected(wanted.error());
  tcp::acceptor acceptor(io);
  boost::system::error_code ec, ignored;
  acceptor.open(wanted->protocol(), ec);
  if (ec == asio::error::address_family_not_supported && wanted->address().is_unspecified()) {
    // A host without IPv6: all addresses are those of IPv4.
    return listen_on(io, fmt::format("0.0.0.0:{}", wanted->port()));
  }
  if (!ec)
    acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec && wanted->address().is_v6())
    acceptor.set_option(asio::ip::v6_only(false), ignored);
  if (!ec)
    acceptor.bind(*wanted, ec);
  if (!ec)
    acceptor.listen(backlog, ec);
  if (ec)
    return fail(errc::io, fmt::format("endpoint {}: {}", endpoint, ec.message()));
  return acceptor;
}

listener::listener(tcp::acceptor acceptor,
                   const std::vector<std::unique_ptr<network_thread>>& threads,
                   std::shared_ptr<listener_context> context)
    : acceptor_(std::move(acceptor)), pause_(acceptor_.get_executor()),
      reload_(acceptor_.get_executor()), threads_(threads), context_(std::move(context)),
      endpoint_(to_string(acceptor_.local_endpoint())) {}

void listener::start() {
  asio::post(acceptor_.get_executor(), [this] {
    accept();
    schedule_reload();
  });
}

void listener::stop() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  reload_.cancel();
}

void listener::accept() {
  auto& thread = *threads_[next_];
  acceptor_.async_accept(thread.io(),
                         [this](const boost::system::error_code& ec, tcp::socket peer) {
                           if (ec == asio::error::operation_aborted || !acceptor_.is_open())
                             return;
                           if (ec)
                             return pause();
                           deal_out(std::move(peer));
                           accept();
                         });
}

void listener::deal_out(tcp::socket socket) {
  const bool room = context_->room.enter();
  if (!room && swaps_->load(std::memory_order_relaxed) >= most_swaps)
    return refuse();
  auto& thread = *threads_[next_];
  next_ = (next_ + 1) % threads_.size();
  if (room) {
    context_->server->connections.fetch_add(1, std::memory_order_relaxed);
    asio::post(thread.io(), [&thread, peer = std::move(socket), context = context_]() mutable {
      thread.adopt(std::move(peer), std::move(context));
    });
    return;
  }
  swaps_->fetch_add(1, std::memory_order_relaxed);
  asio::post(thread.io(), [this, &thread, peer = std::move(socket), context = context_,
                           swaps = swaps_]() mutable {
    swaps->fetch_sub(1, std::memory_order_relaxed);
    if (!thread.adopt_in_place(std::move(peer), std::move(context)))
      refuse();
  });
}

void listener::refuse() {
  context_->count(refusal::connections);
  if (log::permit("net.connections." + endpoint_))
    log::warn("{}: as many connections are open as it may have (service.limits.max_connections is "
              "{}): one more was refused",
              endpoint_, context_->server->limits.max_connections);
}

void listener::pause() {
  if (log::permit("net.accept"))
    log::warn("{}: cannot accept a connection now; trying again", endpoint_);
  pause_.expires_after(accept_pause);
  pause_.async_wait([this](const boost::system::error_code& ec) {
    if (!ec)
      accept();
  });
}

void listener::schedule_reload() {
  if (!context_->tls || context_->tls->reload_interval().count() <= 0)
    return;
  reload_.expires_after(context_->tls->reload_interval());
  reload_.async_wait([this](const boost::system::error_code& ec) {
    if (ec)
      return;
    if (const auto done = context_->tls->reload(); !done && log::permit("net.tls", 60))
      log::error("{}: the certificates in use stay, the new ones do not load: {}", endpoint_,
                 done.error().message);
    schedule_reload();
  });
}

} // namespace weir::net
