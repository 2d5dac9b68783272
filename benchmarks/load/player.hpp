#pragma once

#include "benchmarks/load/latency.hpp"
#include "benchmarks/load/tally.hpp"
#include "benchmarks/load/traffic.hpp"
#include "benchmarks/load/transport.hpp"
#include "core/clock.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <optional>
#include <random>

namespace weir::load {

using std::chrono::milliseconds;

struct player_config {
  enum class protocol_kind : std::uint8_t { grpc, http };
  struct server {
    std::string host = "127.0.0.1";
    std::string port = "4317";
  };
  /// Connections go to them in turn, requests to whichever is least busy: the spans of a trace come
  /// to all of them.
  std::vector<server> servers = {{}};
  protocol_kind protocol = protocol_kind::grpc;
  std::string compression = "none";
  std::size_t connections = 4; ///< In all; at least one a server.
  std::size_t in_flight = 4;   ///< Requests a connection; HTTP: always 1.
  double spans_per_second = 0; ///< 0: as fast as the server takes them.
  std::uint64_t rounds = 1;    ///< 0: until `duration` is over.
  std::uint64_t first_round = 0;
  milliseconds duration{0}; ///< 0: no limit.
  milliseconds timeout{10'000};
  milliseconds initial_backoff{500};
  milliseconds max_backoff{5'000};
  milliseconds max_elapsed{
      60'000}; ///< A request, or a server nobody answers for, is given up; 0: never.
  bool progress = false;
};

struct play_summary {
  std::uint64_t rounds = 0;                         ///< Begun.
  std::uint64_t requests = 0, spans = 0, bytes = 0; ///< Distinct ones that were sent.
  std::uint64_t acknowledged_requests = 0, acknowledged_spans = 0;
  std::uint64_t rejected_spans = 0;             ///< By partial success.
  std::uint64_t failed_spans = 0;               ///< Refused for good, or given up.
  std::uint64_t refusals = 0;                   ///< Answers that asked to send again.
  std::uint64_t refusals_without_delay = 0;     ///< Of these, without RetryInfo or Retry-After.
  std::uint64_t lost_attempts = 0;              ///< Connection gone, or no answer in time.
  std::map<std::string, std::uint64_t> reasons; ///< Of everything that was not OK.
  double seconds = 0;
  double offered = 0; ///< Spans a second asked for; 0: as fast as possible.
  latency_histogram latency;
};

/// Sends traffic to an OTLP endpoint, paced or as fast as it is taken, and sends again what was
/// refused, as an SDK does: retryable codes alone, exponential back-off with jitter, never sooner
/// than the server asked for. A request in back-off keeps its seat among those in flight, so memory
/// is bounded.
class player {
public:
  /// `requests` and `notes` must outlive the player; `notes` may be null.
  player(asio::io_context& io, player_config config, const traffic& requests, tally_writer* notes);
  ~player();

  /// Plays to the end (or to a SIGINT, SIGTERM) and says what came of it. Call once.
  result<play_summary> run();

private:
  struct seat; ///< A request in flight or in back-off.
  struct link; ///< One connection, with its reconnecting.

  void connect(std::size_t number);
  void reconnect_later(std::size_t number);
  void pump();
  bool due();
  bool exhausted() const;
  void next_round();
  void dispatch(seat& request, link& over);
  void prepare(seat& request);
  void send(seat& request);
  void on_answer(std::uint64_t id, answer&& got);
  bool over_time(const seat& request) const;
  void give_up(seat& request);
  void retry_later(seat& request, const answer& got);
  void finish(std::uint64_t id);
  void tick();
  void give_up_unreachable();
  link* least_busy();
  void show_progress();

  asio::io_context& io_;
  player_config config_;
  const traffic& traffic_;
  tally_writer* notes_;
  struct target {
    tcp::resolver::results_type addresses;
    transport_settings settings;
  };
  std::vector<target> targets_; ///< By server.
  std::vector<std::unique_ptr<link>> links_;
  std::map<std::uint64_t, std::unique_ptr<seat>> seats_;
  std::vector<std::unique_ptr<seat>> spare_seats_;
  asio::steady_timer pace_timer_;
  asio::steady_timer tick_timer_;
  asio::signal_set signals_;
  std::minstd_rand jitter_{1};
  std::string ids_;

  std::uint64_t round_ = 0;
  std::size_t next_request_ = 0; ///< Of the round.
  std::size_t turn_ = 0;         ///< Number of the link that is next among equals.
  std::uint64_t next_id_ = 1;
  round_stamp stamp_;
  steady_ns started_ = 0;
  steady_ns last_connected_ = 0; ///< When a connection was last seen usable.
  bool unreachable_ = false;
  bool stopping_ = false;
  bool pumping_ = false;
  play_summary summary_;
};

} // namespace weir::load
