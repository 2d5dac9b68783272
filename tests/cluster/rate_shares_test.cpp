#include "cluster/rate_shares.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>

using namespace weir;
using namespace weir::cluster;

namespace {

constexpr std::uint64_t budget = 7;
constexpr std::uint64_t limit = 1'000'000;

/// Members 1, 2, ... with these demands, as parts of the limit.
std::vector<member> members_with(const std::vector<double>& demands) {
  std::vector<member> members;
  for (const auto demand : demands) {
    member each{.id = members.size() + 1};
    each.state = member_state::up;
    each.rates = {{budget, limit, static_cast<std::uint64_t>(demand * limit)}};
    members.push_back(std::move(each));
  }
  return members;
}

double share_of(node_id id, const std::vector<member>& members) {
  const auto shares = share_rates(id, members.at(id - 1).rates, members);
  BOOST_REQUIRE(shares.budgets.size() == 1U);
  return shares.budgets[0].share;
}

std::vector<double> shares_of(const std::vector<double>& demands) {
  const auto members = members_with(demands);
  std::vector<double> shares;
  for (const auto& each : members)
    shares.push_back(share_of(each.id, members));
  return shares;
}

bool close(const std::vector<double>& one, const std::vector<double>& other) {
  return std::ranges::equal(one, other, [](double a, double b) { return std::abs(a - b) < 1e-6; });
}

} // namespace

BOOST_AUTO_TEST_SUITE(rate_shares_test)

// Scenario: a node alone, with any demand. Guarantee: its share is exactly 1.
BOOST_AUTO_TEST_CASE(alone_all_of_it) {
  for (const double demand : {0.0, 0.3, 1.0, 17.0})
    BOOST_TEST(shares_of({demand}).at(0) == 1);
  BOOST_TEST(share_rates(1, {}, members_with({1})).even == 1);
}

// Scenario: demands on three and four nodes, over and under the budget.
// Guarantee: shares like the demands; a quiet node has its floor, of which only what it asks for is
// taken from the others; without any demand all have the same.
BOOST_AUTO_TEST_CASE(shares_follow_the_demand) {
  BOOST_TEST(close(shares_of({2, 2, 2}), {1. / 3, 1. / 3, 1. / 3}));
  BOOST_TEST(close(shares_of({1, 2, 3}), {1. / 6, 1. / 3, 1. / 2}));
  BOOST_TEST(close(shares_of({0.2, 0.3, 0.4}), {2. / 9, 1. / 3, 4. / 9}));
  BOOST_TEST(close(shares_of({0, 0, 0, 0}), {0.25, 0.25, 0.25, 0.25}));
  BOOST_TEST(close(shares_of({5, 0, 0}), {1, 1. / 6, 1. / 6}));
  BOOST_TEST(close(shares_of({5, 0.1, 0}), {0.9, 1. / 6, 1. / 6}));
  BOOST_TEST(close(shares_of({5, 5, 0.1, 0.05}), {0.425, 0.425, 0.125, 0.125}));
  // Less than the floor by demand, though it asks for more.
  BOOST_TEST(close(shares_of({100, 1, 1}), {2. / 3, 1. / 6, 1. / 6}));
}

// Scenario: random demands on 2 to 64 nodes.
// Guarantee: nobody is below the floor; what is kept, the smaller of share and demand on each node,
// is the budget, or all that is asked for where that is less.
BOOST_AUTO_TEST_CASE(all_of_the_budget_and_no_more) {
  std::mt19937_64 random(3);
  for (int run = 0; run < 500; ++run) {
    const auto nodes = 2 + random() % 63;
    std::vector<double> demands;
    for (std::size_t i = 0; i < nodes; ++i)
      demands.push_back(std::pow(10, static_cast<double>(random() % 600) / 100 - 4));
    const auto shares = shares_of(demands);
    double kept = 0;
    double asked = 0;
    for (std::size_t i = 0; i < nodes; ++i) {
      BOOST_TEST(shares[i] >= 1 / (2 * static_cast<double>(nodes)));
      BOOST_TEST(shares[i] <= 1);
      kept += std::min(shares[i], demands[i]);
      asked += demands[i];
    }
    BOOST_TEST(std::abs(kept / std::min(1.0, asked) - 1) < 1e-3, kept << " of " << asked);
  }
}

// Scenario: members that are joining, leaving, down or gone, one that has reported nothing yet, and
// this node itself, joining.
// Guarantee: who is not up has no part; who has not reported asks for nothing; a new node has
// 1/(2N), itself in N.
BOOST_AUTO_TEST_CASE(who_counts) {
  auto members = members_with({2, 2, 2, 2, 2});
  members[1].state = member_state::joining;
  members[2].state = member_state::leaving;
  members[3].state = member_state::down;
  members[4].state = member_state::left;
  BOOST_TEST(share_of(1, members) == 1);
  members[1].state = member_state::up;
  BOOST_TEST(share_of(1, members) == 0.5);
  members[1].rates = {};
  BOOST_TEST(share_of(1, members) == 1);
  const std::vector<rate_report> new_node{{budget, limit, 0}};
  const auto shares = share_rates(9, new_node, members);
  BOOST_TEST(shares.budgets.at(0).share == 1. / 6);
  BOOST_TEST(shares.even == 1. / 3);
}

// Scenario: three nodes that count keys of a dynamic policy, one of them nothing.
// Guarantee: each learns the sums of the others, by key, and what they counted under further keys.
BOOST_AUTO_TEST_CASE(counts_of_the_others) {
  auto members = members_with({0, 0, 0});
  members[0].rates = {{budget, 0, 100, {{1, 60}}}};
  members[1].rates = {{budget, 0, 200, {{1, 50}, {2, 100}}}};
  members[2].rates = {{budget, 0, 0}};
  const foreign_counts expected{2, 2, {{1, 110}, {2, 100}}, 90};
  BOOST_TEST((share_rates(3, members[2].rates, members).budgets.at(0).counts == expected));
  const foreign_counts second{2, 1, {{1, 60}}, 40};
  BOOST_TEST((share_rates(2, members[1].rates, members).budgets.at(0).counts == second));
}

// Scenario: what is heard of a member's demands, later and earlier.
// Guarantee: what came with the later beat counts.
BOOST_AUTO_TEST_CASE(reports_come_with_the_beat) {
  auto known = members_with({1}).at(0);
  auto heard = members_with({2}).at(0);
  heard.beat = known.beat + 1;
  merge(known, heard);
  BOOST_TEST(known.rates.at(0).demand == 2 * limit);
  merge(known, members_with({3}).at(0));
  BOOST_TEST(known.rates.at(0).demand == 2 * limit);
}

BOOST_AUTO_TEST_SUITE_END()
