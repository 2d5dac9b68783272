#include "net/grpc_client.hpp"

#include "core/clock.hpp"
#include "core/log.hpp"
#include "net/client_auth.hpp"
#include "net/client_packing.hpp"
#include "net/grpc_client_connector.hpp"
#include "net/h2_client_connection.hpp"

#include <algorithm>
#include <atomic>
#include <boost/algorithm/string/case_conv.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace weir::net {

namespace {

namespace asio = boost::asio;

// A call that a server certainly has not looked at is sent again by itself, this often.
constexpr int max_submissions = 3;

} // namespace

struct grpc_client::impl : std::enable_shared_from_this<grpc_client::impl> {
  using connection_ptr = std::shared_ptr<h2_client_connection>;

  struct call_state {
    std::string path;
    std::string prefix; ///< The frame's five bytes.
    shared_bytes message;
    on_reply done;
    steady_ns deadline = 0;
    connection_ptr connection; ///< Null while it waits.
    h2_client_session::stream_id stream = 0;
    int submissions = 0;
  };
  using call_id = std::uint64_t;

  impl(grpc_client_config c, grpc_endpoint where, std::shared_ptr<asio::ssl::context> tls)
      : config(std::move(c)), endpoint(std::move(where)), secure(tls != nullptr),
        work(io.get_executor()), deadline_timer(io), keepalive_timer(io),
        connector(io, endpoint, std::move(tls), config), packing(config.compression, 0) {}

  grpc_client_config config;
  std::shared_ptr<client_authenticator> authenticator; ///< May be null.
  grpc_endpoint endpoint;
  bool secure;
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work;
  asio::steady_timer deadline_timer, keepalive_timer;
  grpc_client_connector connector;
  client_packing packing;
  std::thread thread;
  std::mutex mutex;                  ///< Between call() and stop(): what was taken is answered.
  std::atomic<bool> stopped = false; ///< Written under the mutex.

  // From here on: the network thread's own.
  std::map<call_id, call_state> calls; ///< In the order of their deadlines.
  std::deque<call_id> waiting;
  call_id next_id = 1;
  connection_ptr current;
  std::vector<connection_ptr> draining; ///< Told to go away; their last streams finish.
  bool deadline_armed = false;
  steady_ns ping_sent_at = 0;

  void take(std::string path, shared_bytes message, bool packed, on_reply done, steady_ns deadline);
  void pump();
  void submit(call_id id, call_state& call);
  void on_stream(call_id id, const connection_ptr& from, h2_response&& response);
  void on_lost(const connection_ptr& which, const std::string& reason);
  void adopt(result<std::shared_ptr<h2_client_socket>> socket);
  void retire_current();
  void close_drained();
  void finish(call_id id, grpc_reply reply);
  void fail_waiting(const std::string& reason);
  void arm_deadline();
  void on_deadline();
  void arm_keepalive();
  void on_keepalive();
  void end_all();
};

void grpc_client::impl::take(std::string path, shared_bytes message, bool packed, on_reply done,
                             steady_ns deadline) {
  const auto size = static_cast<std::uint32_t>(message.size());
  std::string prefix = {static_cast<char>(packed ? 1 : 0), static_cast<char>(size >> 24),
                        static_cast<char>(size >> 16), static_cast<char>(size >> 8),
                        static_cast<char>(size)};
  const auto id = next_id++;
  calls.emplace(id, call_state{.path = std::move(path),
                               .prefix = std::move(prefix),
                               .message = std::move(message),
                               .done = std::move(done),
                               .deadline = deadline,
                               .connection = nullptr});
  if (stopped)
    return finish(id, {.code = grpc_code::unavailable, .message = "the client is stopped"});
  waiting.push_back(id);
  arm_deadline();
  pump();
}

void grpc_client::impl::pump() {
  if (current && !current->session().accepts_requests())
    retire_current();
  close_drained();
  while (current && !waiting.empty()
         && current->session().open_streams() < current->session().max_streams()) {
    const auto id = waiting.front();
    waiting.pop_front();
    if (const auto it = calls.find(id); it != calls.end())
      submit(id, it->second);
  }
  if (current)
    current->flush();
  else if (!waiting.empty() && !stopped)
    connector.connect([self = shared_from_this()](auto socket) { self->adopt(std::move(socket)); });
}

void grpc_client::impl::submit(call_id id, call_state& call) {
  const auto now = steady_now();
  const auto left = std::max<steady_ns>(1, (call.deadline - now) / millisecond_ns);
  h2_request request{.path = call.path, .headers = {}, .prefix = call.prefix, .body = call.message};
  auto& headers = request.headers;
  headers.emplace_back("te", "trailers");
  headers.emplace_back("content-type", "application/grpc");
  headers.emplace_back("user-agent", config.user_agent.empty() ? "weir" : config.user_agent);
  // At most eight digits.
  headers.emplace_back("grpc-timeout", std::to_string(std::min<steady_ns>(left, 99'999'999)) + "m");
  if (call.prefix[0] != 0)
    headers.emplace_back("grpc-encoding", config.compression == codec::encoding::gzip   ? "gzip"
                                          : config.compression == codec::encoding::zstd ? "zstd"
                                                                                        : "snappy");
  auto own = header_list(config.headers.begin(), config.headers.end());
  if (authenticator)
    authenticator->apply(own);
  for (auto& [name, value] : own)
    headers.emplace_back(boost::algorithm::to_lower_copy(name), std::move(value));
  call.connection = current;
  ++call.submissions;
  call.stream =
      current->session().submit(std::move(request), [self = shared_from_this(), id,
                                                     from = current.get()](h2_response&& response) {
        self->on_stream(id, from->shared_from_this(), std::move(response));
      });
  if (call.stream == 0) { // Stream ids ran out: another connection will do.
    call.connection = nullptr;
    waiting.push_front(id);
    retire_current();
  }
}

void grpc_client::impl::on_stream(call_id id, const connection_ptr& from, h2_response&& response) {
  const auto it = calls.find(id);
  if (it == calls.end() || it->second.connection != from)
    return;
  if (response.unprocessed && it->second.submissions < max_submissions && !stopped) {
    it->second.connection = nullptr;
    waiting.push_front(id); // pump() follows what was fed.
    return;
  }
  finish(id, read_grpc_reply(std::move(response)));
}

void grpc_client::impl::adopt(result<std::shared_ptr<h2_client_socket>> socket) {
  if (stopped)
    return;
  if (!socket)
    return fail_waiting(socket.error().message);
  current = std::make_shared<h2_client_connection>(
      *socket, h2_client_session::options{.scheme = secure ? "https" : "http",
                                          .authority = config.authority.empty() ? endpoint.authority
                                                                                : config.authority,
                                          .max_response_bytes = config.max_response_bytes + 5});
  ping_sent_at = 0;
  const std::weak_ptr<impl> weak = shared_from_this();
  const std::weak_ptr<h2_client_connection> which = current;
  current->start(
      [weak] {
        if (auto self = weak.lock())
          self->pump();
      },
      [weak, which](const std::string& reason) {
        if (auto self = weak.lock())
          self->on_lost(which.lock(), reason);
      });
  arm_keepalive();
  pump();
}

void grpc_client::impl::retire_current() {
  if (current == nullptr)
    return;
  if (current->session().pings_too_often())
    config.keepalive_time *= 2;
  draining.push_back(std::exchange(current, nullptr));
}

void grpc_client::impl::close_drained() {
  std::erase_if(draining, [](const connection_ptr& c) {
    if (c->session().open_streams() > 0)
      return false;
    c->close();
    return true;
  });
}

void grpc_client::impl::on_lost(const connection_ptr& which, const std::string& reason) {
  if (current == which)
    current = nullptr;
  std::erase(draining, which);
  std::vector<call_id> lost;
  for (const auto& [id, call] : calls)
    if (call.connection != nullptr && call.connection == which)
      lost.push_back(id);
  for (const auto id : lost)
    finish(id, {.code = grpc_code::unavailable, .message = "connection lost: " + reason});
  pump();
}

void grpc_client::impl::finish(call_id id, grpc_reply reply) {
  auto node = calls.extract(id);
  if (node.empty())
    return;
  reply.sent_bytes = node.mapped().message.size();
  node.mapped().done(std::move(reply));
}

void grpc_client::impl::fail_waiting(const std::string& reason) {
  for (const auto id : std::exchange(waiting, {}))
    finish(id, {.code = grpc_code::unavailable, .message = reason});
}

void grpc_client::impl::arm_deadline() {
  if (deadline_armed || calls.empty() || stopped)
    return;
  deadline_armed = true;
  const auto wait = std::max<steady_ns>(calls.begin()->second.deadline - steady_now(), 0);
  deadline_timer.expires_after(std::chrono::nanoseconds(wait));
  deadline_timer.async_wait([self = shared_from_this()](boost::system::error_code ec) {
    self->deadline_armed = false;
    if (!ec)
      self->on_deadline();
  });
}

void grpc_client::impl::on_deadline() {
  const auto now = steady_now();
  connection_ptr silent;
  while (!calls.empty() && calls.begin()->second.deadline <= now) {
    const auto id = calls.begin()->first;
    auto& call = calls.begin()->second;
    if (call.connection == nullptr) {
      std::erase(waiting, id);
      const auto why = current ? std::string("no free stream on the connection")
                               : "no connection: " + connector.last_error();
      finish(id, {.code = grpc_code::unavailable, .message = why});
      continue;
    }
    call.connection->session().cancel(call.stream);
    // Nothing at all has come for long: the other side may be gone without a word.
    if (now - call.connection->last_read() >= config.timeout.count() * millisecond_ns / 2)
      silent = call.connection;
    else
      call.connection->flush();
    finish(id, {.code = grpc_code::deadline_exceeded, .message = "no answer in time"});
  }
  if (silent)
    silent->lose("no sign of life from the server");
  arm_deadline();
  pump();
}

void grpc_client::impl::arm_keepalive() {
  if (config.keepalive_time.count() <= 0 || stopped)
    return;
  keepalive_timer.expires_after(ping_sent_at != 0 ? config.keepalive_timeout
                                                  : config.keepalive_time);
  keepalive_timer.async_wait([self = shared_from_this()](boost::system::error_code ec) {
    if (!ec)
      self->on_keepalive();
  });
}

void grpc_client::impl::on_keepalive() {
  const auto held = current; // Losing it drops ours.
  if (held == nullptr)
    return;
  const auto now = steady_now();
  if (current->last_read() > ping_sent_at)
    ping_sent_at = 0;
  else if (ping_sent_at != 0)
    return current->lose("no answer to a keepalive PING");
  const bool wanted =
      config.keepalive_permit_without_stream || current->session().open_streams() > 0;
  const auto quiet = std::chrono::nanoseconds(now - current->last_read());
  if (wanted && quiet >= config.keepalive_time) {
    ping_sent_at = now;
    current->session().ping();
    current->flush();
  }
  arm_keepalive();
}

void grpc_client::impl::end_all() {
  connector.stop();
  deadline_timer.cancel();
  keepalive_timer.cancel();
  waiting.clear();
  for (auto& c : draining)
    c->close();
  if (current)
    current->close();
  while (!calls.empty())
    finish(calls.begin()->first,
           {.code = grpc_code::unavailable, .message = "the client is stopped"});
  draining.clear();
  current = nullptr;
}

grpc_client::grpc_client() = default;

grpc_client::~grpc_client() {
  stop();
}

result<std::unique_ptr<grpc_client>> grpc_client::start(grpc_client_config config) {
  auto endpoint = parse_grpc_endpoint(config.endpoint);
  if (!endpoint)
    return tl::unexpected(endpoint.error());
  std::shared_ptr<asio::ssl::context> tls;
  if (!endpoint->plain && !config.tls.insecure) {
    auto made = make_tls_client_context(config.tls);
    if (!made)
      return tl::unexpected(made.error());
    tls = std::move(*made);
  }
  std::unique_ptr<grpc_client> client(new grpc_client);
  auto authenticator = make_client_authenticator(config.auth);
  if (!authenticator)
    return tl::unexpected(authenticator.error());
  client->impl_ = std::make_shared<impl>(std::move(config), std::move(*endpoint), std::move(tls));
  auto& i = *client->impl_;
  i.authenticator = std::move(*authenticator);
  i.thread = std::thread([self = client->impl_] { self->io.run(); });
  return client;
}

void grpc_client::call(std::string path, shared_bytes message, on_reply done) {
  const auto deadline = steady_now() + std::chrono::nanoseconds(impl_->config.timeout).count();
  std::unique_lock guard(impl_->mutex);
  if (impl_->stopped) {
    guard.unlock();
    return done({.code = grpc_code::unavailable, .message = "the client is stopped"});
  }
  impl_->packing.pack(
      std::move(message), [self = impl_.get(), deadline, path = std::move(path),
                           done = std::move(done)](shared_bytes body, bool packed) mutable {
        asio::post(self->io, [self, deadline, path = std::move(path), body = std::move(body),
                              packed, done = std::move(done)]() mutable {
          self->take(std::move(path), std::move(body), packed, std::move(done), deadline);
        });
      });
}

void grpc_client::stop() {
  if (impl_ == nullptr)
    return;
  {
    const std::lock_guard guard(impl_->mutex);
    if (impl_->stopped.exchange(true))
      return;
  }
  impl_->packing.join();
  asio::post(impl_->io, [self = impl_] {
    self->end_all();
    self->work.reset();
  });
  impl_->thread.join();
}

} // namespace weir::net
