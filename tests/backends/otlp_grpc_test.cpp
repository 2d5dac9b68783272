#include "backends/otlp_grpc.hpp"

#include "certificates.hpp"
#include "codec/encoding.hpp"
#include "fake_grpc_server.hpp"
#include "net/client/grpc_client_endpoint.hpp"
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
  BOOST_TEST((send_and_wait(*sender, big).answer == kind::delivered));
  BOOST_TEST((send_and_wait(*sender, "", weir::signal::metrics).answer == kind::delivered));
  BOOST_TEST((send_and_wait(*sender, "logs", weir::signal::logs).answer == kind::delivered));
  const auto seen = calls.wait(3);
  BOOST_TEST(seen[0].method == "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
  BOOST_TEST((seen[0].message == big));
  BOOST_TEST(seen[0].metadata.at("x-tenant") == "a");
  BOOST_TEST(seen[1].method == "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export");
  BOOST_TEST(seen[1].message == "");
  BOOST_TEST(seen[2].method == "/opentelemetry.proto.collector.logs.v1.LogsService/Export");
  BOOST_TEST(seen[2].message == "logs");
}

// Scenario: gzip, zstd and snappy to a server by gRPC C++. Guarantee: the messages unpack to what
// they were; another compression is an error at start.
BOOST_AUTO_TEST_CASE(messages_are_packed) {
  weir::test::inbox<fake_grpc_server::call> calls;
  fake_grpc_server server([&](const auto& call) {
    calls.put(call);
    return fake_grpc_server::answer{};
  });
  const std::string text(200'000, 'z');
  BOOST_TEST((send_and_wait(*sender_to(server.endpoint(), {.compression = "gzip"}), text).answer
              == kind::delivered));
  BOOST_TEST((calls.wait(1)[0].message == text));
  // gRPC C++ does not know these two and passes the bytes on packed.
  std::size_t count = 1;
  for (const char* name : {"zstd", "snappy"}) {
    const auto o = send_and_wait(*sender_to(server.endpoint(), {.compression = name}), text);
    BOOST_TEST((o.answer == kind::delivered));
    std::string unpacked;
    BOOST_REQUIRE(weir::codec::decode(*weir::codec::grpc_encoding(name),
                                      calls.wait(++count).back().message, 1 << 20, unpacked));
    BOOST_TEST((unpacked == text), name);
  }
  BOOST_TEST(
      !weir::backends::make_otlp_grpc_sender("otlp", {.endpoint = "a:1", .compression = "br"}));
}

// Scenario: every status code. Guarantee: the table of the OTLP specification, and what speaks of
// the configuration instead of the data is not for good.
BOOST_AUTO_TEST_CASE(codes_become_outcomes) {
  for (int code = 1; code <= 16; ++code) {
    const bool again =
        code == 1 || code == 4 || code == 10 || code == 11 || code == 14 || code == 15;
    const auto o = outcome_for({.code = code, .text = "because"});
    const bool final = code == 3 || code == 6; // INVALID_ARGUMENT, ALREADY_EXISTS
    BOOST_TEST((o.answer == (again ? kind::retry : final ? kind::refused : kind::outage)), code);
    BOOST_TEST(o.reason.ends_with(": because"));
    BOOST_TEST(!o.retry_after);
  }
}

// Scenario: RetryInfo in the details, in the other trailer, of 0 s; RESOURCE_EXHAUSTED with and
// without it. Guarantee: the delay is read from either; without it RESOURCE_EXHAUSTED is an
// outage, or, where it speaks of the size, a reason to split.
BOOST_AUTO_TEST_CASE(retry_info_is_read_from_either_trailer) {
  weir::net::rpc_answer busy;
  busy.code = weir::net::grpc_code::unavailable;
  busy.message = "busy";
  busy.retry_after = 1500ms;
  const auto details = weir::net::encode_status(busy);
  const auto info = weir::net::encode_retry_info(2500ms);
  BOOST_TEST((outcome_for({.code = 14, .text = "busy", .details = details}).retry_after == 1500ms));
  const auto other =
      outcome_for({.code = 8, .text = "quota", .trailers = {{"google.rpc.retryinfo-bin", info}}});
  BOOST_TEST((other.answer == kind::retry));
  BOOST_TEST((other.retry_after == 2500ms));
  BOOST_TEST(
      (outcome_for({.code = 14, .text = "now", .trailers = {{"google.rpc.retryinfo-bin", ""}}})
           .answer
       == kind::retry));
  BOOST_TEST((outcome_for({.code = 8, .text = "quota"}).answer == kind::outage));
  BOOST_TEST(
      (outcome_for({.code = 8, .text = "grpc: received message larger than max (5 vs. 4)"}).answer
       == kind::too_large));
}

// Scenario: a configuration that says which answers are final. Guarantee: those are, no others.
BOOST_AUTO_TEST_CASE(permanent_codes_decide_what_is_final) {
  using weir::net::grpc_code;
  const weir::backends::retry_config retry{.permanent_codes = {"INTERNAL", "UNAVAILABLE"}};
  const auto outcome_with = [&](grpc_code code) {
    return weir::backends::outcome_of(weir::net::grpc_reply{.code = code}, retry).answer;
  };
  BOOST_TEST((outcome_with(grpc_code::internal) == kind::refused));
  BOOST_TEST((outcome_with(grpc_code::unavailable) == kind::refused));
  BOOST_TEST((outcome_with(grpc_code::invalid_argument) == kind::outage));
}

// Scenario: a server by gRPC C++ that takes 1 MB at most. Guarantee: what it says is understood.
BOOST_AUTO_TEST_CASE(a_real_servers_size_limit_asks_for_a_split) {
  fake_grpc_server server({.max_message_bytes = 1'000'000},
                          [](const auto&) { return fake_grpc_server::answer{}; });
  auto sender = sender_to(server.endpoint());
  BOOST_TEST((send_and_wait(*sender, std::string(1'500'000, 'x')).answer == kind::too_large));
  BOOST_TEST((send_and_wait(*sender, std::string(900'000, 'x')).answer == kind::delivered));
}

// Scenario: partial success. Guarantee: delivered, with the rejected items and the message.
BOOST_AUTO_TEST_CASE(partial_success_is_read) {
  weir::net::rpc_answer some;
  some.rejected = 3;
  some.message = "three were bad";
  const auto o = outcome_for({.body = weir::net::encode_export_response(some)});
  BOOST_TEST((o.answer == kind::delivered));
  BOOST_TEST(o.rejected == 3u);
  BOOST_TEST(o.reason == "three were bad");
}

// Scenario: 200 requests at once of up to 500 KB. Guarantee: all arrive, each once.
BOOST_AUTO_TEST_CASE(many_requests_fly_at_once) {
  std::atomic<std::uint64_t> bytes = 0;
  fake_grpc_server server([&](const auto& call) {
    bytes += call.message.size();
    return fake_grpc_server::answer{};
  });
  auto sender = sender_to(server.endpoint(), {.compression = "none", .timeout = 20s});
  weir::test::inbox<outcome> outcomes;
  std::uint64_t sent = 0;
  for (std::size_t i = 0; i < 200; ++i) {
    const auto size = (i * 7919) % 500'000;
    sent += size;
    sender->send({.message = weir::shared_bytes(std::string(size, 'x'))},
                 [&](outcome o) { outcomes.put(std::move(o)); });
  }
  for (const auto& o : outcomes.wait(200))
    BOOST_TEST((o.answer == kind::delivered), o.reason);
  BOOST_TEST(bytes == sent);
}

// Scenario: nobody listens; then a server comes up at that port, and goes again. Guarantee: retry
// with the address and the reason; then it connects by itself.
BOOST_AUTO_TEST_CASE(it_connects_again) {
  int port = 0;
  {
    fake_grpc_server first([](const auto&) { return fake_grpc_server::answer{}; });
    port = first.port();
  }
  const auto endpoint = "127.0.0.1:" + std::to_string(port);
  auto sender = sender_to(endpoint);
  const auto none = send_and_wait(*sender, "x");
  BOOST_TEST((none.answer == kind::retry));
  BOOST_TEST(none.reason.find(endpoint) != std::string::npos, none.reason);
  for (int round = 0; round < 2; ++round) {
    fake_grpc_server server({.port = port}, [](const auto&) { return fake_grpc_server::answer{}; });
    outcome o;
    for (int tries = 0; tries < 20; ++tries)
      if (o = send_and_wait(*sender, "x"); o.answer == kind::delivered)
        break;
    BOOST_TEST((o.answer == kind::delivered), o.reason);
  }
}

// Scenario: a name with several addresses, of which one has a listener ("localhost" where it is ::1
// as well). Guarantee: that one is found.
BOOST_AUTO_TEST_CASE(all_addresses_of_a_name_are_tried) {
  fake_grpc_server server([](const auto&) { return fake_grpc_server::answer{}; });
  auto sender = sender_to("localhost:" + std::to_string(server.port()));
  const auto o = send_and_wait(*sender, "x");
  BOOST_TEST((o.answer == kind::delivered), o.reason);
}

// Scenario: a server that never answers; stop() with calls under way. Guarantee: DEADLINE_EXCEEDED
// within the timeout; on stop every call ends with retry.
BOOST_AUTO_TEST_CASE(calls_end_in_time) {
  fake_grpc_server server([](const auto&) { return fake_grpc_server::answer{.never = true}; });
  auto impatient = sender_to(server.endpoint(), {.compression = "none", .timeout = 200ms});
  const auto late = send_and_wait(*impatient, "x");
  BOOST_TEST((late.answer == kind::retry));
  BOOST_TEST(late.reason.starts_with("DEADLINE_EXCEEDED"), late.reason);
  auto stopped = sender_to(server.endpoint(), {.compression = "gzip", .timeout = 20s});
  weir::test::inbox<outcome> outcomes;
  for (int i = 0; i < 50; ++i)
    stopped->send({.message = weir::shared_bytes(std::string(1000, 'x'))},
                  [&](outcome o) { outcomes.put(std::move(o)); });
  stopped->stop();
  for (const auto& o : outcomes.wait(50))
    BOOST_TEST((o.answer == kind::retry));
  BOOST_TEST((send_and_wait(*stopped, "x").answer == kind::retry));
}

// Scenario: TLS with the right authority, another one, none checked, another name, and with client
// certificates demanded. Guarantee: it connects where it should and nowhere else.
BOOST_AUTO_TEST_CASE(tls_is_checked_on_both_sides) {
  const weir::test::certificates files;
  const auto answer = [](const auto&) { return fake_grpc_server::answer{}; };
  fake_grpc_server server(
      {.key_pem = files.pem("server.key"), .certificate_pem = files.pem("server.pem")}, answer);
  const auto result = [&](const fake_grpc_server& fake_grpc_server,
                          weir::net::tls_client_config tls) {
    auto made = weir::backends::make_otlp_grpc_sender(
        "otlp", {.endpoint = "https://" + fake_grpc_server.endpoint(),
                 .tls = std::move(tls),
                 .timeout = 2s});
    BOOST_REQUIRE(made);
    return send_and_wait(**made, std::string(300'000, 'x')).answer;
  };
  BOOST_TEST((result(server, {.ca_file = files.ca()}) == kind::delivered));
  BOOST_TEST((result(server, {.ca_pem = files.pem("ca.pem")}) == kind::delivered));
  BOOST_TEST((result(server, {.ca_file = files.other_ca()}) == kind::retry));
  BOOST_TEST((result(server, {.insecure_skip_verify = true}) == kind::delivered));
  BOOST_TEST((result(server, {.server_name_override = "localhost", .ca_file = files.ca()})
              == kind::delivered));
  BOOST_TEST((result(server, {.server_name_override = "elsewhere", .ca_file = files.ca()})
              == kind::retry));
  BOOST_TEST((result(server, {.insecure = true}) == kind::retry));

  fake_grpc_server strict({.key_pem = files.pem("server.key"),
                           .certificate_pem = files.pem("server.pem"),
                           .client_ca_pem = files.pem("ca.pem")},
                          answer);
  BOOST_TEST((result(strict, {.ca_file = files.ca()}) == kind::retry));
  BOOST_TEST((result(strict, {.ca_file = files.ca(),
                              .cert_file = files.client_cert(),
                              .key_file = files.client_key()})
              == kind::delivered));
  BOOST_TEST((result(strict, {.ca_file = files.ca(),
                              .cert_pem = files.pem("client.pem"),
                              .key_pem = files.pem("client.key")})
              == kind::delivered));
  BOOST_TEST(!weir::backends::make_otlp_grpc_sender(
      "otlp", {.endpoint = "a:1", .tls = {.ca_file = "/nowhere.pem"}}));
}

// Scenario: endpoints of every form. Guarantee: good ones are read, bad ones are errors that say
// why.
BOOST_AUTO_TEST_CASE(endpoints_are_read) {
  using weir::net::parse_grpc_endpoint;
  BOOST_TEST(parse_grpc_endpoint("tempo:4317")->host == "tempo");
  BOOST_TEST(!parse_grpc_endpoint("tempo:4317")->plain);
  BOOST_TEST(parse_grpc_endpoint("http://tempo:4317/x")->plain);
  BOOST_TEST(parse_grpc_endpoint("http://tempo:4317/x")->authority == "tempo:4317");
  BOOST_TEST(parse_grpc_endpoint("dns:///tempo:1")->port == "1");
  BOOST_TEST(parse_grpc_endpoint("[::1]:4317")->host == "::1");
  for (const char* bad :
       {"", "tempo", ":4317", "tempo:", "tempo:x", "tempo:70000", "::1:4317", "unix:/a"})
    BOOST_TEST(!parse_grpc_endpoint(bad), bad);
}

BOOST_AUTO_TEST_SUITE_END()
