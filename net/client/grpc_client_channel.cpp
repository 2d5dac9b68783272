#include "net/client/grpc_client_channel.hpp"

#include <algorithm>
#include <utility>

namespace weir::net {

namespace {

using boost::system::error_code;

constexpr std::chrono::seconds attempt_timeout{10}; // TCP and TLS together.
constexpr milliseconds default_keepalive_timeout{20'000};
constexpr milliseconds longest_wish{
    30'000}; // A server that wants to be left alone longer is asked again.

std::string to_text(const boost::asio::ip::tcp::endpoint& e) {
  const auto address = e.address().to_string();
  return (e.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(e.port());
}

} // namespace

grpc_client_channel::grpc_client_channel(boost::asio::io_context& io, address_type address,
                                         const grpc_endpoint& endpoint,
                                         std::shared_ptr<boost::asio::ssl::context> tls,
                                         const grpc_client_config& config, events events)
    : io_(io), address_(std::move(address)), endpoint_(&endpoint), tls_(std::move(tls)),
      server_name_(config.tls.server_name_override.empty() ? endpoint.host
                                                           : config.tls.server_name_override),
      verify_(!config.tls.insecure_skip_verify), session_{.scheme = tls_ ? "https" : "http",
                                                          .authority = config.authority.empty()
                                                                           ? endpoint.authority
                                                                           : config.authority,
                                                          .max_response_bytes =
                                                              config.max_response_bytes + 5},
      keepalive_time_(config.keepalive_time),
      keepalive_timeout_(config.keepalive_timeout.count() > 0 ? config.keepalive_timeout
                                                              : default_keepalive_timeout),
      keepalive_without_stream_(config.keepalive_permit_without_stream), events_(std::move(events)),
      attempts_(config.reconnect_max), refusals_(config.reconnect_max), attempt_timer_(io),
      keepalive_timer_(io) {}

void grpc_client_channel::connect() {
  std::optional<proxy_step> proxy;
  if (endpoint_->proxy)
    proxy = {endpoint_->authority, endpoint_->proxy->authorization};
  attempt_ = make_h2_client_socket(io_, tls_, server_name_, verify_, std::move(proxy));
  attempt_timer_.expires_after(attempt_timeout);
  attempt_timer_.async_wait([socket = std::weak_ptr(attempt_)](error_code ec) {
    if (auto held = socket.lock(); held && !ec)
      held->close();
  });
  attempt_->connect(address_, [self = shared_from_this(), held = attempt_](result<void> connected) {
    if (self->closed_)
      return;
    self->attempt_timer_.cancel();
    self->attempt_ = nullptr;
    if (connected)
      return self->adopt(held);
    held->close();
    self->attempts_.failed(steady_now());
    self->events_.failed(to_text(self->address_) + ": " + connected.error().message);
  });
}

void grpc_client_channel::adopt(std::shared_ptr<h2_client_socket> socket) {
  connection_ = std::make_shared<h2_client_connection>(std::move(socket), session_);
  proven_ = false;
  ping_sent_at_ = 0;
  refusals_.succeeded();
  const std::weak_ptr<h2_client_connection> which = connection_;
  // The callbacks live as long as the connection, which may outlive this channel.
  connection_->start(events_.progress, [channel = weak_from_this(), which,
                                        lost = events_.lost](const std::string& reason) {
    const auto held = which.lock();
    if (const auto self = channel.lock())
      self->on_lost(held, reason);
    lost(held, reason);
  });
  arm_keepalive();
  events_.progress();
}

void grpc_client_channel::on_lost(const connection_ptr& which, const std::string&) {
  if (connection_ != which)
    return;
  connection_ = nullptr;
  keepalive_timer_.cancel();
  // What took a connection and never answered anything is as good as what took none.
  if (!proven_)
    attempts_.failed(steady_now());
}

grpc_client_channel::connection_ptr grpc_client_channel::retire() {
  if (connection_ && connection_->session().pings_too_often())
    keepalive_time_ *= 2;
  keepalive_timer_.cancel();
  if (connection_ && !proven_)
    attempts_.failed(steady_now());
  return std::exchange(connection_, nullptr);
}

void grpc_client_channel::answered() {
  proven_ = true;
  attempts_.succeeded();
  refusals_.succeeded();
}

void grpc_client_channel::refused(steady_ns now, milliseconds wish) {
  if (refusals_.over(now)) // Several calls that were in flight together are one failure.
    refusals_.failed(now, std::min(wish, longest_wish));
}

void grpc_client_channel::arm_keepalive() {
  if (keepalive_time_.count() <= 0 || closed_)
    return;
  keepalive_timer_.expires_after(ping_sent_at_ != 0 ? keepalive_timeout_ : keepalive_time_);
  keepalive_timer_.async_wait([self = shared_from_this()](error_code ec) {
    if (!ec)
      self->on_keepalive();
  });
}

void grpc_client_channel::on_keepalive() {
  const auto held = connection_; // Losing it drops ours.
  if (held == nullptr)
    return;
  const auto now = steady_now();
  if (held->last_read() > ping_sent_at_)
    ping_sent_at_ = 0;
  else if (ping_sent_at_ != 0)
    return held->lose("no answer to a keepalive PING");
  const bool wanted = keepalive_without_stream_ || held->session().open_streams() > 0;
  const auto quiet = std::chrono::nanoseconds(now - held->last_read());
  if (wanted && quiet >= keepalive_time_) {
    ping_sent_at_ = now;
    held->session().ping();
    held->flush();
  }
  arm_keepalive();
}

void grpc_client_channel::close() {
  closed_ = true;
  attempt_timer_.cancel();
  keepalive_timer_.cancel();
  if (auto held = std::exchange(attempt_, nullptr))
    held->close();
  if (auto held = std::exchange(connection_, nullptr))
    held->close();
}

} // namespace weir::net
