#include "sampling/rate_budget.hpp"
#include "sampling/rate_share.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>

using namespace weir;
using namespace weir::sampling;

namespace {

constexpr steady_ns begin = 100 * second_ns;

/// What a composite's only part gives in so many seconds to traces of one size that never end.
double given(rate_shares& shares, std::uint32_t spans, int first, int seconds) {
  double sum = 0;
  for (int second = first; second < first + seconds; ++second)
    for (int i = 0; i < 100; ++i)
      sum += shares.spend(0, spans, begin + second * second_ns + i) ? spans : 0;
  return sum;
}

} // namespace

BOOST_AUTO_TEST_SUITE(rate_budget_test)

// Scenario: a budget gets another share of a cluster's rate, and all of it again.
// Guarantee: the new rate and burst from then on; what lay above the new burst is gone.
BOOST_AUTO_TEST_CASE(budgets_have_a_share) {
  rate_budget budget(100, 200);
  BOOST_TEST(budget.available(second_ns) == 200);
  budget.set_share(0.1, second_ns);
  BOOST_TEST(budget.available(second_ns) == 20);
  BOOST_TEST(budget.spend(20, second_ns));
  BOOST_TEST(!budget.spend(1, second_ns));
  BOOST_TEST(budget.spend(5, second_ns + second_ns / 2));
  BOOST_TEST(!budget.spend(1, second_ns + second_ns / 2));
  budget.set_share(1, 2 * second_ns);
  BOOST_TEST(budget.available(2 * second_ns) == 5);
  BOOST_TEST(budget.available(10 * second_ns) == 200);
  BOOST_TEST(budget.rate() == 100);
}

// Scenario: a tenth of a budget, and a trace that is larger than a tenth of its burst; one that is
// larger than all of it.
// Guarantee: the first fits a full bucket, and is paid for before the next; the second never fits,
// and was not asked for.
BOOST_AUTO_TEST_CASE(large_traces_fit_small_shares) {
  rate_budget budget(100, 200);
  budget.set_share(0.1, begin);
  BOOST_TEST(!budget.spend(201, begin));
  BOOST_TEST(budget.asked() == 0);
  BOOST_TEST(budget.spend(1, begin));
  BOOST_TEST(!budget.spend(150, begin));
  BOOST_TEST(budget.spend(150, begin + second_ns));
  BOOST_TEST(budget.available(begin + second_ns) == -130);
  BOOST_TEST(!budget.spend(1, begin + 14 * second_ns));
  BOOST_TEST(budget.spend(1, begin + 15 * second_ns));
  BOOST_TEST(budget.asked() == 1 + 150 + 150 + 1 + 1);
}

// Scenario: random spending by a budget whose share is said to be 1 again and again, and by one that
// never hears of shares. Guarantee: the same answers.
BOOST_AUTO_TEST_CASE(all_of_it_is_as_before) {
  std::mt19937_64 random(5);
  rate_budget alone(1000, 1300);
  rate_budget told(1000, 1300);
  rate_shares alone_parts({700, 300}, 1000);
  rate_shares told_parts({700, 300}, 1000);
  for (steady_ns now = begin; now < begin + 60 * second_ns;
       now += static_cast<steady_ns>(random() % (second_ns / 50))) {
    const auto spans = static_cast<std::uint32_t>(1 + random() % 60);
    BOOST_REQUIRE(alone.spend(spans, now) == told.spend(spans, now));
    const auto part = random() % 2;
    BOOST_REQUIRE(alone_parts.spend(part, spans, now) == told_parts.spend(part, spans, now));
    if (random() % 10 == 0) {
      told.set_share(1, now);
      told_parts.set_share(part, 1);
    }
  }
}

// Scenario: a composite's part of 100 spans a second in shares, asked for more than it has in traces
// of 3, 30 and 70 spans.
// Guarantee: each node gives its share of what one node gives, which loses what is too little for a
// trace in each second: 99, 90 and 70 spans.
BOOST_AUTO_TEST_CASE(parts_in_shares_lose_what_one_node_does) {
  for (const std::uint32_t spans : {3U, 30U, 70U})
    for (const double share : {1.0, 0.5, 1. / 3, 0.25, 0.15}) {
      rate_shares shares({100}, 1000);
      shares.set_share(0, share);
      given(shares, spans, 0, 1);
      shares.set_share(0, share); // knows by now how large traces are
      given(shares, spans, 1, 100);
      const auto expected = share * (100 - 100 % spans) * 300;
      const auto sum = given(shares, spans, 101, 300);
      BOOST_TEST(std::abs(sum / expected - 1) < 0.02, share << " of " << spans << ": " << sum);
    }
}

// Scenario: a part in a tenth share, quiet for an hour, then asked for everything.
// Guarantee: it has saved up two seconds' worth, not an hour's.
BOOST_AUTO_TEST_CASE(parts_save_little) {
  rate_shares shares({10'000}, 100'000);
  shares.set_share(0, 0.1);
  given(shares, 1, 0, 1);
  shares.set_share(0, 0.1);
  double sum = 0;
  for (int i = 0; i < 100'000; ++i)
    sum += shares.spend(0, 1, begin + 3600 * second_ns) ? 1 : 0;
  BOOST_TEST(sum == 2000);
  BOOST_TEST(shares.rate(0) == 10'000);
}

BOOST_AUTO_TEST_SUITE_END()
