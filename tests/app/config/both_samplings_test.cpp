#include "app/config/both_samplings.hpp"

#include "sampling/policy_set.hpp"
#include "support.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

BOOST_AUTO_TEST_SUITE(both_samplings_test)

using namespace weir::app;
namespace sampling = weir::sampling;

namespace {

using config = sampling::tail_sampling_config;

/// The tail_sampling of a pipeline with these, each a list of policies in YAML.
std::optional<config> linked(const std::string& first, const std::string& second) {
  const auto loaded = load_config(
      fmt::format(
          "receivers: {{otlp: {{protocols: {{grpc: }}}}}}\nexporters: {{nop: }}\n"
          "processors:\n  tail_sampling: {{decision_wait: 10s, num_traces: 7, policies: {}}}\n"
          "  tail_sampling/2: {{decision_wait: 5s, policies: {}}}\n"
          "service: {{pipelines: {{traces: {{receivers: [otlp], exporters: [nop], processors: "
          "[tail_sampling, tail_sampling/2]}}}}}}\n",
          first, second),
      test::variables());
  return loaded ? loaded->config.pipelines.at(0).tail_sampling : std::nullopt;
}

std::optional<config> alone(const std::string& policies) {
  const auto loaded = load_config(
      fmt::format(
          "receivers: {{otlp: {{protocols: {{grpc: }}}}}}\nexporters: {{nop: }}\n"
          "processors: {{tail_sampling: {{policies: {}}}}}\n"
          "service: {{pipelines: {{traces: {{receivers: [otlp], exporters: [nop], processors: "
          "[tail_sampling]}}}}}}\n",
          policies),
      test::variables());
  return loaded ? loaded->config.pipelines.at(0).tail_sampling : std::nullopt;
}

/// Whether it keeps a trace of so many spans and milliseconds, whose id has this number.
bool keeps(sampling::policy_set& set, std::uint32_t spans, std::uint64_t ms, std::uint8_t number) {
  sampling::trace_features trace;
  trace.spans = spans;
  trace.min_start_ns = 1'000'000'000;
  trace.max_end_ns = trace.min_start_ns + ms * 1'000'000;
  weir::trace_id id{};
  id.bytes[3] = static_cast<std::uint8_t>(number * 37);
  id.bytes[15] = number;
  return set.decide(id, trace, 1).keep;
}

const std::string few = "{name: few, type: span_count, span_count: {min_spans: 1, max_spans: 5}}";
const std::string many = "{name: many, type: span_count, span_count: {min_spans: 4}}";
const std::string slow = "{name: slow, type: latency, latency: {threshold_ms: 100}}";
const std::string half =
    "{name: half, type: probabilistic, probabilistic: {sampling_percentage: 50}}";
const std::string all = "{name: all, type: always_sample}";
const std::string both = "{name: both, type: and, and: {and_sub_policy: [{name: x, type: latency, "
                         "latency: {threshold_ms: 50}}, {name: y, type: span_count, span_count: "
                         "{min_spans: 3}}]}}";
const std::string not_slow =
    "{name: quick, type: not, not: {not_sub_policy: {name: z, type: latency, "
    "latency: {threshold_ms: 100}}}}";
const std::string veto = "{name: veto, type: drop, drop: {drop_sub_policy: [{name: v, type: "
                         "span_count, span_count: {min_spans: 9}}]}}";
const std::string rate =
    "{name: rate, type: rate_limiting, rate_limiting: {spans_per_second: 1000000}}";

} // namespace

// Scenario: two processors behind each other, of all kinds of policies that look at traces alone,
// and one with a rate. Guarantee: together they keep what one keeps and then the other.
BOOST_AUTO_TEST_CASE(both_have_to_keep) {
  const std::string lists[]{"[" + few + "]",
                            "[" + many + ", " + slow + "]",
                            "[" + half + "]",
                            "[" + all + "]",
                            "[" + both + ", " + half + "]",
                            "[" + both + ", " + few + "]",
                            "[" + not_slow + ", " + veto + "]",
                            "[" + rate + "]"};
  for (const auto& first : lists)
    for (const auto& second : lists) {
      if (&first == &second && first.find("rate") != std::string::npos)
        continue;
      BOOST_TEST_CONTEXT(first << " " << second) {
        const auto joined = linked(first, second);
        BOOST_REQUIRE(joined.has_value());
        auto together = *sampling::policy_set::compile(*joined);
        auto one = *sampling::policy_set::compile(*alone(first));
        auto other = *sampling::policy_set::compile(*alone(second));
        int wrong = 0, kept = 0;
        for (const std::uint32_t spans : {1U, 3U, 4U, 6U, 12U})
          for (const std::uint64_t ms : {10U, 70U, 200U})
            for (std::uint8_t id = 1; id < 8; ++id) {
              const auto expected = keeps(one, spans, ms, id) && keeps(other, spans, ms, id);
              wrong += keeps(together, spans, ms, id) != expected ? 1 : 0;
              kept += expected ? 1 : 0;
            }
        BOOST_TEST(wrong == 0);
        BOOST_TEST(kept > 0);
      }
    }
}

// Scenario: their waits and limits, and two that both have rates. Guarantee: waits add up, the
// lower limit holds; what cannot be put together is an error.
BOOST_AUTO_TEST_CASE(waits_limits_and_bounds) {
  const auto joined = linked("[" + few + "]", "[" + slow + "]");
  BOOST_REQUIRE(joined.has_value());
  BOOST_TEST(joined->decision_wait_ns == 15'000'000'000);
  BOOST_TEST(joined->num_traces == 7u);
  BOOST_TEST(joined->policies.back().name == "tail_sampling/2");
  BOOST_TEST(!linked("[" + rate + "]", "[" + rate + "]").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
