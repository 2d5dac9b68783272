#include "net/client/dns_resolver.hpp"

#include "net/client/grpc_client_endpoint.hpp"

#include <arpa/nameser.h>
#include <boost/asio/ip/udp.hpp>
#include <boost/test/unit_test.hpp>
#include <thread>

using namespace weir::net;
namespace asio = boost::asio;
using asio::ip::udp;

namespace {

// A DNS server that knows one name, collector.test, by 127.0.0.7; to others it says that there are
// none.
class one_name_server {
public:
  one_name_server() : thread_([this] { run(); }) {}
  ~one_name_server() {
    udp::socket(io_, udp::v4()).send_to(asio::buffer("", 0), socket_.local_endpoint());
    thread_.join();
  }
  std::string port() const { return std::to_string(socket_.local_endpoint().port()); }

private:
  void run() {
    std::string packet(512, '\0');
    for (udp::endpoint endpoint;;) {
      packet.resize(512);
      packet.resize(socket_.receive_from(asio::buffer(packet), endpoint));
      if (packet.size() < 12)
        return;
      socket_.send_to(asio::buffer(answer(packet)), endpoint);
    }
  }

  // The question with the answer behind it; what stands behind the question (EDNS) is left out.
  static std::string answer(const std::string& question) {
    const std::string name("\x09"
                           "collector\x04test\0",
                           16);
    const bool known = question.compare(12, name.size(), name) == 0;
    const auto end = question.find('\0', 12) + 5;
    auto out = question.substr(0, end);
    const bool ipv4 = out[end - 3] == ns_t_a;
    out[2] = '\x81';
    out[3] = known ? '\x80' : '\x83'; // NXDOMAIN
    out.replace(4, 8, std::string("\0\1\0\0\0\0\0\0", 8));
    if (known && ipv4) {
      out[7] = 1;
      out += std::string("\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\7", 16);
    }
    return out;
  }

  asio::io_context io_;
  udp::socket socket_{io_, udp::endpoint(asio::ip::address_v4::loopback(), 0)};
  std::thread thread_;
};

weir::result<name_resolver::addresses> resolved(const std::string& port, const std::string& name) {
  asio::io_context io;
  weir::result<name_resolver::addresses> out;
  auto work = asio::make_work_guard(io);
  const auto resolver = make_dns_resolver(io, {"127.0.0.1", port});
  resolver->resolve(name, "4317", [&](auto found) {
    out = std::move(found);
    work.reset();
  });
  io.run();
  return out;
}

} // namespace

// `dns://server/name:port` of gRPC exporters.
BOOST_AUTO_TEST_SUITE(dns_resolver_test)

// Scenario: names that one server knows and does not know, and a literal address. Guarantee: that
// server alone is asked; its address, or an error that names it.
BOOST_AUTO_TEST_CASE(one_server_is_asked) {
  const one_name_server server;
  const auto found = resolved(server.port(), "collector.test");
  BOOST_REQUIRE_MESSAGE(found, (found ? "" : found.error().message));
  BOOST_REQUIRE(found->size() == 1u);
  BOOST_TEST(found->front().address().to_string() == "127.0.0.7");
  BOOST_TEST(found->front().port() == 4317);
  const auto none = resolved(server.port(), "localhost");
  BOOST_REQUIRE(!none);
  BOOST_TEST(none.error().message.find("127.0.0.1") != std::string::npos, none.error().message);
  BOOST_TEST(resolved("1", "10.1.2.3")->front().address().to_string() == "10.1.2.3");
}

// Scenario: a resolver that is let go while a question is under way. Guarantee: nobody is called.
BOOST_AUTO_TEST_CASE(nobody_is_called_after_the_end) {
  const one_name_server server;
  asio::io_context io;
  auto resolver = make_dns_resolver(io, {"127.0.0.1", server.port()});
  bool called = false;
  resolver->resolve("collector.test", "1", [&](const auto&) { called = true; });
  resolver->cancel();
  resolver.reset();
  io.run();
  BOOST_TEST(!called);
}

// Scenario: endpoints with a DNS server. Guarantee: server, host and port; an error for what cannot
// be asked.
BOOST_AUTO_TEST_CASE(endpoints_name_their_server) {
  const auto plain = parse_grpc_endpoint("dns:///tempo:4317");
  BOOST_REQUIRE(plain);
  BOOST_TEST(!plain->name_server);
  const auto asked = parse_grpc_endpoint("dns://10.0.0.2:5353/tempo:4317");
  BOOST_REQUIRE(asked);
  BOOST_TEST(asked->name_server->host == "10.0.0.2");
  BOOST_TEST(asked->name_server->port == "5353");
  BOOST_TEST(asked->host == "tempo");
  BOOST_TEST(asked->authority == "tempo:4317");
  BOOST_TEST(parse_grpc_endpoint("dns://ns.example/tempo:4317")->name_server->port == "53");
  for (const char* wrong : {"dns://10.0.0.2", "dns://[::1]:53/tempo:1", "dns://a:b/tempo:1"})
    BOOST_TEST(!parse_grpc_endpoint(wrong), wrong);
}

BOOST_AUTO_TEST_SUITE_END()
