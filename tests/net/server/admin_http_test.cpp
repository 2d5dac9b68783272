#include "net/server/admin_http.hpp"
#include "tests/net/server/raw_client.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir::net;
using namespace weir::net::tests;

namespace {

std::uint16_t port_of(const std::string& endpoint) {
  return static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
}

struct fixture {
  fixture() {
    auto started = admin_http::start(
        "127.0.0.1:0",
        {
            {"/metrics",
             [](std::string_view) {
               return admin_http::answer{200, "text/plain", "up 1\n"};
             }},
            {"/ready",
             [](std::string_view) {
               return admin_http::answer{503, "text/plain", "not yet\n"};
             }},
            {"/broken",
             [](std::string_view) -> admin_http::answer { throw std::runtime_error("no"); }},
        });
    BOOST_REQUIRE(started.has_value());
    server = std::move(*started);
  }

  std::string ask(const std::string& request) {
    raw_connection client(port_of(server->endpoint()));
    client.send(request);
    return client.receive_all();
  }

  std::unique_ptr<admin_http> server;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(admin_http_test, fixture)

// Scenario: pages are asked for by path, with a query, by HEAD, unknown, broken, by POST.
// Guarantee: each gets its status, type and body; a page that throws does not end the server.
BOOST_AUTO_TEST_CASE(pages_are_found_by_path) {
  const std::string close = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const auto metrics = ask("GET /metrics?all=1" + close);
  BOOST_TEST(metrics.starts_with("HTTP/1.1 200 OK\r\n"));
  BOOST_TEST(metrics.ends_with("\r\n\r\nup 1\n"));
  BOOST_TEST(ask("GET /ready" + close).starts_with("HTTP/1.1 503 "));
  const auto head = ask("HEAD /metrics" + close);
  BOOST_TEST(head.find("Content-Length: 5\r\n") != std::string::npos);
  BOOST_TEST(head.ends_with("\r\n\r\n"));
  BOOST_TEST(ask("GET /nothing" + close).starts_with("HTTP/1.1 404 "));
  BOOST_TEST(ask("POST /metrics" + close).starts_with("HTTP/1.1 405 "));
  BOOST_TEST(ask("GET /broken" + close).starts_with("HTTP/1.1 500 "));
  BOOST_TEST(ask("nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
}

// Scenario: one connection asks twice. Guarantee: it is kept open in between.
BOOST_AUTO_TEST_CASE(connections_are_kept) {
  raw_connection client(port_of(server->endpoint()));
  for (int i = 0; i < 2; ++i) {
    client.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    std::string answer;
    BOOST_TEST(client.receive_until("up 1\n", answer));
  }
}

// Scenario: the port is taken. Guarantee: an error that names it.
BOOST_AUTO_TEST_CASE(a_port_in_use_is_an_error) {
  const auto second = admin_http::start(server->endpoint(), {});
  BOOST_REQUIRE(!second.has_value());
  BOOST_TEST(second.error().message.find(server->endpoint()) != std::string::npos);
}

// Scenario: more clients than the limit hold a connection. Guarantee: those beyond are closed at
// once, and when the others go, new ones are served.
BOOST_AUTO_TEST_CASE(connections_are_bounded) {
  std::vector<std::unique_ptr<raw_connection>> idle;
  for (int i = 0; i < 64; ++i)
    idle.push_back(std::make_unique<raw_connection>(port_of(server->endpoint())));
  raw_connection beyond(port_of(server->endpoint()));
  BOOST_TEST(beyond.receive_all().empty());
  BOOST_TEST(beyond.closed());
  idle.clear();
  std::string answer;
  for (int i = 0; i < 200 && answer.empty(); ++i)
    answer = ask("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  BOOST_TEST(answer.starts_with("HTTP/1.1 200 "));
}

BOOST_AUTO_TEST_SUITE_END()
