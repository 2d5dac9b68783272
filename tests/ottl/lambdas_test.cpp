#include "ottl/go_format.hpp"
#include "tests/ottl/runs.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <fmt/format.h>

// Lambdas, and the functions of lists and formats. What the Collector gives is compared in
// tests/system/differential.
namespace {

using namespace weir;
using namespace weir::processors;
using namespace weir::ottl::test;

struct row {
  std::string expression;
  std::string wanted; ///< JSON of its value, or part of the error's text.
};

const std::string present =
    R"({"key":"l","value":{"arrayValue":{"values":[{"intValue":"7"},{"stringValue":"x"}]}}},)"
    R"({"key":"m","value":{"kvlistValue":{"values":[{"key":"b","value":{"intValue":"2"}},)"
    R"({"key":"a","value":{"intValue":"1"}}]}}})";

ottl_run value_of(const std::string& expression) {
  return run_statements("span", {fmt::format(R"(set(attributes["r"], {}))", expression)},
                        shop_span("[" + present + "]"));
}

void check(const std::vector<row>& rows) {
  for (const auto& r : rows) {
    const auto run = value_of(r.expression);
    BOOST_TEST(run.refusal == "", r.expression << ": " << run.refusal);
    const auto wanted =
        json(shop_span("[" + present + R"(,{"key":"r","value":)" + r.wanted + "}]"));
    BOOST_TEST(run.json == wanted, r.expression << " gave\n" << run.json << "\nnot\n" << wanted);
  }
}

void check_failures(const std::vector<row>& rows) {
  for (const auto& r : rows) {
    const auto run = value_of(r.expression);
    BOOST_TEST(run.refusal.find(r.wanted) != std::string::npos,
               r.expression << ": " << run.refusal);
  }
}

std::string text(const std::string& value) {
  return R"({"stringValue":")" + value + R"("})";
}
std::string whole(std::int64_t value) {
  return fmt::format(R"({{"intValue":"{}"}})", value);
}
std::string truth(bool value) {
  return fmt::format(R"({{"boolValue":{}}})", value);
}
std::string list(const std::string& values) {
  return R"({"arrayValue":{"values":[)" + values + "]}}";
}
std::string pair(const std::string& key, const std::string& value) {
  return R"({"key":")" + key + R"(","value":)" + value + "}";
}
std::string map(const std::string& pairs) {
  return R"({"kvlistValue":{"values":[)" + pairs + "]}}";
}

} // namespace

BOOST_AUTO_TEST_SUITE(lambdas_test)

// Scenario: lambdas over maps and lists, inside each other, with names that are paths too.
// Guarantee: what each function makes of them.
BOOST_AUTO_TEST_CASE(lambdas_are_called_for_each_element) {
  check({{R"(Any(attributes["l"], (_, v) => v == "x"))", truth(true)},
         {R"(Any([], (_, _) => true))", truth(false)},
         {R"(All(attributes["m"], (k, v) => IsString(k) and v > 1))", truth(false)},
         {R"(All({}, (_, _) => false))", truth(true)},
         {R"(Filter(attributes["m"], (k, v) => v > 1))", map(pair("b", whole(2)))},
         {R"(Filter([5, 1, 7], (i, v) => v > 2 and i < 2))", list(whole(5))},
         {R"(Find([1, 2, 3], (_, v) => v > 1))", whole(2)},
         {R"(Find([1, 2, 3], (_, v) => v > 1, (i, v) => v * 10 + i))", whole(21)},
         {R"(Find(attributes["m"], (k, _) => k == "z"))", "{}"},
         {R"(MapEach(attributes["m"], (k, v) => Concat([k, v], "")))",
          map(pair("b", text("b2")) + "," + pair("a", text("a1")))},
         {R"(MapEach([1, 2], (_, v) => v == 2))", list(truth(false) + "," + truth(true))},
         {R"(MapEach([[1], [2, 3]], (_, l) => MapEach(l, (_, v) => v + Len(l))))",
          list(list(whole(2)) + "," + list(whole(4) + "," + whole(5)))},
         {R"(MapEach([1], (name, _) => name))", list(whole(0))},
         {R"(MapEach([1], (_, _) => name))", list(text("GET /cart"))},
         {R"(MapEach([{"x": [4]}], (_, m) => m["x"][0]))", list(whole(4))},
         {R"(MapKeys({"a": 1, "b": 2, "c": 3}, (k, v) => When(() => v == 2, k, "same")))",
          map(pair("same", whole(3)) + "," + pair("b", whole(2)))},
         {R"(Reduce([1, 2, 3], 10, (sum, _, v) => sum + v))", whole(16)},
         {R"(Reduce([], "seed", (a, _, _) => a))", text("seed")},
         {R"(When(() => kind == 3, "yes", 1 / 0))", text("yes")},
         {R"(When(() => name == "x" or kind == 1, 1 / 0, "no"))", text("no")}});
}

// Scenario: lambdas that give another type, keys that are not there, what is no collection, a value
// that doubles itself. Guarantee: the statement fails.
BOOST_AUTO_TEST_CASE(lambdas_fail) {
  check_failures(
      {{R"(Any("text", (_, _) => true))", "a map or a list"},
       {R"(Filter([1], (_, v) => v))", "a boolean"},
       {R"(When(() => Len(name), 1, 2))", "a boolean"},
       {R"(MapEach([1], (_, v) => v["k"]))", "a map to look"},
       {R"(MapEach([{}], (_, v) => v["k"]))", "does not have the key"},
       {R"(MapKeys({"a": 1}, (_, v) => v))", "a string"},
       {R"(MapEach([1], (_, _) => start_time))", "can hold"},
       {R"(Reduce(Split("a a a a a a a a a a a a a a a a a a a a a a", " "), name, (a, _, _) => Concat([a, a, a], "")))",
        "too large"}});
}

// Scenario: lambdas where none are wanted, with other parameters, with names that nobody knows.
// Guarantee: an error at start.
BOOST_AUTO_TEST_CASE(lambdas_are_checked_at_start) {
  for (const auto& [expression, wanted] : std::vector<std::pair<std::string, std::string>>{
           {"() => 1", "expected a value"},
           {"Any([1], (v) => true)", "found a lambda of 1 parameters, expected 2"},
           {"Any([1], true)", "a lambda such as"},
           {"Any([1], (k, v) => w)", "unknown path `w`"},
           {"Any([1], (k, v) => v.x)", "expected a key"},
           {"Any([1], (K, v) => true)", "`)`"},
           {"Any([1], (k, v) => v and true)", "a comparison"},
           {"When(() => true, v, 1)", "unknown path `v`"},
           {"MapEach([1], (_, v) => MapEach([1], (_, w) => w) == w)", "unknown path `w`"},
           {R"(MapKeys([1], (_, v) => "a"))", "a map"},
           {R"(Sort([1], "up"))", "`desc`"},
           {R"(SliceToMap([], []))", "a path without keys"},
           {R"(Format("%z", []))", "%z"},
           {R"(Format("%5", []))", "%5"},
           {R"(Format("%*d", [1, 2]))", "%*"},
           {R"(Format("%s", name))", "a list"}}) {
    transform_config config;
    config.trace_statements = {
        {"span", {}, {fmt::format(R"(set(attributes["r"], {}))", expression)}, "ignore"}};
    const auto made = make_transform(config, signal::traces, "t");
    BOOST_REQUIRE_MESSAGE(!made, expression);
    BOOST_TEST(made.error().message.find(wanted) != std::string::npos, made.error().message);
  }
}

// Scenario: lists of one type and of several. Guarantee: sorted as numbers where there is nothing
// else, as texts otherwise, not at all where something has no order; lists become maps by place or
// by key.
BOOST_AUTO_TEST_CASE(lists_are_sorted_and_become_maps) {
  check(
      {{"Sort([3, 1, 2])", list(whole(1) + "," + whole(2) + "," + whole(3))},
       {R"(Sort([3, 10.5, 2], "desc"))",
        list(R"({"doubleValue":10.5},)" + whole(3) + "," + whole(2))},
       {R"(Sort(["b", 10, true, 9]))",
        list(whole(10) + "," + whole(9) + "," + text("b") + "," + truth(true))},
       {"Sort([2, [1]])", list(whole(2) + "," + list(whole(1)))},
       {"Sort([])", list("")},
       {R"(SliceToMap(attributes["l"]))", map(pair("0", whole(7)) + "," + pair("1", text("x")))},
       {R"(SliceToMap([{"k": {"n": "x"}, "v": 1}, {"k": {"n": "x"}, "v": 2}], ["k", "n"], ["v"]))",
        map(pair("x", whole(2)))}});
  check_failures({{"Sort(name)", "another type"},
                  {R"(SliceToMap(name))", "another type"},
                  {R"(SliceToMap([1], ["k"]))", "expected maps"},
                  {R"(SliceToMap([{"k": 1}], ["k"]))", "a string as the key"},
                  {R"(SliceToMap([{"k": 1}], ["z"]))", "does not have the path"}});
}

// Scenario: formats with flags, widths and precisions, with too few and too many values. Guarantee:
// the text that Go makes.
BOOST_AUTO_TEST_CASE(formats_are_go_s) {
  using ottl::value;
  const auto formatted = [](const std::string& format, const std::vector<value>& values) {
    BOOST_TEST(ottl::check_go_format(format) == "");
    std::string out;
    BOOST_TEST(ottl::go_format(format, values, out));
    return out;
  };
  const auto number = [](std::int64_t n) { return value::of(n); };
  BOOST_TEST(formatted("%5d|%-5d|%05d|%+d|% d|%.3d",
                       {number(42), number(42), number(-42), number(42), number(42), number(4)})
             == "   42|42   |-0042|+42| 42|004");
  BOOST_TEST(
      formatted("%x %X %o %b %c", {number(255), number(255), number(8), number(5), number(0x20ac)})
      == "ff FF 10 101 \xe2\x82\xac");
  BOOST_TEST(formatted("%v %v %v %g %.2f %e", {value::of(1e6), value::of(123456.0), value::of(1e-5),
                                               value::of(0.1), value::of(2.345), value::of(1.5)})
             == "1e+06 123456 1e-05 0.1 2.35 1.500000e+00");
  BOOST_TEST(
      formatted("%v %6v %f", {value::of(-INFINITY), value::of(INFINITY), value::of(double(NAN))})
      == "-Inf   +Inf NaN");
  BOOST_TEST(formatted("%4s|%-4s|%.1s|%x", {value::of_string("\xc3\xa9"), value::of_string("e"),
                                            value::of_string("\xc3\xa9x"), value::of_string("hi")})
             == "   \xc3\xa9|e   |\xc3\xa9|6869");
  BOOST_TEST(formatted("%d %t %s%%", {value::of_string("x"), number(1), value{}})
             == "%!d(string=x) %!t(int64=1) %!s(<nil>)%");
  BOOST_TEST(formatted("%s %s", {value::of_string("a")}) == "a %!s(MISSING)");
  BOOST_TEST(formatted("-", {number(1), value::of(true), value{}})
             == "-%!(EXTRA int64=1, bool=true, <nil>)");
  std::string out;
  BOOST_TEST(!ottl::go_format("%v", {value::of_time(ottl::value_type::time, 1)}, out));
  const std::string large(1 << 20, 'x');
  BOOST_TEST(
      !ottl::go_format("%s%s%s%s%s%s%s%s%s", std::vector<value>(9, value::of_string(large)), out));
}

// Scenario: values of each type, cleared. Guarantee: the empty value of that type.
BOOST_AUTO_TEST_CASE(values_are_cleared) {
  const auto cleared = [](const std::string& target) {
    return run_statements("span", {"clear(" + target + ")"}, shop_span("[" + present + "]"));
  };
  BOOST_TEST(cleared("attributes").json == json(shop_span("[]")));
  BOOST_TEST(cleared("name").json.find("GET") == std::string::npos);
  BOOST_TEST(cleared("start_time_unix_nano").json.find(R"("startTimeUnixNano":"0")")
             != std::string::npos);
  BOOST_TEST(cleared(R"(attributes["m"]["a"])").json.find(R"({"key":"a","value":{"intValue":"0"}})")
             != std::string::npos);
  BOOST_TEST(cleared(R"(attributes["l"])").json.find(R"("key":"l","value":{"arrayValue":{}})")
                 != std::string::npos,
             cleared(R"(attributes["l"])").json);
  BOOST_TEST(cleared("span_id").refusal == "");
}

BOOST_AUTO_TEST_SUITE_END()
