#include "net/grpc_client_connector.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace weir::net {

namespace {

using boost::system::error_code;
using std::chrono::milliseconds;

constexpr milliseconds first_pause{100};
constexpr double pause_growth = 1.6;
constexpr std::chrono::seconds attempt_timeout{10}; // One address: TCP and TLS together.

std::string to_text(const boost::asio::ip::tcp::endpoint& e) {
  const auto address = e.address().to_string();
  return (e.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(e.port());
}

} // namespace

grpc_client_connector::grpc_client_connector(boost::asio::io_context& io, grpc_endpoint where,
                                             std::shared_ptr<boost::asio::ssl::context> tls,
                                             const grpc_client_config& config)
    : io_(io), where_(std::move(where)), tls_(std::move(tls)),
      server_name_(config.tls.server_name_override.empty() ? where_.host
                                                           : config.tls.server_name_override),
      verify_(!config.tls.insecure_skip_verify), reconnect_max_(config.reconnect_max),
      resolver_(io), pause_timer_(io), attempt_timer_(io) {}

milliseconds grpc_client_connector::pause_due() {
  if (failures_ == 0)
    return milliseconds(0);
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto grown =
      static_cast<double>(first_pause.count()) * std::pow(pause_growth, failures_ - 1);
  const auto jitter = std::uniform_real_distribution<>(0.8, 1.2)(random);
  const auto pause = milliseconds(static_cast<std::int64_t>(
      std::min(grown, static_cast<double>(reconnect_max_.count())) * jitter));
  const auto passed = std::chrono::nanoseconds(steady_now() - last_round_);
  return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(pause - passed));
}

void grpc_client_connector::connect(on_connected done) {
  if (done_ || stopped_)
    return;
  done_ = std::move(done);
  pause_timer_.expires_after(pause_due());
  pause_timer_.async_wait([this](error_code ec) {
    if (!ec && !stopped_)
      resolve();
  });
}

void grpc_client_connector::resolve() {
  last_round_ = steady_now();
  resolver_.async_resolve(where_.host, where_.port, [this](error_code ec, auto results) {
    if (stopped_)
      return;
    if (ec) {
      last_error_ = "cannot resolve " + where_.host + ": " + ec.message();
      return fail_round();
    }
    addresses_.clear();
    for (const auto& entry : results)
      addresses_.push_back(entry.endpoint());
    try_next(0);
  });
}

void grpc_client_connector::try_next(std::size_t tried) {
  if (tried == addresses_.size()) {
    ++first_;
    return fail_round();
  }
  const auto to = addresses_[(first_ + tried) % addresses_.size()];
  attempt_ = make_h2_client_socket(io_, tls_, server_name_, verify_);
  attempt_timer_.expires_after(attempt_timeout);
  attempt_timer_.async_wait([socket = std::weak_ptr(attempt_)](error_code ec) {
    if (auto held = socket.lock(); held && !ec)
      held->close();
  });
  attempt_->connect(to, [this, to, tried, held = attempt_](result<void> connected) {
    if (stopped_)
      return;
    attempt_timer_.cancel();
    if (connected)
      return succeed(held);
    held->close();
    last_error_ = to_text(to) + ": " + connected.error().message;
    try_next(tried + 1);
  });
}

void grpc_client_connector::succeed(std::shared_ptr<h2_client_socket> socket) {
  failures_ = 0;
  ++first_;
  attempt_ = nullptr;
  std::exchange(done_, nullptr)(std::move(socket));
}

void grpc_client_connector::fail_round() {
  ++failures_;
  attempt_ = nullptr;
  std::exchange(done_, nullptr)(fail(errc::unavailable, last_error_));
}

void grpc_client_connector::stop() {
  stopped_ = true;
  done_ = nullptr;
  resolver_.cancel();
  pause_timer_.cancel();
  attempt_timer_.cancel();
  if (attempt_)
    attempt_->close();
}

} // namespace weir::net
