#include "net/client/grpc_client.hpp"

#include "core/clock.hpp"
#include "net/client/client_auth.hpp"
#include "net/client/client_packing.hpp"
#include "net/client/grpc_client_servers.hpp"
#include "net/client/grpc_client_setup.hpp"
#include "net/client/tls_client.hpp"

#include <algorithm>
#include <atomic>
#include <boost/algorithm/string/case_conv.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <limits>
#include <mutex>
#include <thread>
#include <vector>

namespace weir::net {

namespace {

namespace asio = boost::asio;

// A call that a server certainly has not looked at is sent again by itself, this often.
constexpr int max_submissions = 3;

// Of a call without a time limit.
constexpr steady_ns no_deadline = std::numeric_limits<steady_ns>::max();

} // namespace

struct grpc_client::impl : std::enable_shared_from_this<grpc_client::impl> {
  using connection_ptr = std::shared_ptr<h2_client_connection>;

  struct call_state {
    std::string path;
    shared_bytes message;
    header_list carried;
    on_reply done;
    steady_ns deadline = 0;
    std::string prefix = {};             ///< The frame's five bytes.
    connection_ptr connection = nullptr; ///< While it waits.
    h2_client_session::stream_id stream = 0;
    int submissions = 0;
  };
  using call_id = std::uint64_t;

  impl(grpc_client_config c, std::vector<grpc_endpoint> endpoints,
       std::shared_ptr<asio::ssl::context> tls)
      : config(std::move(c)), work(io.get_executor()), deadline_timer(io),
        servers(io, config, std::move(endpoints), std::move(tls)), packing(config.compression, 0) {}

  grpc_client_config config;
  std::shared_ptr<client_authenticator> authenticator; ///< May be null.
  header_list own_headers;                             ///< config.headers, as they go out.
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work;
  asio::steady_timer deadline_timer;
  grpc_client_servers servers;
  client_packing packing;
  std::thread thread;
  std::mutex mutex;                  ///< Between call() and stop(): what was taken is answered.
  std::atomic<bool> stopped = false; ///< Written under the mutex.

  // From here on: the network thread's own.
  std::map<call_id, call_state> calls; ///< In the order of their deadlines.
  std::deque<call_id> waiting;
  call_id next_id = 1;
  bool deadline_armed = false;

  void begin();
  void take(call_state call, bool packed);
  void pump();
  bool submit(call_id id, call_state& call, const connection_ptr& connection);
  h2_request make_request(const call_state& call);
  void on_stream(call_id id, const connection_ptr& connection, h2_response&& response);
  void on_lost(const connection_ptr& which, const std::string& reason);
  void finish(call_id id, grpc_reply reply);
  void fail_waiting(const std::string& reason);
  void arm_deadline();
  void on_deadline();
  void end_all();
};

void grpc_client::impl::begin() {
  const std::weak_ptr<impl> weak = shared_from_this();
  servers.begin({.progress =
                     [weak] {
                       if (const auto self = weak.lock())
                         self->pump();
                     },
                 .none_left =
                     [weak](const std::string& reason) {
                       if (const auto self = weak.lock())
                         self->fail_waiting(reason);
                     },
                 .lost =
                     [weak](const connection_ptr& which, const std::string& reason) {
                       if (const auto self = weak.lock())
                         self->on_lost(which, reason);
                     }});
}

void grpc_client::impl::take(call_state call, bool packed) {
  const auto size = static_cast<std::uint32_t>(call.message.size());
  call.prefix = {static_cast<char>(packed ? 1 : 0), static_cast<char>(size >> 24),
                 static_cast<char>(size >> 16), static_cast<char>(size >> 8),
                 static_cast<char>(size)};
  const auto id = next_id++;
  calls.emplace(id, std::move(call));
  if (stopped)
    return finish(id, {.code = grpc_code::unavailable, .message = "the client is stopped"});
  waiting.push_back(id);
  arm_deadline();
  pump();
}

void grpc_client::impl::pump() {
  if (stopped)
    return;
  servers.tidy();
  while (!waiting.empty()) {
    const auto id = waiting.front();
    const auto it = calls.find(id);
    if (it == calls.end()) {
      waiting.pop_front();
      continue;
    }
    const auto server = servers.next();
    if (!server)
      break;
    if (submit(id, it->second, server))
      waiting.pop_front();
    else
      servers.tidy(); // Stream ids ran out: another connection will do.
  }
  servers.flush();
  if (!calls.empty())
    servers.tend(!waiting.empty());
}

h2_request grpc_client::impl::make_request(const call_state& call) {
  h2_request request{.path = call.path, .headers = {}, .prefix = call.prefix, .body = call.message};
  auto& headers = request.headers;
  headers.emplace_back("te", "trailers");
  headers.emplace_back("content-type", "application/grpc");
  headers.emplace_back("user-agent", config.user_agent.empty() ? "weir" : config.user_agent);
  if (call.deadline != no_deadline) {
    const auto left = std::max<steady_ns>(1, (call.deadline - steady_now()) / millisecond_ns);
    // At most eight digits.
    headers.emplace_back("grpc-timeout",
                         std::to_string(std::min<steady_ns>(left, 99'999'999)) + "m");
  }
  if (call.prefix[0] != 0)
    headers.emplace_back("grpc-encoding", grpc_encoding_name(config.compression));
  if (!authenticator) {
    headers.insert(headers.end(), own_headers.begin(), own_headers.end());
    return request;
  }
  auto own = own_headers;
  authenticator->apply(own, call.carried);
  for (auto& [name, value] : own)
    if (!is_transport_header(name, header_rules::grpc))
      add_checked(headers, boost::algorithm::to_lower_copy(name), std::move(value));
  return request;
}

bool grpc_client::impl::submit(call_id id, call_state& call, const connection_ptr& connection) {
  call.stream = connection->session().submit(
      make_request(call),
      [self = shared_from_this(), id, from = connection.get()](h2_response&& response) {
        self->on_stream(id, from->shared_from_this(), std::move(response));
      });
  if (call.stream == 0)
    return false;
  call.connection = connection;
  ++call.submissions;
  return true;
}

void grpc_client::impl::on_stream(call_id id, const connection_ptr& connection,
                                  h2_response&& response) {
  const auto it = calls.find(id);
  if (it == calls.end() || it->second.connection != connection)
    return;
  if (response.unprocessed && it->second.submissions < max_submissions && !stopped) {
    it->second.connection = nullptr;
    waiting.push_front(id); // pump() follows what was fed.
    return;
  }
  auto reply = read_grpc_reply(std::move(response));
  servers.note(connection, reply);
  finish(id, std::move(reply));
}

void grpc_client::impl::on_lost(const connection_ptr& which, const std::string& reason) {
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
  if (deadline_armed || calls.empty() || stopped || calls.begin()->second.deadline == no_deadline)
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
      const auto why = servers.connected() ? std::string("no free stream on the connection")
                                           : "no connection: " + servers.last_error();
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

void grpc_client::impl::end_all() {
  deadline_timer.cancel();
  waiting.clear();
  servers.close();
  while (!calls.empty())
    finish(calls.begin()->first,
           {.code = grpc_code::unavailable, .message = "the client is stopped"});
}

grpc_client::grpc_client() = default;

grpc_client::~grpc_client() {
  stop();
}

result<std::unique_ptr<grpc_client>> grpc_client::start(grpc_client_config config) {
  auto headers = headers_to_send(config);
  if (!headers)
    return tl::unexpected(headers.error());
  auto endpoints = endpoints_of(config);
  if (!endpoints)
    return tl::unexpected(endpoints.error());
  const bool secure = !std::all_of(endpoints->begin(), endpoints->end(),
                                   [](const grpc_endpoint& endpoint) { return endpoint.plain; });
  std::shared_ptr<asio::ssl::context> tls;
  if (secure) {
    auto made = make_tls_client_context(config.tls);
    if (!made)
      return tl::unexpected(made.error());
    tls = std::move(*made);
  }
  auto authenticator = make_client_authenticator(config.auth, header_rules::grpc);
  if (!authenticator)
    return tl::unexpected(authenticator.error());
  std::unique_ptr<grpc_client> client(new grpc_client);
  client->impl_ = std::make_shared<impl>(std::move(config), *std::move(endpoints), std::move(tls));
  auto& i = *client->impl_;
  i.authenticator = std::move(*authenticator);
  i.own_headers = *std::move(headers);
  i.begin();
  i.thread = std::thread([self = client->impl_] { self->io.run(); });
  return client;
}

void grpc_client::call(std::string path, shared_bytes message, on_reply done, header_list carried) {
  const auto timeout = std::chrono::nanoseconds(impl_->config.timeout).count();
  const auto deadline = timeout > 0 ? steady_now() + timeout : no_deadline;
  std::unique_lock guard(impl_->mutex);
  if (impl_->stopped) {
    guard.unlock();
    return done({.code = grpc_code::unavailable, .message = "the client is stopped"});
  }
  impl::call_state state{std::move(path), {}, std::move(carried), std::move(done), deadline};
  impl_->packing.pack(std::move(message), [self = impl_.get(), state = std::move(state)](
                                              shared_bytes body, bool packed) mutable {
    state.message = std::move(body);
    asio::post(self->io, [self, packed, state = std::move(state)]() mutable {
      self->take(std::move(state), packed);
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
