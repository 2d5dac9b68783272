#include "net/server/connection.hpp"

#include "net/server/h1_server.hpp"
#include "net/server/h2_server.hpp"
#include "net/server/network_thread.hpp"
#include "net/server/server_auth.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace weir::net {

namespace {

constexpr std::string_view h2_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Output that waits for a peer that does not read; beyond it, nothing more is read from that peer.
constexpr std::size_t output_limit = 64 << 10;
/// Capacity that a connection keeps when all is sent.
constexpr std::size_t kept_output = 64 << 10;
/// Reads of one connection in a row before others get their turn.
constexpr int reads_in_a_row = 4;
constexpr int writes_in_a_row = 4;
constexpr steady_ns linger_time = second_ns;
/// A peer that reads nothing of its answers for so long is gone.
constexpr steady_ns stuck_time = 30 * second_ns;
constexpr char tls_handshake_record = 0x16;

steady_ns to_ns(std::chrono::milliseconds x) {
  return x.count() * millisecond_ns;
}

// A client of IPv4 on a socket of both kinds is shown as one of IPv4.
std::string address_text(const boost::asio::ip::address& address) {
  namespace ip = boost::asio::ip;
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return ip::make_address_v4(ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

} // namespace

connection::connection(network_thread& thread, std::shared_ptr<const listener_context> listener,
                       boost::asio::ip::tcp::socket socket, std::uint64_t id)
    : thread_(thread), listener_(std::move(listener)),
      socket_(std::move(socket), listener_->tls.get()), id_(id),
      deadline_(steady_now() + to_ns(listener_->server->limits.handshake_timeout)) {
  listener_->connections.Increment();
  boost::system::error_code ec;
  if (const auto peer = socket_.raw().remote_endpoint(ec); !ec)
    client_address_ = address_text(peer.address());
}

connection::~connection() {
  listener_->connections.Decrement();
  listener_->room.leave();
  listener_->server->connections.fetch_sub(1, std::memory_order_relaxed);
}

void connection::start() {
  shake_hands();
}

void connection::shake_hands() {
  switch (socket_.handshake()) {
  case server_socket::status::ok:
    choose_by_alpn();
    return;
  case server_socket::status::again:
    wait(socket_.wants());
    return;
  default:
    on_failed_handshake();
  }
}

void connection::on_failed_handshake() {
  listener_->handshake_failures.Increment();
  if (socket_.peer_is_plain())
    report(refusal::plain_on_tls, "it does not speak TLS, this port does");
  else if (!socket_.failure().empty())
    report(refusal::handshake, socket_.failure());
  close();
}

void connection::report(refusal reason, std::string_view why) {
  listener_->count(reason);
  listener_->log_refusal(reason, client_address_, why);
}

void connection::choose_by_alpn() {
  const auto protocol = socket_.protocol();
  if (listener_->tls && listener_->config.grpc && protocol != "h2") {
    listener_->handshake_failures.Increment();
    report(refusal::handshake, "it does not offer HTTP/2 (ALPN h2), which gRPC needs");
    return close();
  }
  // Where only HTTP/2 is spoken our SETTINGS go out at once: clients that look at the connection
  // only while they call, as those of gRPC C++ do, give it up when none have come by then.
  if (listener_->config.grpc || protocol == "h2")
    open(make_h2_server(*this, listener_));
  else
    phase_ = phase::sniffing; // HTTP/2 by prior knowledge begins with its preface.
  read();
}

void connection::open(std::unique_ptr<session> session) {
  session_ = std::move(session);
  phase_ = phase::open;
  if (listener_->server->draining.load(std::memory_order_relaxed))
    session_->drain();
}

void connection::choose_by_bytes() {
  const bool h2 = sniffed_.starts_with(h2_preface);
  if (!h2 && sniffed_.size() < h2_preface.size() && h2_preface.starts_with(sniffed_))
    return;
  open(h2 ? make_h2_server(*this, listener_) : make_h1_server(*this, listener_));
  const auto first = std::move(sniffed_);
  sniffed_ = {};
  session_over_ = !session_->feed(first, steady_now());
}

// The first bytes of a client where only HTTP/2 is spoken.
bool connection::speaks_tls_on_plain(std::string_view bytes) {
  if (!listener_->config.grpc || listener_->tls || bytes.front() != tls_handshake_record)
    return false;
  listener_->handshake_failures.Increment();
  report(refusal::tls_on_plain, "it speaks TLS, this port does not");
  session_over_ = true;
  close();
  return true;
}

void connection::on_bytes(std::string_view bytes) {
  listener_->received_bytes.Increment(static_cast<double>(bytes.size()));
  if (phase_ == phase::sniffing) {
    sniffed_.append(bytes);
    choose_by_bytes();
  } else if (phase_ == phase::open && !session_over_) {
    if (!std::exchange(spoken_, true) && speaks_tls_on_plain(bytes))
      return;
    session_over_ = !session_->feed(bytes, steady_now());
  }
}

void connection::read() {
  auto& buffer = thread_.read_buffer();
  paused_ = false;
  for (int i = 0; i < reads_in_a_row; ++i) {
    const auto got = socket_.read(buffer.data(), buffer.size());
    if (got.state == server_socket::status::again) {
      wait(socket_.wants());
      break;
    }
    if (got.state != server_socket::status::ok) {
      on_end(got.state);
      break;
    }
    on_bytes({buffer.data(), got.bytes});
    if (session_over_)
      break;
    if (out_.size() - sent_ > output_limit || (session_ && !session_->wants_input())) {
      paused_ = true; // flush() goes on reading
      break;
    }
    if (i + 1 == reads_in_a_row || (!socket_.may_hold_bytes() && got.bytes < buffer.size())) {
      socket_.may_hold_bytes() ? read_again() : wait(boost::asio::socket_base::wait_read);
      break;
    }
  }
  thread_.hand_over();
  flush();
}

void connection::read_again() {
  boost::asio::post(thread_.io(), [self = shared_from_this()] {
    if (self->phase_ == phase::sniffing || self->phase_ == phase::open)
      self->read();
  });
}

void connection::on_end(server_socket::status why) {
  input_over_ = true;
  if (why == server_socket::status::failed || !session_)
    return close();
  session_->end_of_input();
}

void connection::wait(boost::asio::socket_base::wait_type event) {
  auto& waiting = event == boost::asio::socket_base::wait_write ? waiting_write_ : waiting_read_;
  if (waiting || phase_ == phase::closed)
    return;
  waiting = true;
  socket_.raw().async_wait(
      event, [self = shared_from_this(), &waiting](const boost::system::error_code& ec) {
        waiting = false;
        if (!ec)
          self->go_on();
      });
}

void connection::go_on() {
  switch (phase_) {
  case phase::handshake:
    shake_hands();
    break;
  case phase::lingering:
    discard_input();
    break;
  case phase::closed:
    break;
  default:
    if (!input_over_ && !session_over_ && !paused_)
      read();
    else
      flush();
  }
}

bool connection::write_out() {
  while (sent_ < out_.size()) {
    const auto done = socket_.write(std::string_view(out_).substr(sent_));
    if (done.state == server_socket::status::again) {
      wait(socket_.wants());
      return false;
    }
    if (done.state != server_socket::status::ok) {
      close();
      return false;
    }
    sent_ += done.bytes;
    last_write_progress_ = 0;
  }
  if (out_.capacity() > kept_output)
    std::string().swap(out_);
  out_.clear();
  sent_ = 0;
  return true;
}

void connection::flush() {
  if (phase_ != phase::open)
    return;
  int writes = 0;
  do {
    if (++writes > writes_in_a_row)
      return flush_again();
    if (sent_ > output_limit)
      out_.erase(0, std::exchange(sent_, 0));
    if (out_.size() - sent_ < output_limit)
      session_->produce(out_, sent_ + output_limit);
    if (out_.empty())
      break;
    if (!write_out())
      return;
  } while (phase_ == phase::open);
  if (session_over_ || session_->finished())
    return linger();
  if (paused_ && session_->wants_input()) {
    paused_ = false;
    read_again();
  }
}

void connection::flush_again() {
  boost::asio::post(thread_.io(), [self = shared_from_this()] {
    self->flush();
    self->thread_.hand_over();
  });
}

void connection::linger() {
  socket_.shut_down_sending();
  if (input_over_)
    return close();
  // Closing now, with bytes of the peer unread, would send RST and could take the last answer
  // along.
  phase_ = phase::lingering;
  deadline_ = steady_now() + linger_time;
  discard_input();
}

void connection::discard_input() {
  auto& buffer = thread_.read_buffer();
  for (int i = 0; i < reads_in_a_row; ++i) {
    boost::system::error_code ec;
    socket_.raw().read_some(boost::asio::buffer(buffer), ec);
    if (ec == boost::asio::error::would_block)
      break;
    if (ec)
      return close();
  }
  wait(boost::asio::socket_base::wait_read);
}

bool connection::reply(std::uint32_t stream, otlp_reply&& answer) {
  if (phase_ != phase::open)
    return false;
  session_->reply(stream, std::move(answer));
  return true;
}

void connection::deliver(std::uint32_t stream, otlp_request&& request, byte_reservation&& bytes) {
  request.receiver = listener_->receiver;
  request.over_grpc = listener_->config.grpc;
  request.client_address = client_address_;
  if (!std::exchange(known_, true))
    thread_.is_known(id_, *listener_);
  thread_.add(id_, stream, std::move(request), std::move(bytes));
}

bool connection::ask_about(std::uint32_t stream, const std::vector<std::string>& credentials) {
  return listener_->authenticator->check_slowly(credentials, thread_.verdict_for(id_, stream));
}

void connection::on_verdict(std::uint32_t stream, bool accepted) {
  if (phase_ == phase::open)
    session_->on_verdict(stream, accepted);
}

void connection::give_way() {
  report(refusal::idle, "all connections are in use, and it has made no good request");
  close();
}

void connection::tick(steady_ns now) {
  if (phase_ != phase::open) {
    if (now < deadline_)
      return;
    if (phase_ != phase::lingering) {
      listener_->handshake_failures.Increment();
      report(refusal::too_slow, "it did not say in time which protocol it speaks");
    }
    return close();
  }
  if (!out_.empty()) {
    if (last_write_progress_ == 0)
      last_write_progress_ = now;
    const auto patience = listener_->config.write_timeout.count() > 0
                              ? to_ns(listener_->config.write_timeout)
                              : stuck_time;
    if (now - last_write_progress_ > patience) {
      report(refusal::stuck, "it does not read its answers");
      return close();
    }
  }
  if (!session_->tick(now))
    return close();
  flush();
}

void connection::drain() {
  if (phase_ == phase::open) {
    session_->drain();
    flush();
  } else if (phase_ != phase::lingering) {
    close();
  }
}

void connection::close() {
  if (phase_ == phase::closed)
    return;
  const auto self = shared_from_this();
  phase_ = phase::closed;
  socket_.close();
  thread_.forget(id_, *listener_);
}

} // namespace weir::net
