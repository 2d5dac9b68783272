#include "otlp/scan.hpp"
#include "otlp_builder.hpp"
#include "sampling/policy_set.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>

using namespace weir;
using namespace weir::sampling;
using weir::sampling::testing::attributes;
using weir::sampling::testing::id_of;
using weir::sampling::testing::message_of;
using weir::sampling::testing::test_span;

namespace {

constexpr std::uint64_t ms = 1'000'000;

/// One trace and whether it is to be kept.
struct row {
  std::vector<test_span> spans;
  bool kept = false;
};
using table = std::vector<row>;

policy_config policy(policy_type type, std::string name = "p") {
  policy_config config;
  config.type = type;
  config.name = std::move(name);
  return config;
}

tail_sampling_config only(policy_config config) {
  tail_sampling_config all;
  all.policies = {std::move(config)};
  return all;
}

policy_set compiled(const tail_sampling_config& config) {
  auto set = policy_set::compile(config);
  BOOST_REQUIRE_MESSAGE(set, (set ? "" : set.error().message));
  return std::move(*set);
}

trace_features features_of(policy_set& set, const std::vector<test_span>& spans) {
  const auto message = message_of(spans);
  otlp::span_index index;
  BOOST_REQUIRE(otlp::scan_traces(message, 0, {}, index));
  trace_features features;
  for (const auto& span : index.spans) {
    resource_features resource;
    const auto& group = index.groups[span.group];
    for (std::uint32_t i = 0; i < group.resource_slices; ++i)
      set.observe_resource(index.slices[group.first_resource_slice + i].in(message), resource);
    set.observe(span.body.in(message), resource, features);
  }
  return features;
}

decision decide(policy_set& set, const std::vector<test_span>& spans, steady_ns now = second_ns) {
  return set.decide(spans.front().trace, features_of(set, spans), now);
}

std::size_t wrong_rows(const tail_sampling_config& config, const table& rows) {
  auto set = compiled(config);
  std::size_t wrong = 0;
  for (const auto& row : rows)
    wrong += decide(set, row.spans).keep != row.kept ? 1 : 0;
  return wrong;
}

/// The table holds for the policy, and for no policy that is off by a little.
void check(const policy_config& config, const table& rows,
           const std::vector<std::function<void(policy_config&)>>& twins) {
  BOOST_TEST(wrong_rows(only(config), rows) == 0U);
  for (std::size_t i = 0; i < twins.size(); ++i) {
    auto twin = config;
    twins[i](twin);
    BOOST_TEST(wrong_rows(only(twin), rows) > 0U, "broken twin " << i << " was not caught");
  }
}

test_span span(std::uint64_t trace = 1) {
  test_span one;
  one.trace = id_of(trace);
  return one;
}

test_span lasting(std::uint64_t start_ns, std::uint64_t end_ns) {
  auto one = span();
  one.start_ns = start_ns;
  one.end_ns = end_ns;
  return one;
}

test_span with(attributes on_span, attributes on_resource = {}) {
  auto one = span();
  one.on_span = std::move(on_span);
  one.on_resource = std::move(on_resource);
  return one;
}

test_span with_status(int code) {
  auto one = span();
  one.status = code;
  return one;
}

std::vector<test_span> spans(std::size_t count) {
  return std::vector<test_span>(count, span());
}

} // namespace

BOOST_AUTO_TEST_SUITE(policies_test)

// Scenario: any trace, with a policy that keeps all, and with no policy.
// Guarantee: kept by the first, dropped by the second.
BOOST_AUTO_TEST_CASE(always_sample_keeps_everything) {
  check(policy(policy_type::always_sample), {{spans(1), true}, {spans(3), true}},
        {[](auto& p) { p.type = policy_type::span_count, p.min_spans = 2; }});
  BOOST_TEST(wrong_rows({}, {{spans(1), false}}) == 0U);
}

// Scenario: durations around the threshold, over one span and over several, and times that
// overflow. Guarantee: kept when the whole trace takes more whole milliseconds than the threshold.
BOOST_AUTO_TEST_CASE(latency_is_of_the_whole_trace) {
  auto config = policy(policy_type::latency);
  config.threshold_ms = 100;
  const table rows{{{lasting(ms, 101 * ms)}, false},
                   {{lasting(ms, 102 * ms - 1)}, false},
                   {{lasting(ms, 102 * ms)}, true},
                   {{lasting(5 * ms, 60 * ms), lasting(50 * ms, 106 * ms)}, true},
                   {{lasting(50 * ms, 105 * ms), lasting(5 * ms, 60 * ms)}, false},
                   {{lasting(200 * ms, 10 * ms)}, false},
                   {{lasting(0, ~0ULL)}, true}};
  check(config, rows,
        {[](auto& p) { p.threshold_ms = 99; }, [](auto& p) { p.threshold_ms = 101; },
         [](auto& p) { p.upper_threshold_ms = 1000; }});
}

// Scenario: a latency policy with an upper end.
// Guarantee: the lower end is open, the upper one closed.
BOOST_AUTO_TEST_CASE(latency_has_an_upper_end) {
  auto config = policy(policy_type::latency);
  config.threshold_ms = 100;
  config.upper_threshold_ms = 200;
  const table rows{{{lasting(ms, 101 * ms)}, false},
                   {{lasting(ms, 102 * ms)}, true},
                   {{lasting(ms, 201 * ms)}, true},
                   {{lasting(ms, 202 * ms)}, false},
                   // Its first span alone lies in the band.
                   {{lasting(ms, 151 * ms), lasting(ms, 900 * ms)}, false}};
  check(config, rows,
        {[](auto& p) { p.upper_threshold_ms = 199; }, [](auto& p) { p.upper_threshold_ms = 201; },
         [](auto& p) { p.threshold_ms = 99; }, [](auto& p) { p.upper_threshold_ms = 0; }});
}

// Scenario: each status code, alone and hidden among others, and one that OTLP does not have.
// Guarantee: one span with a wanted code is enough.
BOOST_AUTO_TEST_CASE(status_code_of_any_span) {
  auto config = policy(policy_type::status_code);
  config.status_codes = {"ERROR"};
  check(config,
        {{{with_status(2)}, true},
         {{with_status(0), with_status(1), with_status(2)}, true},
         {{with_status(0)}, false},
         {{with_status(0), with_status(1)}, false},
         {{with_status(77)}, false}},
        {[](auto& p) { p.status_codes = {"OK"}; }, [](auto& p) { p.status_codes = {"UNSET"}; },
         [](auto& p) {
           p.status_codes = {"ERROR", "OK"};
         }});
  config.status_codes = {"OK", "UNSET"};
  check(config, {{{with_status(2)}, false}, {{with_status(0)}, true}, {{with_status(1)}, true}},
        {[](auto& p) { p.status_codes = {"OK"}; }, [](auto& p) { p.status_codes = {"UNSET"}; }});
}

// Scenario: values in a list, on spans and resources, empty, of other types, twice under one key.
// Guarantee: exact matches of strings, the first value of a key counts; inverted, nothing may
// match.
BOOST_AUTO_TEST_CASE(string_attribute_exact) {
  auto config = policy(policy_type::string_attribute);
  config.key = "route";
  config.values = {"/pay", "/buy", ""};
  const std::string pay = "/pay";
  table rows{{{with({{"route", pay}})}, true},
             {{with({{"other", pay}})}, false},
             {{with({{"route", std::string("/pa")}})}, false},
             {{with({{"route", std::string("/payment")}})}, false},
             {{with({{"route", std::string()}})}, false},
             {{with({}, {{"route", std::string("/buy")}})}, true},
             {{span(), with({{"a", pay}, {"route", pay}})}, true},
             {{with({{"route", std::int64_t{3}}})}, false},
             {{with({{"route", std::string("/no")}, {"route", pay}})}, false}};
  check(config, rows,
        {[](auto& p) { p.key = "other"; }, [](auto& p) { p.values = {"/pay"}; },
         [](auto& p) { p.enabled_regex_matching = true; }, [](auto& p) { p.invert_match = true; }});
  for (auto& row : rows)
    row.kept = !row.kept;
  config.invert_match = true;
  check(config, rows, {[](auto& p) { p.invert_match = false; }, [](auto& p) { p.values = {}; }});
}

// Scenario: regular expressions with and without anchors, asked again and again.
// Guarantee: a match anywhere counts; what is remembered gives the same answer; a broken one is an
// error that names the policy.
BOOST_AUTO_TEST_CASE(string_attribute_regex) {
  auto config = policy(policy_type::string_attribute, "routes");
  config.key = "route";
  config.enabled_regex_matching = true;
  config.values = {"^/pay", "v[0-9]+$"};
  table rows;
  for (int round = 0; round < 3; ++round) {
    rows.push_back({{with({{"route", std::string("/payment")}})}, true});
    rows.push_back({{with({{"route", std::string("x/pay")}})}, false});
    rows.push_back({{with({}, {{"route", std::string("/buy/v12")}})}, true});
    rows.push_back({{with({{"route", std::string(5000, 'v') + "1"}})}, true});
  }
  for (int i = 0; i < 3000; ++i)
    rows.push_back({{with({{"route", "/a" + std::to_string(i)}})}, false});
  check(config, rows,
        {[](auto& p) { p.enabled_regex_matching = false; }, [](auto& p) { p.values = {"^/pay"}; },
         [](auto& p) {
           p.values = {"/pay", "v[0-9]+$"};
         }});
  config.values = {"("};
  const auto broken = policy_set::compile(only(config));
  BOOST_REQUIRE(!broken);
  BOOST_TEST(broken.error().message.find("routes") != std::string::npos);
}

// Scenario: integers around both ends, values of other types, ends that are not set.
// Guarantee: both ends belong; 0 means not set; what is no integer reads as 0 (as the Collector
// does).
BOOST_AUTO_TEST_CASE(numeric_attribute_in_a_range) {
  auto config = policy(policy_type::numeric_attribute);
  config.key = "code";
  config.min_value = 400;
  config.max_value = 499;
  const auto of = [](std::int64_t value) { return std::vector{with({{"code", value}})}; };
  table rows{{of(399), false},
             {of(400), true},
             {of(499), true},
             {of(500), false},
             {of(-450), false},
             {{with({{"code", std::string("450")}})}, false},
             {{with({{"code", 450.0}})}, false},
             {{span(), with({}, {{"code", std::int64_t{404}}})}, true},
             {spans(2), false}};
  check(config, rows,
        {[](auto& p) { p.min_value = 401; }, [](auto& p) { p.max_value = 498; },
         [](auto& p) { p.min_value = 399; }, [](auto& p) { p.max_value = 500; },
         [](auto& p) { p.invert_match = true; }, [](auto& p) { p.key = "codes"; }});
  config.invert_match = true;
  for (auto& row : rows)
    row.kept = !row.kept;
  check(config, rows, {[](auto& p) { p.invert_match = false; }});

  config = policy(policy_type::numeric_attribute);
  config.key = "code";
  config.min_value = -10;
  check(config,
        {{of(-11), false}, {of(-10), true}, {of(1 << 30), true}, {{with({{"code", 2.5}})}, true}},
        {[](auto& p) { p.max_value = 5; }, [](auto& p) { p.min_value = 1; }});
  config.min_value = 0;
  BOOST_TEST(!policy_set::compile(only(config)));
}

// Scenario: booleans on spans and resources, and values of other types.
// Guarantee: only the wanted one; what is no boolean reads as false (as the Collector does).
BOOST_AUTO_TEST_CASE(boolean_attribute_is) {
  auto config = policy(policy_type::boolean_attribute);
  config.key = "vip";
  config.value = true;
  table rows{{{with({{"vip", true}})}, true},
             {{with({{"vip", false}})}, false},
             {{with({}, {{"vip", true}})}, true},
             {{with({{"vip", std::string("true")}})}, false},
             {spans(1), false}};
  check(config, rows,
        {[](auto& p) { p.value = false; }, [](auto& p) { p.key = "v"; },
         [](auto& p) { p.invert_match = true; }});
  config.invert_match = true;
  for (auto& row : rows)
    row.kept = !row.kept;
  check(config, rows, {[](auto& p) { p.invert_match = false; }});
  config.value = false;
  config.invert_match = false;
  check(config, {{{with({{"vip", std::string("x")}})}, true}, {spans(1), false}},
        {[](auto& p) { p.value = true; }});
}

// Scenario: traces of one to five spans.
// Guarantee: both ends belong, 0 means no upper end.
BOOST_AUTO_TEST_CASE(span_count_in_a_range) {
  auto config = policy(policy_type::span_count);
  config.min_spans = 2;
  config.max_spans = 4;
  check(config, {{spans(1), false}, {spans(2), true}, {spans(4), true}, {spans(5), false}},
        {[](auto& p) { p.min_spans = 1; }, [](auto& p) { p.min_spans = 3; },
         [](auto& p) { p.max_spans = 3; }, [](auto& p) { p.max_spans = 0; }});
}

// Scenario: 20,000 trace ids at several percentages and salts.
// Guarantee: the share kept is the percentage, the same ids every time, other ones with another
// salt, and each kept trace says how many it stands for.
BOOST_AUTO_TEST_CASE(probabilistic_keeps_a_share) {
  const auto kept = [](double percentage, std::string salt) {
    auto config = policy(policy_type::probabilistic);
    config.sampling_percentage = percentage;
    config.hash_salt = std::move(salt);
    auto set = compiled(only(config));
    std::vector<std::uint64_t> ids;
    for (std::uint64_t i = 0; i < 20'000; ++i) {
      const auto made = set.decide(id_of(i), {}, 0);
      if (made.keep) {
        ids.push_back(i);
        BOOST_REQUIRE_CLOSE(made.sampling_rate, 100 / percentage, 0.01);
      }
    }
    return ids;
  };
  for (const double percentage : {10.0, 25.0, 50.0}) {
    const auto share = static_cast<double>(kept(percentage, "").size()) / 20'000 * 100;
    BOOST_TEST(std::abs(share - percentage) < 1.2, "kept " << share << " of " << percentage);
  }
  BOOST_TEST(kept(0, "").empty());
  BOOST_TEST(kept(100, "").size() == 20'000U);
  BOOST_TEST(kept(30, "") == kept(30, "default-hash-seed"));
  BOOST_TEST(kept(30, "a") != kept(30, "b"));
}

// Scenario: the hash on strings whose FNV-1a is published.
// Guarantee: the same values; the trace id is hashed behind the salt.
BOOST_AUTO_TEST_CASE(probabilistic_hash_is_fnv1a) {
  BOOST_TEST(fnv1a_64("") == 0xcbf29ce484222325ULL);
  BOOST_TEST(fnv1a_64("a") == 0xaf63dc4c8601ec8cULL);
  BOOST_TEST(fnv1a_64("foobar") == 0x85944171f73967e8ULL);
  BOOST_TEST(fnv1a_64("bar", fnv1a_64("foo")) == fnv1a_64("foobar"));
}

// Scenario: tracestates with the value, without it, and broken ones.
// Guarantee: an exact value under the key counts, in a valid tracestate only.
BOOST_AUTO_TEST_CASE(trace_state_has_a_value) {
  const auto of = [](std::string state) {
    auto one = span();
    one.trace_state = std::move(state);
    return std::vector{one};
  };
  auto config = policy(policy_type::trace_state);
  config.key = "tier";
  config.values = {"gold", "silver"};
  check(config,
        {{of("tier=gold"), true},
         {of("a=b, tier=silver ,c@d=e"), true},
         {of("tier=golden"), false},
         {of("other=gold"), false},
         {of(""), false},
         {of("tier=gold,tier=gold"), false},
         {of("tier=gold,A=b"), false},
         {of("tier=gold,x="), false}},
        {[](auto& p) { p.values = {"gold"}; }, [](auto& p) { p.key = "other"; },
         [](auto& p) {
           p.values = {"gold", "silver", "golden"};
         }});
}

// Scenario: flags with and without the lowest bit.
// Guarantee: one sampled span is enough.
BOOST_AUTO_TEST_CASE(trace_flags_sampled) {
  auto sampled = span();
  sampled.flags = 0x301;
  auto remote = span();
  remote.flags = 0x300;
  check(policy(policy_type::trace_flags),
        {{{remote, sampled}, true}, {{remote}, false}, {spans(1), false}},
        {[](auto& p) { p.type = policy_type::always_sample; }});
}

// Scenario: traces of 10 spans against 100 spans a second with a burst of 50, then of bytes.
// Guarantee: the burst, then the rate; a trace over the burst never passes and spends nothing.
BOOST_AUTO_TEST_CASE(limiting_by_spans_and_bytes) {
  auto config = policy(policy_type::rate_limiting);
  config.spans_per_second = 100;
  config.burst_capacity = 50;
  auto set = compiled(only(config));
  const auto passed = [&](int traces, steady_ns now) {
    int kept = 0;
    for (int i = 0; i < traces; ++i)
      kept += decide(set, spans(10), now).keep ? 1 : 0;
    return kept;
  };
  BOOST_TEST(!decide(set, spans(51), second_ns).keep);
  BOOST_TEST(passed(20, second_ns) == 5);
  BOOST_TEST(passed(20, second_ns + 200 * millisecond_ns) == 2);
  BOOST_TEST(passed(20, 60 * second_ns) == 5);
  BOOST_TEST(passed(20, 59 * second_ns) == 0);

  config = policy(policy_type::bytes_limiting);
  config.bytes_per_second = 1000;
  auto bytes = compiled(only(config));
  trace_features large;
  large.bytes = 1500;
  BOOST_TEST(bytes.decide(id_of(1), large, 1).keep);
  BOOST_TEST(!bytes.decide(id_of(1), large, 2).keep);
  BOOST_TEST(bytes.decide(id_of(1), large, 1 + 2 * second_ns).keep);
}

// Scenario: two copies of a set with a rate, as two shards have them.
// Guarantee: they spend from one budget.
BOOST_AUTO_TEST_CASE(shards_share_a_budget) {
  auto config = policy(policy_type::rate_limiting);
  config.spans_per_second = 5;
  auto one = compiled(only(config));
  auto other = one;
  int kept = 0;
  for (int i = 0; i < 10; ++i)
    kept += (decide(one, spans(1)).keep ? 1 : 0) + (decide(other, spans(1)).keep ? 1 : 0);
  BOOST_TEST(kept == 10);
}

// Scenario: and, not and drop around two attributes.
// Guarantee: all, none, and a veto that beats every vote, wherever it stands.
BOOST_AUTO_TEST_CASE(combinations) {
  auto a = policy(policy_type::boolean_attribute, "a");
  a.key = "a";
  a.value = true;
  auto b = a;
  b.name = b.key = "b";
  const auto of = [](bool a, bool b) { return std::vector{with({{"a", a}, {"b", b}})}; };

  auto both = policy(policy_type::and_);
  both.sub_policies = {a, b};
  check(both,
        {{of(true, true), true},
         {of(true, false), false},
         {of(false, true), false},
         {of(false, false), false}},
        {[](auto& p) { p.sub_policies.pop_back(); },
         [](auto& p) { p.sub_policies[0].invert_match = true; }});

  auto none = policy(policy_type::not_);
  none.sub_policies = {a};
  check(none, {{of(true, false), false}, {of(false, false), true}},
        {[](auto& p) { p.sub_policies[0].invert_match = true; }});

  auto not_b = policy(policy_type::not_, "not b");
  not_b.sub_policies = {b};
  auto veto = policy(policy_type::drop, "veto");
  veto.sub_policies = {a, not_b};
  tail_sampling_config config;
  config.policies = {policy(policy_type::always_sample, "all"), veto};
  const table rows{{of(true, true), true}, {of(true, false), false}, {of(false, false), true}};
  BOOST_TEST(wrong_rows(config, rows) == 0U);
  config.policies[1].sub_policies.pop_back();
  BOOST_TEST(wrong_rows(config, rows) > 0U);
  config.policies.pop_back();
  BOOST_TEST(wrong_rows(config, rows) > 0U);
}

// Scenario: a composite of an attribute and of all the rest, with 60 and 40 percent of 100 spans.
// Guarantee: each second each part passes its share, and what one leaves is not given to the other.
BOOST_AUTO_TEST_CASE(composite_shares) {
  auto vip = policy(policy_type::boolean_attribute, "vip");
  vip.key = "vip";
  vip.value = true;
  auto config = policy(policy_type::composite);
  config.max_total_spans_per_second = 100;
  config.sub_policies = {vip, policy(policy_type::always_sample, "rest")};
  config.rate_allocations = {{"vip", 60}, {"rest", 40}};
  auto set = compiled(only(config));
  const auto passed = [&](bool vip, steady_ns now) {
    int kept = 0;
    for (int i = 0; i < 100; ++i)
      kept += decide(set, {with({{"vip", vip}})}, now).keep ? 1 : 0;
    return kept;
  };
  BOOST_TEST(passed(true, second_ns) == 60);
  BOOST_TEST(passed(false, second_ns + 1) == 40);
  BOOST_TEST(passed(false, 2 * second_ns - 1) == 0);
  BOOST_TEST(passed(false, 2 * second_ns) == 40);
}

// Scenario: several policies that match, with and without sample_on_first_match.
// Guarantee: the first that sampled is named; its rate is that of the most generous one; with first
// match no later policy is asked.
BOOST_AUTO_TEST_CASE(order_names_and_rates) {
  auto tenth = policy(policy_type::probabilistic, "tenth");
  tenth.sampling_percentage = 99.9999;
  auto limited = policy(policy_type::rate_limiting, "limited");
  limited.spans_per_second = 1;
  tail_sampling_config config;
  config.policies = {tenth, policy(policy_type::always_sample, "all"), limited};
  auto set = compiled(config);
  const auto made = decide(set, spans(1));
  BOOST_TEST(made.keep);
  BOOST_TEST(set.names()[made.policy] == "tenth");
  BOOST_TEST(made.sampling_rate == 1);
  BOOST_TEST(set.counts()[2].sampled == 1U);

  config.sample_on_first_match = true;
  auto first = compiled(config);
  decide(first, spans(1));
  BOOST_TEST(first.counts()[0].sampled == 1U);
  BOOST_TEST(first.counts()[1].sampled == 0U);
  BOOST_TEST(first.counts()[2].sampled == 0U);
}

// Scenario: configurations that cannot be.
// Guarantee: each is refused with the policy's name.
BOOST_AUTO_TEST_CASE(errors_name_the_policy) {
  const auto refused = [](std::vector<policy_config> policies) {
    tail_sampling_config config;
    config.policies = std::move(policies);
    const auto set = policy_set::compile(config);
    BOOST_REQUIRE(!set);
    return set.error();
  };
  auto ottl = refused({policy(policy_type::ottl_condition, "mine")});
  BOOST_TEST((ottl.code == errc::unsupported));
  BOOST_TEST(ottl.message == "policy \"mine\": policy type ottl_condition is not there yet");
  const auto all = policy(policy_type::always_sample, "same");
  BOOST_TEST(refused({all, all}).message.find("same") != std::string::npos);
  BOOST_TEST((refused({policy(policy_type::always_sample, "")}).code == errc::invalid_argument));
  auto nested = policy(policy_type::and_, "outer");
  nested.sub_policies = {policy(policy_type::drop, "inner")};
  BOOST_TEST(refused({nested}).message.find("outer") != std::string::npos);
  auto status = policy(policy_type::status_code, "status");
  status.status_codes = {"BAD"};
  BOOST_TEST(refused({status}).message.find("BAD") != std::string::npos);
  std::vector<policy_config> many;
  for (int i = 0; i < 300; ++i)
    many.push_back(policy(policy_type::trace_flags, std::to_string(i)));
  BOOST_TEST((refused(many).code == errc::too_large));
}

BOOST_AUTO_TEST_SUITE_END()
