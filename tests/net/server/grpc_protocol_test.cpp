#include "net/server/grpc_protocol.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir::net;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(grpc_protocol_test)

// Scenario: grpc-timeout with every unit, at its limits, malformed. Guarantee: the right duration,
// no overflow, and nothing for what the protocol does not allow.
BOOST_AUTO_TEST_CASE(timeouts) {
  BOOST_TEST((parse_grpc_timeout("1H") == std::chrono::nanoseconds(1h)));
  BOOST_TEST((parse_grpc_timeout("2M") == std::chrono::nanoseconds(2min)));
  BOOST_TEST((parse_grpc_timeout("10S") == std::chrono::nanoseconds(10s)));
  BOOST_TEST((parse_grpc_timeout("150m") == std::chrono::nanoseconds(150ms)));
  BOOST_TEST((parse_grpc_timeout("99999999u") == std::chrono::nanoseconds(99'999'999us)));
  BOOST_TEST((parse_grpc_timeout("7n") == 7ns));
  BOOST_TEST((parse_grpc_timeout("0m") == 0ns));
  BOOST_TEST((parse_grpc_timeout("99999999H") > 24h * 300));
  for (const auto* bad : {"", "S", "1", "1x", "-1S", "+1S", "1.5S", "123456789S", " 1S", "1 S"})
    BOOST_TEST(!parse_grpc_timeout(bad), bad);
}

// Scenario: a message with percent signs, control characters and other alphabets. Guarantee: what
// goes into the header is printable ASCII, and a percent sign only begins an escape.
BOOST_AUTO_TEST_CASE(messages_are_percent_encoded) {
  BOOST_TEST(encode_grpc_message("100% \n\xc3\xbc~") == "100%25 %0A%C3%BC~");
}

// Scenario: content types. Guarantee: gRPC with protobuf is taken, other codecs and types are not.
BOOST_AUTO_TEST_CASE(content_types) {
  for (const auto* good : {"application/grpc", "application/grpc+proto", "application/grpc;x=y"})
    BOOST_TEST(is_grpc_content_type(good), good);
  for (const auto* bad : {"", "application/grpc+json", "application/grpc-web", "application/json"})
    BOOST_TEST(!is_grpc_content_type(bad), bad);
}

BOOST_AUTO_TEST_SUITE_END()
