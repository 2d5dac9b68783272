#include "tests/ottl/values.hpp"

#include "ottl/strptime.hpp"
#include "ottl/time_format.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir::ottl;
using weir::unix_ns;

BOOST_AUTO_TEST_SUITE(time_test)

// Scenario: texts in many formats, with zones, names, fractions that the format has not or that are
// absent. Guarantee: the same moment, 2023-11-14 22:13:20 UTC, and its fraction.
BOOST_AUTO_TEST_CASE(times_are_read) {
  constexpr std::int64_t moment = 1'700'000'000'000'000'000;
  const std::vector<std::tuple<std::string, std::string, std::int64_t>> rows{
      {"2023-11-14T22:13:20.5Z", "%Y-%m-%dT%H:%M:%S.%s%z", 500'000'000},
      {"2023-11-14T22:13:20Z", "%Y-%m-%dT%H:%M:%S.%s%z", 0},
      {"2023-11-14 22:13:20,123456789", "%F %T.%L", 123'456'789},
      {"2023-11-14 22:13:20.25", "%F %T", 250'000'000},
      {"11/14/23 10:13:20 pm", "%D %r", 0},
      {"Tue Nov 14 22:13:20 2023", "%c", 0},
      {"2023-11-14 23:13:20 +0100", "%F %T %z", 0},
      {"2023-11-14 23:13:20 +01", "%F %T %z", 0},
      {"2023-11-14 16:43:20 -05:30", "%F %T %j", 0},
      {"2023-11-14 22:13:20 UTC", "%F %T %Z", 0},
  };
  for (const auto& [text, format, fraction] : rows) {
    BOOST_TEST(check_time_format(format) == "", format);
    const auto made = parse_time(text, format, 0);
    BOOST_TEST_REQUIRE(made.has_value(), text);
    BOOST_TEST(*made == moment + fraction, text);
  }
}

// Scenario: texts that do not fit, days that are not there. Guarantee: no time.
BOOST_AUTO_TEST_CASE(texts_that_are_no_times) {
  for (const auto& [text, format] :
       std::vector<std::pair<std::string, std::string>>{{"", "%F"},
                                                        {"2023-02-29", "%F"},
                                                        {"2023-11-14x", "%F"},
                                                        {"2023-11", "%F"},
                                                        {"2023-11-14 25", "%F %H"},
                                                        {"2023-11-14 +1", "%F %z"},
                                                        {"2023-11-14 CET", "%F %Z"},
                                                        {"9999-01-01", "%F"}})
    BOOST_TEST(!parse_time(text, format, 0).has_value(), text);
}

// Scenario: a format without a year, read in January 2024. Guarantee: of this year, but of the last
// one where it would be more than a week ahead.
BOOST_AUTO_TEST_CASE(a_year_that_is_not_said) {
  constexpr unix_ns second = 1'000'000'000;
  constexpr unix_ns new_year = 1'704'067'200 * second; // 2024-01-01
  BOOST_TEST(!has_year("%b %d %T"));
  BOOST_TEST(has_year("%D"));
  BOOST_TEST(*parse_time("Jan 3", "%b %d", new_year)
             == static_cast<std::int64_t>(new_year + 2 * 86'400 * second));
  BOOST_TEST(*parse_time("Dec 31", "%b %d", new_year)
             == static_cast<std::int64_t>(new_year - 86'400 * second));
}

// Scenario: formats that make no sense. Guarantee: refused, with the reason.
BOOST_AUTO_TEST_CASE(formats_are_checked) {
  BOOST_TEST(check_time_format("") != "");
  BOOST_TEST(check_time_format("%S%f").find("point or comma") != std::string::npos);
  BOOST_TEST(check_time_format("%Q").find("%Q") != std::string::npos);
  BOOST_TEST(check_time_format("%F 00").find("digit") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
