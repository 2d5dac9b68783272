#include "tests/ottl/runs.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir;
using namespace weir::processors;
using namespace weir::ottl::test;

const std::string sample = R"([{"key":"a","value":{"stringValue":"one two"}},
  {"key":"b","value":{"intValue":"1"}},
  {"key":"m","value":{"kvlistValue":{"values":[{"key":"x","value":{"stringValue":"xx"}},
    {"key":"l","value":{"arrayValue":{"values":[{"intValue":"1"},{"kvlistValue":{"values":[
      {"key":"k","value":{"boolValue":true}}]}}]}}}]}}}])";

std::string attribute(const std::string& key, const std::string& value) {
  return R"({"key":")" + key + R"(","value":)" + value + "}";
}
std::string text(const std::string& value) {
  return R"({"stringValue":")" + value + R"("})";
}

const std::string m_value =
    R"({"kvlistValue":{"values":[{"key":"x","value":{"stringValue":"xx"}},{"key":"l","value":{"arrayValue":{"values":[{"intValue":"1"},{"kvlistValue":{"values":[{"key":"k","value":{"boolValue":true}}]}}]}}}]}})";
const std::string a = attribute("a", text("one two"));
const std::string b = attribute("b", R"({"intValue":"1"})");
const std::string m = attribute("m", m_value);

struct row {
  std::string statement;
  std::vector<std::string> attributes; ///< What the span has then.
};

std::string joined(const std::vector<std::string>& parts) {
  std::string all = "[";
  for (const auto& p : parts)
    all += (all.size() > 1 ? "," : "") + p;
  return all + "]";
}

void check(const std::vector<row>& rows) {
  for (const auto& r : rows) {
    const auto run = run_statements("span", {r.statement}, shop_span(sample));
    BOOST_TEST(run.refusal == "", r.statement << ": " << run.refusal);
    BOOST_TEST(run.json == json(shop_span(joined(r.attributes))), r.statement << " gave\n"
                                                                              << run.json);
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(statements_test)

// Scenario: set() of values of every type, behind keys that are there or not. Guarantee: the value
// stands there, in the place of the old one; of nil an attribute without a value.
BOOST_AUTO_TEST_CASE(set_writes_values) {
  check({
      {R"(set(attributes["a"], "new"))", {attribute("a", text("new")), b, m}},
      {R"(set(attributes["c"], 5))", {a, b, m, attribute("c", R"({"intValue":"5"})")}},
      {R"(set(attributes["c"], 2.5))", {a, b, m, attribute("c", R"({"doubleValue":2.5})")}},
      {R"(set(attributes["c"], true))", {a, b, m, attribute("c", R"({"boolValue":true})")}},
      {R"(set(attributes["c"], 0x0102))", {a, b, m, attribute("c", R"({"bytesValue":"AQI="})")}},
      {R"(set(attributes["c"], ["x", 1]))",
       {a, b, m,
        attribute("c", R"({"arrayValue":{"values":[{"stringValue":"x"},{"intValue":"1"}]}})")}},
      {R"(set(attributes["c"], nil))", {a, b, m, attribute("c", "{}")}},
      {R"(set(attributes["b"], attributes["absent"]))", {a, attribute("b", "{}"), m}},
      {R"(set(attributes["c"], attributes["m"]))", {a, b, m, attribute("c", m_value)}},
      {R"(set(attributes["c"], name) where attributes["b"] == 1)",
       {a, b, m, attribute("c", text("GET /cart"))}},
      {R"(set(attributes["c"], name) where attributes["b"] == 2)", {a, b, m}},
      {R"(set(attributes["b"], attributes["b"] + 1))",
       {a, attribute("b", R"({"intValue":"2"})"), m}},
      {R"(set(attributes, {"only": "this"}))", {attribute("only", text("this"))}},
      {R"(set(attributes[Concat(["c", attributes["b"]], "")], "computed"))",
       {a, b, m, attribute("c1", text("computed"))}},
  });
}

// Scenario: set() behind keys of keys. Guarantee: maps and lists are changed inside, and made where
// there was nothing.
BOOST_AUTO_TEST_CASE(set_reaches_inside) {
  check({
      {R"(set(attributes["m"]["x"], "new"))",
       {a, b,
        attribute(
            "m",
            R"({"kvlistValue":{"values":[{"key":"x","value":{"stringValue":"new"}},{"key":"l","value":{"arrayValue":{"values":[{"intValue":"1"},{"kvlistValue":{"values":[{"key":"k","value":{"boolValue":true}}]}}]}}}]}})")}},
      {R"(set(attributes["m"]["l"][1]["k"], false))",
       {a, b,
        attribute(
            "m",
            R"({"kvlistValue":{"values":[{"key":"x","value":{"stringValue":"xx"}},{"key":"l","value":{"arrayValue":{"values":[{"intValue":"1"},{"kvlistValue":{"values":[{"key":"k","value":{"boolValue":false}}]}}]}}}]}})")}},
      {R"(set(attributes["n"]["o"]["p"], 1))",
       {a, b, m,
        attribute(
            "n",
            R"({"kvlistValue":{"values":[{"key":"o","value":{"kvlistValue":{"values":[{"key":"p","value":{"intValue":"1"}}]}}}]}})")}},
      {R"(set(attributes["n"][1], 1))",
       {a, b, m, attribute("n", R"({"arrayValue":{"values":[{},{"intValue":"1"}]}})")}},
  });
}

// Scenario: the editors of maps, over all attributes and over a map inside them. Guarantee: the
// Collector's result.
BOOST_AUTO_TEST_CASE(editors_of_maps) {
  const std::string without_x =
      R"({"kvlistValue":{"values":[{"key":"l","value":{"arrayValue":{"values":[{"intValue":"1"},{"kvlistValue":{"values":[{"key":"k","value":{"boolValue":true}}]}}]}}}]}})";
  check({
      {R"(delete_key(attributes, "a"))", {b, m}},
      {R"(delete_key(attributes, "absent"))", {a, b, m}},
      {R"(delete_key(attributes["m"], "x"))", {a, b, attribute("m", without_x)}},
      {R"(delete_matching_keys(attributes, "^[ab]$"))", {m}},
      {R"(delete_matching_keys(attributes["m"], "x"))", {a, b, attribute("m", without_x)}},
      {R"(keep_keys(attributes, ["b", "z"]))", {b}},
      {R"(keep_keys(attributes, [Concat(["b"], "")]))", {b}},
      {R"(keep_matching_keys(attributes, "[am]"))", {a, m}},
      {R"(limit(attributes, 2, []))", {a, b}},
      {R"(limit(attributes, 1, ["m"]))", {m}},
      {R"(limit(attributes, 3, []))", {a, b, m}},
      {R"(truncate_all(attributes, 3))", {attribute("a", text("one")), b, m}},
      {R"(truncate_all(attributes, 6, truncation_marker="..."))",
       {attribute("a", text("one...")), b, m}},
      {R"(merge_maps(attributes, {"a": 1, "z": 2}, "upsert"))",
       {attribute("a", R"({"intValue":"1"})"), b, m, attribute("z", R"({"intValue":"2"})")}},
      {R"(merge_maps(attributes, {"a": 1, "z": 2}, "insert"))",
       {a, b, m, attribute("z", R"({"intValue":"2"})")}},
      {R"(merge_maps(attributes, {"a": 1, "z": 2}, "update"))",
       {attribute("a", R"({"intValue":"1"})"), b, m}},
      {R"(merge_maps(attributes, ParseJSON("{\"p\": \"q\"}"), "upsert"))",
       {a, b, m, attribute("p", text("q"))}},
      {R"(flatten(attributes))",
       {a, b, attribute("m.x", text("xx")), attribute("m.l.0", R"({"intValue":"1"})"),
        attribute("m.l.1.k", R"({"boolValue":true})")}},
      {R"(flatten(attributes, "p", 1))",
       {attribute("p.a", text("one two")), attribute("p.b", R"({"intValue":"1"})"),
        attribute("p.m.x", text("xx")),
        attribute(
            "p.m.l",
            R"({"arrayValue":{"values":[{"intValue":"1"},{"kvlistValue":{"values":[{"key":"k","value":{"boolValue":true}}]}}]}})")}},
  });
}

// Scenario: texts replaced by patterns. Guarantee: every match is, `$1` and `${name}` are the
// groups, a converter is called on each replacement.
BOOST_AUTO_TEST_CASE(editors_of_texts) {
  check({
      {R"(replace_pattern(attributes["a"], "o", "0"))", {attribute("a", text("0ne tw0")), b, m}},
      {R"x(replace_pattern(attributes["a"], "(\\w+) (?P<second>\\w+)", "${second} $1$$"))x",
       {attribute("a", text("two one$")), b, m}},
      {R"(replace_pattern(attributes["a"], "x*", "-"))",
       {attribute("a", text("-o-n-e- -t-w-o-")), b, m}},
      {R"(replace_pattern(attributes["a"], "nothing", "-"))", {a, b, m}},
      {R"(replace_pattern(attributes["b"], "1", "-"))", {a, b, m}},
      {R"x(replace_pattern(attributes["a"], "t(\\w)", "$1", function=ToUpperCase, replacement_format="<%s>"))x",
       {attribute("a", text("one <W>o")), b, m}},
      {R"(replace_all_patterns(attributes, "value", "[aeiou]", "_"))",
       {attribute("a", text("_n_ tw_")), b, m}},
      {R"(replace_all_patterns(attributes, "key", "^(a|m)$", "k.$1"))",
       {attribute("k.a", text("one two")), b, attribute("k.m", m_value)}},
      {R"(replace_match(attributes["a"], "one*", "all"))", {attribute("a", text("all")), b, m}},
      {R"(replace_match(attributes["a"], "one", "all"))", {a, b, m}},
      {R"(replace_all_matches(attributes, "*two", "all"))", {attribute("a", text("all")), b, m}},
      {R"(append(attributes["l"], "x"))",
       {a, b, m, attribute("l", R"({"arrayValue":{"values":[{"stringValue":"x"}]}})")}},
      {R"(append(attributes["a"], values=[1, 2]))",
       {attribute(
            "a",
            R"({"arrayValue":{"values":[{"stringValue":"one two"},{"intValue":"1"},{"intValue":"2"}]}})"),
        b, m}},
  });
}

// Scenario: fields of a span, its resource and its scope are written. Guarantee: each stands where
// the wire has it.
BOOST_AUTO_TEST_CASE(fields_of_spans) {
  const auto run = run_statements(
      "span",
      {R"(set(name, "n"))", R"(set(kind, SPAN_KIND_SERVER))", R"(set(status.code, 1))",
       R"(set(status.message, "fine"))", R"(set(trace_state["k"], "v"))", "set(flags, 1)",
       "set(start_time_unix_nano, 5)", R"(set(end_time, Unix(1, 6)))",
       R"(set(span_id, SpanID(0x1111111111111111)))",
       R"(set(parent_span_id.string, "2222222222222222"))",
       R"(set(resource.attributes["r"], span.name))", R"(set(scope.name, "s"))",
       R"(set(cache["x"], 7))", R"(set(attributes["from_cache"], cache["x"]))"},
      shop_span("[]"));
  BOOST_TEST(run.refusal == "");
  const auto expected = json(
      traces(R"([{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}},
        {"key":"r","value":{"stringValue":"n"}}]},"scopeSpans":[{"scope":{"name":"s",
        "version":"1.2"},"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":
        "1111111111111111","name":"n","kind":2,"startTimeUnixNano":"5","endTimeUnixNano":
        "1000000006","status":{"code":1,"message":"fine"},"traceState":"k=v","flags":1,
        "parentSpanId":"2222222222222222","attributes":[{"key":"from_cache","value":
        {"intValue":"7"}}]}]}]}])"));
  BOOST_TEST(run.json == expected);
}

// Scenario: what cannot be written: ids and times as attributes, wrong types of fields, keys into
// texts, a division by 0. Guarantee: with propagate the message is refused and the reason does not
// show values; with ignore the next statement runs.
BOOST_AUTO_TEST_CASE(errors_refuse_or_are_passed_over) {
  for (const std::string statement :
       {R"(set(attributes["t"], trace_id))", R"(set(attributes["t"], start_time))", "set(name, 5)",
        "set(name, nil)", R"(set(attributes, attributes["absent"]))",
        R"(set(attributes["a"]["x"], 1))", R"(set(attributes["t"], 1 / 0))",
        R"(set(kind.string, "server"))", R"(set(span_id.string, "12"))",
        R"(merge_maps(attributes, attributes["a"], "insert"))",
        R"(set(attributes["n"][100000], 1))"}) {
    const auto refused = run_statements("span", {statement}, shop_span(sample));
    BOOST_TEST(refused.refusal != "", statement);
    BOOST_TEST(refused.refusal.find("one two") == std::string::npos);
    const auto ignored = run_statements("span", {statement, R"(set(name, "after"))"},
                                        shop_span(sample), signal::traces, "silent");
    BOOST_TEST(ignored.refusal == "");
    BOOST_TEST(ignored.json.find(R"("name":"after")") != std::string::npos, statement);
  }
}

// Scenario: a text that doubles itself with each of 64 statements. Guarantee: it ends at a bound.
BOOST_AUTO_TEST_CASE(growth_ends) {
  std::vector<std::string> statements(
      64, R"(set(attributes["a"], Concat([attributes["a"], attributes["a"]], "")))");
  const auto run = run_statements("span", statements, shop_span(sample));
  BOOST_TEST(run.refusal.find("too large") != std::string::npos, run.refusal);
}

BOOST_AUTO_TEST_SUITE_END()
