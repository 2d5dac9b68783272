#include "build.hpp"
#include "otlp/json.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

namespace {

using namespace weir;
using namespace weir::otlp;
using namespace weir::otlp::test;

std::string json_of(signal kind, std::string_view message) {
  std::string out;
  const auto r = to_json(kind, message, out);
  BOOST_REQUIRE_MESSAGE(r, (r ? "" : r.error().message));
  return out;
}

// What stands for the span of this body.
std::string span_json(std::string_view body) {
  constexpr std::string_view head = R"({"resourceSpans":[{"scopeSpans":[{"spans":[)";
  constexpr std::string_view tail = "]}]}]}";
  const auto json = json_of(signal::traces, field(1, field(2, field(2, body))));
  BOOST_REQUIRE(json.starts_with(head) && json.ends_with(tail));
  return json.substr(head.size(), json.size() - head.size() - tail.size());
}

// What stands for the AnyValue of this body.
std::string value_json(std::string_view body) {
  const auto json = span_json(field(9, field(2, body)));
  constexpr std::string_view head = R"({"attributes":[{"value":)";
  BOOST_REQUIRE(json.starts_with(head));
  return json.substr(head.size(), json.size() - head.size() - 3);
}

} // namespace

BOOST_AUTO_TEST_SUITE(json_out_test)

// Scenario: a span with ids, times, an enum, flags.
// Guarantee: hex, strings of 64-bit integers, numbers else; keys in lowerCamelCase.
BOOST_AUTO_TEST_CASE(a_span_looks_as_the_specification_says) {
  std::string flags;
  wire::append_fixed32_field(flags, 16, 0x101);
  BOOST_TEST(
      span_json(field(1, std::string(16, '\xab')) + field(2, std::string(8, '\x01'))
                + field(5, "a \"b\"") + varint(6, 2) + fixed64(7, 1544712660000000000) + flags)
      == R"({"traceId":"abababababababababababababababab","spanId":"0101010101010101",)"
         R"("name":"a \"b\"","kind":2,"startTimeUnixNano":"1544712660000000000","flags":257})");
}

// Scenario: values of every sort, doubles at their edges.
// Guarantee: shortest doubles, strings for what is not finite, base64, {} for an empty value.
BOOST_AUTO_TEST_CASE(values_of_every_sort_are_written) {
  const auto real = [](double d) {
    std::string out;
    wire::append_double_field(out, 4, d);
    return value_json(out);
  };
  BOOST_TEST(value_json("") == "{}");
  BOOST_TEST(value_json(varint(2, 1)) == R"({"boolValue":true})");
  BOOST_TEST(value_json(varint(3, static_cast<std::uint64_t>(-7))) == R"({"intValue":"-7"})");
  BOOST_TEST(real(0.1) == R"({"doubleValue":0.1})");
  BOOST_TEST(real(5) == R"({"doubleValue":5})");
  BOOST_TEST(real(-0.0) == R"({"doubleValue":-0.0})");
  BOOST_TEST(real(1e300) == R"({"doubleValue":1e+300})");
  BOOST_TEST(real(std::numeric_limits<double>::quiet_NaN()) == R"({"doubleValue":"NaN"})");
  BOOST_TEST(real(-std::numeric_limits<double>::infinity()) == R"({"doubleValue":"-Infinity"})");
  BOOST_TEST(value_json(field(7, "\xfb\xff")) == R"({"bytesValue":"+/8="})");
  BOOST_TEST(value_json(field(7, "")) == R"({"bytesValue":""})");
  BOOST_TEST(value_json(field(5, field(1, "") + field(1, varint(3, 1))))
             == R"({"arrayValue":{"values":[{},{"intValue":"1"}]}})");
}

// Scenario: fields that stand several times, members of a oneof, unknown fields, list elements
// apart. Guarantee: the last single value, merged messages, one list, the last member; the unknown
// is left out.
BOOST_AUTO_TEST_CASE(repeated_fields_come_together) {
  BOOST_TEST(span_json(field(5, "a") + field(11, field(2, "e1")) + field(99, "?") + field(5, "b")
                       + field(11, field(2, "e2")) + field(15, varint(3, 2))
                       + field(15, field(2, "m")))
             == R"({"name":"b","events":[{"name":"e1"},{"name":"e2"}],)"
                R"("status":{"message":"m","code":2}})");
  BOOST_TEST(value_json(varint(3, 1) + field(1, "s")) == R"({"stringValue":"s"})");
  BOOST_TEST(json_of(signal::traces, "").compare("{}") == 0);
}

// Scenario: field 1000 alone and beside the new field.
// Guarantee: it is written under the new name, or not at all.
BOOST_AUTO_TEST_CASE(field_1000_is_written_under_its_new_name) {
  const auto old = field(1000, field(3, "old"));
  BOOST_TEST(json_of(signal::logs, field(1, old))
             == R"({"resourceLogs":[{"scopeLogs":[{"schemaUrl":"old"}]}]})");
  BOOST_TEST(json_of(signal::logs, field(1, old + field(2, field(3, "new"))))
             == R"({"resourceLogs":[{"scopeLogs":[{"schemaUrl":"new"}]}]})");
}

// Scenario: numbers of a histogram packed, unpacked and both.
// Guarantee: one list of all.
BOOST_AUTO_TEST_CASE(packed_and_unpacked_numbers_are_one_list) {
  std::string packed;
  wire::append_fixed(packed, std::uint64_t{1});
  wire::append_fixed(packed, std::uint64_t{2});
  const auto point = field(6, packed) + fixed64(6, 3);
  const auto json =
      json_of(signal::metrics, field(1, field(2, field(2, field(9, field(1, point))))));
  BOOST_TEST(json.find(R"("bucketCounts":["1","2","3"])") != json.npos);
}

// Scenario: text that is not UTF-8, and control characters.
// Guarantee: valid JSON: U+FFFD for each broken sequence, escapes for the rest.
BOOST_AUTO_TEST_CASE(broken_text_becomes_valid_json) {
  const std::string bad = "\xef\xbf\xbd";
  const auto name = [](std::string_view text) {
    const auto json = span_json(field(5, text));
    return json.substr(9, json.size() - 11);
  };
  BOOST_TEST(name("a\xff"
                  "b")
             == "a" + bad + "b");
  BOOST_TEST(name("\xe2\x82") == bad);
  BOOST_TEST(name("\xe2\x82z\xf0\x9f\x98") == bad + "z" + bad);
  BOOST_TEST(name("\xed\xa0\x80") == bad + bad + bad);
  BOOST_TEST(name("\xc0\xaf") == bad + bad);
  BOOST_TEST(name("\xf4\x90\x80\x80\xf0\x9f\x98\x80")
             == bad + bad + bad + bad + "\xf0\x9f\x98\x80");
  BOOST_TEST(name(std::string_view("\x00\x1f\n\t\r\"\\", 7)) == R"(\u0000\u001f\n\t\r\"\\)");
}

BOOST_AUTO_TEST_SUITE_END()
