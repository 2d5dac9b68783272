#include "policy_table.hpp"

using namespace weir;
using namespace weir::sampling;
using namespace weir::sampling::testing;

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
  const auto each = [](std::int64_t value) { return std::vector{with({{"code", value}})}; };
  table rows{{each(399), false},
             {each(400), true},
             {each(499), true},
             {each(500), false},
             {each(-450), false},
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
        {{each(-11), false},
         {each(-10), true},
         {each(1 << 30), true},
         {{with({{"code", 2.5}})}, true}},
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
  const auto each = [](std::string state) {
    auto one = span();
    one.trace_state = std::move(state);
    return std::vector{one};
  };
  auto config = policy(policy_type::trace_state);
  config.key = "tier";
  config.values = {"gold", "silver"};
  check(config,
        {{each("tier=gold"), true},
         {each("a=b, tier=silver ,c@d=e"), true},
         {each("tier=golden"), false},
         {each("other=gold"), false},
         {each(""), false},
         {each("tier=gold,tier=gold"), false},
         {each("tier=gold,A=b"), false},
         {each("tier=gold,x="), false}},
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

BOOST_AUTO_TEST_SUITE_END()
