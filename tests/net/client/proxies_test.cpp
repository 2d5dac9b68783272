#include "net/client/proxies.hpp"

#include <boost/test/unit_test.hpp>
#include <map>

using namespace weir::net;

namespace {

proxies with(std::map<std::string, std::string> variables) {
  return proxies([variables](const char* name) -> const char* {
    const auto it = variables.find(name);
    return it == variables.end() ? nullptr : it->second.c_str();
  });
}

bool excluded(const std::string& list, const std::string& host, const std::string& port = "4318") {
  return with({{"HTTP_PROXY", "p:1"}, {"NO_PROXY", list}}).find("http", host, port).empty();
}

} // namespace

// Proxies of the environment, by the rules of Go's clients (golang.org/x/net/http/httpproxy).
BOOST_AUTO_TEST_SUITE(proxies_test)

// Scenario: each variable in capitals and not, and both. Guarantee: both are read, capitals first;
// each is for its scheme.
BOOST_AUTO_TEST_CASE(variables_in_both_cases) {
  for (const char* name : {"HTTP_PROXY", "http_proxy"}) {
    const auto found = with({{name, "http://proxy:3128"}});
    BOOST_TEST(found.find("http", "tempo", "4318") == "http://proxy:3128", name);
    BOOST_TEST(found.find("https", "tempo", "4318") == "", name);
  }
  for (const char* name : {"HTTPS_PROXY", "https_proxy"}) {
    const auto found = with({{name, "proxy:3128"}});
    BOOST_TEST(found.find("https", "tempo", "4317") == "proxy:3128", name);
    BOOST_TEST(found.find("http", "tempo", "4318") == "", name);
  }
  BOOST_TEST(with({{"http_proxy", "small"}, {"HTTP_PROXY", "capital"}}).find("http", "a", "80")
             == "capital");
  BOOST_TEST(with({{"http_proxy", "small"}, {"HTTP_PROXY", ""}}).find("http", "a", "80")
             == "small");
  BOOST_TEST(with({}).find("http", "a", "80") == "");
  BOOST_TEST(with({{"http_proxy", "p"}, {"no_proxy", "a"}}).find("http", "a", "80") == "");
}

// Scenario: this machine's own names. Guarantee: never a proxy.
BOOST_AUTO_TEST_CASE(this_machine_is_reached_directly) {
  for (const char* host : {"localhost", "LOCALHOST", "127.0.0.1", "127.8.9.10", "::1"})
    BOOST_TEST(excluded("", host), host);
  for (const char* host : {"localhost.example", "128.0.0.1", "tempo"})
    BOOST_TEST(!excluded("", host), host);
}

// Scenario: every form of NO_PROXY. Guarantee: what Go's clients make of it.
BOOST_AUTO_TEST_CASE(forms_of_no_proxy) {
  BOOST_TEST(excluded("*", "anything"));
  BOOST_TEST(excluded("other, *", "anything"));
  BOOST_TEST(excluded("example.com", "example.com"));
  BOOST_TEST(excluded("Example.COM", "a.b.EXAMPLE.com"));
  BOOST_TEST(!excluded("example.com", "badexample.com"));
  for (const char* below : {".example.com", "*.example.com"}) {
    BOOST_TEST(excluded(below, "a.example.com"), below);
    BOOST_TEST(excluded(below, "a.b.example.com"), below);
    BOOST_TEST(!excluded(below, "example.com"), below);
    BOOST_TEST(!excluded(below, "badexample.com"), below);
  }
  BOOST_TEST(excluded("tempo:4318", "tempo"));
  BOOST_TEST(!excluded("tempo:4317", "tempo"));
  BOOST_TEST(excluded("10.1.2.3", "10.1.2.3"));
  BOOST_TEST(!excluded("10.1.2.3", "10.1.2.4"));
  BOOST_TEST(excluded("10.1.2.3:4318", "10.1.2.3"));
  BOOST_TEST(!excluded("10.1.2.3:80", "10.1.2.3"));
  BOOST_TEST(excluded("10.0.0.0/8", "10.200.1.1"));
  BOOST_TEST(excluded("10.0.0.0/8", "10.0.0.0"));
  BOOST_TEST(excluded("10.0.0.0/8", "10.255.255.255"));
  BOOST_TEST(!excluded("10.0.0.0/8", "11.0.0.1"));
  BOOST_TEST(!excluded("10.0.0.0/8", "tempo"));
  BOOST_TEST(excluded("fd00::/8", "fd12::1"));
  BOOST_TEST(!excluded("fd00::/8", "fe80::1"));
  BOOST_TEST(excluded("[fd12::1]:4318", "fd12::1"));
  BOOST_TEST(excluded("fd12::1", "fd12::1"));
  BOOST_TEST(!excluded("a,,b, ,", "tempo"));
  BOOST_TEST(excluded(" a , tempo ", "tempo"));
}

// Scenario: proxies as URLs and without a scheme, with credentials, and what is no proxy of HTTP.
// Guarantee: host, port and header; the error shows no password.
BOOST_AUTO_TEST_CASE(proxies_are_read) {
  const auto plain = parse_proxy("proxy:3128");
  BOOST_REQUIRE(plain);
  BOOST_TEST(plain->host == "proxy");
  BOOST_TEST(plain->port == "3128");
  BOOST_TEST(plain->authorization == "");
  const auto known = parse_proxy("http://user:p%40ss@[::1]/");
  BOOST_REQUIRE(known);
  BOOST_TEST(known->host == "::1");
  BOOST_TEST(known->port == "80");
  BOOST_TEST(known->authorization == "Basic dXNlcjpwQHNz");
  const auto socks = parse_proxy("socks5://user:secret@proxy:1080");
  BOOST_REQUIRE(!socks);
  BOOST_TEST(socks.error().message.find("secret") == std::string::npos);
  BOOST_TEST(!parse_proxy(""));
}

BOOST_AUTO_TEST_SUITE_END()
