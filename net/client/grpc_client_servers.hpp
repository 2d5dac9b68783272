#pragma once

#include "net/client/grpc_client_channel.hpp"
#include "net/client/name_resolver.hpp"
#include "net/client/turns.hpp"

#include <vector>

namespace weir::net {

/// The servers that a gRPC client's names lead to: resolves, keeps a channel to each address, and
/// says which connection gets the next call. On the io_context's one thread.
class grpc_client_servers {
public:
  using connection_ptr = grpc_client_channel::connection_ptr;

  struct events {
    std::function<void()> progress; ///< There may be a connection, or room on one.
    /// Nothing can be connected to for now; why the last attempt failed.
    std::function<void(const std::string&)> none_left;
    std::function<void(const connection_ptr&, const std::string& reason)> lost;
  };

  grpc_client_servers(boost::asio::io_context& io, const grpc_client_config& config,
                      std::vector<grpc_endpoint> endpoints,
                      std::shared_ptr<boost::asio::ssl::context> tls);

  void begin(events events); ///< Once, before anything else.

  /// The connection for the next call; null where none has room.
  connection_ptr next();

  /// What became of a call on this connection. A server's wish to be left alone is taken out of the
  /// reply where another could take the call.
  void note(const connection_ptr& connection, grpc_reply& reply);

  /// Resolves and connects as far as that is due. `waiting`: calls have no connection yet, so it
  /// goes on by itself when a pause is over. To be called whenever there are calls.
  void tend(bool waiting);

  /// Retires connections that want no new calls, closes those that have finished theirs.
  void tidy();
  void flush();

  bool connected() const noexcept;
  const std::string& last_error() const noexcept { return last_error_; } ///< Of an attempt.

  void close();

private:
  using channel_ptr = std::shared_ptr<grpc_client_channel>;

  bool resolve_due(steady_ns now) const;
  void resolve(steady_ns now);
  name_resolver& resolver_of(std::size_t endpoint) const;
  void on_resolved(std::size_t endpoint, std::uint64_t round,
                   result<name_resolver::addresses> found);
  void use_addresses();
  channel_ptr make_channel(const grpc_client_channel::address_type& address,
                           const grpc_endpoint& endpoint);
  void connect_due(steady_ns now);
  void on_failed(const std::string& reason);
  void arm_retry(steady_ns now);
  void show_connections() const;

  boost::asio::io_context& io_;
  const grpc_client_config& config_;
  std::vector<grpc_endpoint> endpoints_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  std::shared_ptr<name_resolver> resolver_;
  std::vector<std::shared_ptr<name_resolver>> own_resolvers_; ///< Of endpoints_; null: resolver_.
  boost::asio::steady_timer retry_timer_;
  events events_;
  std::vector<channel_ptr> channels_;
  std::vector<connection_ptr> draining_; ///< Get no new calls; their last streams finish.
  turns turns_;
  std::string last_error_ = "not connected yet";

  // Resolving: a round asks for each of endpoints_.
  std::vector<result<name_resolver::addresses>> answers_;
  std::size_t answers_missing_ = 0;
  std::uint64_t round_ = 0;
  steady_ns last_round_ = 0;
  retry_pause rounds_;         ///< Between rounds that found nothing.
  bool resolve_wanted_ = true; ///< Something broke, or nothing is known yet.
  bool closed_ = false;
};

} // namespace weir::net
