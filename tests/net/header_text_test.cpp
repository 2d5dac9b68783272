#include "net/header_text.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir::net;

// What may stand in a header.
BOOST_AUTO_TEST_SUITE(header_text_test)

// Scenario: names and values that any client sends. Guarantee: nothing is wrong with them.
BOOST_AUTO_TEST_CASE(usual_headers_are_right) {
  for (const auto rules : {header_rules::http, header_rules::grpc}) {
    BOOST_TEST(wrong_header("Authorization", "Bearer a.b-c_d~e+f/g==", rules) == "");
    BOOST_TEST(wrong_header("X-Scope-OrgID", "", rules) == "");
    BOOST_TEST(wrong_header("x_underscore.dot", "two words", rules) == "");
  }
  BOOST_TEST(wrong_header("x-city", "Köln", header_rules::http) == "");
  BOOST_TEST(wrong_header("x-list", "a\tb", header_rules::http) == "");
  BOOST_TEST(wrong_header("x-trace-bin", std::string("\0\n\xff", 3), header_rules::grpc) == "");
}

// Scenario: line ends, other control characters and bytes beyond ASCII in values, and names that
// are none. Guarantee: each is told with the name, never with the value.
BOOST_AUTO_TEST_CASE(what_would_end_a_header_is_wrong) {
  for (const auto rules : {header_rules::http, header_rules::grpc}) {
    for (const std::string value :
         {"secret\n", "secret\r\nX: y", "\nsecret", "sec\x01ret", "sec\x7fret"}) {
      const auto wrong = wrong_header("Authorization", value, rules);
      BOOST_TEST(wrong.find("\"Authorization\"") != std::string::npos, wrong);
      BOOST_TEST(wrong.find("secret") == std::string::npos, wrong);
    }
    BOOST_TEST(wrong_header("a", std::string("x\0y", 3), rules) != "");
    for (const char* name : {"", "X Tenant", "X:", "X\n", ":path", "größe", "x\tY", "(x)"})
      BOOST_TEST(wrong_header(name, "a", rules) != "", name);
  }
  BOOST_TEST(wrong_header("x-city", "Köln", header_rules::grpc) != "");
  BOOST_TEST(wrong_header("x", "a\tb", header_rules::grpc) != "");
  const auto shown = wrong_header("X\nEvil: 1", "a", header_rules::http);
  BOOST_TEST(shown.find('\n') == std::string::npos);
}

// Scenario: headers that the transport writes itself. Guarantee: they are known, in any case.
BOOST_AUTO_TEST_CASE(the_transports_own_headers) {
  for (const char* name : {"Content-Length", "transfer-encoding", "CONNECTION", "content-encoding"})
    for (const auto rules : {header_rules::http, header_rules::grpc})
      BOOST_TEST(is_transport_header(name, rules), name);
  for (const char* name : {"content-type", "grpc-timeout", "Grpc-Encoding", "user-agent", "te"})
    BOOST_TEST(is_transport_header(name, header_rules::grpc), name);
  for (const char* name : {"content-type", "user-agent", "host", "authorization"})
    BOOST_TEST(!is_transport_header(name, header_rules::http), name);
  BOOST_TEST(!is_transport_header("authorization", header_rules::grpc));
}

BOOST_AUTO_TEST_SUITE_END()
