#include "tests/ottl/runs.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

// Functions of files in use. What the Collector gives is compared in tests/system/differential.
namespace {

using namespace weir;
using namespace weir::processors;
using namespace weir::ottl::test;

struct row {
  std::string expression;
  std::string json; ///< Of the value.
};

/// The value that an expression has, on a span with some attributes.
void check(const std::vector<row>& rows) {
  const std::string present =
      R"({"key":"l","value":{"arrayValue":{"values":[{"intValue":"7"},{"stringValue":"x"}]}}},)"
      R"({"key":"m","value":{"kvlistValue":{"values":[{"key":"b","value":{"stringValue":"v=2"}},)"
      R"({"key":"a","value":{"intValue":"1"}}]}}})";
  for (const auto& r : rows) {
    const auto run =
        run_statements("span", {fmt::format(R"(set(attributes["r"], {}))", r.expression)},
                       shop_span("[" + present + "]"));
    BOOST_TEST(run.refusal == "", r.expression << ": " << run.refusal);
    const auto wanted = json(shop_span("[" + present + R"(,{"key":"r","value":)" + r.json + "}]"));
    BOOST_TEST(run.json == wanted, r.expression << " gave\n" << run.json << "\nnot\n" << wanted);
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

} // namespace

BOOST_AUTO_TEST_SUITE(functions_test)

// Scenario: names of metrics and fields in other cases. Guarantee: as the Collector's library makes
// them.
BOOST_AUTO_TEST_CASE(cases) {
  check({
      {R"(ConvertCase("MyMetricName", "snake"))", text("my_metric_name")},
      {R"(ConvertCase("JSONData2x", "snake"))", text("json_data_2_x")},
      {R"(ConvertCase(" many words-and.such ", "snake"))", text("many_words_and_such")},
      {R"(ConvertCase("AnyKind of_string", "camel"))", text("AnyKindOfString")},
      {R"(ConvertCase("my_metric.name2x", "camel"))", text("MyMetricName2X")},
      {R"(ConvertCase("ID", "camel"))", text("Id")},
      {R"(ConvertCase("HTTPStatus", "camel"))", text("Httpstatus")},
      {R"(ConvertCase("SOME Name", "lower"))", text("some name")},
      {R"(ConvertCase("some name", "upper"))", text("SOME NAME")},
      {R"(ToSnakeCase("userID"))", text("user_id")},
      {R"(ToCamelCase("user_id"))", text("UserId")},
  });
}

// Scenario: times written, cut, taken apart. Guarantee: by the calendar in UTC.
BOOST_AUTO_TEST_CASE(times) {
  const std::string unix = "Unix(1709226309, 123456789)";
  check({
      {"FormatTime(" + unix + R"(, "%Y-%m-%dT%H:%M:%S.%L%j"))",
       text("2024-02-29T17:05:09.123+00:00")},
      {"FormatTime(" + unix + R"(, "%A %b %e %y, %l:%M%p %Z %%"))",
       text("Thursday Feb 29 24, 5:05PM UTC %")},
      {"FormatTime(" + unix + R"(, "%F %T,%f %z"))", text("2024-02-29 17:05:09,123456 Z")},
      {"FormatTime(Unix(0), \"%D %g %q\")", text("01/01/70 1 1")},
      {"Year(" + unix + ")", whole(2024)},
      {"Month(" + unix + ")", whole(2)},
      {"Day(" + unix + ")", whole(29)},
      {"Weekday(" + unix + ")", whole(4)},
      {"Hour(" + unix + ")", whole(17)},
      {"Minute(" + unix + ")", whole(5)},
      {"Second(" + unix + ")", whole(9)},
      {"Nanosecond(" + unix + ")", whole(123456789)},
      {"Hour(Unix(-1))", whole(23)},
      {"UnixSeconds(TruncateTime(" + unix + R"(, Duration("1h"))))", whole(1709226000)},
      {"UnixSeconds(TruncateTime(Unix(-1), Duration(\"24h\")))", whole(-86400)},
      {"UnixSeconds(TruncateTime(Unix(345600), Duration(\"168h\")))", whole(345600)}, // Mondays
  });
}

// Scenario: texts, numbers and maps in other forms. Guarantee: as documented, and errors where
// there is no answer.
BOOST_AUTO_TEST_CASE(other_forms) {
  check({
      {R"(Base64Encode("a?>b"))", text("YT8+Yg==")},
      {R"(Base64Encode("a?>b", "base64-raw-url"))", text("YT8-Yg")},
      {R"(Base64Decode("aGVsbG8gd29ybGQ="))", text("hello world")},
      {R"(Decode("aGVsbG8", "base64-raw"))", text("hello")},
      {R"(ParseInt("0b1111_0000", 0))", whole(240)},
      {R"(ParseInt("-0o123", 0))", whole(-83)},
      {R"(ParseInt("AA", 16))", whole(170)},
      {R"(ParseInt("-9223372036854775808", 10))", whole(std::numeric_limits<std::int64_t>::min())},
      {R"(Int(Log(100) * 1000))", whole(4605)},
      {R"(IsValidLuhn("17893729974"))", truth(true)},
      {R"(IsValidLuhn(17893729975))", truth(false)},
      {R"(Index("hello world", "world"))", whole(6)},
      {R"(Index(attributes["l"], "x"))", whole(1)},
      {R"(Index(attributes["l"], 8))", whole(-1)},
      {R"(IsEmpty(attributes["none"]))", truth(true)},
      {R"(IsEmpty(attributes["l"]))", truth(false)},
      {R"(IsEmpty(""))", truth(true)},
      {R"(ToKeyValueString(attributes["m"]))", text(R"(b=\"v=2\" a=1)")},
      {R"(ToKeyValueString(attributes["m"], ":", ",", true))", text("a:1,b:v=2")},
      {R"(Len(UUID()))", whole(36)},
      {R"(Substring(UUIDv7(), 14, 1))", text("7")},
  });
  for (const auto* wrong : {R"(ParseInt("12x", 10))", R"(ParseInt("9223372036854775808", 10))",
                            R"(Log(0))", R"(IsValidLuhn("12a"))", R"(Base64Decode("&"))"}) {
    const auto run = run_statements("span", {fmt::format(R"(set(attributes["r"], {}))", wrong)},
                                    shop_span("[]"));
    BOOST_TEST(run.refusal != "", wrong);
  }
}

// Scenario: elements of a list taken out, values made texts. Guarantee: the rest stays.
BOOST_AUTO_TEST_CASE(lists_and_texts) {
  const auto list = [](const std::string& values) {
    return shop_span(R"([{"key":"l","value":{"arrayValue":{"values":[)" + values + "]}}}]");
  };
  const auto run = [&](const std::string& statement) {
    return run_statements("span", {statement},
                          list(R"({"intValue":"1"},{"intValue":"2"},{"intValue":"3"})"))
        .json;
  };
  BOOST_TEST(run(R"(delete_index(attributes["l"], 0))")
             == json(list(R"({"intValue":"2"},{"intValue":"3"})")));
  BOOST_TEST(run(R"(delete_index(attributes["l"], 0, 2))") == json(list(R"({"intValue":"3"})")));
  BOOST_TEST(run(R"(stringify_all(attributes))")
             == json(shop_span(R"([{"key":"l","value":{"stringValue":"[1,2,3]"}}])")));
}

// Scenario: spans of each kind, with attributes of old and new conventions. Guarantee: their names
// by the conventions; what has none keeps its own; the old name is kept where that is asked for.
BOOST_AUTO_TEST_CASE(spans_are_named_by_conventions) {
  struct span {
    int kind;
    std::vector<std::pair<std::string, std::string>> attributes;
    std::string name;
  };
  const std::vector<span> spans{
      {2, {{"http.request.method", "GET"}, {"http.route", "/cart/{id}"}}, "GET /cart/{id}"},
      {2, {{"http.method", "PUT"}}, "PUT"},
      {3, {{"http.request.method", "GET"}, {"url.template", "/a"}}, "GET /a"},
      {3,
       {{"rpc.system", "grpc"}, {"rpc.service", "shop.Cart"}, {"rpc.method", "Add"}},
       "shop.Cart/Add"},
      {3, {{"db.system", "mysql"}, {"db.operation", "SELECT"}, {"db.name", "shop"}}, "SELECT shop"},
      {3, {{"db.system", "redis"}, {"server.address", "cache"}}, "cache"},
      {3, {{"db.system.name", "x"}, {"db.query.summary", "SELECT carts"}}, "SELECT carts"},
      {4,
       {{"messaging.system", "kafka"},
        {"messaging.operation.name", "send"},
        {"messaging.destination.name", "t"}},
       "send t"},
      {5, {{"messaging.system", "kafka"}}, "kafka"},
      {1, {{"http.request.method", "GET"}}, "own"},
      {2, {{"db.system", "mysql"}}, "own"},
  };
  for (const auto& s : spans) {
    std::string attributes;
    for (const auto& [key, value] : s.attributes)
      attributes += fmt::format(R"({}{{"key":"{}","value":{}}})", attributes.empty() ? "" : ",",
                                key, text(value));
    const auto made = [&](const std::string& name, const std::string& more) {
      return traces(fmt::format(
          R"([{{"scopeSpans":[{{"spans":[{{"name":"{}","kind":{},"attributes":[{}{}]}}]}}]}}])",
          name, s.kind, attributes, more));
    };
    const auto run =
        run_statements("span", {R"(set_semconv_span_name("1.37.0", "was"))"}, made("own", ""));
    const auto more = s.name == "own" ? "" : R"(,{"key":"was","value":{"stringValue":"own"}})";
    BOOST_TEST(run.json == json(made(s.name, more)));
  }
}

// Scenario: sums and gauges of two points, a histogram. Guarantee: the one becomes the other with
// its points, later statements see what it is; a bound is taken out with its count moved up; points
// are asked for attributes.
BOOST_AUTO_TEST_CASE(metrics_change_their_kind) {
  const std::string points =
      R"("dataPoints":[{"attributes":[{"key":"k","value":{"stringValue":"v"}}],"asInt":"1"},{"asInt":"2"}])";
  const auto one = [&](const std::string& data) {
    return metrics(R"([{"scopeMetrics":[{"metrics":[{"name":"n",)" + data + "}]}]}]");
  };
  const auto gauge = one(R"("gauge":{)" + points + "}");
  const auto sum =
      one(R"("sum":{)" + points + R"(,"aggregationTemporality":2,"isMonotonic":true})");
  const auto run = [&](const std::string& context, std::vector<std::string> statements,
                       const std::string& subject) {
    const auto done = run_statements(context, std::move(statements), subject, signal::metrics);
    BOOST_TEST(done.refusal == "");
    return done.json;
  };
  BOOST_TEST(run("metric", {"convert_sum_to_gauge()"}, sum) == json(gauge, signal::metrics));
  BOOST_TEST(run("metric", {R"(convert_gauge_to_sum("cumulative", true))"}, gauge)
             == json(sum, signal::metrics));
  BOOST_TEST(run("metric", {"convert_sum_to_gauge()"}, gauge) == json(gauge, signal::metrics));
  BOOST_TEST(
      run("metric",
          {"convert_sum_to_gauge()", R"(set(name, "g") where type == METRIC_DATA_TYPE_GAUGE)"}, sum)
          .find(R"("name":"g")")
      != std::string::npos);
  const auto histogram = [&](const std::string& counts, const std::string& bounds) {
    return one(R"("histogram":{"dataPoints":[{"count":"6","bucketCounts":[)" + counts
               + R"(],"explicitBounds":[)" + bounds + R"(]}],"aggregationTemporality":2})");
  };
  BOOST_TEST(run("datapoint", {"merge_histogram_buckets(2.0)"}, histogram(R"("1","2","3")", "1,2"))
             == json(histogram(R"("1","5")", "1"), signal::metrics));
  BOOST_TEST(run("datapoint", {"merge_histogram_buckets(1.5)"}, histogram(R"("1","2","3")", "1,2"))
             == json(histogram(R"("1","2","3")", "1,2"), signal::metrics));
  const auto named = [&](const std::string& condition) {
    return run("metric", {R"(set(name, "yes") where )" + condition}, sum).find(R"("name":"yes")")
           != std::string::npos;
  };
  BOOST_TEST(named(R"(HasAttrKeyOnDatapoint("k"))"));
  BOOST_TEST(!named(R"(HasAttrKeyOnDatapoint("x"))"));
  BOOST_TEST(named(R"(HasAttrOnDatapoint("k", "v"))"));
  BOOST_TEST(!named(R"(HasAttrOnDatapoint("k", "w"))"));
}

// Scenario: literals that make no sense. Guarantee: an error at start that says what was expected.
BOOST_AUTO_TEST_CASE(literals_are_checked_at_start) {
  for (const auto& [context, statement, wanted] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"span", R"(set(name, ConvertCase(name, "kebab")))", "kebab"},
           {"span", R"(set(name, FormatTime(start_time, "%Q")))", "%Q"},
           {"span", R"(set(name, FormatTime(start_time, "%S %L")))", "behind a point or comma"},
           {"span", R"(set(name, Decode(name, "utf-16")))", "utf-16"},
           {"span", R"(set(name, ToKeyValueString(attributes, "=", "=")))", "delimiter"},
           {"span", R"(set_semconv_span_name("1.36.0"))", "1.37.0"},
           {"span", R"(set_semconv_span_name("1.37.0", ""))", "empty"},
           {"metric", R"(convert_gauge_to_sum("other", true))", "cumulative"}}) {
    transform_config config;
    auto& groups = context == "span" ? config.trace_statements : config.metric_statements;
    groups = {{context, {}, {statement}, "ignore"}};
    const auto made =
        make_transform(config, context == "span" ? signal::traces : signal::metrics, "t");
    BOOST_REQUIRE(!made);
    BOOST_TEST(made.error().message.find(wanted) != std::string::npos, made.error().message);
  }
}

BOOST_AUTO_TEST_SUITE_END()
