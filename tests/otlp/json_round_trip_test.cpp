#include "generator.hpp"
#include "otlp/json.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir;
using namespace weir::otlp;

constexpr signal signals[] = {signal::traces, signal::metrics, signal::logs};

} // namespace

BOOST_AUTO_TEST_SUITE(json_round_trip_test)

// Scenario: thousands of random messages of each signal become JSON and protobuf again.
// Guarantee: the bytes are those that were there before; nothing is lost either way.
BOOST_AUTO_TEST_CASE(random_messages_come_back_byte_by_byte) {
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    const auto kind = signals[seed % 3];
    test::generator generate{seed};
    const auto message = generate.message(root_of(kind), 1 + seed % 6);
    std::string json;
    std::string again;
    BOOST_TEST_CONTEXT("seed " << seed << ", " << to_string(kind)) {
      BOOST_REQUIRE(to_json(kind, message, json));
      const auto read = from_json(kind, json, again);
      BOOST_REQUIRE_MESSAGE(read, (read ? "" : to_string(read.error())) << " in " << json);
      BOOST_REQUIRE_MESSAGE(message == again, json);
    }
  }
}

// Scenario: random messages are appended behind bytes that are already in the output.
// Guarantee: those stay, on success as on an error.
BOOST_AUTO_TEST_CASE(what_stands_in_the_output_stays) {
  std::string out = "before";
  BOOST_REQUIRE(from_json(signal::traces, R"({"resourceSpans":[{}]})", out));
  BOOST_TEST(out == std::string("before\x0a\x00", 8));
  BOOST_TEST(!from_json(signal::traces, R"({"resourceSpans":[{},7]})", out));
  BOOST_TEST(out.size() == 8U);
  BOOST_REQUIRE(to_json(signal::traces, std::string_view("\x0a\x00", 2), out));
  BOOST_TEST(out.substr(8) == R"({"resourceSpans":[{}]})");
}

BOOST_AUTO_TEST_SUITE_END()
