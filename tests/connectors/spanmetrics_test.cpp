#include "connectors/spanmetrics.hpp"
#include "tests/editing/messages.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <regex>

using namespace weir;
using namespace weir::connectors;
using namespace weir::editing::test;

namespace {

std::string span(const std::string& name, int ms, const std::string& more = "") {
  return fmt::format(R"({{"traceId":"{0}{0}","spanId":"{0}","name":"{1}","kind":2,)"
                     R"("startTimeUnixNano":"1000000000","endTimeUnixNano":"{2}"{3}}})",
                     "0123456789abcdef", name, 1'000'000'000 + std::int64_t{ms} * 1'000'000, more);
}

std::string of_service(const std::string& service, const std::string& spans) {
  return traces(R"([{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":")"
                + service + R"("}}]},"scopeSpans":[{"scope":{"name":"lib","version":"1"},"spans":[)"
                + spans + "]}]}]");
}

std::string attribute(const std::string& key, const std::string& value) {
  return fmt::format(R"({{"key":"{}","value":{}}})", key, value);
}

struct fixture {
  void start() { uut = make_spanmetrics(config, "n1"); }

  void take(const std::string& message) { uut->take(message, now); }

  std::string flush() {
    now.steady += second_ns;
    now.wall += 1;
    std::string text;
    for (const auto& made : uut->flush(now)) {
      points += made.points;
      text += json(made.message, signal::metrics) + "\n";
    }
    return text;
  }

  /// Values of the data points of a metric: counts of sums, counts of histograms.
  static std::vector<std::string> values(const std::string& text, const std::string& metric) {
    std::vector<std::string> found;
    auto begin = text.find("\"name\":\"" + metric + "\"");
    if (begin == std::string::npos)
      return found;
    const auto part = text.substr(begin, text.find("\"aggregationTemporality\"", begin) - begin);
    const std::regex value(R"re("(?:asInt|count)":"(\d+)")re");
    for (std::sregex_iterator it(part.begin(), part.end(), value), end; it != end; ++it)
      found.push_back((*it)[1]);
    std::sort(found.begin(), found.end());
    return found;
  }

  static bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }

  spanmetrics_config config;
  meter_ptr uut;
  moment now{second_ns, 1'000};
  std::uint64_t points = 0;
};

using list = std::vector<std::string>;
const std::string calls = "traces.span.metrics.calls";
const std::string duration = "traces.span.metrics.duration";

} // namespace

BOOST_FIXTURE_TEST_SUITE(spanmetrics_test, fixture)

// Scenario: spans of two names and a service, flushed twice. Guarantee: calls begin with 0 as in the
// Collector, then go on; durations stand in buckets from the first flush on.
BOOST_AUTO_TEST_CASE(spans_are_counted_and_measured) {
  start();
  take(of_service("shop", span("get", 3) + "," + span("get", 7) + "," + span("put", 20'000)));
  const auto first = flush();
  BOOST_TEST(values(first, calls) == (list{"0", "0"}), boost::test_tools::per_element());
  BOOST_TEST(values(first, duration) == (list{"1", "2"}), boost::test_tools::per_element());
  BOOST_TEST(has(first, R"("bucketCounts":["0","1","0","1","0",)"));
  BOOST_TEST(has(first, R"("unit":"ms")"));
  BOOST_TEST(has(first, R"("sum":10)"));
  BOOST_TEST(has(first, R"({"key":"span.kind","value":{"stringValue":"SPAN_KIND_SERVER"}},)"
                        R"({"key":"status.code","value":{"stringValue":"STATUS_CODE_UNSET"}},)"
                        R"({"key":"collector.instance.id","value":{"stringValue":"n1"}}])"));
  BOOST_TEST(has(first, R"("startTimeUnixNano":"1000","timeUnixNano":"1001")"));
  take(of_service("shop", span("get", 1)));
  const auto second = flush();
  BOOST_TEST(values(second, calls) == (list{"1", "3"}), boost::test_tools::per_element());
  BOOST_TEST(has(second, R"("startTimeUnixNano":"1000","timeUnixNano":"1002")"));
  BOOST_TEST(points == 8U);
}

// Scenario: a resource without a service. Guarantee: its spans are not counted, as in the Collector.
BOOST_AUTO_TEST_CASE(services_have_names) {
  start();
  take(traces(R"([{"resource":{},"scopeSpans":[{"spans":[)" + span("get", 3) + "]}]}]"));
  BOOST_TEST(flush() == "");
}

// Scenario: delta. Guarantee: each flush has what came since the last, and begins where that ended.
BOOST_AUTO_TEST_CASE(delta_series_begin_anew) {
  config.aggregation_temporality = temporality::delta;
  start();
  take(of_service("shop", span("get", 3)));
  BOOST_TEST(values(flush(), calls) == (list{"1"}), boost::test_tools::per_element());
  BOOST_TEST(flush() == "");
  take(of_service("shop", span("get", 3) + "," + span("get", 4)));
  const auto text = flush();
  BOOST_TEST(values(text, calls) == (list{"2"}), boost::test_tools::per_element());
  BOOST_TEST(has(text, R"("startTimeUnixNano":"1001","timeUnixNano":"1003")"));
  BOOST_TEST(uut->series() == 0U);
}

// Scenario: dimensions of the span, of the resource, with a default, and some that are missing.
// Guarantee: they tell series apart, in this order of rank.
BOOST_AUTO_TEST_CASE(dimensions_tell_series_apart) {
  config.dimensions = {{"method", "GET"}, {"service.zone", {}}, {"service.name2", {}}};
  config.exclude_dimensions = {"span.kind", "collector.instance.id"};
  config.include_instrumentation_scope = {"lib"};
  start();
  const auto with = [](const std::string& attributes) {
    return R"(,"attributes":[)" + attributes + "]";
  };
  take(of_service("shop",
                  span("get", 3) + ","
                      + span("get", 3, with(attribute("method", R"({"stringValue":"GET"})"))) + ","
                      + span("get", 3, with(attribute("method", R"({"intValue":"5"})")))));
  (void)flush();
  const auto text = flush();
  BOOST_TEST(values(text, calls) == (list{"1", "2"}), boost::test_tools::per_element());
  BOOST_TEST(has(text,
                 R"({"key":"span.instrumentation.scope.name","value":{"stringValue":"lib"}},)"
                 R"({"key":"span.instrumentation.scope.version","value":{"stringValue":"1"}},)"
                 R"({"key":"method","value":{"intValue":"5"}}])"));
  BOOST_TEST(!has(text, "span.kind"));
}

// Scenario: more values of a dimension than there may be series. Guarantee: the others come together
// in one series that says so, and are counted.
BOOST_AUTO_TEST_CASE(what_is_beyond_the_limit_comes_together) {
  config.aggregation_cardinality_limit = 2;
  config.exemplars.enabled = true;
  start();
  for (int i = 0; i < 10; ++i)
    take(of_service("shop", span("s" + std::to_string(i), i)));
  (void)flush();
  const auto text = flush();
  BOOST_TEST(values(text, calls) == (list{"1", "1", "8"}), boost::test_tools::per_element());
  BOOST_TEST(values(text, duration) == (list{"1", "1", "8"}), boost::test_tools::per_element());
  BOOST_TEST(has(text, R"({"key":"otel.metric.overflow","value":{"boolValue":true}})"));
  BOOST_TEST(uut->overflowed() == 8U);
  BOOST_TEST(uut->series() == 3U);
}

// Scenario: more resources than are held. Guarantee: the one seen longest ago is flushed once more,
// then gone; one that comes again before that stays.
BOOST_AUTO_TEST_CASE(resources_make_room) {
  config.resource_metrics_cache_size = 2;
  start();
  for (const auto* service : {"a", "b", "a", "c"})
    take(of_service(service, span("get", 3)));
  BOOST_TEST(has(flush(), R"({"stringValue":"b"})"));
  const auto text = flush();
  BOOST_TEST(!has(text, R"({"stringValue":"b"})"));
  BOOST_TEST(has(text, R"({"stringValue":"a"})"));
  for (const auto* service : {"b", "a", "b"})
    take(of_service(service, span("get", 3)));
  (void)flush();
  const auto last = flush();
  BOOST_TEST(has(last, R"({"stringValue":"a"})"));
  BOOST_TEST(has(last, R"({"stringValue":"b"})"));
  BOOST_TEST(!has(last, R"({"stringValue":"c"})"));
}

// Scenario: resources and series that nothing more comes for. Guarantee: they go after their time.
BOOST_AUTO_TEST_CASE(what_is_not_seen_goes) {
  config.metrics_expiration = std::chrono::milliseconds(2500);
  config.series_expiration = std::chrono::milliseconds(1500);
  start();
  take(of_service("shop", span("get", 3) + "," + span("put", 3)));
  (void)flush(); // 1 s
  take(of_service("shop", span("put", 3)));
  BOOST_TEST(values(flush(), calls).size() == 2U); // 2 s: "get" goes behind it
  BOOST_TEST(values(flush(), calls) == (list{"2"}), boost::test_tools::per_element());
  BOOST_TEST(flush() == "");
  BOOST_TEST(uut->series() == 0U);
}

// Scenario: keys of resources by some attributes alone. Guarantee: what else differs does not tell
// them apart, and services still do.
BOOST_AUTO_TEST_CASE(resources_are_told_apart_by_chosen_attributes) {
  config.resource_metrics_key_attributes = {"zone"};
  start();
  take(of_service("a", span("get", 3)));
  take(of_service("b", span("get", 3)));
  take(of_service("a", span("get", 3)));
  (void)flush();
  BOOST_TEST(values(flush(), calls) == (list{"1", "2"}), boost::test_tools::per_element());
}

// Scenario: dimensions of calls alone, of durations alone, events with theirs, and exemplars.
// Guarantee: each metric has its own series.
BOOST_AUTO_TEST_CASE(metrics_have_their_own_dimensions) {
  config.calls_dimensions = {{"a", {}}};
  config.histogram.dimensions = {{"b", {}}};
  config.events = {true, {{"kind", {}}}};
  config.exemplars.enabled = true;
  config.exemplars.max_per_data_point = 1;
  start();
  const auto with = [](int a, int b) {
    return fmt::format(R"(,"attributes":[{},{}],"events":[{{"name":"e","attributes":[{}]}},{{}}])",
                       attribute("a", fmt::format(R"({{"intValue":"{}"}})", a)),
                       attribute("b", fmt::format(R"({{"intValue":"{}"}})", b)),
                       attribute("kind", R"({"stringValue":"k"})"));
  };
  take(of_service("shop", span("get", 3, with(1, 1)) + "," + span("get", 3, with(1, 2)) + ","
                              + span("get", 3, with(2, 2))));
  const auto first = flush();
  BOOST_TEST(has(first, R"("exemplars":[{"timeUnixNano":"1001","asDouble":3,)"));
  const auto text = flush();
  BOOST_TEST(values(text, calls) == (list{"1", "2"}), boost::test_tools::per_element());
  BOOST_TEST(values(text, duration) == (list{"1", "2"}), boost::test_tools::per_element());
  BOOST_TEST(values(text, "traces.span.metrics.events") == (list{"3", "3"}),
             boost::test_tools::per_element());
  BOOST_TEST(!has(text, "exemplars"));
}

// Scenario: thresholds in the trace state. Guarantee: a span stands for as many as it was one of.
BOOST_AUTO_TEST_CASE(kept_spans_stand_for_others) {
  config.enable_metrics_sampling_method = true;
  start();
  take(of_service("shop", span("get", 3, R"(,"traceState":"ot=th:c")") + ","
                              + span("get", 3, R"(,"traceState":"x=y")") + "," + span("get", 3)));
  (void)flush();
  const auto text = flush();
  BOOST_TEST(values(text, calls) == (list{"2", "4"}), boost::test_tools::per_element());
  BOOST_TEST(has(text, R"({"key":"sampling.method","value":{"stringValue":"extrapolated"}})"));
}

// Scenario: what is held is saved and taken up by another process, with all kinds of histograms.
// Guarantee: it goes on as if there had been no stop; bytes that are cut change nothing.
BOOST_AUTO_TEST_CASE(what_is_saved_goes_on) {
  for (const bool exponential : {false, true}) {
    if (exponential)
      config.histogram.exponential = exponential_buckets{};
    start();
    const auto message = of_service("shop", span("get", 0) + "," + span("get", 7) + ","
                                                + span("put", 123) + "," + span("put", 9999));
    take(message);
    (void)flush();
    const auto saved = uut->save();
    const auto before = uut;
    start();
    for (std::size_t size = 0; size < saved.size(); ++size) {
      const bool read = uut->restore(saved.substr(0, size), now);
      BOOST_TEST((size < 2 || !read));
    }
    start();
    BOOST_REQUIRE(uut->restore(saved, now));
    BOOST_TEST(uut->series() == before->series());
    take(message);
    before->take(message, now);
    const auto text = flush();
    std::string expected;
    for (const auto& made : before->flush(now))
      expected += json(made.message, signal::metrics) + "\n";
    BOOST_TEST(text == expected);
  }
}

// Scenario: exponential histograms of values that lie far apart. Guarantee: at most as many buckets
// as may be, by a coarser scale; zeros apart; the sums agree.
BOOST_AUTO_TEST_CASE(exponential_buckets_fit_themselves) {
  config.histogram.exponential = exponential_buckets{4};
  start();
  take(of_service("shop", span("get", 0) + "," + span("get", 1) + "," + span("get", 4) + ","
                              + span("get", 16) + "," + span("get", 1024)));
  const auto text = flush();
  // Powers of two are upper bounds: 1, 4, 16 and 1024 have indexes -1, 1, 3 and 9 at scale 0, which
  // fit into four buckets at scale -2.
  BOOST_TEST(has(text, R"("scale":-2,"zeroCount":"1","positive":{"offset":-1,"bucketCounts":)"
                       R"(["1","2","0","1"]})"));
  BOOST_TEST(has(text, R"("min":0,"max":1024)"));
}

// Scenario: names of spans that are long and different, and resources that are. Guarantee: what is
// held stays within its bytes; nothing is lost of the counts but what resources took along.
BOOST_AUTO_TEST_CASE(long_names_do_not_take_all_memory) {
  config.histogram.disable = true;
  start();
  const std::string name(1 << 20, 'n');
  for (int i = 0; i < 400; ++i)
    take(of_service("shop", span(name + std::to_string(i), 1)));
  BOOST_TEST(uut->series() < 300U);
  BOOST_TEST(uut->overflowed() > 100U);
  start();
  for (int i = 0; i < 200; ++i)
    take(of_service(name + std::to_string(i), span("get", 1)));
  BOOST_TEST(uut->series() <= 64U);
  BOOST_TEST(uut->overflowed() >= 136U);
}

// Scenario: a span that ends before it begins, and a wall clock that is set back and far ahead.
// Guarantee: its duration is 0, and nothing expires by the wall clock.
BOOST_AUTO_TEST_CASE(clocks_that_jump) {
  config.metrics_expiration = std::chrono::hours(1);
  start();
  take(of_service("shop", span("get", -5)));
  now.wall = 5;
  BOOST_TEST(has(flush(), R"("bucketCounts":["1","0",)"));
  now.wall += std::uint64_t{1} << 60;
  BOOST_TEST(values(flush(), calls) == (list{"1"}), boost::test_tools::per_element());
  BOOST_TEST(values(flush(), calls) == (list{"1"}), boost::test_tools::per_element());
}

// Scenario: twenty thousand series. Guarantee: messages of about 1 MiB, each whole by itself.
BOOST_AUTO_TEST_CASE(large_flushes_are_several_messages) {
  config.histogram.disable = true;
  start();
  std::string spans;
  for (int i = 0; i < 20'000; ++i) {
    spans += (spans.empty() ? "" : ",") + span("name-" + std::to_string(i), 1);
    if (i % 1000 == 999) {
      take(of_service("shop", spans));
      spans.clear();
    }
  }
  now.wall += 1;
  std::uint64_t all = 0;
  const auto made = uut->flush(now);
  BOOST_TEST(made.size() > 2U);
  for (const auto& one : made) {
    BOOST_TEST(one.message.size() <= (5U << 18));
    all += one.points;
  }
  BOOST_TEST(all == 20'000U);
}

BOOST_AUTO_TEST_SUITE_END()
