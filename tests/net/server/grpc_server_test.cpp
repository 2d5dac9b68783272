#include "codec/encoding.hpp"
#include "tests/net/server/raw_client.hpp"
#include "tests/net/server/server_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::net;
using namespace weir::net::tests;

namespace {

std::string pack(codec::encoding encoding, const std::string& body) {
  std::string out;
  BOOST_REQUIRE(codec::encode(encoding, body, 0, out).has_value());
  return out;
}

std::string status_of(const h2_test_client::stream_result& result) {
  const auto it = result.headers.find("grpc-status");
  return it == result.headers.end() ? "none" : it->second;
}

} // namespace

BOOST_AUTO_TEST_SUITE(grpc_server_test)

// Scenario: messages packed with each encoding. Guarantee: intake gets the unpacked bytes.
BOOST_AUTO_TEST_CASE(packed_messages_are_unpacked) {
  server_fixture server({grpc_listener()});
  h2_test_client client(server.port());
  const std::string body(200'000, 'y');
  for (const std::string name : {"gzip", "zstd", "snappy"}) {
    const auto id = client.open_grpc({{"grpc-encoding", name}});
    client.send_data(id, h2_test_client::grpc_message(pack(*codec::grpc_encoding(name), body), 1),
                     true);
    BOOST_TEST(status_of(client.wait(id)) == "0", name);
  }
  // The flag decides, not the header.
  const auto id = client.open_grpc({{"grpc-encoding", "gzip"}});
  client.send_data(id, h2_test_client::grpc_message(body), true);
  BOOST_TEST(status_of(client.wait(id)) == "0");
  BOOST_TEST((server.bodies() == std::vector<std::string>(4, body)));
}

// Scenario: an encoding nobody knows, a packed message without one, bytes that are not what they
// say. Guarantee: UNIMPLEMENTED with what is known here, INTERNAL, INVALID_ARGUMENT; nothing
// reaches intake.
BOOST_AUTO_TEST_CASE(bad_encodings_are_refused) {
  server_fixture server({grpc_listener()});
  h2_test_client client(server.port());
  auto id = client.open_grpc({{"grpc-encoding", "br"}});
  client.send_data(id, h2_test_client::grpc_message("x", 1), true);
  BOOST_TEST(status_of(client.wait(id)) == "12");
  BOOST_TEST(client.results[id].headers["grpc-accept-encoding"] == "identity,gzip,zstd,snappy");
  id = client.open_grpc();
  client.send_data(id, h2_test_client::grpc_message("x", 1), true);
  BOOST_TEST(status_of(client.wait(id)) == "13");
  for (const auto* name : {"gzip", "zstd", "snappy"}) {
    id = client.open_grpc({{"grpc-encoding", name}});
    client.send_data(id, h2_test_client::grpc_message("certainly not packed", 1), true);
    BOOST_TEST(status_of(client.wait(id)) == "3", name);
  }
  BOOST_TEST(server.bodies().empty());
}

// Scenario: 1 GiB of zeroes in 1,024 zstd frames or gzip members, packed to a thousandth and less.
// Guarantee: RESOURCE_EXHAUSTED, for the price of the limit.
BOOST_AUTO_TEST_CASE(a_bomb_is_refused_at_the_limit) {
  server_fixture server({grpc_listener()});
  h2_test_client client(server.port());
  for (const std::string name : {"zstd", "gzip"}) {
    const auto mebibyte = pack(*codec::grpc_encoding(name), std::string(1 << 20, '\0'));
    std::string bomb;
    for (int i = 0; i < 1024; ++i)
      bomb += mebibyte;
    BOOST_REQUIRE(bomb.size() < 2 << 20);
    const auto id = client.open_grpc({{"grpc-encoding", name}});
    client.send_data(id, h2_test_client::grpc_message(bomb, 1), true);
    BOOST_TEST(status_of(client.wait(id)) == "8", name);
  }
  BOOST_TEST(server.bodies().empty());
}

// Scenario: a prefix that promises 4 GiB; one that promises more than comes; two messages; none; a
// flag that is not 0 or 1. Guarantee: the code for each, at once where the prefix says enough.
BOOST_AUTO_TEST_CASE(malformed_messages_are_refused) {
  server_fixture server({grpc_listener()});
  h2_test_client client(server.port());
  auto id = client.open_grpc();
  client.send_data(id, std::string("\0\xff\xff\xff\xff", 5), false);
  BOOST_TEST(status_of(client.wait(id)) == "8"); // without waiting for the rest
  id = client.open_grpc();
  client.send_data(id, std::string("\0\0\0\0\x09only", 9), true);
  BOOST_TEST(status_of(client.wait(id)) == "3");
  BOOST_TEST(client.results[id].headers["grpc-message"] == "the message ends after 4 of 9 bytes");
  id = client.open_grpc();
  client.send_data(id, h2_test_client::grpc_message("a") + h2_test_client::grpc_message("b"), true);
  BOOST_TEST(status_of(client.wait(id)) == "12");
  id = client.open_grpc();
  client.send_data(id, "", true);
  BOOST_TEST(status_of(client.wait(id)) == "12");
  id = client.open_grpc();
  client.send_data(id, h2_test_client::grpc_message("a", 2), true);
  BOOST_TEST(status_of(client.wait(id)) == "3");
  BOOST_TEST(server.bodies().empty());
}

// Scenario: a message that comes byte by byte, its prefix cut. Guarantee: it is put together.
BOOST_AUTO_TEST_CASE(frames_may_cut_anywhere) {
  server_fixture server({grpc_listener()});
  h2_test_client client(server.port());
  const auto id = client.open_grpc();
  for (const char c : h2_test_client::grpc_message("hello"))
    client.send_data(id, {&c, 1}, false);
  client.send_data(id, "", true);
  BOOST_TEST(status_of(client.wait(id)) == "0");
  BOOST_TEST((server.bodies() == std::vector<std::string>{"hello"}));
}

// Scenario: something else than gRPC on gRPC's port. Guarantee: HTTP's own words for it.
BOOST_AUTO_TEST_CASE(what_is_not_grpc_is_refused) {
  server_fixture server({grpc_listener()});
  h2_test_client client(server.port());
  const std::string path(grpc_export_path(signal::traces));
  auto id = client.open(path, {{"content-type", "application/json"}});
  client.send_data(id, "{}", true);
  BOOST_TEST(client.wait(id).headers[":status"] == "415");
  id = client.open(path, {{"content-type", "application/grpc"}}, "PUT");
  client.send_data(id, "{}", true);
  BOOST_TEST(client.wait(id).headers[":status"] == "405");
}

// Scenario: grpc-timeout that is malformed, and one that is over before the body has come.
// Guarantee: INVALID_ARGUMENT; DEADLINE_EXCEEDED, and intake never sees the request.
BOOST_AUTO_TEST_CASE(timeouts_are_kept) {
  server_fixture server({grpc_listener()});
  h2_test_client client(server.port());
  auto id = client.open_grpc({{"grpc-timeout", "soon"}});
  client.send_data(id, h2_test_client::grpc_message("a"), true);
  BOOST_TEST(status_of(client.wait(id)) == "3");
  id = client.open_grpc({{"grpc-timeout", "0n"}});
  client.send_data(id, h2_test_client::grpc_message("a"), true);
  BOOST_TEST(status_of(client.wait(id)) == "4");
  id = client.open_grpc({{"grpc-timeout", "50m"}});
  client.send_data(id, "\0", false);
  BOOST_TEST(status_of(client.wait(id)) == "4");
  BOOST_TEST(server.bodies().empty());
}

// Scenario: bodies wait for their answers until the budget is used up. Guarantee: the next is
// refused as UNAVAILABLE with RetryInfo before its body is taken, and taken again once an answer
// went out.
BOOST_AUTO_TEST_CASE(bytes_in_flight_are_bounded) {
  server_limits limits;
  limits.max_bytes_in_flight = 300'000;
  server_fixture server({grpc_listener()}, limits);
  server.hold();
  h2_test_client client(server.port());
  const std::string body(200'000, 'x');
  const auto first = client.open_grpc();
  client.send_data(first, h2_test_client::grpc_message(body), true);
  auto held = server.next();
  auto second = client.call(body);
  BOOST_TEST(status_of(second) == "14");
  BOOST_TEST(second.headers.count("google.rpc.retryinfo-bin") == 1u);
  held.reply({});
  BOOST_TEST(status_of(client.wait(first)) == "0");
  server.answer_with(otlp_reply{});
  BOOST_TEST(status_of(client.call(body)) == "0");
}

// Scenario: a hundred prefixes promise 4 MB each and nothing follows. Guarantee: they hold a part
// of the budget at most, and others are served beside them.
BOOST_AUTO_TEST_CASE(promises_cost_little) {
  server_limits limits;
  limits.max_bytes_in_flight = 64 << 20;
  server_fixture server({grpc_listener()}, limits);
  h2_test_client liar(server.port()), honest(server.port());
  for (int i = 0; i < 100; ++i)
    liar.send_data(liar.open_grpc(), std::string("\0\0\x3f\0\0", 5), false);
  BOOST_TEST(status_of(honest.call(std::string(4'000'000, 'x'))) == "0");
}

// Scenario: the node does not accept for now. Guarantee: UNAVAILABLE with the reason and RetryInfo,
// nothing reaches intake; afterwards all is as before.
BOOST_AUTO_TEST_CASE(a_node_that_does_not_accept_says_why) {
  server_fixture server({grpc_listener()});
  h2_test_client client(server.port());
  server.server->set_accepting(false, "the disk is full");
  const auto result = client.call("a");
  BOOST_TEST(status_of(result) == "14");
  BOOST_TEST(result.headers.at("grpc-message") == "the disk is full");
  BOOST_TEST(result.headers.count("grpc-status-details-bin") == 1u);
  BOOST_TEST(server.bodies().empty());
  server.server->set_accepting(true, "");
  BOOST_TEST(status_of(client.call("a")) == "0");
}

// Scenario: intake drops a request without an answer. Guarantee: the client hears UNAVAILABLE.
BOOST_AUTO_TEST_CASE(a_dropped_request_is_answered) {
  server_fixture server({grpc_listener()});
  server.answer_with([](otlp_request& request) { const auto gone = std::move(request); });
  h2_test_client client(server.port());
  BOOST_TEST(status_of(client.call("a")) == "14");
}

// Scenario: the client resets a stream, or goes away, while its request is in flight. Guarantee:
// the answer that comes later hits nothing, the next request is served.
BOOST_AUTO_TEST_CASE(answers_to_nobody_are_dropped) {
  server_fixture server({grpc_listener()});
  server.hold();
  h2_test_client client(server.port());
  const auto id = client.open_grpc();
  client.send_data(id, h2_test_client::grpc_message("a"), true);
  auto reset = server.next();
  client.connection.send(h2_test_client::frame(NGHTTP2_RST_STREAM, 0, id, {"\0\0\0\x08", 4}));
  {
    h2_test_client gone(server.port());
    gone.send_data(gone.open_grpc(), h2_test_client::grpc_message("b"), true);
    server.next().reply({});
  }
  reset.reply({});
  server.answer_with(otlp_reply{});
  BOOST_TEST(status_of(client.call("c")) == "0");
}

BOOST_AUTO_TEST_SUITE_END()
