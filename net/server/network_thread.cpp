#include "net/server/network_thread.hpp"

#include "core/metrics.hpp"
#include "core/scheduling.hpp"
#include "net/server/connection.hpp"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

namespace weir::net {

namespace {

constexpr std::size_t read_bytes = 256 << 10;
constexpr std::chrono::milliseconds tick_interval{100};
/// How long at most nothing is read while requests wait for their time anyway.
constexpr std::chrono::milliseconds read_pause{2};
/// Requests from one tick to the next, from which on that saves more than it costs.
constexpr std::uint32_t many_requests = tick_interval / (2 * read_pause);

/// Carries an answer back to its connection's thread, and frees the request's bytes.
class request_target final : public reply_handle::target {
public:
  request_target(std::shared_ptr<reply_inbox> inbox, std::uint64_t connection, std::uint32_t stream,
                 byte_reservation&& bytes)
      : inbox_(std::move(inbox)), connection_(connection), stream_(stream),
        bytes_(std::move(bytes)) {}

  void reply(otlp_reply&& answer) override {
    bytes_.release();
    inbox_->post({connection_, stream_, std::move(answer)});
  }

private:
  std::shared_ptr<reply_inbox> inbox_;
  std::uint64_t connection_;
  std::uint32_t stream_;
  byte_reservation bytes_;
};

} // namespace

void reply_inbox::post(item&& answer) {
  const std::lock_guard lock(mutex_);
  if (!io_)
    return;
  items_.push_back(std::move(answer));
  if (items_.size() == 1) {
    boost::asio::post(*io_, [self = shared_from_this()] { self->deliver(); });
    posted_.notify_one();
  }
}

void reply_inbox::wait(std::chrono::nanoseconds most) {
  std::unique_lock lock(mutex_);
  posted_.wait_for(lock, most, [this] { return !items_.empty(); });
}

void reply_inbox::close() {
  const std::lock_guard lock(mutex_);
  io_ = nullptr;
  items_.clear();
}

void reply_inbox::deliver() {
  {
    const std::lock_guard lock(mutex_);
    if (!io_)
      return;
    taken_.swap(items_);
  }
  on_items_(taken_);
  taken_.clear();
}

network_thread::network_thread(std::shared_ptr<server_context> server)
    : server_(std::move(server)), work_(boost::asio::make_work_guard(io_)), ticker_(io_),
      gather_timer_(io_),
      inbox_(std::make_shared<reply_inbox>(io_, [this](auto& items) { on_replies(items); })),
      read_buffer_(read_bytes, '\0') {}

void network_thread::stop() {
  if (!thread_.joinable())
    return;
  io_.stop();
  thread_.join();
}

network_thread::~network_thread() {
  stop();
  inbox_->close();
  scratch_.clear();
  for (auto& [id, peer] : connections_)
    scratch_.push_back(peer);
  for (auto& peer : scratch_)
    peer->close();
}

void network_thread::run() {
  schedule_tick();
  thread_ = std::thread([this] {
    run_soon_when_woken();
    serve();
  });
}

// To be woken for each small request costs more than to take it in.
void network_thread::serve() {
  while (io_.run_one() > 0) {
    if (!many_)
      continue;
    io_.poll(); // All that has come by now.
    const auto left = std::chrono::nanoseconds(server_->requests.wait_end() - steady_now());
    if (left.count() > 0)
      inbox_->wait(std::min<std::chrono::nanoseconds>(left, read_pause));
  }
}

void network_thread::adopt(boost::asio::ip::tcp::socket socket,
                           std::shared_ptr<const listener_context> listener) {
  if (server_->draining.load(std::memory_order_relaxed)) {
    listener->room.leave();
    server_->connections.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  const auto id = server_->next_connection.fetch_add(1, std::memory_order_relaxed);
  strangers_[listener.get()].insert(id);
  auto peer = std::make_shared<connection>(*this, std::move(listener), std::move(socket), id);
  connections_.emplace(id, peer);
  peer->start();
}

bool network_thread::adopt_in_place(boost::asio::ip::tcp::socket socket,
                                    std::shared_ptr<const listener_context> listener) {
  const auto& strangers = strangers_[listener.get()];
  if (strangers.empty())
    return false;
  const auto oldest = connections_.at(*strangers.begin());
  oldest->give_way();
  server_->connections.fetch_add(1, std::memory_order_relaxed);
  listener->room.enter_anyway();
  adopt(std::move(socket), std::move(listener));
  return true;
}

void network_thread::forget(std::uint64_t id, const listener_context& listener) {
  is_known(id, listener);
  connections_.erase(id);
  server_->requests.left(id);
}

void network_thread::is_known(std::uint64_t id, const listener_context& listener) {
  strangers_[&listener].erase(id);
}

std::function<void(bool)> network_thread::verdict_for(std::uint64_t connection,
                                                      std::uint32_t stream) {
  return [inbox = inbox_, connection, stream](bool accepted) {
    inbox->post({connection, stream, accepted});
  };
}

void network_thread::add(std::uint64_t id, std::uint32_t stream, otlp_request&& request,
                         byte_reservation&& bytes) {
  request.arrived = steady_now();
  request.connection = id;
  request.reply =
      reply_handle(std::make_shared<request_target>(inbox_, id, stream, std::move(bytes)));
  ready_.push_back(std::move(request));
  ++added_;
}

void network_thread::hand_over() {
  if (ready_.empty())
    return;
  if (const auto later = server_->requests.add(ready_, steady_now()))
    hand_over_at(*later);
}

void network_thread::hand_over_at(steady_ns due) {
  gather_timer_.expires_after(std::chrono::nanoseconds(std::max<steady_ns>(due - steady_now(), 0)));
  gather_timer_.async_wait([this](const boost::system::error_code& ec) {
    if (ec)
      return;
    if (const auto later = server_->requests.on_time(steady_now()))
      hand_over_at(*later);
  });
}

void network_thread::on_replies(std::vector<reply_inbox::item>& items) {
  scratch_.clear();
  for (auto& item : items) {
    const auto it = connections_.find(item.connection);
    if (it == connections_.end())
      continue;
    auto& peer = *it->second;
    if (const auto* accepted = std::get_if<bool>(&item.answer))
      peer.on_verdict(item.stream, *accepted);
    else if (!peer.reply(item.stream, std::get<otlp_reply>(std::move(item.answer))))
      continue;
    scratch_.push_back(it->second);
  }
  for (auto& peer : scratch_)
    peer->flush();
  scratch_.clear();
  hand_over();
}

void network_thread::schedule_tick() {
  ticker_.expires_after(tick_interval);
  ticker_.async_wait([this](const boost::system::error_code& ec) {
    if (ec)
      return;
    tick();
    schedule_tick();
  });
}

void network_thread::tick() {
  static auto& in_flight = metrics::receiver_bytes_in_flight.with();
  in_flight.Set(static_cast<double>(server_->budget->used()));
  many_ = std::exchange(added_, 0) >= many_requests;
  const auto now = steady_now();
  scratch_.clear();
  for (auto& [id, peer] : connections_)
    scratch_.push_back(peer);
  for (auto& peer : scratch_)
    peer->tick(now);
  scratch_.clear();
  hand_over();
}

void network_thread::drain_connections() {
  scratch_.clear();
  for (auto& [id, peer] : connections_)
    scratch_.push_back(peer);
  for (auto& peer : scratch_)
    peer->drain();
  scratch_.clear();
}

} // namespace weir::net
