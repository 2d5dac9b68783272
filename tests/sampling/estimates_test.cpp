// How well counts can be scaled back from what was kept: the promise of the policies that say their
// sampling rate.
#include "policy_table.hpp"

#include <cmath>
#include <cstdio>
#include <map>
#include <random>

using namespace weir;
using namespace weir::sampling;
using namespace weir::sampling::testing;

namespace {

constexpr std::uint64_t routes = 40;
constexpr int traces = 300'000;
constexpr int traces_per_second = 2'000;

/// What a trace more or less makes at the goal's rate, which all have before anything is known.
constexpr double one_trace = 20 * 9;

struct tally {
  double truth = 0;
  double estimate = 0;
  double unweighted = 0; ///< Spans kept.
  double variance = 0;   ///< Of the estimate, as it is estimated from what was kept.
};

/// Per route and, under `routes`, of all: spans there were and spans that the kept ones stand for.
using tallies = std::map<std::uint64_t, tally>;

/// Routes from one in two traces to one in a thousand, a flood of route 7 in the middle, two
/// percent errors, and trace ids that are random.
struct traffic {
  explicit traffic(std::uint64_t seed) : random(seed) {
    std::vector<double> weights;
    for (std::uint64_t i = 1; i <= routes; ++i)
      weights.push_back(1.0 / static_cast<double>(i * i));
    usual = std::discrete_distribution<std::uint64_t>(weights.begin(), weights.end());
  }

  std::uint64_t route(int number) {
    const bool flooded = number > traces / 3 && number < traces / 2;
    return flooded && random() % 3 == 0 ? 7 : usual(random);
  }

  trace_id id() {
    trace_id made;
    for (std::size_t half = 0; half < 2; ++half) {
      const auto bytes = random();
      std::memcpy(reinterpret_cast<char*>(&made) + 8 * half, &bytes, 8);
    }
    return made;
  }

  std::mt19937_64 random;
  std::discrete_distribution<std::uint64_t> usual;
};

tallies run(
    const tail_sampling_config& config, std::uint64_t seed,
    float (*weight_of)(const decision&) = [](const decision& d) { return d.sampling_rate; }) {
  auto set = compiled(config);
  // What a trace shows depends on its route and on whether it failed: looked at once each.
  std::vector<trace_features> shown;
  for (std::uint64_t i = 0; i < 2 * routes; ++i) {
    auto one = with({{"http.route", "/" + std::to_string(i / 2)}});
    one.status = i % 2 == 1 ? 2 : 0;
    shown.push_back(features_of(set, {one}));
  }
  traffic traffic(seed);
  tallies result;
  for (int i = 0; i < traces; ++i) {
    const auto route = traffic.route(i);
    const auto id = traffic.id();
    auto features = shown[2 * route + (traffic.random() % 50 == 0 ? 1 : 0)];
    features.spans = 1 + static_cast<std::uint32_t>(traffic.random() % 9);
    const auto made = set.decide(id, features, i * (second_ns / traces_per_second));
    for (const auto under : {route, routes}) {
      auto& each = result[under];
      each.truth += features.spans;
      if (!made.keep)
        continue;
      const double weight = weight_of(made);
      each.estimate += weight * features.spans;
      each.unweighted += features.spans;
      each.variance += weight * (weight - 1) * features.spans * features.spans;
    }
  }
  return result;
}

double error_of(const tally& tally) {
  return std::abs(tally.estimate / tally.truth - 1);
}

policy_config by_route() {
  auto config = policy(policy_type::dynamic, "by route");
  config.attributes = {"http.route"};
  config.goal_sample_rate = 20;
  return config;
}

policy_config errors() {
  auto config = policy(policy_type::status_code, "errors");
  config.status_codes = {"ERROR"};
  return config;
}

policy_config tenth(std::string salt = "") {
  auto config = policy(policy_type::probabilistic, "tenth");
  config.sampling_percentage = 10;
  config.hash_salt = std::move(salt);
  return config;
}

policy_config intelligent() {
  auto config = policy(policy_type::intelligent, "intelligent");
  config.base_percentage = 5;
  return config;
}

policy_config both_of(policy_config one, policy_config other) {
  auto config = policy(policy_type::and_, "both");
  one.name = "one";
  other.name = "other";
  config.sub_policies = {one, other};
  return config;
}

tail_sampling_config all(std::vector<policy_config> policies, bool first_match = false) {
  tail_sampling_config config;
  config.policies = std::move(policies);
  config.sample_on_first_match = first_match;
  return config;
}

/// The sets whose estimates are measured.
std::map<std::string, tail_sampling_config> measured() {
  auto salted = by_route();
  salted.hash_salt = "pepper";
  return {{"dynamic", all({by_route()})},
          {"dynamic, salted", all({salted})},
          {"intelligent", all({intelligent()})},
          {"errors, dynamic", all({errors(), by_route()})},
          {"dynamic, tenth", all({by_route(), tenth()})},
          {"dynamic, tenth, tenth", all({by_route(), tenth(), both_of(errors(), tenth("s"))})},
          {"intelligent and dynamic", all({intelligent(), by_route()})},
          {"first match: dynamic, errors", all({by_route(), errors()}, true)},
          {"and", all({both_of(tenth(), by_route()), errors()})}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(estimates_test)

// Scenario: 300,000 traces over 40 routes, from 62 % of the traces to one in 2,600, one of them
// flooded for a while, with two percent errors, through sets with dynamic and intelligent policies;
// three seeds. Guarantee: the spans that the kept ones stand for are those there were: within 5 %
// all in all, and for each route of which more than 500 spans are kept within five standard
// deviations.
BOOST_AUTO_TEST_CASE(counts_can_be_scaled_back) {
  for (const auto& [name, config] : measured()) {
    double worst_total = 0;
    double worst = 0;
    double worst_deviations = 0;
    double kept = 0;
    double truth = 0;
    for (const std::uint64_t seed : {11, 12, 13}) {
      for (const auto& [route, estimate] : run(config, seed)) {
        if (estimate.unweighted < 500)
          continue; // too few to say how much the estimate varies
        const auto deviations = std::abs(estimate.estimate - estimate.truth)
                                / std::sqrt(estimate.variance + one_trace * one_trace);
        worst_deviations = std::max(worst_deviations, deviations);
        (route == routes ? worst_total : worst) =
            std::max(route == routes ? worst_total : worst, error_of(estimate));
        kept += route == routes ? estimate.unweighted : 0;
        truth += route == routes ? estimate.truth : 0;
      }
    }
    std::printf(
        "%-30s kept 1 of %4.1f, error of all at most %4.2f %%, of a route of which 500 spans are "
        "kept %4.1f %% (%.1f deviations)\n",
        name.c_str(), truth / kept, 100 * worst_total, 100 * worst, worst_deviations);
    BOOST_TEST(worst_total < 0.05, name);
    BOOST_TEST(worst < 0.35, name);
    BOOST_TEST(worst_deviations < 5, name);
    BOOST_TEST(kept < 0.6 * truth, name);
  }
}

// Scenario: the same sets with weights that are wrong in the ways that suggest themselves: none;
// that of the one policy that decided, though others might have kept the trace too. Guarantee: the
// bounds above catch it.
BOOST_AUTO_TEST_CASE(wrong_weights_are_caught) {
  const auto none = run(measured().at("dynamic"), 11, [](const decision&) { return 1.0F; });
  BOOST_TEST(error_of(none.at(routes)) > 0.5);
  const auto first = run(measured().at("dynamic, tenth"), 11,
                         [](const decision& d) { return d.policy == 1 ? 10.0F : d.sampling_rate; });
  BOOST_TEST(error_of(first.at(routes)) > 0.02);
  // The rate without what other policies might have kept.
  auto alone = all({by_route(), errors()}, true);
  alone.policies[1].type = policy_type::always_sample;
  auto set = compiled(alone);
  BOOST_TEST(set.decide(id_of(1), features_of(set, {span()}), 0).sampling_rate == 1);
}

// Scenario: dynamic by route, whose routes differ a thousandfold.
// Guarantee: seldom routes are kept, the most frequent one is thinned most; with a key that does
// not tell them apart (the broken twin) they are not.
BOOST_AUTO_TEST_CASE(seldom_keys_are_kept) {
  const auto share = [](const tallies& tallies, std::uint64_t route) {
    return tallies.at(route).unweighted / tallies.at(route).truth;
  };
  const auto kept = run(all({by_route()}), 5);
  BOOST_TEST(share(kept, routes - 1) > 0.6);
  BOOST_TEST(share(kept, 0) < 0.05);
  BOOST_TEST(std::abs(share(kept, routes) * 20 - 1) < 0.3);
  for (const char* wrong : {"http.rout", "route"}) {
    auto twin = by_route();
    twin.attributes = {wrong};
    const auto blind = run(all({twin}), 5);
    BOOST_TEST(share(blind, routes - 1) < 0.3, wrong);
  }
}

BOOST_AUTO_TEST_SUITE_END()
