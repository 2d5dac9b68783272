#include "subjects.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cctype>
#include <fmt/format.h>

// Ways in which the Collector lets a value be written, tried on every option that has one of that
// kind.
BOOST_AUTO_TEST_SUITE(spellings_test)

using namespace weir::app;
using namespace weir::app::test;

namespace {

/// What is printed at an option's path when it is set to `leaf`; "" with what is wrong in `said`.
std::string set_to(const subject& s, const reference_row& row, const std::string& leaf,
                   outcome& done) {
  done = decode(s, nested(row.path, leaf, policy_of(row.path)));
  const auto found = done.printed.find(expected_path(row));
  return found == done.printed.end() ? std::string{} : found->second;
}

/// The same of a variable that holds `text`.
std::string set_by_variable(const subject& s, const reference_row& row, const std::string& text,
                            outcome& done) {
  diagnostics out;
  auto tree = *parse_yaml(nested(row.path, "\"${env:V}\"", policy_of(row.path)), out);
  expand(tree, variables({{"V", text}}), out);
  done = decode(s, tree);
  const auto found = done.printed.find(expected_path(row));
  return found == done.printed.end() ? std::string{} : found->second;
}

std::string binary(std::uint64_t number) {
  std::string digits;
  do
    digits.insert(0, 1, static_cast<char>('0' + number % 2));
  while ((number /= 2) != 0);
  return "0b" + digits;
}

std::vector<std::string> spellings_of(std::uint64_t number) {
  const auto text = std::to_string(number);
  return {text,
          "+" + text,
          text.substr(0, 1) + "_" + text.substr(1),
          text + ".0",
          text + "e0",
          fmt::format("{:#x}", number),
          fmt::format("0o{:o}", number),
          fmt::format("0{:o}", number),
          binary(number)};
}

std::string with_first_letter_large(std::string name) {
  name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
  return name;
}

std::string in_large_letters(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

} // namespace

// Scenario: every option that takes a whole number, in each way that yaml.v3 reads one.
// Guarantee: the same number.
BOOST_AUTO_TEST_CASE(whole_numbers_in_every_spelling) {
  std::size_t tried = 0;
  for (const auto& s : all_subjects())
    for (const auto& row : s.rows) {
      if (row.effect != effect::works || !row.type.starts_with("whole number"))
        continue;
      const auto sample = sample_of(s, row);
      for (const auto& text : spellings_of(std::stoull(sample))) {
        ++tried;
        outcome done;
        BOOST_TEST_CONTEXT(s.name << ": " << row.path << ": " << text) {
          BOOST_TEST(set_to(s, row, text, done) == sample);
          BOOST_TEST(!speaks_of(done.said.errors, row.path));
        }
      }
    }
  BOOST_TEST(tried > 300u);
}

// Scenario: every option that takes a number, a truth value, a duration or a size, from a variable
// with blanks and a line end around it. Guarantee: as without them.
BOOST_AUTO_TEST_CASE(blanks_around_what_a_variable_holds) {
  std::size_t tried = 0;
  for (const auto& s : all_subjects())
    for (const auto& row : s.rows) {
      const auto is = [&row](const char* type) { return row.type.starts_with(type); };
      if (row.effect != effect::works
          || !(is("whole number") || is("number") || is("truth value") || is("duration")
               || is("size")))
        continue;
      ++tried;
      const auto sample = sample_of(s, row);
      outcome done;
      BOOST_TEST_CONTEXT(s.name << ": " << row.path << ": " << sample) {
        const auto plain = set_to(s, row, sample, done);
        BOOST_TEST(set_by_variable(s, row, "  " + sample + " \n", done) == plain);
        BOOST_TEST(!speaks_of(done.said.errors, row.path));
      }
    }
  BOOST_TEST(tried > 80u);
}

// Scenario: every option that takes one of several words, in large letters and with a large first
// one. Guarantee: the word as it is listed.
BOOST_AUTO_TEST_CASE(words_in_any_letters) {
  std::size_t tried = 0;
  for (const auto& s : all_subjects())
    for (const auto& row : s.rows) {
      const bool listed = row.type.starts_with("list of `");
      if (row.effect != effect::works || row.path == "policies[].type"
          || !(listed || row.type.starts_with("`")))
        continue;
      for (const auto& name : names_in(row.type))
        for (const auto& text : {with_first_letter_large(name), in_large_letters(name)}) {
          ++tried;
          outcome done;
          BOOST_TEST_CONTEXT(s.name << ": " << row.path << ": " << text) {
            const auto quoted_text = "\"" + text + "\"";
            const auto leaf = listed ? "[" + quoted_text + "]" : quoted_text;
            BOOST_TEST(set_to(s, row, leaf, done) == name);
            BOOST_TEST(!speaks_of(done.said.errors, row.path));
          }
        }
    }
  BOOST_TEST(tried > 50u);
}

// Scenario: every option that takes one of several words, empty. Guarantee: its default, but where
// it has to be there.
BOOST_AUTO_TEST_CASE(an_empty_word_is_the_default) {
  std::size_t tried = 0;
  for (const auto& s : all_subjects())
    for (const auto& row : s.rows) {
      if (row.effect != effect::works || !row.type.starts_with("`")
          || row.type.find("required") != std::string::npos)
        continue;
      ++tried;
      const auto done = decode(s, nested(row.path, "\"\"", policy_of(row.path)));
      BOOST_TEST(!speaks_of(done.said.errors, row.path), s.name << ": " << row.path);
    }
  BOOST_TEST(tried > 10u);
}

// Scenario: texts in options that take them. Guarantee: they stay as they are, blanks, case and
// digits too.
BOOST_AUTO_TEST_CASE(texts_stay_as_they_are) {
  const auto header_of = [](const std::string& held) {
    diagnostics out;
    auto tree = *parse_yaml("{a: '${env:V}'}", out);
    expand(tree, variables({{"V", held}}), out);
    std::string text;
    BOOST_TEST(read_value(tree.find("a")->value, {}, text), held);
    return text;
  };
  for (const auto* text : {" 50 ", "0x1F", "True", "1_000", "{\"a\":1}", "[x]", "key: value", "- x",
                           "null", "~", "{a: &x 1}", "a: [", "\"5\"", "5 # five"})
    BOOST_TEST(header_of(text) == text);
}

BOOST_AUTO_TEST_SUITE_END()
