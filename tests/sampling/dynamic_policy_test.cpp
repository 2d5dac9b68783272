#include "policy_table.hpp"
#include "sampling/ratio.hpp"

#include <set>

using namespace weir;
using namespace weir::sampling;
using namespace weir::sampling::testing;

namespace {

policy_config dynamic(std::vector<std::string> attributes, std::vector<std::string> fields = {}) {
  auto config = policy(policy_type::dynamic, "dynamic");
  config.attributes = std::move(attributes);
  config.fields = std::move(fields);
  return config;
}

/// The keys that a dynamic policy sees in these traces.
std::vector<std::uint64_t> keys(const policy_config& config,
                                const std::vector<std::vector<test_span>>& traces) {
  auto set = compiled(only(config));
  std::vector<std::uint64_t> seen;
  for (const auto& spans : traces)
    seen.push_back(key_of(features_of(set, spans).seen, 0));
  return seen;
}

test_span named(std::string name, bool root = false) {
  auto one = span();
  one.name = std::move(name);
  one.parent = root ? 0 : 7;
  return one;
}

attribute_value text(const char* bytes) {
  return std::string(bytes);
}

/// An id with that randomness.
trace_id id_with(std::uint64_t randomness) {
  auto id = id_of(1);
  auto* bytes = reinterpret_cast<unsigned char*>(&id);
  for (int i = 15; i >= 9; --i, randomness >>= 8)
    bytes[i] = static_cast<unsigned char>(randomness);
  return id;
}

} // namespace

BOOST_AUTO_TEST_SUITE(dynamic_policy_test)

// Scenario: traces with the same values in another order, several times, over several spans and
// resources; and with other ones, of another type, under another key.
// Guarantee: the same key for the same set of values of the named attributes, another for another.
BOOST_AUTO_TEST_CASE(a_key_is_the_set_of_values) {
  const auto seen = keys(dynamic({"route", "tenant"}),
                         {{with({{"route", text("/a")}}), with({{"route", text("/b")}})},
                          {with({{"route", text("/b")}, {"x", text("1")}}),
                           with({{"route", text("/a")}}), with({{"route", text("/b")}})},
                          {with({}, {{"route", text("/a")}}), with({{"route", text("/b")}})}});
  BOOST_TEST(seen[0] == seen[1]);
  BOOST_TEST(seen[0] == seen[2]);
  const auto others = keys(dynamic({"route", "tenant"}),
                           {{with({{"route", text("/a")}})},
                            {with({{"route", text("/b")}})},
                            {with({{"tenant", text("/a")}})},
                            {with({{"route", text("/a")}, {"tenant", text("/a")}})},
                            {with({{"route", text("1")}})},
                            {with({{"route", std::int64_t{1}}})},
                            {with({{"route", 1.0}})},
                            {with({{"route", true}})},
                            {with({{"route", false}})},
                            {with({{"route", text("")}})},
                            {with({{"other", text("/a")}})},
                            {with({{"route", text("/a")}}), with({{"route", text("/b")}})}});
  BOOST_TEST(std::set(others.begin(), others.end()).size() == others.size());
}

// Scenario: fields of spans: names of all and of the root, status.
// Guarantee: each tells apart what it should, and nothing else.
BOOST_AUTO_TEST_CASE(fields_are_part_of_a_key) {
  const std::vector<std::vector<test_span>> traces{
      {named("root", true), named("a")},
      {named("root", true), named("b")},
      {named("boot", true), named("a")},
      {named("root", true), named("a"), with_status(2)}};
  const auto same = [](const policy_config& config, const auto& each) {
    const auto seen = keys(config, each);
    return std::vector<bool>{seen[0] == seen[1], seen[0] == seen[2], seen[0] == seen[3]};
  };
  BOOST_TEST((same(dynamic({}, {"name"}), traces) == std::vector<bool>{false, false, false}));
  BOOST_TEST((same(dynamic({}, {"status_code"}), traces) == std::vector<bool>{true, true, false}));
  const std::vector<std::vector<test_span>> rooted{traces[0], traces[1], traces[2], traces[0]};
  BOOST_TEST((same(dynamic({}, {"root_name"}), rooted) == std::vector<bool>{true, false, true}));
  BOOST_TEST((same(dynamic({}, {"kind"}), rooted) == std::vector<bool>{true, true, true}));
}

// Scenario: 2,000 single values, and sets of up to ten.
// Guarantee: hardly two alike.
BOOST_AUTO_TEST_CASE(keys_are_seldom_alike) {
  std::vector<std::vector<test_span>> traces;
  for (int i = 0; i < 2000; ++i)
    traces.push_back({with({{"route", "/" + std::to_string(i)}})});
  for (int i = 0; i < 500; ++i) {
    traces.emplace_back();
    for (int j = 0; j <= i % 10; ++j)
      traces.back().push_back(with({{"route", "/" + std::to_string(i * 10 + j)}, {"n", "x"}}));
  }
  const auto seen = keys(dynamic({"route"}), traces);
  // 50 sets have one value that stands alone too.
  BOOST_TEST(std::set(seen.begin(), seen.end()).size() >= traces.size() - 50 - 5);
}

// Scenario: keys that cannot be, and options that no policy could keep.
// Guarantee: errors that say what was expected; a set with two dynamic policies does not fit.
BOOST_AUTO_TEST_CASE(bad_options_are_refused) {
  const auto message = [](const tail_sampling_config& config) {
    const auto set = policy_set::compile(config);
    return set ? std::string() : set.error().message;
  };
  BOOST_TEST(message(only(dynamic({}))).find("at least one of attributes or fields")
             != std::string::npos);
  BOOST_TEST(message(only(dynamic({}, {"nam"}))).find("expected name") != std::string::npos);
  BOOST_TEST(message(only(dynamic(std::vector<std::string>(17, "a")))).find("more than 16")
             != std::string::npos);
  auto three = only(dynamic({"a"}));
  for (const char* name : {"two", "three"}) {
    three.policies.push_back(dynamic({"a"}));
    three.policies.back().name = name;
  }
  BOOST_TEST(message(three).find("more than 256 conditions") != std::string::npos);
  three.policies.pop_back();
  BOOST_TEST(message(three).empty());
  auto drop = policy(policy_type::drop, "drop");
  drop.sub_policies = {dynamic({"a"})};
  BOOST_TEST(message(only(drop)).find("cannot stand inside") != std::string::npos);
}

// Scenario: fast and slow traces, with and without errors in status or HTTP codes of both names,
// in numbers and digits; ids whose randomness is low.
// Guarantee: errors and slow ones are always kept, the rest by the ratio.
BOOST_AUTO_TEST_CASE(intelligent_keeps_errors_and_slow_ones) {
  auto config = policy(policy_type::intelligent);
  config.base_percentage = 0;
  const auto http = [](const char* key, attribute_value code) {
    return std::vector{with({{key, std::move(code)}})};
  };
  check(config,
        {{{with_status(2)}, true},
         {{with_status(1)}, false},
         {http("http.response.status_code", std::int64_t{400}), true},
         {http("http.response.status_code", std::int64_t{404}), true},
         {http("http.response.status_code", std::int64_t{599}), true},
         {http("http.response.status_code", std::int64_t{399}), false},
         {http("http.response.status_code", std::int64_t{600}), false},
         {http("http.status_code", std::int64_t{503}), true},
         {http("http.status_code", text("503")), true},
         {http("http.status_code", text("5030")), false},
         {http("http.status_code", text("50x")), false},
         {http("http.status_code", 503.0), false},
         {http("status_code", std::int64_t{503}), false},
         {{span(), with({}, {{"http.status_code", std::int64_t{500}}})}, true},
         {{lasting(ms, 1001 * ms)}, false},
         {{lasting(ms, 1002 * ms)}, true}},
        {[](auto& p) { p.error_status = 401; }, [](auto& p) { p.error_status = 399; },
         [](auto& p) { p.slow_ms = 1001; }, [](auto& p) { p.slow_ms = 999; },
         [](auto& p) { p.base_percentage = 100; }});
  config.error_status = 500;
  check(config,
        {{http("http.status_code", std::int64_t{404}), false},
         {http("http.status_code", std::int64_t{500}), true}},
        {[](auto& p) { p.error_status = 400; }});
}

// Scenario: a quarter of the rest, over ids around the threshold.
// Guarantee: kept from the threshold on; such a decision carries rate and threshold, an error none.
BOOST_AUTO_TEST_CASE(intelligent_says_its_rate) {
  auto config = policy(policy_type::intelligent);
  config.base_percentage = 25;
  auto set = compiled(only(config));
  const auto rest = features_of(set, {span()});
  const auto error = features_of(set, {with_status(2)});
  const auto threshold = threshold_of(4);
  BOOST_TEST(!set.decide(id_with(threshold - 1), rest, 0).keep);
  const auto kept = set.decide(id_with(threshold), rest, 0);
  BOOST_TEST(kept.keep);
  BOOST_TEST(kept.sampling_rate == 4);
  BOOST_TEST((kept.mark == rate_mark::threshold));
  const auto failed = set.decide(id_with(threshold), error, 0);
  BOOST_TEST(failed.keep);
  BOOST_TEST(failed.sampling_rate == 1);
  BOOST_TEST((failed.mark == rate_mark::none));

  config.hash_salt = "pepper";
  auto salted = compiled(only(config));
  std::size_t kept_low = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const auto made = salted.decide(id_with(i), rest, 0);
    kept_low += made.keep ? 1 : 0;
    BOOST_TEST((made.mark == (made.keep ? rate_mark::attribute : rate_mark::none)));
  }
  BOOST_TEST(kept_low > 200U);
  BOOST_TEST(kept_low < 300U);
}

// Scenario: sets without such a policy. Guarantee: no kept span is changed.
BOOST_AUTO_TEST_CASE(other_sets_mark_nothing) {
  auto config = policy(policy_type::probabilistic);
  config.sampling_percentage = 50;
  auto set = compiled(only(config));
  for (std::uint64_t i = 0; i < 100; ++i)
    BOOST_TEST((set.decide(id_of(i), {}, 0).mark == rate_mark::none));
}

// Scenario: a reload with a dynamic policy and a limit, the same as before, changed, and renamed.
// Guarantee: the same one goes on with its rates (its budget), alone or inside another; another one
// begins anew.
BOOST_AUTO_TEST_CASE(state_outlives_a_reload) {
  auto limit = policy(policy_type::rate_limiting, "limit");
  limit.spans_per_second = 5;
  auto both = policy(policy_type::and_, "both");
  both.sub_policies = {dynamic({"route"}), limit};
  tail_sampling_config config;
  config.policies = {both, dynamic({"route"})};
  auto before = compiled(config);
  const auto shown = features_of(before, {with({{"route", text("/a")}})});
  for (int i = 0; i < 1000; ++i)
    before.decide(id_with((std::uint64_t{1} << 56) - 1), shown, i * second_ns / 10);
  BOOST_TEST(before.rates(1)->keys() == 1U);

  std::swap(config.policies[0], config.policies[1]); // other numbers, the same policies
  auto same = compiled(config);
  BOOST_TEST(same.rates(0)->keys() == 0U);
  same.take_over(before);
  BOOST_TEST(same.rates(0) == before.rates(1));
  BOOST_TEST(same.rates(1) == before.rates(0));

  config.policies[0].goal_sample_rate = 11;
  config.policies[1].name = "renamed";
  auto other = compiled(config);
  other.take_over(before);
  BOOST_TEST(other.rates(0)->keys() == 0U);
  BOOST_TEST(other.rates(1)->keys() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
