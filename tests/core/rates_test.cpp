#include "core/rates.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;

BOOST_AUTO_TEST_SUITE(rates_test)

// Scenario: reports out of order, twice the same budget, too many of them, too many keys.
// Guarantee: what is left is in order, each once, and within the bounds.
BOOST_AUTO_TEST_CASE(reports_are_bounded) {
  std::vector<rate_report> reports{{9, 1, 1}, {3, 1, 1}, {9, 1, 2}};
  limit_rates(reports);
  BOOST_TEST((reports == std::vector<rate_report>{{3, 1, 1}, {9, 1, 1}}));

  reports.clear();
  for (std::uint64_t budget = 2 * max_rate_reports; budget > 0; --budget) {
    reports.push_back({budget, 0, 1});
    for (std::uint64_t key = 7; key > 0; --key)
      reports.back().keys.push_back({key, 1});
  }
  limit_rates(reports);
  BOOST_REQUIRE(reports.size() == max_rate_reports);
  std::size_t keys = 0;
  for (std::uint64_t i = 0; i < max_rate_reports; ++i) {
    BOOST_TEST(reports[i].budget == i + 1);
    keys += reports[i].keys.size();
  }
  BOOST_TEST(keys == max_key_rates);
  BOOST_TEST(reports[0].keys.front().key == 1U);
  limit_rates(reports);
  BOOST_TEST(reports.size() == max_rate_reports);
}

BOOST_AUTO_TEST_SUITE_END()
