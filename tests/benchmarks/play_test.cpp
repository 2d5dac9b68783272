#include "benchmarks/load/check.hpp"
#include "benchmarks/load/player.hpp"
#include "benchmarks/load/shop.hpp"
#include "benchmarks/load/sink.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <thread>

using namespace weir::load;
using weir::test::temporary_directory;

namespace {

/// A sink on a thread of its own.
class running_sink {
public:
  explicit running_sink(sink_config config) : server_(io_, with_free_port(std::move(config))) {
    const auto address = server_.listen().value();
    port = address.substr(address.rfind(':') + 1);
    thread_ = std::thread([this] { summary_ = server_.run(); });
  }
  ~running_sink() { stop(); }

  sink_summary stop() {
    if (thread_.joinable()) {
      io_.stop();
      thread_.join();
    }
    return summary_;
  }

  std::string port;

private:
  static sink_config with_free_port(sink_config config) {
    config.port = "0";
    return config;
  }
  asio::io_context io_{1};
  sink server_;
  sink_summary summary_;
  std::thread thread_;
};

play_summary play(const traffic& requests, player_config config, const std::string& acked) {
  auto notes = tally_writer::create(acked).value();
  asio::io_context io(1);
  config.max_elapsed = milliseconds(20'000);
  return player(io, std::move(config), requests, &notes).run().value();
}

traffic shop_traffic() {
  const auto messages = generate_shop({.seed = 3, .traces = 400});
  return cut_requests({messages.begin(), messages.end()}, 100).value();
}

check_result checked(const temporary_directory& files) {
  return compare(read_tally(files.file("acked")).value(), read_tally(files.file("seen")).value());
}

} // namespace

BOOST_AUTO_TEST_SUITE(play_test)

// Scenario: three rounds are played into a sink, over two connections, packed with gzip.
// Guarantee: every span arrives exactly once, and what is noted on both sides agrees.
BOOST_AUTO_TEST_CASE(everything_arrives_once) {
  const temporary_directory files;
  running_sink server({.record = files.file("seen")});
  const auto requests = shop_traffic();
  const auto summary = play(
      requests,
      {.servers = {{.port = server.port}}, .compression = "gzip", .connections = 2, .rounds = 3},
      files.file("acked"));
  const auto taken = server.stop();
  BOOST_TEST(summary.acknowledged_spans == 3 * requests.spans);
  BOOST_TEST(taken.spans == 3 * requests.spans);
  const auto result = checked(files);
  BOOST_TEST(result.acknowledged == 3 * requests.spans);
  BOOST_TEST(result.missing + result.foreign + result.duplicates + result.traces_part == 0u);
}

// Scenario: the sink refuses every second request with UNAVAILABLE and a delay of 10 ms.
// Guarantee: refused requests are sent again until they are taken, and each refusal's RetryInfo is
// seen.
BOOST_AUTO_TEST_CASE(refused_requests_are_sent_again) {
  const temporary_directory files;
  running_sink server(
      {.record = files.file("seen"), .fail_rate = 0.5, .retry_after = milliseconds(10)});
  const auto requests = shop_traffic();
  const auto summary =
      play(requests, {.servers = {{.port = server.port}}, .initial_backoff = milliseconds(1)},
           files.file("acked"));
  server.stop();
  BOOST_TEST(summary.acknowledged_spans == requests.spans);
  BOOST_TEST(summary.refusals > 0u);
  BOOST_TEST(summary.refusals_without_delay == 0u);
  BOOST_TEST(checked(files).missing == 0u);
}

// Scenario: the sink refuses everything with INVALID_ARGUMENT.
// Guarantee: nothing is sent again, and all of it counts as failed.
BOOST_AUTO_TEST_CASE(permanent_refusals_are_final) {
  const temporary_directory files;
  running_sink server({.fail_rate = 1, .fail_with = 3});
  const auto requests = shop_traffic();
  const auto summary = play(requests, {.servers = {{.port = server.port}}}, files.file("acked"));
  BOOST_TEST(summary.failed_spans == requests.spans);
  BOOST_TEST(summary.refusals == 0u);
  BOOST_TEST(server.stop().refused_requests == requests.requests.size());
}

// Scenario: 400 requests of one span at 1,000 a second over four connections, into a sink that
// answers each at once.
// Guarantee: the last is not sent before its time, and the connections take turns: none of them
// carries half of the requests.
BOOST_AUTO_TEST_CASE(small_requests_are_paced_over_all_connections) {
  const temporary_directory files;
  running_sink server({});
  const auto messages = generate_shop({.seed = 3, .traces = 40});
  auto requests = cut_requests({messages.begin(), messages.end()}, 1).value();
  requests.requests.resize(400);
  requests.spans = 400;
  const auto summary = play(requests,
                            {.servers = {{.port = server.port}},
                             .connections = 4,
                             .in_flight = 8,
                             .spans_per_second = 1000},
                            files.file("acked"));
  const auto taken = server.stop();
  BOOST_TEST(taken.requests == 400u);
  BOOST_TEST(taken.spans == 400u);
  BOOST_TEST(summary.seconds >= 0.399);
  BOOST_TEST(taken.busiest_connection < 200u);
}

// Scenario: two sinks, four connections. Guarantee: both get requests, every span arrives once.
BOOST_AUTO_TEST_CASE(several_servers_share_the_load) {
  const temporary_directory files;
  const auto requests = shop_traffic();
  running_sink one({.record = files.file("one")});
  running_sink other({.record = files.file("other")});
  play(requests, {.servers = {{.port = one.port}, {.port = other.port}}, .connections = 4},
       files.file("acked"));
  const auto first = one.stop().spans;
  const auto second = other.stop().spans;
  BOOST_TEST(first > 0U);
  BOOST_TEST(second > 0U);
  BOOST_TEST(first + second == requests.spans);
}

BOOST_AUTO_TEST_SUITE_END()
