#include "core/metrics.hpp"
#include "editing/work.hpp"
#include "otlp/json.hpp"
#include "policy_table.hpp"

using namespace weir;
using namespace weir::sampling;
using namespace weir::sampling::testing;

namespace {

/// A message with one trace, out of its resources as JSON.
struct json_trace {
  std::string message;
  trace_id id;

  explicit json_trace(const std::string& resources) {
    BOOST_REQUIRE(
        otlp::from_json(signal::traces, R"({"resourceSpans":)" + resources + "}", message));
  }
};

std::string one_span(const std::string& resource, const std::string& scope,
                     const std::string& span) {
  return R"({"resource":{"attributes":[{"key":"service.name","value":{"stringValue":")" + resource
         + R"("}}]},"scopeSpans":[{"scope":{"name":")" + scope
         + R"("},"spans":[{"traceId":"01010101010101010101010101010101","spanId":"0202020202020202")"
         + (span.empty() ? "" : ",") + span + "}]}]}";
}

bool kept(const tail_sampling_config& config, const std::string& resources) {
  const json_trace trace("[" + resources + "]");
  auto set = compiled(config);
  otlp::span_index index;
  BOOST_REQUIRE(otlp::scan_traces(trace.message, 0, {}, index));
  trace_features features;
  for (const auto& span : index.spans) {
    set.begin_group(trace.message, index, span.group);
    set.observe(span.body.in(trace.message), {}, features);
  }
  return set.decide(index.traces.front(), features, second_ns).keep;
}

policy_config ottl_policy(std::vector<std::string> span, std::vector<std::string> event = {},
                          std::string mode = "") {
  auto config = policy(policy_type::ottl_condition, "o");
  config.span_conditions = std::move(span);
  config.spanevent_conditions = std::move(event);
  config.error_mode = std::move(mode);
  return config;
}

const auto cart = one_span("cart", "lib", R"("name":"GET","status":{"code":2})");
const auto shop = one_span("shop", "web", R"("name":"PUT","events":[{"name":"a"},{"name":"b"}])");

} // namespace

BOOST_AUTO_TEST_SUITE(ottl_condition_test)

// Scenario: conditions on a span, its resource and its scope, in traces of several resources.
// Guarantee: one span for which one condition holds is enough; a twin that is off by a little is
// caught.
BOOST_AUTO_TEST_CASE(one_span_is_enough) {
  const auto config =
      only(ottl_policy({R"(name == "GET" and resource.attributes["service.name"] == "cart")",
                        R"(scope.name == "nobody")"}));
  BOOST_TEST(kept(config, cart));
  BOOST_TEST(kept(config, shop + "," + cart));
  BOOST_TEST(!kept(config, shop));
  // What holds of one span here and of another there does not hold of one.
  const auto across = only(ottl_policy({R"(name == "GET" and scope.name == "web")"}));
  BOOST_TEST(!kept(across, cart + "," + shop));
  const auto twin = only(ottl_policy({R"(name == "GET" or scope.name == "web")"}));
  BOOST_TEST(kept(twin, cart + "," + shop));
}

// Scenario: conditions on events. Guarantee: any event of any span counts, with its span.
BOOST_AUTO_TEST_CASE(one_event_is_enough) {
  BOOST_TEST(
      kept(only(ottl_policy({}, {R"(name == "b" and event_index == 1)"})), cart + "," + shop));
  BOOST_TEST(kept(only(ottl_policy({}, {R"(name == "b" and span.name == "PUT")"})), shop));
  BOOST_TEST(!kept(only(ottl_policy({}, {R"(name == "b" and event_index == 0)"})), shop));
  BOOST_TEST(!kept(only(ottl_policy({}, {"true"})), cart));
}

// Scenario: conditions that fail on a span, in each mode, alone and inside and, not and drop.
// Guarantee: propagate ends the policy, which is neither kept nor its opposite then; else the next
// condition is asked.
BOOST_AUTO_TEST_CASE(errors_follow_the_mode) {
  const std::vector<std::string> failing{R"(attributes["none"] + 1 == 2)", R"(name == "GET")"};
  BOOST_TEST(kept(only(ottl_policy(failing)), cart));
  BOOST_TEST(kept(only(ottl_policy(failing, {}, "silent")), cart));
  BOOST_TEST(kept(only(ottl_policy(failing, {}, "ignore")), cart));
  BOOST_TEST(!kept(only(ottl_policy(failing, {}, "propagate")), cart));
  auto turned = policy(policy_type::not_, "n");
  turned.sub_policies = {ottl_policy(failing, {}, "propagate")};
  auto both = policy(policy_type::and_, "a");
  both.sub_policies = {turned};
  BOOST_TEST(!kept(only(both), cart));
  both.sub_policies[0].sub_policies = {ottl_policy({R"(name == "PUT")"})};
  BOOST_TEST(kept(only(both), cart));
  auto veto = policy(policy_type::drop, "d");
  veto.sub_policies = {ottl_policy({"status.code == STATUS_CODE_ERROR"})};
  auto config = only(policy(policy_type::always_sample, "all"));
  config.policies.push_back(veto);
  BOOST_TEST(!kept(config, cart));
  BOOST_TEST(kept(config, shop));
}

// Scenario: policies without a condition, with a wrong one, with one that asks for the time.
// Guarantee: an error that names the policy, the place and the reason.
BOOST_AUTO_TEST_CASE(wrong_conditions_are_refused) {
  const auto message_of = [](const policy_config& config) {
    const auto set = policy_set::compile(only(config));
    return set ? std::string("taken") : set.error().message;
  };
  BOOST_TEST(message_of(ottl_policy({}))
             == "policy \"o\": expected a condition in `span` or `spanevent`");
  BOOST_TEST(message_of(ottl_policy({R"(name = "GET")"}))
             == "policy \"o\": line 1, column 6 of `name = \"GET\"`: found `=`, expected a "
                "comparison such as `==`");
  BOOST_TEST(message_of(ottl_policy({"end_time < Now()"})).find("asks for the time")
             != std::string::npos);
}

// Scenario: a pattern that takes seconds on a name and an attribute of 1 MiB, as a condition and as
// values of string_attribute, where a tenth of a second is there for the entry. Guarantee: neither
// holds, that is counted, and the spans behind are looked at.
BOOST_AUTO_TEST_CASE(what_takes_too_long_does_not_hold) {
  const auto slow = std::string(".{0,500}b.{0,500}$");
  const auto long_text = std::string(1 << 20, 'a');
  const json_trace trace(R"([{"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10",
    "spanId":"0102030405060708","name":")"
                         + long_text + R"(","attributes":[{"key":"k","value":{"stringValue":")"
                         + long_text + R"("}}]}]}]}])");
  auto by_attribute = policy(policy_type::string_attribute, "s");
  by_attribute.key = "k";
  by_attribute.values = {slow};
  by_attribute.enabled_regex_matching = true;
  const auto before = metrics::sampler_unfinished_conditions.with().Value();
  for (const auto& one : {ottl_policy({"IsMatch(name, \"" + slow + "\")"}), by_attribute}) {
    auto set = compiled(only(one));
    otlp::span_index index;
    BOOST_REQUIRE(otlp::scan_traces(trace.message, 0, {std::uint32_t{4} << 20}, index));
    BOOST_REQUIRE(index.spans.size() == 1U);
    trace_features features;
    const auto begun = editing::work_meter::thread_time();
    {
      const editing::work_scope scope(std::chrono::milliseconds(100));
      set.begin_group(trace.message, index, 0);
      set.observe(index.spans[0].body.in(trace.message), {}, features);
    }
    BOOST_TEST(editing::work_meter::thread_time() - begun < std::chrono::milliseconds(1500));
    BOOST_TEST(features.spans == 1U);
    BOOST_TEST(!set.decide(index.traces[0], features, second_ns).keep);
  }
  BOOST_TEST(metrics::sampler_unfinished_conditions.with().Value() == before + 2);
}

// Scenario: a copy of a policy set, as each shard has one. Guarantee: it looks at its own spans.
BOOST_AUTO_TEST_CASE(copies_are_independent) {
  auto first = compiled(only(ottl_policy({R"(resource.attributes["service.name"] == "cart")"})));
  const json_trace in_cart("[" + cart + "]");
  const json_trace in_shop("[" + shop + "]");
  otlp::span_index cart_index;
  otlp::span_index shop_index;
  BOOST_REQUIRE(otlp::scan_traces(in_cart.message, 0, {}, cart_index));
  BOOST_REQUIRE(otlp::scan_traces(in_shop.message, 0, {}, shop_index));
  first.begin_group(in_cart.message, cart_index, 0);
  auto second = first;
  second.begin_group(in_shop.message, shop_index, 0);
  trace_features of_first;
  trace_features of_second;
  second.observe(shop_index.spans[0].body.in(in_shop.message), {}, of_second);
  first.observe(cart_index.spans[0].body.in(in_cart.message), {}, of_first);
  BOOST_TEST(first.decide(cart_index.traces[0], of_first, second_ns).keep);
  BOOST_TEST(!second.decide(shop_index.traces[0], of_second, second_ns).keep);
}

BOOST_AUTO_TEST_SUITE_END()
