#pragma once

#include "net/server/server_context.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <functional>
#include <set>
#include <thread>
#include <unordered_map>
#include <variant>

namespace weir::net {

class connection;

/// Where answers wait for a network thread: posted from any thread, with one wake-up for as many as
/// gather until the thread looks.
class reply_inbox : public std::enable_shared_from_this<reply_inbox> {
public:
  struct item {
    std::uint64_t connection;
    std::uint32_t stream;
    /// Of intake, or of the authenticator: whether the client may come in.
    std::variant<otlp_reply, bool> answer;
  };
  using drain = std::function<void(std::vector<item>&)>;

  /// `on_items` is called on the thread of `io`.
  reply_inbox(boost::asio::io_context& io, drain on_items)
      : io_(&io), on_items_(std::move(on_items)) {}

  void post(item&& answer);
  void wait(std::chrono::nanoseconds most); ///< Until an answer is there, or so long.
  void close(); ///< From here on answers are dropped; call before `io` goes.

private:
  void deliver();

  std::mutex mutex_;
  std::condition_variable posted_;
  boost::asio::io_context* io_;
  drain on_items_;
  std::vector<item> items_, taken_;
};

/// One network thread: its connections, the batch of requests that one read made complete, and the
/// answers that came back. Where nothing else is
/// said, methods are for the thread that made it, before run() and after stop().
class network_thread {
public:
  explicit network_thread(std::shared_ptr<server_context> server);
  ~network_thread(); ///< Closes all connections.

  void run();  ///< Starts the thread.
  void stop(); ///< Ends it, without closing anything yet.
  boost::asio::io_context& io() noexcept { return io_; }
  bool running() const noexcept { return thread_.joinable(); }

  // On this thread alone:
  void adopt(boost::asio::ip::tcp::socket socket, std::shared_ptr<const listener_context> listener);
  /// The same where the listener has no room: in place of its oldest connection here that has made
  /// no good request. False: there is none; `socket` is closed.
  bool adopt_in_place(boost::asio::ip::tcp::socket socket,
                      std::shared_ptr<const listener_context> listener);
  void forget(std::uint64_t connection, const listener_context& listener);
  /// It has made a good request.
  void is_known(std::uint64_t connection, const listener_context& listener);
  /// Brings what the authenticator says, from any thread.
  std::function<void(bool)> verdict_for(std::uint64_t connection, std::uint32_t stream);
  void add(std::uint64_t connection, std::uint32_t stream, otlp_request&& request,
           byte_reservation&& bytes);
  void hand_over(); ///< Gives everything added to the server's gathering, at once.
  void drain_connections();
  /// For reading from any connection, one at a time.
  std::string& read_buffer() noexcept { return read_buffer_; }

private:
  void on_replies(std::vector<reply_inbox::item>& items);
  void hand_over_at(steady_ns due);
  void schedule_tick();
  void tick();
  void serve();

  std::shared_ptr<server_context> server_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer ticker_, gather_timer_;
  std::shared_ptr<reply_inbox> inbox_;
  std::unordered_map<std::uint64_t, std::shared_ptr<connection>> connections_;
  /// Connections that have made no good request, the oldest first.
  std::unordered_map<const listener_context*, std::set<std::uint64_t>> strangers_;
  std::vector<std::shared_ptr<connection>> scratch_;
  std::vector<otlp_request> ready_;
  std::uint32_t added_ = 0; ///< Requests since the last tick.
  bool many_ = false;       ///< So many between the last two.
  std::string read_buffer_;
  std::thread thread_;
};

} // namespace weir::net
