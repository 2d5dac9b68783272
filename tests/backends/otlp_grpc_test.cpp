#include "backends/otlp_grpc.hpp"

#include "codec/encoding.hpp"
#include "fake_grpc_server.hpp"
#include "net/status.hpp"
#include "waiting.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using weir::backends::otlp_grpc_config;
using weir::backends::outcome;
using weir::test::fake_grpc_server;
using weir::test::send_and_wait;
using kind = weir::backends::outcome::kind;

namespace {

std::unique_ptr<weir::backends::sender>
sender_to(const std::string& endpoint, otlp_grpc_config config = {.compression = "none"}) {
  config.endpoint = endpoint;
  config.tls.insecure = true;
  auto made = weir::backends::make_otlp_grpc_sender("otlp/test", config);
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
  return std::move(*made);
}

outcome outcome_for(fake_grpc_server::answer answer) {
  fake_grpc_server server([&](const auto&) { return answer; });
  return send_and_wait(*sender_to(server.endpoint()), "x");
}

} // namespace

BOOST_AUTO_TEST_SUITE(otlp_grpc_test)

// Scenario: one request of each signal. Guarantee: the right method is called with the bytes as
// they are, the headers asked for and a timeout; the outcome is delivered.
BOOST_AUTO_TEST_CASE(a_request_arrives_as_it_was) {
  weir::test::inbox<fake_grpc_server::call> calls;
  fake_grpc_server server([&](const auto& call) {
    calls.put(call);
    return fake_grpc_server::answer{};
  });
  auto sender =
      sender_to(server.endpoint(),
                {.compression = "none", .headers = {{"x-tenant", "a"}}, .user_agent = "Weir/1"});
  const std::string big(3'000'000, 'b');
  BOOST_TEST((send_and_wait(*sender, big).what == kind::delivered));
  BOOST_TEST((send_and_wait(*sender, "", weir::signal::metrics).what == kind::delivered));
  BOOST_TEST((send_and_wait(*sender, "logs", weir::signal::logs).what == kind::delivered));
  const auto seen = calls.wait(3);
  BOOST_TEST(seen[0].method == "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
  BOOST_TEST((seen[0].message == big));
  BOOST_TEST(seen[0].metadata.at("x-tenant") == "a");
  BOOST_TEST(seen[1].method == "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export");
  BOOST_TEST(seen[1].message == "");
  BOOST_TEST(seen[2].method == "/opentelemetry.proto.collector.logs.v1.LogsService/Export");
  BOOST_TEST(seen[2].message == "logs");
}

BOOST_AUTO_TEST_SUITE_END()
