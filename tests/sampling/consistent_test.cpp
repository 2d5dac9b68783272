#include "otlp_builder.hpp"
#include "sampling/consistent.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>

using namespace weir;
using namespace weir::sampling;

BOOST_AUTO_TEST_SUITE(consistent_test)

// Scenario: rates whose thresholds the specification, or the Collector's tests of it, print.
// Guarantee: the same digits, and back to the rate.
BOOST_AUTO_TEST_CASE(thresholds_are_the_published_ones) {
  const std::pair<double, const char*> known[] = {{1, "0"},
                                                  {0.5, "0"},
                                                  {2, "8"},
                                                  {4, "c"},
                                                  {3, "aaab"},
                                                  {10, "e666"},
                                                  {100, "fd70a"},
                                                  {1000, "ffbe77"},
                                                  {4.0 / 3, "4"},
                                                  {1e-3, "0"},
                                                  {0x1p56, "ffffffffffffff"}};
  for (const auto& [rate, text] : known) {
    BOOST_TEST(threshold_text(threshold_of(rate)) == text);
    if (rate >= 1)
      BOOST_TEST(std::abs(rate_of(threshold_of(rate)) / rate - 1) < 1e-4);
  }
  BOOST_TEST(threshold_of(1e300) == all_randomness - 1);
  BOOST_TEST(threshold_of(std::nan("")) == 0U);
}

// Scenario: ids whose last seven bytes are known. Guarantee: those are the randomness, in order.
BOOST_AUTO_TEST_CASE(randomness_is_the_end_of_the_id) {
  auto id = sampling::testing::id_of(1);
  const std::string bytes = std::string(9, '\xff') + std::string("\x01\x02\x03\x04\x05\x06\x07", 7);
  std::memcpy(&id, bytes.data(), bytes.size());
  BOOST_TEST(randomness_of(id) == 0x01'0203'0405'0607ULL);
}

// Scenario: tracestates with and without thresholds and randomness, and broken ones.
// Guarantee: what is written right is read, all else counts as not there.
BOOST_AUTO_TEST_CASE(reads_the_sampling_state) {
  const auto threshold = [](std::string_view text) { return read_sampling_state(text).threshold; };
  BOOST_TEST((threshold("ot=th:c") == 0xc0'0000'0000'0000ULL));
  BOOST_TEST((threshold("a=b,ot=rv:6e6d1a75832a2f;th:fd70a") == 0xfd'70a0'0000'0000ULL));
  BOOST_TEST((read_sampling_state("ot=rv:6e6d1a75832a2f").randomness == 0x6e'6d1a'7583'2a2fULL));
  BOOST_TEST((threshold("ot=th:0") == 0ULL));
  for (const char* broken :
       {"", "ot=th:", "ot=th:g", "ot=th:C", "ot=th:123456789012345", "ot=xth:c", "ot=th:c,ot=th:c",
        "th:c", "ot=th:c,A=b", "ot=rv:6e6d1a75832a2f"})
    BOOST_TEST(!threshold(broken), broken);
  BOOST_TEST(!read_sampling_state("ot=rv:6e6d").randomness);
}

// Scenario: a threshold is set, changed and taken out.
// Guarantee: other members and sub keys stay in their order, `ot` comes first, a broken list stays
// as it is, and no list gets longer than 32.
BOOST_AUTO_TEST_CASE(writes_the_threshold) {
  const auto quarter = threshold_of(4);
  BOOST_TEST(with_threshold("", quarter) == "ot=th:c");
  BOOST_TEST(with_threshold("a=b, c=d", quarter) == "ot=th:c,a=b,c=d");
  BOOST_TEST(with_threshold("a=b,ot=x:1;th:8;rv:6e6d1a75832a2f", quarter)
             == "ot=th:c;x:1;rv:6e6d1a75832a2f,a=b");
  BOOST_TEST(with_threshold("a=b,ot=th:8", std::nullopt) == "a=b");
  BOOST_TEST(with_threshold("a=b,ot=th:8;x:1", std::nullopt) == "ot=x:1,a=b");
  BOOST_TEST(with_threshold("a=b", std::nullopt) == "a=b");
  BOOST_TEST(with_threshold("A=b", quarter) == "A=b");
  std::string full = "k0=v";
  for (int i = 1; i < 32; ++i)
    full += ",k" + std::to_string(i) + "=v";
  const auto written = with_threshold(full, quarter);
  BOOST_TEST(std::count(written.begin(), written.end(), ',') == 31);
  BOOST_TEST(written.find("k31") == std::string::npos);
  const auto longest = with_threshold("ot=x:" + std::string(254, '1'), quarter);
  BOOST_TEST(longest == "ot=th:c");
}

BOOST_AUTO_TEST_SUITE_END()
