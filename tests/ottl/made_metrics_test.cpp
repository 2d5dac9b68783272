#include "tests/ottl/runs.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

// Statements that make, merge and convert metrics. What the Collector gives is compared in
// tests/system/differential.
namespace {

using namespace weir;
using namespace weir::processors;
using namespace weir::ottl::test;

std::string point(const std::string& host, const std::string& value, int time = 9) {
  return fmt::format(
      R"({{"attributes":[{{"key":"host","value":{{"stringValue":"{}"}}}},)"
      R"({{"key":"n","value":{{"intValue":"{}"}}}}],"startTimeUnixNano":"3","timeUnixNano":"{}",{}}})",
      host, host.size(), time, value);
}

std::string message(const std::string& metric_list) {
  return metrics(R"([{"scopeMetrics":[{"metrics":[)" + metric_list + "]}]}]");
}

std::string metric(const std::string& name, const std::string& data) {
  return fmt::format(R"({{"name":"{}","unit":"s",{}}})", name, data);
}

std::string summary(const std::string& points) {
  return R"("summary":{"dataPoints":[)" + points + "]}";
}
std::string gauge(const std::string& points) {
  return R"("gauge":{"dataPoints":[)" + points + "]}";
}
std::string histogram(const std::string& points) {
  return R"("histogram":{"aggregationTemporality":2,"dataPoints":[)" + points + "]}";
}

ottl_run run(const std::vector<std::string>& statements, const std::string& metric_list,
             const std::string& context = "metric", const std::string& mode = "propagate") {
  return run_statements(context, statements, message(metric_list), signal::metrics, mode);
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto found = text.find(part); found != std::string::npos; found = text.find(part, found + 1))
    ++n;
  return n;
}

struct merge_row {
  std::string method;
  std::string first;
  std::string second;
  std::string third;
  std::string wanted;
};

std::string whole(const std::string& value) {
  return fmt::format(R"("asInt":"{}")", value);
}
std::string real(const std::string& value) {
  return R"("asDouble":)" + value;
}

} // namespace

BOOST_AUTO_TEST_SUITE(made_metrics_test)

// Scenario: histograms and summaries of two points, of which one has no sum. Guarantee: a metric of
// the sums or counts stands behind, and is counted as made.
BOOST_AUTO_TEST_CASE(sums_and_counts_are_extracted) {
  const auto points = point("a", R"("count":"4","sum":2.5)") + "," + point("bb", R"("count":"6")");
  const auto given = metric("h", histogram(points));
  const auto sums = run({R"(extract_sum_metric(true) where name == "h")"}, given);
  const auto wanted =
      given + ","
      + metric("h_sum", R"("sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[)"
                            + point("a", real("2.5")) + "]}");
  BOOST_TEST(sums.json == json(message(wanted), signal::metrics));
  BOOST_TEST(sums.items.made == 1U);
  BOOST_TEST(sums.items.dropped == 0U);
  const auto counts = run({R"(extract_count_metric(false, ".n") where name == "h")"}, given);
  BOOST_TEST(counts.json.find(R"("name":"h.n","unit":"1")") != std::string::npos);
  BOOST_TEST(counts.items.made == 2U);
  const auto of_summary = run({"extract_sum_metric(false) where type == METRIC_DATA_TYPE_SUMMARY"},
                              metric("s", summary(points)));
  BOOST_TEST(of_summary.items.made == 2U); // a summary always has a sum
  BOOST_TEST(run({"extract_sum_metric(true)"}, metric("g", gauge(""))).refusal.find("histogram")
             != std::string::npos);
}

// Scenario: a summary with two quantiles in each of its points. Guarantee: a point for each; in the
// context of data points the whole metric is made for each point.
BOOST_AUTO_TEST_CASE(summaries_become_gauges_and_sums) {
  const std::string quantiles =
      R"("count":"4","sum":2.5,"quantileValues":[{"quantile":0.5,"value":7},{"quantile":0.9,"value":8}])";
  const auto given = metric("s", summary(point("a", quantiles) + "," + point("bb", quantiles)));
  const auto of_quantiles = run({R"(convert_summary_quantile_val_to_gauge("host"))"}, given);
  BOOST_TEST(of_quantiles.items.made == 4U);
  BOOST_TEST(count(of_quantiles.json, R"("key":"host","value":{"doubleValue":0.5})") == 2U);
  BOOST_TEST(count(of_quantiles.json, R"("key":"host")") == 6U); // in the place of what was there
  const auto sums = run({R"(convert_summary_sum_val_to_sum("delta", true))"}, given, "datapoint");
  BOOST_TEST(count(sums.json, R"("name":"s_sum")") == 2U);
  BOOST_TEST(sums.items.made == 4U);
  const auto once =
      run({R"(set(sum, 1.5) where attributes["n"] == 2)",
           R"(convert_summary_sum_val_to_sum("delta", true) where attributes["n"] == 2)"},
          given, "datapoint", "ignore");
  BOOST_TEST(count(once.json, R"("asDouble":1.5)") == 1U); // as the statement before has left it
  BOOST_TEST(count(once.json, R"("asDouble":2.5)") == 1U);
}

// Scenario: copies of metrics, copies of copies, copies without an end. Guarantee: the statements
// run on what was made; what has no end ends by itself, with an error and within its bounds.
BOOST_AUTO_TEST_CASE(copies_end) {
  const auto given = metric("g", gauge(point("a", whole("1"))));
  const auto once = run({R"(copy_metric(name="c", unit="k") where name == "g")"}, given);
  BOOST_TEST(
      once.json
      == json(message(given + R"(,{"name":"c","unit":"k",)" + gauge(point("a", whole("1"))) + "}"),
              signal::metrics));
  const auto twice =
      run({R"(copy_metric(name=Concat([name, "c"], "")) where Len(name) < 4)"}, given);
  BOOST_TEST(twice.json.find(R"("name":"gccc")") != std::string::npos);
  BOOST_TEST(twice.items.made == 3U);
  const auto endless = run({"copy_metric()"}, given, "metric", "ignore");
  BOOST_TEST(endless.items.made == made_items::max_generation);
  BOOST_TEST(run({"copy_metric()"}, given).refusal.find("bounds") != std::string::npos);
  const auto bursting =
      run({"copy_metric()", "copy_metric()", "copy_metric()"}, given, "metric", "ignore");
  BOOST_TEST(bursting.items.made > 1000U);
  BOOST_TEST(bursting.json.size()
             < 8 * made_items::least_bytes); // JSON is larger than what it says
}

// Scenario: a filter that leaves out some points of a metric and all of another, a group that
// copies, a group behind it. Guarantee: the group behind sees the copies; each point that goes or
// comes is counted once.
BOOST_AUTO_TEST_CASE(points_are_counted) {
  const auto given =
      message(metric("g", gauge(point("a", whole("1")) + "," + point("bb", whole("2")))) + ","
              + metric("gone", gauge(point("a", whole("1")) + "," + point("a", whole("3")))));
  filter_config condition;
  condition.metrics_datapoint = {R"(attributes["host"] == "a")"};
  const auto filtered =
      apply(make_filter(condition, signal::metrics, "filter"), signal::metrics, given);
  BOOST_TEST(filtered.items.dropped == 3U);
  BOOST_TEST(filtered.items.made == 0U);
  transform_config config;
  config.metric_statements = {
      {"metric", {}, {R"(copy_metric(name="c") where name == "g")"}, "propagate"},
      {"metric", {}, {R"(set(unit, "behind"))"}, "propagate"}};
  const auto copied = transformed(config, given, signal::metrics);
  BOOST_TEST(copied.items.made == 2U);
  BOOST_TEST(copied.items.dropped == 0U);
  BOOST_TEST(count(copied.json, R"("unit":"behind")") == 3U);
}

// Scenario: values of both types that become one. Guarantee: what each function gives, with the
// type of the first; what was merged is counted as dropped.
BOOST_AUTO_TEST_CASE(numbers_are_merged) {
  for (const auto& r :
       std::vector<merge_row>{{"sum", whole("1"), whole("2"), whole("9"), whole("12")},
                              {"sum", real("1.5"), whole("2"), real("1"), real("4.5")},
                              {"sum", whole("1"), real("2.75"), whole("9"), whole("12")},
                              {"mean", whole("1"), whole("2"), whole("9"), whole("4")},
                              {"mean", real("1"), real("2"), real("9"), real("4")},
                              {"min", whole("4"), whole("-2"), whole("9"), whole("-2")},
                              {"max", real("4"), real("-2"), whole("9"), real("9")},
                              {"median", whole("4"), whole("-2"), whole("9"), whole("4")},
                              {"median", real("4"), real("-2"), real("9"), real("4")},
                              {"count", whole("4"), whole("2"), whole("9"), whole("3")},
                              {"count", real("4"), real("2"), real("9"), real("3")}}) {
    const auto points =
        point("a", r.first) + "," + point("bb", r.second) + "," + point("ccc", r.third);
    const auto merged = run({fmt::format(R"(aggregate_on_attributes("{}", []))", r.method)},
                            metric("g", gauge(points)));
    const auto wanted =
        fmt::format(R"({{"startTimeUnixNano":"3","timeUnixNano":"9",{}}})", r.wanted);
    BOOST_TEST(merged.json == json(message(metric("g", gauge(wanted))), signal::metrics),
               r.method << " gave " << merged.json);
    BOOST_TEST(merged.items.dropped == 2U);
    BOOST_TEST(merged.items.made == 0U);
  }
}

// Scenario: points that share some attributes, or a time. Guarantee: only what is alike in all that
// is left becomes one.
BOOST_AUTO_TEST_CASE(only_what_is_alike_is_merged) {
  const auto points = point("a", whole("1")) + "," + point("bb", whole("2")) + ","
                      + point("a", whole("4"), 10) + "," + point("a", whole("8"));
  const auto left = [&](const std::string& statement) {
    return 4 - run({statement}, metric("g", gauge(points))).items.dropped;
  };
  BOOST_TEST(left(R"(aggregate_on_attributes("sum"))") == 3U);
  BOOST_TEST(left(R"(aggregate_on_attributes("sum", ["host"]))") == 3U);
  BOOST_TEST(left(R"(aggregate_on_attributes("sum", []))") == 2U);
  BOOST_TEST(left(R"(aggregate_on_attribute_value("sum", "host", ["bb", "c"], "a"))")
             == 3U); // "n" differs
  const auto none = run({R"(aggregate_on_attribute_value("sum", "host", ["a"], "b"))"},
                        metric("s", summary(points)));
  BOOST_TEST(none.refusal.find("summaries") != std::string::npos);
}

// Scenario: histograms with bounds, some of which do not fit; exponential ones whose buckets lie
// apart, two of them so far that nothing holds what is between. Guarantee: counts add up where they
// lie.
BOOST_AUTO_TEST_CASE(histograms_are_merged) {
  const auto explicit_points =
      point("a",
            R"("count":"3","sum":1,"min":1,"max":4,"bucketCounts":["1","2"],"explicitBounds":[5])")
      + ","
      + point(
          "bb",
          R"("count":"4","sum":2,"min":0.5,"max":9,"bucketCounts":["3","1"],"explicitBounds":[5])")
      + "," + point("c", R"("count":"4","bucketCounts":["3","1"],"explicitBounds":[6])");
  const auto merged =
      run({R"(aggregate_on_attributes("sum", []))"}, metric("h", histogram(explicit_points)));
  BOOST_TEST(merged.items.dropped == 1U);
  BOOST_TEST(
      merged.json.find(
          R"("count":"7","sum":3,"bucketCounts":["4","3"],"explicitBounds":[5],"min":0.5,"max":9)")
          != std::string::npos,
      merged.json);
  const auto exponential = [](int offset) {
    return fmt::format(
        R"("count":"3","scale":1,"positive":{{"offset":{},"bucketCounts":["1","2"]}})", offset);
  };
  const auto apart = [&](int source, int target) {
    return run({R"(aggregate_on_attributes("sum", []))"},
               metric("e", R"("exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[)"
                               + point("a", exponential(source)) + ","
                               + point("bb", exponential(target)) + "]}"));
  };
  BOOST_TEST(
      apart(2, -1).json.find(R"("positive":{"offset":-1,"bucketCounts":["1","2","0","1","2"]})")
          != std::string::npos,
      apart(2, -1).json);
  BOOST_TEST(apart(2, 3).json.find(R"("positive":{"offset":2,"bucketCounts":["1","3","2"]})")
             != std::string::npos);
  BOOST_TEST(apart(-2'000'000'000, 2'000'000'000).refusal.find("too far apart")
             != std::string::npos);
}

// Scenario: histograms of which a percentile lies in the first, a middle and the last bucket, or
// nowhere. Guarantee: a straight line through the bucket; an error where counts and bounds do not
// fit.
BOOST_AUTO_TEST_CASE(percentiles_are_extracted) {
  const auto value_of = [&](const std::string& percentile, const std::string& fields) {
    const auto done = run({"extract_percentile_metric(" + percentile + ") where name == \"h\""},
                          metric("h", histogram(point("a", fields))));
    const auto found = done.json.find(R"("asDouble":)");
    return found == std::string::npos
               ? done.refusal
               : done.json.substr(found + 11, done.json.find(',', found) - found - 11);
  };
  const std::string counts =
      R"("count":"10","bucketCounts":["4","4","2"],"explicitBounds":[10,20])";
  BOOST_TEST(value_of("20.0", counts) == "5");
  BOOST_TEST(value_of("20.0", counts + R"(,"min":6)") == "8");
  BOOST_TEST(value_of("60.0", counts) == "15");
  BOOST_TEST(value_of("90.0", counts) == "20");
  BOOST_TEST(value_of("90.0", counts + R"(,"max":40)") == "30");
  BOOST_TEST(value_of("50.0", R"("count":"0")") == "");
  BOOST_TEST(value_of("50.0", R"("count":"9","bucketCounts":["1","2"])").find("do not fit")
             != std::string::npos);
  const auto named = run({R"(extract_percentile_metric(99.9) where name == "h")"},
                         metric("h", histogram(point("a", counts))));
  BOOST_TEST(named.json.find(R"("name":"h_p99.9","description":"p99.9")") != std::string::npos,
             named.json);
}

// Scenario: metrics of each kind, scaled. Guarantee: values, bounds, quantiles and exemplars are
// multiplied.
BOOST_AUTO_TEST_CASE(metrics_are_scaled) {
  const auto scaled = [](const std::string& data) {
    return run({R"(scale_metric(10.0, "ds"))"}, metric("m", data));
  };
  BOOST_TEST(scaled(gauge(point("a", whole("3")))).json.find(R"("asInt":"30")")
             != std::string::npos);
  BOOST_TEST(scaled(gauge(point("a", real("0.5")))).json.find(R"("asDouble":5)")
             != std::string::npos);
  const auto buckets = scaled(histogram(
      point("a", R"("count":"1","sum":2,"min":2,"bucketCounts":["1","0"],"explicitBounds":[5],)"
                 R"("exemplars":[{"asDouble":1.5}])")));
  for (const auto* part : {R"("sum":20)", R"("min":20)", R"("explicitBounds":[50])",
                           R"("asDouble":15)", R"("unit":"ds")"})
    BOOST_TEST(buckets.json.find(part) != std::string::npos, part);
  BOOST_TEST(scaled(summary(point("a", R"("quantileValues":[{"quantile":0.5,"value":7}])")))
                 .json.find(R"("value":70)")
             != std::string::npos);
  BOOST_TEST(scaled(R"("exponentialHistogram":{})").refusal.find("gauge, sum")
             != std::string::npos);
}

// Scenario: an exponential histogram with more to count than could be counted one by one.
// Guarantee: each way to convert it keeps the count.
BOOST_AUTO_TEST_CASE(exponential_histograms_get_bounds) {
  for (const std::string method : {"upper", "midpoint", "uniform", "random"}) {
    const auto done = run(
        {fmt::format(R"(convert_exponential_histogram_to_histogram("{}", [0.0, 3.0, 5.0, 100.0]))",
                     method)},
        metric(
            "e",
            R"("exponentialHistogram":{"dataPoints":[)"
                + point(
                    "a",
                    R"("count":"9","zeroCount":"1","positive":{"bucketCounts":["1","9000000000000","1"]})")
                + "]}"));
    BOOST_TEST(done.refusal == "");
    const auto found = done.json.find(R"("bucketCounts":[)");
    BOOST_REQUIRE(found != std::string::npos);
    std::uint64_t sum = 0;
    for (auto digit = found + 16; done.json[digit] != ']'; ++digit)
      if (done.json[digit] == '"' && done.json[digit + 1] != ',' && done.json[digit + 1] != ']')
        sum += std::stoull(done.json.substr(digit + 1));
    BOOST_TEST(sum == 9'000'000'000'003U, method << " " << done.json);
  }
}

// Scenario: literals that make no sense. Guarantee: an error at start that says what was expected.
BOOST_AUTO_TEST_CASE(literals_are_checked_at_start) {
  for (const auto& [statement, wanted] : std::vector<std::pair<std::string, std::string>>{
           {R"(aggregate_on_attributes("avg"))", "median"},
           {R"(aggregate_on_attributes("sum", [1]))", "a string"},
           {"extract_percentile_metric(100.0)", "between 0 and 100"},
           {"extract_percentile_metric(50)", "a real number"},
           {"extract_sum_metric(name)", "true or false"},
           {R"(convert_exponential_histogram_to_histogram("lower", [1.0]))", "midpoint"},
           {R"(convert_exponential_histogram_to_histogram("upper", []))", "no bounds"},
           {R"(convert_exponential_histogram_to_histogram("upper", [1]))", "a real number"},
           {R"(convert_summary_sum_val_to_sum("delta", true))", "unknown function"},
           {"scale_metric(2)", "a real number"}}) {
    transform_config config;
    config.metric_statements = {{"metric", {}, {statement}, "ignore"}};
    const auto made = make_transform(config, signal::metrics, "t");
    BOOST_REQUIRE_MESSAGE(!made, statement);
    BOOST_TEST(made.error().message.find(wanted) != std::string::npos, made.error().message);
  }
}

BOOST_AUTO_TEST_SUITE_END()
