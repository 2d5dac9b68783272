#include "core/metrics.hpp"
#include "tests/net/server/raw_client.hpp"
#include "tests/net/server/server_fixture.hpp"

#include <boost/test/unit_test.hpp>
#include <future>

using namespace weir;
using namespace weir::net;
using namespace weir::net::tests;
using std::chrono::milliseconds;

namespace {

const std::string zeroes(8, '\0');

bool ok(const h2_test_client::stream_result& result) {
  const auto it = result.headers.find("grpc-status");
  return it != result.headers.end() && it->second == "0";
}

/// Reads until the server has closed the connection.
bool closed(h2_test_client& client) {
  while (client.pump())
    ;
  return client.connection.closed();
}

server_limits impatient() {
  server_limits limits;
  limits.handshake_timeout = milliseconds(200);
  limits.body_timeout = milliseconds(200);
  return limits;
}

/// Sends `frames` until the server has had enough. Whether it said so, by GOAWAY. (Frames are read
/// by hand: nghttp2 would stumble over the answers to what it never sent.)
bool calmed_down(std::uint16_t port, const std::string& frames) {
  raw_connection client(port);
  client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
              + h2_test_client::frame(NGHTTP2_SETTINGS, 0, 0, ""));
  std::string seen;
  const auto goaway = [&] {
    while (seen.size() >= 9) {
      const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(seen[i]); };
      const std::size_t length = byte(0) << 16 | byte(1) << 8 | byte(2);
      if (seen.size() < 9 + length)
        return false;
      if (byte(3) == NGHTTP2_GOAWAY && byte(16) == NGHTTP2_ENHANCE_YOUR_CALM)
        return true;
      seen.erase(0, 9 + length);
    }
    return false;
  };
  for (int i = 0; i < 200 && client.send(frames); ++i) {
    seen += client.receive(1);
    if (goaway())
      return true;
  }
  for (auto piece = client.receive(); !piece.empty(); piece = client.receive()) {
    seen += piece;
    if (goaway())
      return true;
  }
  return false;
}

std::string repeated(const std::string& frame, int times) {
  std::string all;
  for (int i = 0; i < times; ++i)
    all += frame;
  return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(connection_test)

// Scenario: a port that another server listens on. Guarantee: start() fails and names the endpoint.
BOOST_AUTO_TEST_CASE(a_port_in_use_is_an_error) {
  server_fixture server({grpc_listener()});
  auto again = grpc_listener();
  again.endpoint = server.endpoints[0];
  const auto second =
      otlp_server::start({{{"otlp", {again}}, {signal::traces}}}, {}, [](auto&&) {});
  BOOST_REQUIRE(!second.has_value());
  BOOST_TEST(second.error().message.find(server.endpoints[0]) != std::string::npos);
  BOOST_TEST(second.error().message.find("already in use") != std::string::npos);
  again.endpoint = "nonsense";
  BOOST_TEST(!otlp_server::start({{{"otlp", {again}}, {}}}, {}, [](auto&&) {}).has_value());
}

// Scenario: clients that connect and say nothing, half a preface, or a preface without SETTINGS.
// Guarantee: each is closed after the handshake timeout; one that works is not.
BOOST_AUTO_TEST_CASE(half_open_connections_are_closed) {
  server_fixture server({grpc_listener(), http_listener()}, impatient());
  h2_test_client good(server.port());
  BOOST_TEST(ok(good.call("a")));
  std::vector<std::unique_ptr<raw_connection>> clients;
  for (const auto port : {server.port(0), server.port(1)})
    for (const auto* bytes : {"", "PRI * HT", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}) {
      clients.push_back(std::make_unique<raw_connection>(port));
      clients.back()->send(bytes);
    }
  for (auto& client : clients) {
    client->receive_all();
    BOOST_TEST(client->closed());
  }
  BOOST_TEST(ok(good.call("a")));
}

// Scenario: a connection to the gRPC port on which the client says nothing, and one to the HTTP
// port. Guarantee: the former gets the server's SETTINGS at once, as clients of gRPC C++ need it;
// the latter, which may yet speak HTTP/1.1, gets nothing.
BOOST_AUTO_TEST_CASE(settings_do_not_wait_for_the_client) {
  server_fixture server({grpc_listener(), http_listener()});
  raw_connection grpc(server.port(0));
  const auto first = grpc.receive();
  BOOST_REQUIRE(first.size() >= 9u);
  BOOST_TEST(first[3] == NGHTTP2_SETTINGS);
  BOOST_TEST(first.substr(4, 5) == std::string(5, '\0'));
  raw_connection http(server.port(1));
  BOOST_TEST(http.receive(100) == "");
  BOOST_TEST(!http.closed());
}

// Scenario: a body that stops half way. Guarantee: its stream is answered after the body timeout,
// the connection lives on.
BOOST_AUTO_TEST_CASE(slow_bodies_are_given_up) {
  server_fixture server({grpc_listener()}, impatient());
  h2_test_client client(server.port());
  const auto id = client.open_grpc();
  client.send_data(id, std::string("\0\0\0\1\0half", 9), false);
  BOOST_TEST(client.wait(id).headers["grpc-status"] == "4");
  BOOST_TEST(ok(client.call("a")));
}

// Scenario: pings without end on a connection that does nothing. Guarantee: GOAWAY with
// "too_many_pings", which gRPC clients understand, and the end.
BOOST_AUTO_TEST_CASE(a_ping_flood_ends_the_connection) {
  server_fixture server({grpc_listener()});
  h2_test_client client(server.port());
  client.connection.send(repeated(h2_test_client::frame(NGHTTP2_PING, 0, 0, zeroes), 4));
  BOOST_TEST(closed(client));
  BOOST_REQUIRE(!client.goaways.empty());
  BOOST_TEST(client.goaways[0].first == std::uint32_t{NGHTTP2_ENHANCE_YOUR_CALM});
  BOOST_TEST(client.goaways[0].second == "too_many_pings");
}

// Scenario: a client with keepalive pings as the enforcement policy allows, and one that pings
// around its calls, as gRPC's bandwidth probes do. Guarantee: both are left alone.
BOOST_AUTO_TEST_CASE(permitted_pings_are_answered) {
  auto listener = grpc_listener();
  listener.keepalive.min_time = milliseconds(0);
  listener.keepalive.permit_without_stream = true;
  server_fixture server({listener, grpc_listener()});
  h2_test_client permitted(server.port(0)), probing(server.port(1));
  for (int i = 0; i < 10; ++i) {
    permitted.connection.send(h2_test_client::frame(NGHTTP2_PING, 0, 0, zeroes));
    probing.connection.send(h2_test_client::frame(NGHTTP2_PING, 0, 0, zeroes));
    BOOST_TEST(ok(probing.call("a")));
  }
  BOOST_TEST(ok(permitted.call("a")));
}

// Scenario: floods of SETTINGS, of PRIORITY, of empty DATA frames. Guarantee: ENHANCE_YOUR_CALM.
BOOST_AUTO_TEST_CASE(floods_of_idle_frames_end_the_connection) {
  server_fixture server({grpc_listener()});
  using client = h2_test_client;
  BOOST_TEST(calmed_down(server.port(), repeated(client::frame(NGHTTP2_SETTINGS, 0, 0, ""), 100)));
  const std::string priority("\0\0\0\0\x10", 5);
  BOOST_TEST(
      calmed_down(server.port(), repeated(client::frame(NGHTTP2_PRIORITY, 0, 3, priority), 100)));
  h2_test_client empty(server.port());
  const auto id = empty.open_grpc();
  empty.connection.send(repeated(client::frame(NGHTTP2_DATA, 0, id, ""), 3000));
  closed(empty);
  BOOST_REQUIRE(!empty.goaways.empty());
  BOOST_TEST(empty.goaways[0].first == std::uint32_t{NGHTTP2_ENHANCE_YOUR_CALM});
}

// Scenario: streams that are opened and reset at once, without end (CVE-2023-44487). Guarantee:
// after some hundreds the connection ends; others are served.
BOOST_AUTO_TEST_CASE(rapid_resets_end_the_connection) {
  server_fixture server({grpc_listener()});
  h2_test_client client(server.port()), other(server.port());
  for (int i = 0; i < 2000 && client.goaways.empty(); ++i) {
    const auto id = client.open_grpc();
    client.connection.send(
        h2_test_client::frame(NGHTTP2_RST_STREAM, 0, id, std::string("\0\0\0\x08", 4)));
    if (i % 100 == 0)
      client.pump(1);
    if (nghttp2_session_get_next_stream_id(client.h2) > 3990)
      break;
  }
  closed(client);
  BOOST_REQUIRE(!client.goaways.empty());
  BOOST_TEST(client.goaways.back().first != std::uint32_t{NGHTTP2_NO_ERROR});
  BOOST_TEST(ok(other.call("a")));
}

// Scenario: 100 KB of headers; then 2 MB, made of references into the table. Guarantee: 431 for the
// first; the second ends the connection; others are served.
BOOST_AUTO_TEST_CASE(headers_are_bounded) {
  server_fixture server({grpc_listener()});
  h2_test_client client(server.port()), other(server.port());
  h2_test_client::headers many;
  for (int i = 0; i < 100; ++i)
    many.emplace_back("x-" + std::to_string(i), std::string(1000, 'a'));
  const auto id = client.open_grpc(many);
  client.send_data(id, h2_test_client::grpc_message("a"), true);
  BOOST_TEST(client.wait(id).headers[":status"] == "431");
  // HPACK: put one header of 3,000 bytes into the table (literal with indexing), then refer to it.
  std::string block("\x40\x01x\x7f\xb9\x16", 6);
  block += std::string(3000, 'b');
  block.append(1000, '\xbe');
  client.connection.send(
      h2_test_client::frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 101, block));
  closed(client);
  BOOST_TEST(!client.goaways.empty());
  BOOST_TEST(ok(other.call("a")));
}

// Scenario: more streams at once than are allowed. Guarantee: those beyond are refused by
// RST_STREAM, which tells clients that nothing was done.
BOOST_AUTO_TEST_CASE(streams_are_bounded) {
  auto listener = grpc_listener();
  listener.max_concurrent_streams = 2;
  server_fixture server({listener});
  server.hold();
  h2_test_client client(server.port(), false); // It has not heard of the limit yet.
  nghttp2_submit_settings(client.h2, NGHTTP2_FLAG_NONE, nullptr, 0);
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(client.open_grpc());
    client.send_data(ids.back(), h2_test_client::grpc_message("a"), true);
  }
  BOOST_TEST(client.wait(ids[2]).reset == std::uint32_t{NGHTTP2_REFUSED_STREAM});
  server.next().reply({});
  server.next().reply({});
  BOOST_TEST(ok(client.wait(ids[0])));
  BOOST_TEST(ok(client.wait(ids[1])));
}

// Scenario: a connection beyond the limit, where all others have made requests. Guarantee: it is
// closed at once; when another goes, there is room again.
BOOST_AUTO_TEST_CASE(connections_are_bounded) {
  server_limits limits;
  limits.max_connections = 2;
  server_fixture server({grpc_listener()}, limits);
  h2_test_client first(server.port());
  BOOST_TEST(ok(first.call("a")));
  {
    h2_test_client second(server.port());
    BOOST_TEST(ok(second.call("a")));
    raw_connection third(server.port());
    BOOST_TEST(third.receive_all().empty());
    BOOST_TEST(third.closed());
    BOOST_TEST(ok(second.call("a")));
  }
  bool served = false;
  for (int i = 0; i < 200 && !served; ++i)
    served = ok(h2_test_client(server.port()).call("a"));
  BOOST_TEST(served);
}

// Scenario: a connection without requests beyond max_connection_idle; one that is in use.
// Guarantee: GOAWAY without an error for the first, and its end.
BOOST_AUTO_TEST_CASE(idle_connections_are_sent_away) {
  auto listener = grpc_listener();
  listener.keepalive.max_connection_idle = milliseconds(200);
  server_fixture server({listener});
  server.hold();
  h2_test_client idle(server.port()), busy(server.port());
  const auto id = busy.open_grpc();
  busy.send_data(id, h2_test_client::grpc_message("a"), true);
  auto held = server.next();
  BOOST_TEST(closed(idle));
  BOOST_REQUIRE(!idle.goaways.empty());
  BOOST_TEST(idle.goaways[0].first == std::uint32_t{NGHTTP2_NO_ERROR});
  held.reply({});
  BOOST_TEST(ok(busy.wait(id)));
}

// Scenario: an old connection with a request in flight that is answered in time, and with one that
// is not. Guarantee: the first gets its answer after the GOAWAY; the second ends after the grace
// time.
BOOST_AUTO_TEST_CASE(old_connections_may_finish) {
  auto listener = grpc_listener();
  listener.keepalive.max_connection_age = milliseconds(200);
  listener.keepalive.max_connection_age_grace = milliseconds(600);
  server_fixture server({listener});
  server.hold();
  h2_test_client client(server.port());
  const auto answered = client.open_grpc();
  client.send_data(answered, h2_test_client::grpc_message("a"), true);
  const auto never = client.open_grpc();
  client.send_data(never, h2_test_client::grpc_message("b"), true);
  auto first = server.next();
  while (client.goaways.empty() && client.pump())
    ;
  first.reply({});
  BOOST_TEST(ok(client.wait(answered)));
  BOOST_TEST(closed(client));
  BOOST_TEST(!client.results[never].closed);
}

// Scenario: a peer that has gone silent, and one that answers pings. Guarantee: the first is closed
// after time + timeout, the second stays.
BOOST_AUTO_TEST_CASE(keepalive_finds_silent_peers) {
  auto listener = grpc_listener();
  listener.keepalive.time = milliseconds(150);
  listener.keepalive.timeout = milliseconds(150);
  server_fixture server({listener});
  h2_test_client silent(server.port()), alive(server.port());
  while (alive.pings < 4 && alive.pump())
    ;
  BOOST_TEST(alive.pings >= 4);
  silent.connection.receive_all();
  BOOST_TEST(silent.connection.closed());
  BOOST_TEST(ok(alive.call("a")));
}

// Scenario: drain() with a request in flight and an idle connection. Guarantee: new connections are
// refused, both hear GOAWAY, the answer still goes out, and drain() returns well before its
// deadline.
BOOST_AUTO_TEST_CASE(drain_finishes_what_is_in_flight) {
  server_fixture server({grpc_listener(), http_listener()});
  server.hold();
  h2_test_client busy(server.port()), idle(server.port());
  raw_connection http(server.port(1));
  http.send("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
            "Content-Length: 1\r\n\r\nx");
  auto over_http = server.next();
  const auto id = busy.open_grpc();
  busy.send_data(id, h2_test_client::grpc_message("a"), true);
  auto held = server.next();
  const auto begin = std::chrono::steady_clock::now();
  auto drained = std::async(std::launch::async, [&] { server.server->drain(patience); });
  BOOST_TEST(closed(idle));
  BOOST_TEST(!idle.goaways.empty());
  BOOST_CHECK_THROW(raw_connection(server.port()), boost::system::system_error);
  held.reply({});
  over_http.reply({});
  BOOST_TEST(ok(busy.wait(id)));
  BOOST_TEST(closed(busy));
  const auto answer = http.receive_all();
  BOOST_TEST(answer.starts_with("HTTP/1.1 200 "));
  BOOST_TEST(answer.find("Connection: close") != std::string::npos);
  drained.get();
  BOOST_TEST((std::chrono::steady_clock::now() - begin < patience / 2));
}

// Scenario: drain() with a request that nobody answers. Guarantee: it returns at its deadline, and
// the destructor closes what is left; the answer that comes after that is dropped.
BOOST_AUTO_TEST_CASE(drain_has_a_deadline) {
  server_fixture server({grpc_listener()});
  server.hold();
  h2_test_client client(server.port());
  client.send_data(client.open_grpc(), h2_test_client::grpc_message("a"), true);
  auto held = server.next();
  const auto begin = std::chrono::steady_clock::now();
  server.server->drain(milliseconds(100));
  BOOST_TEST((std::chrono::steady_clock::now() - begin >= milliseconds(100)));
  server.server.reset();
  held.reply({});
  BOOST_TEST(closed(client));
}

// Scenario: requests that are taken and refused on a receiver of its own name. Guarantee: the page
// shows connections, requests by code, refusals by reason, and bytes.
BOOST_AUTO_TEST_CASE(requests_are_counted) {
  auto small = grpc_listener();
  small.max_message_bytes = 10;
  const auto started =
      otlp_server::start({{{"otlp/counted", {small}}, {signal::traces}}}, {}, [](auto&& batch) {
        for (auto& request : batch)
          request.reply({});
      });
  BOOST_REQUIRE(started.has_value());
  const auto endpoint = (*started)->endpoints()[0];
  h2_test_client client(
      static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
  client.call("a");
  client.call("b");
  client.call("more than ten bytes");
  const auto page = metrics::render();
  const auto shows = [&](const std::string& name, const std::string& labels, int value) {
    const auto line = name + "{" + labels + "receiver=\"otlp/counted\"";
    BOOST_TEST_CONTEXT(line) {
      const auto found = page.find(line);
      BOOST_REQUIRE(found != std::string::npos);
      BOOST_TEST(std::stoi(page.substr(page.find("} ", found) + 2)) == value);
    }
  };
  shows("weir_receiver_connections", "", 1);
  shows("weir_receiver_requests_total", "code=\"OK\",", 2);
  shows("weir_receiver_requests_total", "code=\"RESOURCE_EXHAUSTED\",", 1);
  shows("weir_receiver_refused_total", "reason=\"too_large\",", 1);
}

BOOST_AUTO_TEST_SUITE_END()
