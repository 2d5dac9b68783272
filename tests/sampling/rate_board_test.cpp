#include "policy_table.hpp"
#include "sampling/rate_board.hpp"

#include <optional>
#include <set>

using namespace weir;
using namespace weir::sampling;
using namespace weir::sampling::testing;

namespace {

constexpr steady_ns begin = 100 * second_ns;

policy_config limit(std::string name, std::int64_t spans) {
  auto config = policy(policy_type::rate_limiting, std::move(name));
  config.spans_per_second = spans;
  return config;
}

policy_config dynamic() {
  auto config = policy(policy_type::dynamic, "dynamic");
  config.attributes = {"route"};
  return config;
}

/// Every place where rates may stand.
tail_sampling_config everything() {
  auto both = policy(policy_type::and_, "both");
  both.sub_policies = {dynamic(), limit("limit", 30)};
  auto bytes = policy(policy_type::bytes_limiting, "bytes");
  bytes.bytes_per_second = 40;
  auto drop = policy(policy_type::drop, "drop");
  auto other = policy(policy_type::not_, "not");
  other.sub_policies = {limit("limit", 50)};
  drop.sub_policies = {policy(policy_type::span_count, "none"), other};
  drop.sub_policies[0].min_spans = 1'000'000;
  auto composite = policy(policy_type::composite, "composite");
  composite.max_total_spans_per_second = 100;
  composite.sub_policies = {policy(policy_type::always_sample, "first"), limit("second", 60)};
  composite.rate_allocations = {{"first", 70}, {"second", 20}};
  tail_sampling_config config;
  config.policies = {both, limit("limit", 10), bytes,
                     drop, composite,          policy(policy_type::intelligent, "errors")};
  return config;
}

void ask(policy_set& set, std::uint32_t spans, steady_ns now) {
  trace_features trace;
  trace.spans = spans;
  trace.bytes = 10 * spans;
  set.decide(id_of(1), trace, now);
}

double demand_of(const std::vector<rate_report>& reports) {
  BOOST_REQUIRE(reports.size() == 1U);
  return static_cast<double>(reports[0].demand) / 1000;
}

} // namespace

BOOST_AUTO_TEST_SUITE(rate_board_test)

// Scenario: policies with rates, alone and inside others; the same in another order on another node;
// the same in another pipeline.
// Guarantee: each rate is found once, with its limit; the same names have the same budget on every
// node, others another one.
BOOST_AUTO_TEST_CASE(every_rate_has_a_name) {
  auto config = everything();
  const auto set = compiled(config);
  rate_board board;
  board.add("traces", set, begin);
  board.add("traces", policy_set(set), begin); // another shard's copy
  const auto reports = board.demands(begin);
  std::multiset<std::uint64_t> limits;
  for (const auto& each : reports)
    limits.insert(each.limit / 1000);
  BOOST_TEST((limits == std::multiset<std::uint64_t>{0, 10, 20, 30, 40, 50, 60, 70}));

  std::ranges::reverse(config.policies);
  const auto reversed = compiled(config);
  rate_board other_node;
  other_node.add("traces", reversed, begin);
  BOOST_TEST((other_node.demands(begin) == reports));
  other_node.add("more", set, begin);
  BOOST_TEST(other_node.demands(begin).size() == 2 * reports.size());
}

// Scenario: a limit that is asked for 200 spans a second, of which it gives 10, for ten seconds; then
// for nothing. Guarantee: the demand is what was asked for, and gone four seconds later.
BOOST_AUTO_TEST_CASE(demand_is_asked_for_not_given) {
  auto set = compiled(only(limit("limit", 10)));
  rate_board board;
  board.add("traces", set, begin);
  BOOST_TEST(demand_of(board.demands(begin)) == 0);
  auto now = begin;
  for (int second = 0; second < 10; ++second) {
    for (int i = 0; i < 40; ++i)
      ask(set, 5, now);
    now += second_ns;
    BOOST_TEST(demand_of(board.demands(now)) == 200);
  }
  for (int second = 0; second < 4; ++second)
    board.demands(now += second_ns);
  BOOST_TEST(demand_of(board.demands(now)) == 0);
}

// Scenario: a share, said before there are policies and after; of another budget; a reload with the
// same policy and with another.
// Guarantee: policies have it at once; one that goes on over the reload is told of later shares, and
// what nobody decides by any more is forgotten.
BOOST_AUTO_TEST_CASE(shares_outlive_a_reload) {
  rate_board board;
  std::optional set = compiled(only(limit("limit", 100)));
  board.add("traces", *set, begin);
  const auto budget = board.demands(begin).at(0).budget;
  const auto kept = [&](steady_ns now) {
    trace_features trace;
    trace.spans = 1;
    int sum = 0;
    for (int i = 0; i < 1000; ++i)
      sum += set->decide(id_of(1), trace, now).keep ? 1 : 0;
    return sum;
  };
  board.apply({{{budget, 0.5}}, 0.25}, begin);
  BOOST_TEST(kept(begin) == 100);

  auto next = compiled(only(limit("limit", 100)));
  board.add("traces", next, begin);
  next.take_over(*set);
  set = std::move(next);
  BOOST_TEST(kept(begin) == 0);
  BOOST_TEST(board.demands(begin).size() == 1U);
  board.apply({{{budget, 0.1}}, 0.25}, begin);
  BOOST_TEST(kept(begin + second_ns) == 10);

  set = compiled(only(limit("renamed", 100)));
  board.add("traces", *set, begin);
  BOOST_TEST(kept(begin) == 50); // a quarter, as of every budget that the others do not know
  BOOST_TEST(board.demands(begin).size() == 1U);
  set.reset();
  BOOST_TEST(board.demands(begin).empty());
}

// Scenario: a thousand keys, some frequent, in two dynamic policies.
// Guarantee: within the bounds, the most frequent keys are named; all spans are in the demand.
BOOST_AUTO_TEST_CASE(frequent_keys_are_named) {
  auto two = only(dynamic());
  two.policies.push_back(dynamic());
  two.policies[0].max_keys = two.policies[1].max_keys = 10'000;
  two.policies[1].name = "other";
  auto set = compiled(two);
  rate_board board;
  board.add("traces", set, begin);
  board.demands(begin);
  for (std::uint64_t key = 0; key < 1000; ++key)
    for (auto i : {0, 1})
      set.rates(static_cast<std::size_t>(i))->count(key, key % 10 == 0 ? 100 : 1, begin);
  const auto reports = board.demands(begin + second_ns);
  BOOST_REQUIRE(reports.size() == 2U);
  for (const auto& each : reports) {
    BOOST_TEST(each.limit == 0U);
    BOOST_TEST(each.demand == 1000U * (100 * 100 + 900));
    BOOST_TEST(each.keys.size() == max_key_rates / 2);
    BOOST_TEST(std::ranges::count(each.keys, 100'000U, &key_rate::spans) == 100);
    BOOST_TEST(std::ranges::is_sorted(each.keys));
  }
}

BOOST_AUTO_TEST_SUITE_END()
