#include "app/config/values.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(values_test)

using namespace weir::app;
using namespace std::chrono_literals;

namespace {

yaml_value scalar(std::string text, bool plain = true) {
  return {.type = yaml_value::kind::scalar, .plain = plain, .text = std::move(text)};
}

} // namespace

// Scenario: durations in Go's syntax. Guarantee: read exactly, and printed so that they read back.
BOOST_AUTO_TEST_CASE(durations_read_and_print) {
  const std::pair<const char*, std::chrono::nanoseconds> good[]{
      {"0", 0s},      {"5s", 5s},     {"200ms", 200ms}, {"1h30m", 90min}, {"1.5s", 1500ms},
      {"7us", 7us},   {"7µs", 7us},   {"-2s", -2s},     {"+3m", 3min},    {"1m0.5s", 60'500ms},
      {"168h", 168h}, {"12ns", 12ns}, {"0.1s", 100ms},  {".5s", 500ms},   {"7d", 168h},
      {"1d12h", 36h}, {"1.5d", 36h},
  };
  for (const auto& [text, expected] : good) {
    std::chrono::nanoseconds read{-1}, again{-1};
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST(parse_duration(text, read));
      BOOST_TEST((read == expected));
      BOOST_TEST(parse_duration(print_duration(read), again));
      BOOST_TEST((again == read));
    }
  }
  std::chrono::nanoseconds read{};
  for (const auto* bad :
       {"", "5", "s", "5 s", "5w", "1s5", "1e3s", "--1s", "99999999999h", "1..5s", "5S", "."})
    BOOST_TEST(!parse_duration(bad, read), bad);
}

// Scenario: sizes. Guarantee: binary and decimal units, plain bytes; all else is refused.
BOOST_AUTO_TEST_CASE(sizes_read_and_print) {
  const std::pair<const char*, std::uint64_t> good[]{
      {"0", 0},
      {"4096", 4096},
      {"256KiB", 256 << 10},
      {"1.5MiB", 3 << 19},
      {"10GiB", 10ULL << 30},
      {"10GB", 10'000'000'000},
      {"1 MiB", 1 << 20},
      {"2TiB", 2ULL << 40},
      {"12B", 12},
  };
  for (const auto& [text, expected] : good) {
    std::uint64_t read = 1, again = 1;
    BOOST_TEST(parse_size(text, read), text);
    BOOST_TEST(read == expected);
    BOOST_TEST(parse_size(print_size(read), again));
    BOOST_TEST(again == read);
  }
  std::uint64_t read = 0;
  for (const auto* bad : {"", "-1", "10 gigs", "10gib", "KiB", "99999999TiB", "1KiB2", "1e3"})
    BOOST_TEST(!parse_size(bad, read), bad);
}

// Scenario: values whose type is nearly right. Guarantee: nothing is converted silently.
BOOST_AUTO_TEST_CASE(types_are_strict) {
  std::int64_t whole = 0;
  std::uint16_t small = 0;
  bool truth = false;
  double number = 0;
  std::string text;
  BOOST_TEST(!read_value(scalar("5", false), {}, whole));
  BOOST_TEST(!read_value(scalar("5.5"), {}, whole));
  BOOST_TEST(!read_value(scalar("70000"), {}, small));
  BOOST_TEST(!read_value(scalar("-1"), {}, small));
  BOOST_TEST(!read_value(scalar("99999999999999999999"), {}, whole));
  BOOST_TEST(!read_value(scalar("yes"), {}, truth));
  BOOST_TEST(!read_value(scalar("true", false), {}, truth));
  BOOST_TEST(!read_value(scalar(".inf"), {}, number));
  BOOST_TEST(!read_value(scalar("5"), {}, text));
  BOOST_TEST(!read_value(scalar("true"), {}, text));
  BOOST_TEST(read_value(scalar("5", false), {}, text));
  BOOST_TEST(read_value(scalar("7"), {}, number));
  BOOST_TEST(number == 7.0);
}

// Scenario: lists as one text, headers as a list of pairs. Guarantee: both forms of the Collector.
BOOST_AUTO_TEST_CASE(lists_and_maps_have_two_forms) {
  text_list list;
  BOOST_TEST(read_value(scalar("a, b,c"), {}, list));
  BOOST_TEST(list == (text_list{"a", "b", "c"}), boost::test_tools::per_element());
  diagnostics out;
  const auto pairs = parse_yaml("[{name: a, value: x}, {name: b, value: y}]", out);
  text_map map;
  BOOST_TEST(read_value(*pairs, {}, map));
  BOOST_TEST((map == text_map{{"a", "x"}, {"b", "y"}}));
  const auto wrong = parse_yaml("[{name: a}]", out);
  BOOST_TEST(!read_value(*wrong, {}, map));
}

// Scenario: a wait shorter than the member's unit. Guarantee: it is rounded up, never to nothing.
BOOST_AUTO_TEST_CASE(short_durations_round_up) {
  std::chrono::milliseconds wait{0};
  BOOST_TEST(read_value(scalar("100us"), {}, wait));
  BOOST_TEST((wait == 1ms));
  BOOST_TEST(!read_value(scalar("-1s"), {}, wait));
}

BOOST_AUTO_TEST_SUITE_END()
