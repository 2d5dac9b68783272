#include "codec/encoding.hpp"
#include "tests/net/server/raw_client.hpp"
#include "tests/net/server/server_fixture.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

using namespace weir;
using namespace weir::net;
using namespace weir::net::tests;
using std::chrono::milliseconds;

namespace {

constexpr auto protobuf = "application/x-protobuf";
constexpr auto json = "application/json";

std::string post(const std::string& body, const std::string& type = protobuf,
                 const std::string& more = "", const std::string& path = "/v1/traces") {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: x\r\nContent-Type: {}\r\n{}Content-Length: {}\r\n\r\n{}", path,
      type, more, body.size(), body);
}

/// One answer, headers and body.
std::string ask(raw_connection& client, const std::string& request) {
  client.send(request);
  std::string answer;
  if (!client.receive_until("\r\n\r\n", answer))
    return answer;
  const auto head = answer.find("\r\n\r\n") + 4;
  const auto field = answer.find("Content-Length: ");
  if (field == std::string::npos)
    return answer;
  const auto length = std::stoul(answer.substr(field + 16));
  while (answer.size() < head + length) {
    const auto piece = client.receive();
    if (piece.empty())
      break;
    answer += piece;
  }
  return answer;
}

bool has(const std::string& answer, const std::string& reason) {
  return answer.find(reason) != std::string::npos;
}

bool is(const std::string& answer, int status) {
  return answer.starts_with(fmt::format("HTTP/1.1 {} ", status));
}

} // namespace

BOOST_AUTO_TEST_SUITE(http_server_test)

// Scenario: each signal in protobuf over one connection. Guarantee: 200, an empty
// Export...ServiceResponse in the request's type, intake gets the bytes and the signal.
BOOST_AUTO_TEST_CASE(protobuf_is_taken) {
  server_fixture server({http_listener()});
  std::vector<weir::signal> seen;
  server.answer_with([&](otlp_request& request) {
    BOOST_TEST(!request.over_grpc);
    seen.push_back(request.signal);
    request.reply({});
  });
  raw_connection client(server.port());
  for (const auto* path : {"/v1/traces", "/v1/metrics", "/v1/logs?x=y"}) {
    const auto answer = ask(client, post("bytes", protobuf, "", path));
    BOOST_TEST(is(answer, 200));
    BOOST_TEST(has(answer, "Content-Type: application/x-protobuf\r\n"));
    BOOST_TEST(has(answer, "Content-Length: 0\r\n"));
  }
  BOOST_TEST(
      (seen == std::vector{weir::signal::traces, weir::signal::metrics, weir::signal::logs}));
  BOOST_TEST((server.bodies() == std::vector<std::string>(3, "bytes")));
}

// Scenario: JSON, with a charset, with a partial success, and malformed. Guarantee: intake gets
// protobuf; answers are JSON; malformed JSON is 400 with the place in a Status.
BOOST_AUTO_TEST_CASE(json_is_translated) {
  server_fixture server({http_listener()});
  raw_connection client(server.port());
  const std::string body = R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"n"}]}]}]})";
  auto answer = ask(client, post(body, "application/json; charset=utf-8"));
  BOOST_TEST(is(answer, 200));
  BOOST_TEST(has(answer, "Content-Type: application/json\r\n"));
  BOOST_TEST(answer.ends_with(R"({"partialSuccess":{}})"));
  BOOST_TEST((server.bodies() == std::vector<std::string>{"\x0a\x07\x12\x05\x12\x03\x2a\x01n"}));
  server.answer_with({.rejected = 2, .message = "bad id"});
  BOOST_TEST(ask(client, post(body, json))
                 .ends_with(R"({"partialSuccess":{"rejectedSpans":"2","errorMessage":"bad id"}})"));
  answer = ask(client, post(R"({"resourceSpans":[{"scopeSpans":7}]})", json));
  BOOST_TEST(is(answer, 400));
  BOOST_TEST(has(answer, R"({"code":3,"message":"at byte )"));
  BOOST_TEST(has(answer, "copeSpans")); // the path, in whichever spelling
  BOOST_TEST(is(ask(client, post("{", json)), 400));
}

// Scenario: what intake may answer. Guarantee: its status, a google.rpc.Status in the request's
// type, and Retry-After in whole seconds, rounded up, where trying again makes sense.
BOOST_AUTO_TEST_CASE(answers_have_their_status) {
  using status = otlp_reply::status;
  server_fixture server({http_listener()});
  raw_connection client(server.port());
  const std::vector<std::pair<status, int>> cases = {
      {status::invalid, 400}, {status::too_large, 413}, {status::internal, 500}};
  for (const auto& [ours, theirs] : cases) {
    server.answer_with({.code = ours, .message = "no"});
    const auto answer = ask(client, post("a"));
    BOOST_TEST(is(answer, theirs));
    BOOST_TEST(answer.ends_with("\x12\x02no"));
    BOOST_TEST(!has(answer, "retry-after"));
  }
  for (const auto& [delay, seconds] :
       {std::pair{0, "1"}, std::pair{400, "1"}, std::pair{2001, "3"}}) {
    server.answer_with(
        {.code = status::unavailable, .message = "later", .retry_after = milliseconds(delay)});
    const auto answer = ask(client, post("{}", json));
    BOOST_TEST(is(answer, 503));
    BOOST_TEST(has(answer, fmt::format("retry-after: {}\r\n", seconds)));
    BOOST_TEST(has(answer, R"({"code":14,"message":"later","details":[{"@type":)"));
  }
}

// Scenario: every content encoding, one nobody knows, and one that is not allowed here. Guarantee:
// intake gets the unpacked bytes; else 400 with a Status.
BOOST_AUTO_TEST_CASE(content_encodings) {
  auto narrow = http_listener();
  narrow.compression_algorithms = {"gzip"};
  server_fixture server({http_listener(), narrow});
  raw_connection client(server.port(0)), other(server.port(1));
  const std::string body(100'000, 'z');
  std::size_t taken = 0;
  for (const std::string name :
       {"identity", "gzip", "deflate", "zlib", "zstd", "snappy", "x-snappy-framed", "lz4"}) {
    std::string packed;
    BOOST_REQUIRE(codec::encode(*codec::http_encoding(name), body, 0, packed).has_value());
    const auto request = post(packed, protobuf, "Content-Encoding: " + name + "\r\n");
    BOOST_TEST(is(ask(client, request), 200), name);
    ++taken;
    const bool allowed = name == "gzip" || name == "identity";
    raw_connection fresh(server.port(1));
    BOOST_TEST(is(ask(fresh, request), allowed ? 200 : 400), name);
    taken += allowed;
  }
  BOOST_TEST((server.bodies() == std::vector<std::string>(taken, body)));
  raw_connection odd(server.port());
  BOOST_TEST(has(ask(odd, post("x", protobuf, "Content-Encoding: br\r\n")),
                 "unsupported Content-Encoding: br"));
  BOOST_TEST(is(ask(client, post("not packed", protobuf, "Content-Encoding: gzip\r\n")), 400));
}

// Scenario: wrong method, type, path; a signal that no pipeline takes. Guarantee: 405 with Allow,
// 415 that names both types, 404: in plain text, as nothing of OTLP was understood.
BOOST_AUTO_TEST_CASE(what_is_not_otlp_is_refused) {
  server_fixture server({http_listener()}, {}, {weir::signal::traces});
  const auto once = [&](const std::string& request) {
    raw_connection client(server.port());
    return ask(client, request);
  };
  const auto method = once("GET /v1/traces HTTP/1.1\r\nHost: x\r\n\r\n");
  BOOST_TEST(is(method, 405));
  BOOST_TEST(has(method, "allow: POST\r\n"));
  BOOST_TEST(has(method, "Content-Type: text/plain"));
  raw_connection head(server.port());
  head.send("HEAD /v1/traces HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  BOOST_TEST(head.receive_all().ends_with("\r\n\r\n"));
  for (const auto* type : {"text/plain", "application/grpc", "application/jsonp"}) {
    const auto answer = once(post("a", type));
    BOOST_TEST(is(answer, 415));
    BOOST_TEST(has(answer, "application/json, application/x-protobuf"));
  }
  BOOST_TEST(is(once("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"), 415));
  BOOST_TEST(is(once(post("a", protobuf, "", "/v1/trace")), 404));
  BOOST_TEST(is(once(post("a", protobuf, "", "/v1/logs")), 404));
  BOOST_TEST(is(once("nonsense\r\n\r\n"), 400));
  BOOST_TEST(is(once("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 1x\r\n\r\n"), 400));
  BOOST_TEST(server.bodies().empty());
}

// Scenario: a body in a transfer coding that is not chunked alone, beside a length and without one.
// Guarantee: 501 and the end of the connection; intake gets nothing.
BOOST_AUTO_TEST_CASE(transfer_codings_are_refused) {
  server_fixture server({http_listener()});
  const std::string head = "POST /v1/traces HTTP/1.1\r\nHost: x\r\n"
                           "Content-Type: application/x-protobuf\r\nTransfer-Encoding: ";
  for (const std::string rest :
       {"gzip\r\nContent-Length: 5\r\n\r\nbytes", "gzip\r\n\r\n", "identity\r\n\r\n",
        "gzip, chunked\r\n\r\n5\r\nbytes\r\n0\r\n\r\n",
        "gzip\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbytes\r\n0\r\n\r\n"}) {
    raw_connection client(server.port());
    const auto answer = ask(client, head + rest);
    BOOST_TEST(is(answer, 501), rest);
    BOOST_TEST(has(answer, "Connection: close"), rest);
  }
  raw_connection client(server.port());
  BOOST_TEST(is(ask(client, head + "Chunked\r\n\r\n5\r\nbytes\r\n0\r\n\r\n"), 200));
  BOOST_TEST((server.bodies() == std::vector<std::string>{"bytes"}));
}

// Scenario: a body over the limit by Content-Length, by 2^63, in chunks, or once unpacked.
// Guarantee: 413 with a Status each time, before the body is taken where its length was said.
BOOST_AUTO_TEST_CASE(bodies_over_the_limit_are_refused) {
  auto listener = http_listener();
  listener.max_message_bytes = 10'000;
  server_fixture server({listener});
  const auto head = [](const std::string& field) {
    return fmt::format(
        "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{}\r\n\r\n",
        field);
  };
  const auto once = [&](const std::string& request) {
    raw_connection client(server.port());
    return ask(client, request);
  };
  for (const auto* length : {"10001", "9223372036854775807"}) {
    const auto answer = once(head(fmt::format("Content-Length: {}", length)));
    BOOST_TEST(is(answer, 413));
    BOOST_TEST(has(answer, R"({"code":8,)"));
    BOOST_TEST(has(answer, "Connection: close"));
  }
  std::string chunks = head("Transfer-Encoding: chunked");
  for (int i = 0; i < 20; ++i)
    chunks += "400\r\n" + std::string(1024, ' ') + "\r\n";
  BOOST_TEST(is(once(chunks + "0\r\n\r\n"), 413));
  std::string bomb;
  BOOST_REQUIRE(
      codec::encode(codec::encoding::gzip, std::string(64 << 20, ' '), 9, bomb).has_value());
  auto listener2 = http_listener();
  server_fixture roomy({listener2});
  raw_connection client(roomy.port());
  BOOST_TEST(is(ask(client, post(bomb, json, "Content-Encoding: gzip\r\n")), 413));
  BOOST_TEST(is(ask(client, post("{}", json)), 200));
  BOOST_TEST(server.bodies().empty());
}

// Scenario: Expect: 100-continue before a body that will be taken, and before one that will not.
// Guarantee: 100 and then the answer; or the refusal at once, without the body.
BOOST_AUTO_TEST_CASE(expect_is_answered) {
  server_fixture server({http_listener()});
  raw_connection client(server.port());
  auto request = post("hello", protobuf, "Expect: 100-continue\r\n");
  request.resize(request.size() - 5);
  client.send(request);
  std::string answer;
  BOOST_TEST(client.receive_until("HTTP/1.1 100 Continue\r\n\r\n", answer));
  client.send("hello");
  BOOST_TEST(client.receive_until("HTTP/1.1 200 OK", answer));
  BOOST_TEST((server.bodies() == std::vector<std::string>{"hello"}));
  raw_connection refused(server.port());
  refused.send("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
               "Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n");
  BOOST_TEST(refused.receive_all().starts_with("HTTP/1.1 413 "));
  raw_connection odd(server.port());
  BOOST_TEST(is(ask(odd, post("a", protobuf, "Expect: tea\r\n")), 417));
}

// Scenario: a chunked body cut at every byte; three requests pipelined in one write. Guarantee: all
// are taken whole, and answered in order.
BOOST_AUTO_TEST_CASE(chunks_and_pipelines) {
  server_fixture server({http_listener()});
  raw_connection client(server.port());
  const std::string chunked =
      "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n";
  for (const char c : chunked)
    client.send({&c, 1});
  std::string answer;
  BOOST_TEST(client.receive_until("Content-Length: 0\r\n\r\n", answer));
  client.send(post("1") + chunked + post("3"));
  answer.clear();
  for (std::size_t end = 0; end < 3 && client.receive_until("\r\n\r\n", answer); ++end)
    answer.erase(0, answer.find("\r\n\r\n") + 4);
  client.send(post("4", protobuf, "Connection: close\r\n"));
  client.receive_all();
  BOOST_TEST((server.bodies() == std::vector<std::string>{"abcde", "1", "abcde", "3", "4"}));
}

// Scenario: a client ends its sending after the request. Guarantee: it still gets its answer.
BOOST_AUTO_TEST_CASE(half_closed_clients_are_answered) {
  server_fixture server({http_listener()});
  server.hold();
  raw_connection client(server.port());
  client.send(post("a"));
  client.end_of_output();
  server.next().reply({});
  BOOST_TEST(is(client.receive_all(), 200));
}

// Scenario: keep-alive off, custom paths and response headers. Guarantee: as configured.
BOOST_AUTO_TEST_CASE(options_of_the_listener) {
  auto listener = http_listener();
  listener.keep_alives_enabled = false;
  listener.traces_url_path = "/in/spans";
  listener.response_headers = {{"X-Node", "seven"}};
  server_fixture server({listener});
  raw_connection client(server.port());
  client.send(post("a", protobuf, "", "/in/spans"));
  const auto answer = client.receive_all();
  BOOST_TEST(is(answer, 200));
  BOOST_TEST(has(answer, "X-Node: seven\r\n"));
  BOOST_TEST(has(answer, "Connection: close\r\n"));
  raw_connection other(server.port());
  BOOST_TEST(is(ask(other, post("a")), 404));
}

// Scenario: a browser asks first (preflight), from an allowed origin and from another; CORS is off.
// Guarantee: permission by the configured names, none for the others, 405 where CORS is off.
BOOST_AUTO_TEST_CASE(cors) {
  auto listener = http_listener();
  listener.cors = cors_config{{"https://*.example.com"}, {"X-Token"}, {"X-Seen"}, 600};
  server_fixture server({listener, http_listener()});
  raw_connection client(server.port(0)), off(server.port(1));
  const auto preflight = [](const std::string& origin, const std::string& headers) {
    return fmt::format("OPTIONS /v1/traces HTTP/1.1\r\nHost: x\r\nOrigin: {}\r\n"
                       "Access-Control-Request-Method: POST\r\n"
                       "Access-Control-Request-Headers: {}\r\n\r\n",
                       origin, headers);
  };
  const auto yes = ask(client, preflight("https://a.example.com", "content-type, x-token"));
  BOOST_TEST(is(yes, 204));
  BOOST_TEST(has(yes, "access-control-allow-origin: https://a.example.com\r\n"));
  BOOST_TEST(has(yes, "access-control-allow-headers: content-type, x-token\r\n"));
  BOOST_TEST(has(yes, "access-control-max-age: 600\r\n"));
  BOOST_TEST(!has(ask(client, preflight("https://evil.org", "")), "access-control-allow"));
  BOOST_TEST(
      !has(ask(client, preflight("https://a.example.com", "x-other")), "access-control-allow"));
  const auto answer = ask(client, post("a", protobuf, "Origin: https://b.example.com\r\n"));
  BOOST_TEST(has(answer, "access-control-allow-origin: https://b.example.com\r\n"));
  BOOST_TEST(has(answer, "access-control-expose-headers: X-Seen\r\n"));
  BOOST_TEST(is(ask(off, preflight("https://a.example.com", "")), 405));
}

// Scenario: too many bytes wait for answers; the node does not accept; wrong credentials.
// Guarantee: 503 with Retry-After before the body is taken; 401.
BOOST_AUTO_TEST_CASE(admission) {
  server_limits limits;
  limits.max_bytes_in_flight = 300'000;
  auto listener = http_listener();
  listener.auth = bearer_auth_config{.tokens = {"t"}};
  server_fixture server({listener}, limits, {weir::signal::traces});
  const auto known = [](const std::string& body) {
    return post(body, protobuf, "Authorization: Bearer t\r\n");
  };
  server.hold();
  raw_connection first(server.port());
  first.send(known(std::string(200'000, 'x')));
  auto held = server.next();
  {
    raw_connection second(server.port());
    const auto answer = ask(second, known(std::string(200'000, 'x')));
    BOOST_TEST(is(answer, 503));
    BOOST_TEST(has(answer, "retry-after: 1\r\n"));
  }
  held.reply({});
  server.answer_with(otlp_reply{});
  raw_connection third(server.port());
  BOOST_TEST(is(ask(third, known(std::string(200'000, 'x'))), 200));
  server.server->set_accepting(false, "starting");
  BOOST_TEST(is(ask(third, known(std::string(100'000, 'x'))), 503)); // and the connection is kept
  BOOST_TEST(is(ask(third, known("a")), 503));
  server.server->set_accepting(true, "");
  raw_connection stranger(server.port());
  BOOST_TEST(is(ask(stranger, post("a")), 401));
}

// Scenario: headers, or a body, that stop half way. Guarantee: 408 and the end.
BOOST_AUTO_TEST_CASE(slow_requests_are_given_up) {
  server_limits limits;
  limits.handshake_timeout = limits.body_timeout = milliseconds(200);
  server_fixture server({http_listener()}, limits);
  raw_connection headers(server.port()), body(server.port());
  headers.send("POST /v1/traces HTTP/1.1\r\nHost:");
  const auto whole = post("0123456789");
  body.send(whole.substr(0, whole.size() - 5));
  BOOST_TEST(is(headers.receive_all(), 408));
  BOOST_TEST(is(body.receive_all(), 408));
  raw_connection large(server.port());
  large.send("POST /v1/traces HTTP/1.1\r\nX: " + std::string(200'000, 'x'));
  BOOST_TEST(is(large.receive_all(), 431));
}

// Scenario: HTTP/2 by prior knowledge on the HTTP port, protobuf and JSON, refused and taken.
// Guarantee: the same answers as over HTTP/1.1.
BOOST_AUTO_TEST_CASE(http2_by_prior_knowledge) {
  server_fixture server({http_listener()});
  h2_test_client client(server.port());
  auto id = client.open("/v1/traces", {{"content-type", json}});
  client.send_data(id, R"({"resourceSpans":[]})", true);
  BOOST_TEST(client.wait(id).headers[":status"] == "200");
  BOOST_TEST(client.results[id].body == R"({"partialSuccess":{}})");
  id = client.open("/v1/logs", {{"content-type", protobuf}});
  client.send_data(id, "bytes", true);
  BOOST_TEST(client.wait(id).headers[":status"] == "200");
  BOOST_TEST(server.bodies().back() == "bytes");
  id = client.open("/v1/nothing", {{"content-type", protobuf}});
  client.send_data(id, "bytes", true);
  BOOST_TEST(client.wait(id).headers[":status"] == "404");
  id = client.open("/v1/traces", {{"content-type", json}, {"content-length", "99999999"}});
  BOOST_TEST(client.wait(id).headers[":status"] == "413");
  BOOST_TEST(client.results[id].body.starts_with(R"({"code":8,)"));
}

BOOST_AUTO_TEST_SUITE_END()
