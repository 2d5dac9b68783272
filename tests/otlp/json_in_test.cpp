#include "build.hpp"
#include "otlp/json.hpp"
#include "otlp/scan.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <ctime>
#include <limits>

namespace {

using namespace weir;
using namespace weir::otlp;
using namespace weir::otlp::test;

std::string read(signal kind, std::string_view json) {
  std::string out;
  const auto r = from_json(kind, json, out);
  BOOST_REQUIRE_MESSAGE(r, (r ? "" : to_string(r.error())) << " in " << json.substr(0, 300));
  return out;
}

parse_error error_of(std::string_view json, signal kind = signal::traces) {
  std::string out;
  const auto r = from_json(kind, json, out);
  BOOST_REQUIRE_MESSAGE(!r, json.substr(0, 300));
  BOOST_TEST(out.empty());
  return r ? parse_error{} : r.error();
}

// A document with one span of these members.
std::string span_json(std::string_view members) {
  return R"({"resourceSpans":[{"scopeSpans":[{"spans":[{)" + std::string{members} + "}]}]}]}";
}

// The body of the span that comes of these members.
std::string span_of(std::string_view members) {
  const auto wire = read(signal::traces, span_json(members));
  const auto unwrap = [](std::string_view message) {
    const auto f = wire::reader{message}.next();
    return f ? f->bytes : std::string_view{};
  };
  return std::string{unwrap(unwrap(unwrap(wire)))};
}

// The body of the AnyValue that comes of this JSON value.
std::string value_of(std::string_view json) {
  const auto record =
      R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":)" + std::string{json} + "}]}]}]}";
  auto wire = read(signal::logs, record);
  for (int level = 0; level < 4; ++level) {
    const auto f = wire::reader{wire}.next();
    wire = std::string{f ? f->bytes : ""};
  }
  return wire;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(json_in_test)

// Scenario: the trace example's shape as SDKs send it: hex ids, times as strings, an enum, a
// double. Guarantee: the protobuf bytes are those a protobuf client would have sent.
BOOST_AUTO_TEST_CASE(a_common_span_becomes_its_bytes) {
  const auto body =
      span_of(R"("traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eee19b7ec3c1b174",
    "parentSpanId":"","name":"I'm a server","kind":2,"startTimeUnixNano":"1544712660000000000",
    "endTimeUnixNano":1544712661000000000,"droppedAttributesCount":"3","flags":257,
    "attributes":[{"key":"k","value":{"doubleValue":1.5}}],"status":{"code":2,"message":"no"})");
  std::string flags;
  wire::append_fixed32_field(flags, 16, 257);
  std::string real;
  wire::append_double_field(real, 4, 1.5);
  BOOST_TEST(body
             == field(1, "\x5b\x8e\xff\xf7\x98\x03\x81\x03\xd2\x69\xb6\x33\x81\x3f\xc6\x0c")
                    + field(2, "\xee\xe1\x9b\x7e\xc3\xc1\xb1\x74") + field(4, "")
                    + field(5, "I'm a server") + varint(6, 2) + fixed64(7, 1544712660000000000)
                    + fixed64(8, 1544712661000000000) + varint(10, 3) + flags
                    + field(9, field(1, "k") + field(2, real))
                    + field(15, varint(3, 2) + field(2, "no")));
}

// Scenario: each member of AnyValue, numbers in each form, base64 of both alphabets, empty and
// null. Guarantee: the bytes of the value.
BOOST_AUTO_TEST_CASE(values_of_every_sort_are_read) {
  const auto real = [](double d) {
    std::string out;
    wire::append_double_field(out, 4, d);
    return out;
  };
  BOOST_TEST(value_of("{}").empty());
  BOOST_TEST(value_of(R"({"stringValue":null})").empty());
  BOOST_TEST(value_of(R"({"stringValue":""})") == field(1, ""));
  BOOST_TEST(value_of(R"({"boolValue":true})") == varint(2, 1));
  BOOST_TEST(value_of(R"({"boolValue":false})") == varint(2, 0));
  BOOST_TEST(value_of(R"({"intValue":"-5"})") == varint(3, static_cast<std::uint64_t>(-5)));
  BOOST_TEST(value_of(R"({"intValue":-5})") == varint(3, static_cast<std::uint64_t>(-5)));
  BOOST_TEST(value_of(R"({"intValue":5.0})") == varint(3, 5));
  BOOST_TEST(value_of(R"({"intValue":1e3})") == varint(3, 1000));
  BOOST_TEST(value_of(R"({"intValue":"-9223372036854775808"})") == varint(3, 1ULL << 63));
  BOOST_TEST(value_of(R"({"doubleValue":2})") == real(2));
  BOOST_TEST(value_of(R"({"doubleValue":"2.5e3"})") == real(2500));
  BOOST_TEST(value_of(R"({"doubleValue":"-Infinity"})")
             == real(-std::numeric_limits<double>::infinity()));
  BOOST_TEST(value_of(R"({"doubleValue":123456789012345678901234567890})")
             == real(1.2345678901234568e29));
  BOOST_TEST(value_of(R"({"bytesValue":"+/8="})") == field(7, "\xfb\xff"));
  BOOST_TEST(value_of(R"({"bytesValue":"-_8"})") == field(7, "\xfb\xff"));
  BOOST_TEST(value_of(R"({"bytesValue":"+\/8="})") == field(7, "\xfb\xff"));
  BOOST_TEST(value_of(R"({"arrayValue":{"values":[{"intValue":1},{},{"arrayValue":{}}]}})")
             == field(5, field(1, varint(3, 1)) + field(1, "") + field(1, field(5, ""))));
  BOOST_TEST(value_of(R"({"kvlistValue":{"values":[{"key":"a","value":{"boolValue":true}}]}})")
             == field(6, field(1, field(1, "a") + field(2, varint(2, 1)))));
}

// Scenario: whole numbers in every form that JSON and its strings have for them, in integer fields
// of every width, signed and not, in a list and as an attribute. Guarantee: exactly that number,
// down to the last of its digits, however many there are.
BOOST_AUTO_TEST_CASE(whole_numbers_are_read_exactly) {
  struct {
    std::string_view text;
    std::uint64_t value;
  } const numbers[] = {
      {"1700000000123456789.0", 1700000000123456789},
      {"1700000000123456789.00000000000000000000", 1700000000123456789},
      {"1700000000.123456789e9", 1700000000123456789},
      {"17000000001234567890e-1", 1700000000123456789},
      {"9007199254740993", 9007199254740993}, // no double holds it
      {"9007199254740993.0", 9007199254740993},
      {"18446744073709551615", 18446744073709551615U},
      {"18446744073709551615.000000", 18446744073709551615U},
      {"1844674407370955161500000e-5", 18446744073709551615U},
      {"2.000000000000000000", 2},
      {"2.00000000000000000000000000000000000000000", 2},
      {"200000000000000000000000000000000e-32", 2},
      {"0.000000000000000000000000000002e30", 2},
      {"0.0", 0},
      {"-0", 0},
      {"0e999999999999999999999", 0},
      {"1E+3", 1000},
  };
  for (const auto& [text, value] : numbers)
    for (const std::string_view quote : {"", "\""}) {
      const auto written = std::string(quote) + std::string(text) + std::string(quote);
      BOOST_TEST_CONTEXT(written) {
        BOOST_TEST(span_of("\"startTimeUnixNano\":" + written) == fixed64(7, value));
        if (value <= 0x7fff'ffff'ffff'ffff) {
          BOOST_TEST(value_of("{\"intValue\":" + written + "}") == varint(3, value));
          if (text[0] != '-')
            BOOST_TEST(value_of("{\"intValue\":" + std::string(quote) + "-" + std::string(text)
                                + std::string(quote) + "}")
                       == varint(3, 0 - value));
        }
        if (value <= 2) {
          BOOST_TEST(span_of("\"kind\":" + written) == varint(6, value));
          BOOST_TEST(span_of("\"droppedAttributesCount\":" + written) == varint(10, value));
        }
      }
    }
  BOOST_TEST(value_of(R"({"intValue":"1e3"})") == varint(3, 1000));
  BOOST_TEST(value_of("{\"intValue\": 5.0 \n}") == varint(3, 5));
  const auto point = read(signal::metrics, R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[
      {"histogram":{"dataPoints":[{"bucketCounts":[1.00000000000000000000 , "2e0"]}]}}]}]}]})");
  std::string counts;
  wire::append_fixed(counts, std::uint64_t{1});
  wire::append_fixed(counts, std::uint64_t{2});
  BOOST_TEST(point == field(1, field(2, field(2, field(9, field(1, field(6, counts)))))));
}

// Scenario: null as an element of lists of values, pairs, events, texts, numbers. Guarantee: it is
// an empty element, so that what stands behind it keeps its place; as a number it is an error.
BOOST_AUTO_TEST_CASE(null_in_a_list_keeps_its_place) {
  BOOST_TEST(value_of(R"({"arrayValue":{"values":[{"stringValue":"a"},null,{"stringValue":"c"}]}})")
             == field(5, field(1, field(1, "a")) + field(1, "") + field(1, field(1, "c"))));
  BOOST_TEST(value_of(R"({"kvlistValue":{"values":[null,{"key":"b","value":null}]}})")
             == field(6, field(1, "") + field(1, field(1, "b"))));
  BOOST_TEST(span_of(R"("events":[null,{"name":"n"}])")
             == field(11, "") + field(11, field(2, "n")));
  BOOST_TEST(contains(error_of(R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[
      {"histogram":{"dataPoints":[{"bucketCounts":[1,null,3]}]}}]}]}]})",
                               signal::metrics)
                          .reason,
                      "found null"));
  BOOST_TEST(contains(error_of(R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[
      {"histogram":{"dataPoints":[{"explicitBounds":[1,null]}]}}]}]}]})",
                               signal::metrics)
                          .reason,
                      "found null"));
}

// Scenario: the same text of 8 MiB as a value by itself and at the bottom of 45 lists in each
// other, whose lengths all take several bytes. Guarantee: the depth costs little: nothing is moved
// at every level.
BOOST_AUTO_TEST_CASE(depth_costs_little) {
  const auto text = R"({"stringValue":")" + std::string(8 << 20, 'x') + R"("})";
  auto deep = text;
  auto wire_of_deep = field(1, std::string(8 << 20, 'x'));
  for (int i = 0; i < 45; ++i) {
    deep = R"({"arrayValue":{"values":[)" + std::move(deep) + "]}}";
    wire_of_deep = field(5, field(1, wire_of_deep));
  }
  const auto cpu_time_of = [](const std::string& json, std::string& out) {
    auto best = std::numeric_limits<std::clock_t>::max();
    for (int i = 0; i < 3; ++i) {
      const auto begin = std::clock();
      out = value_of(json);
      best = std::min(best, std::clock() - begin);
    }
    return best;
  };
  std::string out;
  const auto plain = cpu_time_of(text, out);
  const auto nested = cpu_time_of(deep, out);
  BOOST_TEST((out == wire_of_deep));
  BOOST_TEST(nested <= 3 * plain + CLOCKS_PER_SEC / 100);
}

// Scenario: a oneof with several members, keys that stand twice.
// Guarantee: as in protobuf: both are written in order, so the last one counts, and lists grow.
BOOST_AUTO_TEST_CASE(the_last_of_several_counts) {
  BOOST_TEST(value_of(R"({"stringValue":"a","intValue":1})") == field(1, "a") + varint(3, 1));
  BOOST_TEST(span_of(R"("name":"a","name":"b","kind":1,"kind":2)")
             == field(5, "a") + field(5, "b") + varint(6, 1) + varint(6, 2));
  BOOST_TEST(span_of(R"("events":[{}],"events":[{}])") == field(11, "") + field(11, ""));
}

// Scenario: snake_case keys, enum names, unknown keys with values of every sort, nulls, escaped
// keys. Guarantee: taken, skipped, absent, taken.
BOOST_AUTO_TEST_CASE(keys_are_read_liberally) {
  BOOST_TEST(span_of(R"("trace_id":"","start_time_unix_nano":"1")")
             == field(1, "") + fixed64(7, 1));
  BOOST_TEST(span_of(R"("kind":"SPAN_KIND_SERVER","status":{"code":"STATUS_CODE_ERROR"})")
             == varint(6, 2) + field(15, varint(3, 2)));
  BOOST_TEST(span_of(R"("kind":"3")") == varint(6, 3));
  BOOST_TEST(span_of(R"("x":[1,{"y":[]},"}"],"name":"n","z":{"name":"inner"},"":0)")
             == field(5, "n"));
  BOOST_TEST(span_of(R"("name":null,"attributes":null,"status":null,"events":null)").empty());
  BOOST_TEST(span_of(R"("n\u0061me":"n")") == field(5, "n"));
  BOOST_TEST(span_of("").empty());
  BOOST_TEST(read(signal::traces, "{}").empty());
  BOOST_TEST(read(signal::traces, " { \"resourceSpans\" : [ ] } \n").empty());
}

// Scenario: strings with every escape, pairs of surrogates, and halves of them as JavaScript makes
// them. Guarantee: UTF-8; a half becomes U+FFFD.
BOOST_AUTO_TEST_CASE(strings_are_unescaped) {
  BOOST_TEST(span_of(R"("name":"\"\\\/\b\f\n\r\t\u00e4\u20ac\ud83d\ude00")")
             == field(5, "\"\\/\b\f\n\r\t\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
  BOOST_TEST(span_of(R"("name":"a\ud83dz\ude00\ud83d\u0041")")
             == field(5, "a\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd"
                         "A"));
  BOOST_TEST(contains(error_of(span_json(R"("name":"\x")")).reason, "escape"));
  BOOST_TEST(contains(error_of(span_json(R"("name":"\u12g4")")).reason, "escape"));
  error_of(span_json("\"name\":\"\xff\""));
  error_of(span_json("\"name\":\"\x01\""));
}

// Scenario: the names of clients from before proto 0.15, alone and beside the new ones.
// Guarantee: they stand for scopeSpans and scope, where there are no scopeSpans.
BOOST_AUTO_TEST_CASE(old_names_are_taken_where_new_ones_are_absent) {
  const std::string old =
      R"("instrumentationLibrarySpans":[{"instrumentationLibrary":{"name":"lib"},
                             "spans":[{"name":"old"}]}])";
  const std::string now = R"("scopeSpans":[{"scope":{"name":"lib"},"spans":[{"name":"new"}]}])";
  const auto scope = [](std::string_view name) {
    return field(2, field(1, field(1, "lib")) + field(2, field(5, name)));
  };
  const auto resource = [](const std::string& members) {
    return read(signal::traces, R"({"resourceSpans":[{)" + members + "}]}");
  };
  BOOST_TEST(resource(old) == field(1, scope("old")));
  BOOST_TEST(resource(old + "," + now) == field(1, scope("new")));
  BOOST_TEST(resource(now + "," + old) == field(1, scope("new")));
  BOOST_TEST(resource(old + R"(,"schemaUrl":"u",)" + now + "," + old)
             == field(1, field(3, "u") + scope("new")));
  BOOST_TEST(resource(old + R"(,"resource":{},"scopeSpans":[])")
             == field(1, scope("old") + field(1, "")));
  BOOST_TEST(
      check_items(signal::metrics,
                  read(signal::metrics, R"({"resourceMetrics":[{"instrumentation_library_metrics":
                              [{"metrics":[{"gauge":{"dataPoints":[{},{}]}}]}]}]})"),
                  {})
          .value()
      == 2U);
}

// Scenario: numbers that do not fit, values of wrong sorts, broken ids; each in a known place.
// Guarantee: an error with the byte of the value, the path, and what was expected.
BOOST_AUTO_TEST_CASE(wrong_values_name_byte_path_and_reason) {
  struct {
    std::string_view member;
    std::string_view reason;
  } const wrong[] = {
      {R"("kind":99999999999)", "range"},
      {R"("kind":"SPAN_KIND_NONE")", "name of the enum"},
      {R"("kind":true)", "found true or false"},
      {R"("flags":-1)", "range"},
      {R"("flags":4294967296)", "range"},
      {R"("startTimeUnixNano":-1)", "range"},
      {R"("startTimeUnixNano":1.5)", "64 bits"},
      {R"("startTimeUnixNano":18446744073709551616)", "64 bits"},
      {R"("startTimeUnixNano":1e400)", "64 bits"},
      {R"("startTimeUnixNano":1e99999999999999999999)", "64 bits"},
      {R"("startTimeUnixNano":1.00000000000000000000000001)", "64 bits"},
      {R"("startTimeUnixNano":18446744073709551615.5)", "64 bits"},
      {R"("startTimeUnixNano":99999999999999999999999999)", "64 bits"},
      {R"("startTimeUnixNano":1e-400)", "64 bits"},
      {R"("startTimeUnixNano":007)", "64 bits"},
      {R"("startTimeUnixNano":1.)", "64 bits"},
      {R"("startTimeUnixNano":1e)", "64 bits"},
      {R"("startTimeUnixNano":1x)", "64 bits"},
      {R"("startTimeUnixNano":"1.5")", "decimal"},
      {R"("startTimeUnixNano":".5e1")", "decimal"},
      {R"("startTimeUnixNano":"+1")", "decimal"},
      {R"("kind":2.000000000000000001)", "64 bits"},
      {R"("startTimeUnixNano":"1 ")", "decimal"},
      {R"("startTimeUnixNano":"")", "decimal"},
      {R"("startTimeUnixNano":{})", "found an object"},
      {R"("name":7)", "found a number"},
      {R"("name":["a"])", "found an array"},
      {R"("traceId":"xy")", "hexadecimal"},
      {R"("traceId":"abc")", "hexadecimal"},
      {R"("attributes":{})", "found an object"},
      {R"("status":"ok")", "found a string"},
  };
  for (const auto& w : wrong) {
    const auto json = span_json(w.member);
    const auto e = error_of(json);
    const auto key = w.member.substr(1, w.member.find(':') - 2);
    BOOST_TEST_CONTEXT(w.member << ": " << to_string(e)) {
      BOOST_TEST(contains(e.reason, w.reason));
      BOOST_TEST(e.path.starts_with("resourceSpans[0].scopeSpans[0].spans[0]." + std::string{key}));
      BOOST_TEST(e.offset == json.find(w.member) + w.member.find(':') + 1);
    }
  }
  const auto e = error_of(
      span_json(R"("attributes":[{"key":"a"},{"key":"b","value":{"doubleValue":1e999}}])"));
  BOOST_TEST(e.path == "resourceSpans[0].scopeSpans[0].spans[0].attributes[1].value.doubleValue");
  BOOST_TEST(
      contains(error_of(span_json(R"("x":1,"attributes":[{"value":{"bytesValue":"*"}}])")).reason,
               "base64"));
}

// Scenario: what is no JSON document of one object.
// Guarantee: a clean error.
BOOST_AUTO_TEST_CASE(broken_documents_are_refused) {
  for (const std::string_view json : {"",
                                      " ",
                                      "[]",
                                      "null",
                                      "7",
                                      "\"x\"",
                                      "{",
                                      "{\"resourceSpans\":",
                                      "{\"resourceSpans\":[}",
                                      "{\"resourceSpans\":[{]}",
                                      "{} {}",
                                      "{}x",
                                      "{\"a\" 1}",
                                      "{\"resourceSpans\":[{} {}]}",
                                      "{\"resourceSpans\":nul}",
                                      "{\"resourceSpans\":[null\"x\"]}",
                                      "{\"resourceSpans\":[{},]}",
                                      "{\"resourceSpans\":[{}",
                                      "\xff",
                                      "{\"resourceSpans\":\"x}"}) {
    const auto e = error_of(json);
    BOOST_TEST(!e.reason.empty());
    BOOST_TEST(e.offset <= json.size());
  }
}

// Scenario: documents that are refused before any field is read.
// Guarantee: the error stands where the fault does, for a cut one at its end.
BOOST_AUTO_TEST_CASE(broken_documents_name_the_byte) {
  const auto whole = span_json(R"("name":"x")");
  const auto cut = std::string_view(whole).substr(0, whole.size() - 3);
  const auto cut_string = std::string_view(whole).substr(0, whole.find(":\"x\"") + 3);
  const std::vector<std::pair<std::string, std::size_t>> broken{
      {"", 0},
      {"hello", 0},
      {"  hello", 2},
      {std::string(cut), cut.size()},
      {std::string(cut_string), cut_string.size()},
      {"{\"a\":\"\xff\"}", 6},
      {"{\"\xc3\xa9\":\"\xe2\x82\"}", 7},
      {"{\"a\\\"\":\n\"b\tc\"}", 10},
  };
  for (const auto& [json, offset] : broken)
    BOOST_TEST_CONTEXT(json << ": " << to_string(error_of(json)))
  BOOST_TEST(error_of(json).offset == offset);
}

// Scenario: 10,000 brackets deep, in a value, under an unknown key, and with nothing closed.
// Guarantee: refused or skipped; the stack and time stay small.
BOOST_AUTO_TEST_CASE(deep_documents_are_survived) {
  const auto repeat = [](std::string_view part, int times) {
    std::string all;
    while (times-- > 0)
      all += part;
    return all;
  };
  const auto nested = [&](int n) {
    return repeat(R"({"arrayValue":{"values":[)", n) + repeat("]}}", n);
  };
  value_of(nested(40));
  const auto deep =
      R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":)" + nested(10'000) + "}]}]}]}";
  BOOST_TEST(contains(error_of(deep, signal::logs).reason, "deeper"));
  BOOST_TEST(span_of("\"x\":" + repeat("[", 10'000) + repeat("]", 10'000)).empty());
  error_of(repeat("{\"a\":", 10'000));
  error_of(repeat("[", 10'000));
}

// Scenario: large documents and small ones in turn on one thread.
// Guarantee: each is read as if it were alone.
BOOST_AUTO_TEST_CASE(large_and_small_documents_follow_each_other) {
  const auto large = span_json("\"name\":\"" + std::string(3 << 20, 'x') + "\"");
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(read(signal::traces, large).size() > (3U << 20));
    BOOST_TEST(span_of(R"("name":"n")") == field(5, "n"));
  }
}

BOOST_AUTO_TEST_SUITE_END()
