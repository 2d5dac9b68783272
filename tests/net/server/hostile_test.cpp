#include "core/metrics.hpp"
#include "net/server/body_pace.hpp"
#include "net/server/connection_room.hpp"
#include "net/server/descriptors.hpp"
#include "net/server/request_target.hpp"
#include "tests/net/server/raw_client.hpp"
#include "tests/net/server/server_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::net;
using namespace weir::net::tests;

namespace {

/// An ExportTraceServiceRequest with so many spans.
std::string spans(int count) {
  std::string scope;
  for (int i = 0; i < count; ++i)
    scope += std::string("\x12\x1c\x0a\x10") + "0123456789abcdef" + "\x12\x08" + "spanspan";
  const auto field = [](char tag, const std::string& bytes) {
    std::string out(1, tag);
    for (auto left = bytes.size(); true; left >>= 7) {
      out.push_back(static_cast<char>(left >= 0x80 ? (left & 0x7f) | 0x80 : left));
      if (left < 0x80)
        return out + bytes;
    }
  };
  return field('\x0a', field('\x12', scope));
}

double refused_spans(const std::string& transport) {
  return metrics::receiver_refused_spans.with({{"receiver", "otlp"}, {"transport", transport}})
      .Value();
}

std::string post(const std::string& body, const std::string& target = "/v1/traces") {
  return "POST " + target + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
         + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string ask(raw_connection& client, const std::string& request) {
  client.send(request);
  std::string answer;
  client.receive_until("\r\n\r\n", answer);
  return answer;
}

std::uint32_t allowed_streams(const h2_test_client& client) {
  return nghttp2_session_get_remote_settings(client.h2, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

} // namespace

// Clients that want to do harm, in what the system test cannot see.
BOOST_AUTO_TEST_SUITE(hostile_test)

// Scenario: targets in every form. Guarantee: of absolute ones the path and the query are left.
BOOST_AUTO_TEST_CASE(absolute_targets_have_a_path) {
  BOOST_TEST(origin_form("/v1/traces?a=http://b") == "/v1/traces?a=http://b");
  BOOST_TEST(origin_form("http://host:4318/v1/traces?a") == "/v1/traces?a");
  BOOST_TEST(origin_form("HTTPS://host/") == "/");
  BOOST_TEST(origin_form("http://host") == "/");
  BOOST_TEST(origin_form("http://host?a") == "?a");
  BOOST_TEST(origin_form("*") == "*");
  BOOST_TEST(empty_lines("\r\n\r\nPOST") == 4u);
  BOOST_TEST(empty_lines("\rPOST") == 0u);
  BOOST_TEST(empty_lines("\r\n\r\n\r\n\r\n\r\n\r\n") == 8u);
}

// Scenario: bodies of many paces. Guarantee: a pause, or less than the least rate, is too slow;
// whoever keeps the rate may take hours.
BOOST_AUTO_TEST_CASE(bodies_have_a_least_pace) {
  const server_limits limits; // 60 s
  const auto index = [](double seconds) { return static_cast<steady_ns>(seconds * 1e9); };
  BOOST_TEST(!is_too_slow({0, index(10), 1}, limits, index(59)));
  BOOST_TEST(is_too_slow({0, index(10), 1}, limits, index(71)));
  BOOST_TEST(!is_too_slow({0, index(59), 120}, limits, index(59.5)));
  BOOST_TEST(is_too_slow({0, index(61), 122}, limits, index(61)));
  BOOST_TEST(!is_too_slow({0, index(3600), 3600 << 10}, limits, index(3601)));
}

// Scenario: two listeners, of which one takes all the connections it can get. Guarantee: the other
// has its share; what is given back can be taken again.
BOOST_AUTO_TEST_CASE(a_listener_has_a_share_of_connections) {
  common_connections common(4);
  connection_room greedy(common, 3), other(common, 3);
  int taken = 0;
  while (greedy.enter())
    ++taken;
  BOOST_TEST(taken == 7);
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(other.enter());
  BOOST_TEST(!other.enter());
  greedy.leave();
  BOOST_TEST(other.enter());
  BOOST_TEST(!greedy.enter());
  greedy.enter_anyway();
  for (int i = 0; i < 2; ++i)
    greedy.leave();
  BOOST_TEST(greedy.enter());
  BOOST_TEST(!greedy.enter());
}

// Scenario: limits of open files. Guarantee: connections leave enough for all else.
BOOST_AUTO_TEST_CASE(connections_leave_descriptors) {
  BOOST_TEST(connections_with(1 << 20) == (1u << 20) - 1536);
  BOOST_TEST(connections_with(1024) == 512u);
  BOOST_TEST(connections_with(descriptors_for(10'000)) == 10'000u);
  BOOST_TEST(connections_with(descriptors_for(100)) == 100u);
}

// Scenario: 20 requests of 512 spans over each protocol while the node does not accept. Guarantee:
// each is refused, all of their spans are counted, none is handed over.
BOOST_AUTO_TEST_CASE(spans_that_are_refused_are_counted) {
  server_fixture server({grpc_listener(), http_listener()});
  server.server->set_accepting(false, "the disk is full");
  const auto grpc = refused_spans("grpc"), http = refused_spans("http");
  h2_test_client client(server.port(0));
  raw_connection plain(server.port(1));
  const auto body = spans(512);
  for (int i = 0; i < 20; ++i) {
    BOOST_TEST(client.call(body).headers["grpc-status"] == "14");
    BOOST_TEST(ask(plain, post(body)).starts_with("HTTP/1.1 503 "));
  }
  BOOST_TEST(refused_spans("grpc") - grpc == 20 * 512);
  BOOST_TEST(refused_spans("http") - http == 20 * 512);
  BOOST_TEST(server.bodies().empty());
}

// Scenario: bodies beyond what may be in flight. Guarantee: their spans are counted, too.
BOOST_AUTO_TEST_CASE(spans_without_room_are_counted) {
  server_limits limits;
  limits.max_bytes_in_flight = 20'000;
  server_fixture server({http_listener()}, limits);
  const auto before = refused_spans("http");
  raw_connection client(server.port());
  BOOST_TEST(ask(client, post(spans(1000))).starts_with("HTTP/1.1 503 "));
  BOOST_TEST(refused_spans("http") - before == 1000);
}

// Scenario: a new client. Guarantee: it may have few streams, and all of them once a request was
// good.
BOOST_AUTO_TEST_CASE(streams_are_few_until_a_request_was_good) {
  server_fixture server({grpc_listener()});
  h2_test_client client(server.port());
  BOOST_TEST(allowed_streams(client) == 100u);
  client.call("a");
  client.call("b");
  BOOST_TEST(allowed_streams(client) == 1000u);
}

// Scenario: a client without a window for its answer says that it is gone. Guarantee: it is closed
// at once.
BOOST_AUTO_TEST_CASE(a_client_that_is_gone_is_closed) {
  server_fixture server({http_listener()});
  h2_test_client client(server.port(), false);
  const nghttp2_settings_entry no_window{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0};
  nghttp2_submit_settings(client.h2, NGHTTP2_FLAG_NONE, &no_window, 1);
  const auto id = client.open("/v1/none", {{"content-type", "application/x-protobuf"}});
  client.send_data(id, "x", true);
  while (client.results[id].headers.empty() && client.pump())
    ;
  client.connection.end_of_output();
  client.connection.receive_all(5'000);
  BOOST_TEST(client.connection.closed());
}

BOOST_AUTO_TEST_SUITE_END()
