#include "policy_table.hpp"

using namespace weir;
using namespace weir::sampling;
using namespace weir::sampling::testing;

BOOST_AUTO_TEST_SUITE(policy_set_test)

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
  const auto each = [](bool a, bool b) { return std::vector{with({{"a", a}, {"b", b}})}; };

  auto both = policy(policy_type::and_);
  both.sub_policies = {a, b};
  check(both,
        {{each(true, true), true},
         {each(true, false), false},
         {each(false, true), false},
         {each(false, false), false}},
        {[](auto& p) { p.sub_policies.pop_back(); },
         [](auto& p) { p.sub_policies[0].invert_match = true; }});

  auto none = policy(policy_type::not_);
  none.sub_policies = {a};
  check(none, {{each(true, false), false}, {each(false, false), true}},
        {[](auto& p) { p.sub_policies[0].invert_match = true; }});

  auto not_b = policy(policy_type::not_, "not b");
  not_b.sub_policies = {b};
  auto veto = policy(policy_type::drop, "veto");
  veto.sub_policies = {a, not_b};
  tail_sampling_config config;
  config.policies = {policy(policy_type::always_sample, "all"), veto};
  const table rows{
      {each(true, true), true}, {each(true, false), false}, {each(false, false), true}};
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
  BOOST_TEST((ottl.code == errc::invalid_argument));
  BOOST_TEST(ottl.message == "policy \"mine\": expected a condition in `span` or `spanevent`");
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
