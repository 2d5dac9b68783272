#pragma once

#include "benchmarks/load/http2.hpp"
#include "benchmarks/load/tally.hpp"
#include "core/error.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>

namespace weir::load {

struct sink_config {
  std::string host = "127.0.0.1";
  std::string port = "4317";                ///< 0: any free one.
  std::string record = {};                  ///< Tally of what was seen; empty: none.
  double fail_rate = 0;                     ///< Share of requests answered with `fail_with`.
  int fail_with = 14;                       ///< gRPC status code.
  std::chrono::milliseconds retry_after{0}; ///< RetryInfo in refusals; 0: none.
  double spans_per_second = 0;              ///< Answers no faster than this; 0: at once.
  bool stalled = false;                     ///< Answers nothing until told to.
  bool control = false;                     ///< Takes commands on standard input.
};

struct sink_summary {
  std::uint64_t requests = 0, spans = 0, bytes = 0; ///< Answered with OK.
  std::uint64_t refused_requests = 0;
  std::uint64_t malformed_requests = 0;
  std::uint64_t connections = 0;
  std::uint64_t largest_request_bytes = 0; ///< Unpacked.
  std::uint64_t busiest_connection = 0;    ///< Requests of the one that had most answered with OK.
};

class sink_connection;

/// An OTLP/gRPC server that counts what it gets, notes every span's ids if asked to, and refuses or
/// stalls on demand. One thread.
///
/// Commands, one a line on standard input: `stall`, `go`, `fail RATE`, `fail-with CODE`,
/// `retry-after MS`, `rate SPANS`. SIGUSR1 toggles the stall, SIGUSR2 between failing all and none.
class sink {
public:
  sink(asio::io_context& io, sink_config config);

  /// Binds; the address with the real port.
  result<std::string> listen();

  /// Serves until SIGINT or SIGTERM.
  sink_summary run();

  /// Takes a complete call: its message as it came, without the gRPC prefix. For connections.
  void take(std::shared_ptr<sink_connection> source, std::int32_t stream, bool traces, bool packed,
            const std::string& encoding, std::string_view message);

private:
  struct waiting {
    std::shared_ptr<sink_connection> connection;
    std::int32_t stream = 0;
    bool traces = true;
    std::uint64_t spans = 0, bytes = 0;
    std::string ids;
  };

  void accept();
  void answer(waiting& call);
  void answer_waiting();
  void read_commands();
  void obey(const std::string& line);
  void await_signals();

  asio::io_context& io_;
  sink_config config_;
  tcp::acceptor acceptor_;
  asio::signal_set ends_, toggles_;
  asio::posix::stream_descriptor input_;
  asio::steady_timer drain_timer_;
  std::string line_;
  std::optional<tally_writer> notes_;
  std::deque<waiting> waiting_; ///< Stalled or paced, oldest first.
  std::chrono::steady_clock::time_point next_answer_;
  std::minstd_rand chance_{1};
  std::uint64_t request_number_ = 0;
  sink_summary summary_;
};

} // namespace weir::load
