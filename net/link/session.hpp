#pragma once

#include "net/link/server.hpp"
#include "net/link/stream.hpp"

#include <array>
#include <grpcpp/alarm.h>
#include <grpcpp/support/server_callback.h>
#include <unordered_map>

// The server's end of links: for net/link/ alone.
namespace weir::net {

class session;

/// What all sessions of a server share: who they are, and which Data stream is whose. Any thread.
class session_table {
public:
  session_table(link_limits limits, hello_handler on_hello)
      : limits_(limits), on_hello_(std::move(on_hello)) {}

  const link_limits& limits() const noexcept { return limits_; }
  const hello_handler& on_hello() const noexcept { return on_hello_; }

  enum class kind : std::uint8_t { control, data };
  /// "" = one more stream of a kind may come, until leave(). Else why not.
  std::string enter(kind kind);
  void leave(kind kind);

  void add(const std::shared_ptr<session>& session);
  /// A new token that names a session until it is taken, or the session removed; "": it was.
  std::string issue(const std::shared_ptr<session>& session);
  /// The session that a token names; null: none. No token is good twice.
  std::shared_ptr<session> take(const std::string& token);
  /// A session is accepted, of whoever said this.
  void let_in(const session* session, const cluster::hello& word);
  /// Whether a node has a link to this one.
  bool knows(const std::string& cluster, node_id node) const;
  /// Forgets a session, and its token.
  void remove(const session* session);

  /// Closes all, and lets nobody in any more.
  void stop();
  /// Nobody hears anything any more.
  void silence();

private:
  std::vector<std::shared_ptr<session>> all() const;

  const link_limits limits_;
  const hello_handler on_hello_;
  mutable std::mutex mutex_;
  bool stopped_ = false;
  std::array<std::uint32_t, 2> streams_{}; ///< By kind.
  std::unordered_map<const session*, std::weak_ptr<session>> sessions_;
  std::unordered_map<std::string, const session*> tokens_;
  std::unordered_map<const session*, std::pair<std::string, node_id>> let_in_; ///< Cluster, node.
};

using server_reactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;

/// What the Control and the Data stream of a server have in common: an end with a status, of which
/// the call is cut where the peer does not take it.
template <class Kinds>
class server_stream : public stream<server_reactor, Kinds> {
public:
  server_stream(std::size_t room, grpc::CallbackServerContext& context,
                std::shared_ptr<session_table> table)
      : stream<server_reactor, Kinds>(room), table_(std::move(table)), peer_(context.peer()),
        context_(&context) {}

  /// The other end of its connection, for a person.
  const std::string& peer() const noexcept { return peer_; }

  /// The first status counts.
  void finish(grpc::StatusCode code, const std::string& reason, bool flush = false) {
    {
      const std::lock_guard lock(this->mutex());
      if (!context_ || !status_.ok())
        return;
      status_ = grpc::Status(code, reason.substr(0, longest_reason));
      cut_.Set(std::chrono::system_clock::now() + patience,
               [weak = this->weak_from_this()](bool fired) {
                 if (const auto self = fired ? weak.lock() : nullptr)
                   static_cast<server_stream&>(*self).cut();
               });
    }
    this->end(flush);
  }

protected:
  virtual void done() = 0;

  session_table& table() noexcept { return *table_; }

private:
  /// For a peer that does not read to read the status.
  static constexpr std::chrono::seconds patience{2};

  void cut() {
    const std::lock_guard lock(this->mutex());
    if (context_)
      context_->TryCancel();
  }

  void dried_up() override { finish(grpc::StatusCode::CANCELLED, "the other side ended it"); }
  void give_up() override {
    const auto status = [this] {
      const std::lock_guard lock(this->mutex());
      return status_;
    }();
    this->Finish(status);
  }

  void OnDone() final {
    {
      const std::lock_guard lock(this->mutex());
      context_ = nullptr;
      cut_.Cancel();
    }
    done();
    this->end_life();
  }

  std::shared_ptr<session_table> table_;
  const std::string peer_;
  grpc::CallbackServerContext* context_; ///< Null once gRPC is done.
  grpc::Status status_;
  grpc::Alarm cut_;
};

/// The Control stream of a session.
class control_stream final : public server_stream<control_answer> {
public:
  using server_stream::server_stream;

  void begin(std::shared_ptr<session> session);
  void read_on() { read(); }

private:
  bool came(std::string_view bytes) override;
  void done() override;

  std::shared_ptr<session> session_;
};

/// A Data stream, and once it has shown a token, its session's.
class data_stream final : public server_stream<data_answer> {
public:
  using server_stream::server_stream;

  void begin();

private:
  bool came(std::string_view bytes) override;
  void show_token(std::string_view bytes);
  void blame(grpc::StatusCode code, const std::string& reason);
  void done() override;

  std::shared_ptr<session> session_; ///< Null: there was no token yet.
  grpc::Alarm late_;
};

class session final : public link_session, public std::enable_shared_from_this<session> {
public:
  session(std::shared_ptr<session_table> table, std::string peer)
      : table_(std::move(table)), peer_(std::move(peer)),
        early_(table_->limits().data_queue_bytes) {}

  void begin(std::shared_ptr<control_stream> control);

  void accept(const cluster::welcome& welcome) override;
  void refuse(const std::string& reason) override;
  void send(cluster::link_answer answer) override;
  void close(const std::string& reason) override;

  // From the streams.
  /// Whether more is to be read.
  bool control_came(control_message message, std::size_t bytes);
  /// Closes for what came, or did not: the log says so.
  void blame(const std::string& reason, grpc::StatusCode code = grpc::StatusCode::ABORTED);
  void data_came(data_message message);
  /// false: it is not the time for it.
  bool attach(std::shared_ptr<data_stream> data);
  void control_done();
  void data_done();
  /// Nobody hears anything any more.
  void silence();

private:
  enum class state : std::uint8_t { awaiting_hello, asked, accepted, attached, over };

  /// @pre mutex_ is held
  bool sends() const noexcept { return state_ == state::accepted || state_ == state::attached; }
  /// false: no room.
  bool send_control(control_answer answer);
  bool send_data(data_answer answer);
  void received(cluster::link_message message);
  bool ask(const cluster::hello& hello);
  void late();
  /// The first reason counts. closed() is called when gRPC is done with the Control stream.
  void over(const std::string& reason, grpc::StatusCode code, bool refusal = false);

  const std::shared_ptr<session_table> table_;
  const std::string peer_;
  /// Around each event and the handler of hellos; taken before the other one.
  std::recursive_mutex events_mutex_;
  std::shared_ptr<session_events> events_;
  std::mutex mutex_; ///< Around all below.
  state state_ = state::awaiting_hello;
  std::string reason_;
  cluster::hello word_;
  std::shared_ptr<control_stream> control_;
  std::shared_ptr<data_stream> data_;
  outbox<data_answer> early_; ///< Answers, until there is a Data stream.
  grpc::Alarm late_;
};

} // namespace weir::net
