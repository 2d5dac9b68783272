#include "net/status.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir::net;

BOOST_AUTO_TEST_SUITE(status_test)

// Scenario: a status with and without a delay. Guarantee: google.rpc.Status as bytes and as JSON.
BOOST_AUTO_TEST_CASE(status_messages) {
  const rpc_answer plain{grpc_code::invalid_argument, "no \"x\"\n", {}, 0};
  BOOST_TEST(encode_status(plain) == "\x08\x03\x12\x07no \"x\"\n");
  BOOST_TEST(encode_status_json(plain) == R"({"code":3,"message":"no \"x\"\u000a"})");
  const rpc_answer later{grpc_code::unavailable, "", std::chrono::milliseconds(1250), 0};
  BOOST_TEST(encode_status_json(later)
             == R"({"code":14,"message":"","details":[{"@type":)"
                R"("type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.250s"}]})");
  BOOST_TEST(encode_retry_info(std::chrono::milliseconds(0)) == std::string("\x0a\x00", 2));
}

// Scenario: export responses. Guarantee: nothing to say is no bytes in protobuf, and an empty
// partialSuccess in JSON; rejected counts go by the signal's own name.
BOOST_AUTO_TEST_CASE(export_responses) {
  using weir::signal;
  BOOST_TEST(encode_export_response({}).empty());
  BOOST_TEST(encode_export_response_json(signal::traces, {}) == R"({"partialSuccess":{}})");
  const rpc_answer some{grpc_code::ok, "bad", {}, 7};
  BOOST_TEST(encode_export_response_json(signal::traces, some)
             == R"({"partialSuccess":{"rejectedSpans":"7","errorMessage":"bad"}})");
  BOOST_TEST(encode_export_response_json(signal::metrics, some)
             == R"({"partialSuccess":{"rejectedDataPoints":"7","errorMessage":"bad"}})");
  BOOST_TEST(encode_export_response_json(signal::logs, some)
             == R"({"partialSuccess":{"rejectedLogRecords":"7","errorMessage":"bad"}})");
}

BOOST_AUTO_TEST_SUITE_END()
