#include "tests/ottl/runs.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir;
using namespace weir::processors;
using namespace weir::ottl::test;

const std::string rich = shop_span(R"([
  {"key":"s","value":{"stringValue":"text"}}, {"key":"empty","value":{"stringValue":""}},
  {"key":"i","value":{"intValue":"42"}}, {"key":"d","value":{"doubleValue":2.5}},
  {"key":"b","value":{"boolValue":true}}, {"key":"bytes","value":{"bytesValue":"AQI="}},
  {"key":"nil","value":{}},
  {"key":"list","value":{"arrayValue":{"values":[{"intValue":"1"},{"stringValue":"two"}]}}},
  {"key":"map","value":{"kvlistValue":{"values":[{"key":"x","value":{"intValue":"1"}},
     {"key":"y","value":{"kvlistValue":{"values":[{"key":"z","value":{"stringValue":"deep"}}]}}}]}}},
  {"key":"json","value":{"stringValue":"{\"a\": [1, {\"b\": null}], \"c\": \"\\u00e9\"}"}},
  {"key":"key","value":{"stringValue":"x"}}, {"key":"n","value":{"stringValue":"17"}}])",
                                   R"(,"status":{"code":2,"message":"bad"},"flags":257,
  "traceState":"a=1,b=2","events":[{"name":"e1"},{"name":"e2"}],"droppedEventsCount":3)");

enum class answer { no, yes, failed };

std::ostream& operator<<(std::ostream& out, answer a) {
  return out << (a == answer::no ? "no" : a == answer::yes ? "yes" : "error");
}

answer ask(const std::string& condition, const std::string& message) {
  filter_config config;
  config.error_mode = "propagate";
  config.traces_span = {condition};
  const auto run = apply(make_filter(config, signal::traces, "filter"), signal::traces, message);
  if (!run.refusal.empty())
    return answer::failed;
  return run.changed ? answer::yes : answer::no;
}

struct row {
  std::string condition;
  answer expected = answer::yes;
};

void check(const std::vector<row>& rows) {
  for (const auto& r : rows)
    BOOST_TEST(ask(r.condition, rich) == r.expected,
               r.condition << " gave " << ask(r.condition, rich));
}

constexpr auto yes = answer::yes;
constexpr auto no = answer::no;
constexpr auto failed = answer::failed;

} // namespace

BOOST_AUTO_TEST_SUITE(conditions_test)

// Scenario: comparisons of all types with each other. Guarantee: different types only differ, but
// integers compare with reals; nil equals nil; maps and lists know == and != only.
BOOST_AUTO_TEST_CASE(comparisons) {
  check({
      {R"(attributes["s"] == "text")", yes},
      {R"(attributes["s"] != "text")", no},
      {R"(attributes["s"] < "u")", yes},
      {R"(attributes["s"] == 1)", no},
      {R"(attributes["s"] != 1)", yes},
      {R"(attributes["s"] < 1)", no},
      {R"(attributes["i"] == 42.0)", yes},
      {R"(attributes["i"] >= 42)", yes},
      {R"(attributes["i"] > 42)", no},
      {R"(41.5 < attributes["i"])", yes},
      {R"(attributes["d"] <= 2.5)", yes},
      {R"(attributes["d"] == .5)", no},
      {R"(attributes["b"] == true)", yes},
      {R"(attributes["b"] > false)", yes},
      {R"(attributes["bytes"] == 0x0102)", yes},
      {R"(attributes["bytes"] < 0x0103)", yes},
      {R"(attributes["absent"] == nil)", yes},
      {R"(nil != attributes["absent"])", no},
      {R"(attributes["nil"] == nil)", yes},
      {R"(attributes["absent"] <= nil)", yes},
      {R"(attributes["absent"] < nil)", no},
      {R"(attributes["absent"] == "")", no},
      {R"(attributes["empty"] == "")", yes},
      {R"(attributes["list"] == [1, "two"])", yes},
      {R"(attributes["list"] == [1.0, "two"])", no},
      {R"(attributes["list"] < [2])", no},
      {R"(attributes["map"] == {"y": {"z": "deep"}, "x": 1})", yes},
      {R"(attributes["map"] != {"x": 1})", yes},
      {R"(1 == 1)", yes},
      {R"("a" == 1)", no},
  });
}

// Scenario: and, or, not, brackets, constants. Guarantee: not binds before and, and before or.
BOOST_AUTO_TEST_CASE(logic) {
  check({
      {"true", yes},
      {"false", no},
      {"not false", yes},
      {"not true or true", yes},
      {"not (true or true)", no},
      {"true or false and false", yes},
      {"(true or false) and false", no},
      {R"(not attributes["i"] == 42)", no},
      {R"(((attributes["i"] + 1) * 2) == 86 and (name == "x" or kind == SPAN_KIND_CLIENT))", yes},
      // What was not asked cannot fail.
      {R"(false and 1 / 0 == 1)", no},
      {R"(true or 1 / 0 == 1)", yes},
      {R"(1 / 0 == 1 or true)", failed},
      {R"(attributes["b"] == true and IsMatch(name, "^GET"))", yes},
      {R"(Bool(attributes["n"]))", failed},
      {R"(Len(attributes))", failed},
  });
}

// Scenario: calculations. Guarantee: integers stay whole, one real makes all real, nothing divides
// by 0, signs bind tightest, what overflows wraps round.
BOOST_AUTO_TEST_CASE(arithmetic) {
  check({
      {"7 / 2 == 3", yes},
      {"-7 / 2 == -3", yes},
      {"7.0 / 2 == 3.5", yes},
      {"2 + 3 * 4 == 14", yes},
      {"(2 + 3) * 4 == 20", yes},
      {"10 - 3 - 2 == 5", yes},
      {"-(2 + 3) == -5", yes},
      {"+3 == 3", yes},
      {R"(-attributes["i"] == -42)", yes},
      {R"(attributes["i"] / 0 == 1)", failed},
      {R"(attributes["i"] / 0.0 == 1)", failed},
      {R"(attributes["s"] + 1 == 1)", failed},
      {R"(attributes["absent"] + 1 == 1)", failed},
      {"9223372036854775807 + 1 == -9223372036854775807 - 1", yes},
      {"end_time_unix_nano - start_time_unix_nano == 2500000000", yes},
      {R"(end_time - start_time == Duration("2.5s"))", yes},
      {R"(end_time - start_time > Duration("1h"))", no},
      {R"(start_time + Duration("1m30s") > end_time)", yes},
      {R"(end_time + start_time == 1)", failed},
  });
}

// Scenario: every kind of path of a span, and of what holds it. Guarantee: each is read as the
// Collector reads it, keys lead into maps and lists.
BOOST_AUTO_TEST_CASE(paths) {
  check({
      {R"(name == "GET /cart" and span.name == name)", yes},
      {R"(trace_id == TraceID(0x0102030405060708090a0b0c0d0e0f10))", yes},
      {R"(trace_id.string == "0102030405060708090a0b0c0d0e0f10")", yes},
      {R"(span_id == SpanID("0102030405060708"))", yes},
      {R"(parent_span_id == SpanID(0x0000000000000000))", yes},
      {R"(parent_span_id.string == "0000000000000000")", yes},
      {R"(trace_id == 0x0102030405060708090a0b0c0d0e0f10)", no},
      {"IsRootSpan()", yes},
      {R"(trace_state["b"] == "2" and trace_state["c"] == "")", yes},
      {R"(trace_state == "a=1,b=2")", yes},
      {R"(kind == 3 and kind.string == "Client" and kind.deprecated_string == "SPAN_KIND_CLIENT")",
       yes},
      {R"(status.code == STATUS_CODE_ERROR and status.message == "bad")", yes},
      {"flags == 257", yes},
      {"Len(events) == 2 and Len(links) == 0 and dropped_events_count == 3", yes},
      {R"(resource.attributes["service.name"] == "shop")", yes},
      {R"(instrumentation_scope.name == "lib" and scope.version == "1.2")", yes},
      {R"(attributes["map"]["x"] == 1)", yes},
      {R"(attributes["map"][attributes["key"]] == 1)", yes},
      {R"(attributes["map"]["y"]["z"] == "deep")", yes},
      {R"(attributes["map"]["none"]["z"] == nil)", yes},
      {R"(attributes["list"][1] == "two")", yes},
      {R"(attributes["list"][Len(attributes["list"]) - 1] == "two")", yes},
      {R"(attributes["list"][2] == nil)", failed},
      {R"(attributes["list"]["x"] == nil)", failed},
      {R"(attributes["s"]["x"] == nil)", failed},
      {R"(attributes["absent"]["x"] == nil)", yes},
      {R"(Len(attributes) == 12)", yes},
      {R"(cache["x"] == nil)", yes},
  });
}

// Scenario: each converter. Guarantee: the Collector's result, or an error where it has one.
BOOST_AUTO_TEST_CASE(converters) {
  check({
      {R"(IsMatch(attributes["i"], "^4.$"))", yes},
      {R"(IsMatch(attributes["absent"], ".*"))", no},
      {R"(IsMatch(attributes["bytes"], "^0102$"))", yes},
      {R"(IsMatch(attributes["list"], "^\\[1,\"two\"\\]$"))", yes},
      {R"(HasPrefix(name, "GET") and HasSuffix(name, "cart") and not HasPrefix(name, "P"))", yes},
      {R"(HasPrefix(attributes["i"], "4"))", failed},
      {R"(Concat(["a", 1, 2.5, true, nil, attributes["s"]], "-") == "a-1-2.5-true-<nil>-text")",
       yes},
      {R"(Concat(attributes["list"], "+") == "1+two")", yes},
      {R"(Split("a,b,,c", ",") == ["a", "b", "", "c"])", yes},
      {R"(Split("a,b", ",")[1] == "b")", yes},
      {R"(Split("a,b", ",")[2] == "b")", failed},
      {"Split(\"h\xc3\xa9\", \"\") == [\"h\", \"\xc3\xa9\"]", yes},
      {R"(Substring("abcdef", 2, 3) == "cde")", yes},
      {R"(Substring("abc", 2, 3) == "")", failed},
      {R"(Substring("abc", 0, 0) == "")", failed},
      {"ToUpperCase(\"h\xc3\xa9llo\") == \"H\xc3\x89LLO\"", yes},
      {"ToLowerCase(\"H\xc3\x89LLO\") == \"h\xc3\xa9llo\"", yes},
      {R"(Trim("  a ") == "a" and Trim("xxaxx", "x") == "a")", yes},
      {R"(TrimPrefix("v1", "v") == "1" and TrimSuffix("a.go", ".go") == "a")", yes},
      {R"(ExtractPatterns(name, "^(?P<method>\\w+) (?P<path>.*)$")["method"] == "GET")", yes},
      {R"x(ExtractPatterns(name, "^(?P<method>POST)") == {})x", yes},
      {R"(ParseJSON(attributes["json"])["a"][0] == 1.0)", yes},
      {"ParseJSON(attributes[\"json\"])[\"c\"] == \"\xc3\xa9\"", yes},
      {R"(ParseJSON(attributes["json"])["a"][1] == {"b": nil})", yes},
      {R"(ParseJSON("[1, 2") == nil)", failed},
      {R"(ParseJSON("3") == nil)", failed},
      {R"(SHA256("weir") == "a2c8a4e4a4aa9a0ff6ac9dd7b3da8ba4eeb7e4b3b0a2a6ee7f8ee0b2b4bbb7c1")",
       no},
      {R"(SHA256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")", yes},
      {R"(MD5("a") == "0cc175b9c0f1b6a831c399e269772661")", yes},
      {R"(FNV("hello") == -6615550055289275125)", yes},
      {R"(Int("17") == 17 and Int(3.9) == 3 and Int(true) == 1 and Int(nil) == nil)", yes},
      {R"(Int("1.5") == 1)", failed},
      {R"(Double("1e3") == 1000.0 and Double(2) == 2.0)", yes},
      {R"(String(1.5) == "1.5" and String(true) == "true" and String(nil) == nil)", yes},
      {R"(Bool("true") and not Bool(0))", yes},
      {R"(IsString(name) and IsInt(attributes["i"]) and IsDouble(attributes["d"]))", yes},
      {R"(IsMap(attributes["map"]) and IsMap(attributes) and IsList(events))", yes},
      {R"(IsBool(attributes["b"]) and not IsBool(attributes["absent"]))", yes},
      {R"(Len("abc") == 3 and Len(attributes["map"]) == 2 and Len([1, 2]) == 2)", yes},
      {R"(Len(attributes["i"]) == 0)", failed},
      {R"(Hex("ab") == "6162" and Hex(1) == "0000000000000001")", yes},
      {R"(Keys(attributes["map"]) == ["x", "y"] and Values({"a": 1}) == [1])", yes},
      {R"(ContainsValue(attributes["list"], "two") and not ContainsValue([1], 2))", yes},
      {R"(Coalesce([attributes["absent"], attributes["s"], "x"]) == "text")", yes},
      {"UnixNano(Now()) == 1700000000000000000 and UnixSeconds(Now()) == 1700000000", yes},
      {R"(UnixSeconds(Time("2023-11-14T22:13:20.5Z", "%Y-%m-%dT%H:%M:%S.%fZ")) == 1700000000)",
       yes},
      {R"(Time("14/Nov/2023:23:13:20 +0100", "%d/%b/%Y:%H:%M:%S %z") == Unix(1700000000))", yes},
      {R"(Time("2023-02-30", "%F") == Now())", failed},
      {R"(Seconds(Duration("1m30s")) == 90.0 and Milliseconds(Duration("1.5s")) == 1500)", yes},
  });
}

BOOST_AUTO_TEST_SUITE_END()
