#include "app/config/yaml.hpp"

#include "support.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <limits>

BOOST_AUTO_TEST_SUITE(yaml_test)

using namespace weir::app;

namespace {

std::string first_error(const std::string& text) {
  diagnostics out;
  parse_yaml(text, out);
  return out.errors.empty() ? std::string{} : to_text(out.errors[0], "f");
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i)
    all += text;
  return all;
}

using test::bad_case;

const bad_case bad_files[]{
    {"a: 1\nb: 2\na: 3\n", "f:3:1: a: the key is given twice; first on line 1"},
    {"a:\n\tb: 1\n", "f:2:1: found a tab, expected spaces: YAML is indented by spaces alone"},
    {"a: {<<: 5}\n", "f:1:9: found the number `5` behind the merge key `<<`, expected a map or a "
                     "list of maps"},
    {"a: {<<: [{b: 1}, c]}\n",
     "f:1:18: found the text `c` behind the merge key `<<`, expected a map "
     "or a list of maps"},
    {"a: {<<: {b: 1}, <<: {c: 1}}\n", "f:1:17: <<: the key is given twice; first on line 1"},
    {"a: !!binary aGk=\n", "f:1:4: found the YAML tag `tag:yaml.org,2002:binary`, expected a plain "
                           "value"},
    {"? [a, b]\n: 1\n", "f:1:3: found a list as a key, expected text"},
    {"a: [1, 2\n", "f:2:1: not YAML: end of sequence flow not found"},
    {"a: *nobody\n", "f:1:4: not YAML: the referenced anchor is not defined"},
    {"a: &x [*x]\n", "f:1:8: an alias stands inside the value that it names"},
    {repeated("[", 65) + repeated("]", 65),
     "f:1:65: lists and maps stand in each other more than 64 deep"},
    {std::string((1 << 20) + 1, ' '), "f: the file has 1048577 bytes, expected at most 1048576"},
};

} // namespace

// Scenario: a file that is not the YAML Weir takes. Guarantee: one error says what and where, and
// nothing hangs or grows.
BOOST_DATA_TEST_CASE(bad_yaml_is_refused_at_its_place, bad_files, sample) {
  BOOST_TEST(first_error(sample.text) == sample.message);
}

// Scenario: nine anchors, each ten times the one before. Guarantee: refused before it is expanded.
BOOST_AUTO_TEST_CASE(a_billion_laughs_are_refused) {
  std::string text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 10; ++i)
    text += fmt::format("a{}: &a{} [{}]\n", i, i,
                        repeated(fmt::format("*a{}, ", i - 1), 9) + fmt::format("*a{}", i - 1));
  BOOST_TEST(first_error(text).find("too large once its aliases are expanded")
             != std::string::npos);
}

// Scenario: one long text, aliased many times. Guarantee: its bytes count each time.
BOOST_AUTO_TEST_CASE(aliases_of_long_texts_are_bounded) {
  std::string text = "a: &a " + std::string(100'000, 'x') + "\nb: [";
  text += repeated("*a, ", 1000) + "*a]\n";
  BOOST_TEST(first_error(text).find("too large") != std::string::npos);
}

// Scenario: deep nesting through aliases. Guarantee: the depth counts what the alias holds.
BOOST_AUTO_TEST_CASE(depth_counts_through_aliases) {
  const auto text = "a: &a " + repeated("[", 40) + repeated("]", 40) + "\nb: " + repeated("[", 40)
                    + "*a" + repeated("]", 40) + "\n";
  BOOST_TEST(first_error(text).find("more than 64 deep") != std::string::npos);
}

// Scenario: a value by anchor and alias. Guarantee: the alias is a copy that stands at its own
// place.
BOOST_AUTO_TEST_CASE(aliases_are_copies) {
  diagnostics out;
  const auto tree = parse_yaml("a: &x {b: 1}\nc: *x\n", out);
  BOOST_REQUIRE(tree && out.ok());
  const auto& copy = tree->find("c")->value;
  BOOST_TEST(copy.find("b")->value.text == "1");
  BOOST_TEST(copy.position.line == 2u);
}

// Scenario: scalars of all kinds. Guarantee: quotes are remembered, types are yaml.v3's.
BOOST_AUTO_TEST_CASE(scalars_have_the_types_of_yaml_v3) {
  using enum scalar_type;
  for (const std::string_view s : {"true", "False", "TRUE"})
    BOOST_TEST((type_of(s) == boolean));
  for (const std::string_view s : {"0", "-12", "+7", "0x1F", "0123", "1_000", "0o17", "0b11",
                                   "-0x1f", "0X1f", "1_", "18446744073709551615"})
    BOOST_TEST((type_of(s) == integer));
  for (const std::string_view s : {"1.5", "-1.5", ".5", "1e9", "1.", ".inf", "-.INF", ".NaN", "089",
                                   "1_0.5", "99999999999999999999"})
    BOOST_TEST((type_of(s) == number));
  for (const std::string_view s :
       {"yes", "on", "5s", "1.2.3", "e5", "-", ".", "0x", "0b2", "0o8", "_1", "localhost", "1.2.3",
        "-.5x", "0xg", "1e", "--1", "+", ".5_0"})
    BOOST_TEST((type_of(s) == text));
  diagnostics out;
  const auto tree = parse_yaml("a: \"5\"\nb: 5\nc: ~\nd:\n", out);
  BOOST_REQUIRE(tree);
  BOOST_TEST(!tree->find("a")->value.plain);
  BOOST_TEST(tree->find("b")->value.plain);
  BOOST_TEST(tree->find("c")->value.is_null());
  BOOST_TEST(tree->find("d")->value.is_null());
}

// Scenario: numbers as yaml.v3 reads them. Guarantee: their values, where a value has no type of
// its own, too.
BOOST_AUTO_TEST_CASE(numbers_have_their_values) {
  const std::pair<const char*, std::int64_t> whole[]{
      {"0123", 83},   {"1_000", 1000},
      {"0o17", 15},   {"0b11", 3},
      {"0x_ff", 255}, {"-0b11", -3},
      {"-017", -15},  {"0", 0},
      {"+1_0", 10},   {"-9223372036854775808", std::numeric_limits<std::int64_t>::min()},
      {"1e3", 1000},  {"1000.0", 1000},
      {"089", 89},
  };
  for (const auto& [text, expected] : whole) {
    std::int64_t read = 0;
    BOOST_TEST(parse_whole(text, read), text);
    BOOST_TEST(read == expected, text);
  }
  std::int64_t read = 0;
  for (const auto* text : {"1.5", "1e-3", "9223372036854775808", "1e19", ".nan", ".inf", "x", ""})
    BOOST_TEST(!parse_whole(text, read), text);
  for (const auto* text : {"1e3", "1000.0", "089"})
    BOOST_TEST(!parse_integer(text, read), text);
}

// Scenario: an empty file, and one with comments alone. Guarantee: nothing, without an error.
BOOST_AUTO_TEST_CASE(an_empty_file_is_nothing) {
  for (const auto* text : {"", "# nothing\n", "---\n"}) {
    diagnostics out;
    const auto tree = parse_yaml(text, out);
    BOOST_TEST((tree && tree->is_null() && out.ok()));
  }
}

BOOST_AUTO_TEST_SUITE_END()
