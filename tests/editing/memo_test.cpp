#include "editing/memo.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <stdexcept>
#include <string>

using namespace weir::editing;

BOOST_AUTO_TEST_SUITE(memo_test)

// Scenario: two rules ask for the same texts, short and too long to be kept, twice each.
// Guarantee: each gets what it made itself; it is asked once for a short text, each time for a long
// one.
BOOST_AUTO_TEST_CASE(rules_are_asked_once_a_text) {
  memo uut;
  const auto one = memo::new_rule();
  const auto other = memo::new_rule();
  int asked = 0;
  const auto made = [&](std::uint32_t rule, const std::string& text, std::string_view string_view) {
    return std::string(uut.of(rule, text, [&](std::string& out) {
      ++asked;
      out.append(text).append(string_view);
    }));
  };
  for (int i = 0; i < 2; ++i) {
    BOOST_TEST(made(one, "a", "1") == "a1");
    BOOST_TEST(made(other, "a", "2") == "a2");
    BOOST_TEST(made(one, "", "1") == "1");
  }
  BOOST_TEST(asked == 3);
  const std::string longer(memo::max_text_bytes + 1, 'x');
  for (int i = 0; i < 2; ++i)
    BOOST_TEST(made(one, longer, "1") == longer + "1");
  BOOST_TEST(asked == 5);
}

// Scenario: far more texts than there are places, which differ at their ends, in the middle alone,
// and in length, in turns.
// Guarantee: none gets what another one's was.
BOOST_AUTO_TEST_CASE(texts_do_not_get_mixed_up) {
  memo uut;
  const auto rule = memo::new_rule();
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < 4 * memo::places; ++i) {
      for (const auto& text :
           {fmt::format("{}-behind", i), fmt::format("in-front-{}", i),
            fmt::format("in the mid{}dle alone", i), std::string(i % 100, 'x')}) {
        const auto got = uut.of(rule, text, [&](std::string& out) { out = text; });
        BOOST_REQUIRE_EQUAL(got, text);
      }
    }
  }
}

// Scenario: a rule throws at a text, and is asked for it again.
// Guarantee: it is asked again; nothing half made is remembered.
BOOST_AUTO_TEST_CASE(what_was_not_finished_is_made_again) {
  memo uut;
  const auto rule = memo::new_rule();
  const auto failing = [](std::string& out) {
    out.append("half");
    throw std::runtime_error("in the middle");
  };
  BOOST_CHECK_THROW(uut.of(rule, "a", failing), std::runtime_error);
  BOOST_TEST(uut.of(rule, "a", [](std::string& out) { out.append("whole"); }) == "whole");
}

BOOST_AUTO_TEST_SUITE_END()
