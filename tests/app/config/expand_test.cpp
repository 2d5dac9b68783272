#include "app/config/expand.hpp"

#include "support.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(expand_test)

using namespace weir::app;

namespace {

const auto env = test::variables({
    {"HOST", "tempo"},
    {"PORT", "8080"},
    {"ZEROS", "0123"},
    {"EMPTY", ""},
    {"NAME", "HOST"},
    {"LIST", "[a, b]"},
    {"OUTER", "x-${HOST}"},
    {"LOOP", "${LOOP}"},
    {"BOMB", "${BOMB}${BOMB}${BOMB}${BOMB}"},
    {"_u1", "u"},
});

/// The value of `a: <text>` once expanded.
yaml_value expanded(const std::string& text, diagnostics& out) {
  auto tree = parse_yaml("a: " + text + "\n", out);
  BOOST_REQUIRE(tree);
  expand(*tree, env, out);
  return tree->find("a")->value;
}

std::string text_of(const std::string& text) {
  diagnostics out;
  const auto value = expanded(text, out);
  return out.ok() ? value.text : out.errors[0].message;
}

} // namespace

// Scenario: references inside longer texts. Guarantee: the Collector's forms, textually.
BOOST_AUTO_TEST_CASE(references_are_replaced) {
  BOOST_TEST(text_of("${env:HOST}:4317") == "tempo:4317");
  BOOST_TEST(text_of("http://${HOST}:${PORT}/x") == "http://tempo:8080/x");
  BOOST_TEST(text_of("'${env:HOST}-q'") == "tempo-q");
  BOOST_TEST(text_of("${env:NO:-fallback}/x") == "fallback/x");
  BOOST_TEST(text_of("${NO:-}x") == "x");
  BOOST_TEST(text_of("${env:${NAME}}!") == "tempo!");
  BOOST_TEST(text_of("${env:NO:-${HOST}}!") == "tempo!");
  BOOST_TEST(text_of("${env:NO:-a:-b}!") == "a:-b!");
  BOOST_TEST(text_of("${OUTER}!") == "x-tempo!");
  BOOST_TEST(text_of("${_u1}!") == "u!");
}

// Scenario: dollars. Guarantee: `$$` is one, an odd run before `{` leaves one that counts, a bare
// name stays and is warned about.
BOOST_AUTO_TEST_CASE(dollars_escape) {
  BOOST_TEST(text_of("a$$b") == "a$b");
  BOOST_TEST(text_of("$${HOST}") == "${HOST}");
  BOOST_TEST(text_of("$$${HOST}") == "$tempo");
  BOOST_TEST(text_of("cost-5$") == "cost-5$");
  diagnostics out;
  BOOST_TEST(expanded("$HOST", out).text == "$HOST");
  BOOST_REQUIRE_EQUAL(out.warnings.size(), 1u);
  BOOST_TEST(out.warnings[0].message
             == "`$NAME` without braces is not replaced: write `${env:NAME}`, or `$$` for a `$`");
}

// Scenario: a reference that is the whole value. Guarantee: it has the type of its text, and its
// original where text is wanted; lists and maps come in whole.
BOOST_AUTO_TEST_CASE(whole_values_have_types) {
  diagnostics out;
  std::int64_t port = 0;
  std::string text;
  BOOST_TEST(read_value(expanded("${PORT}", out), {}, port));
  BOOST_TEST(port == 8080);
  BOOST_TEST(read_value(expanded("${PORT}", out), {}, text));
  BOOST_TEST(text == "8080");
  BOOST_TEST(read_value(expanded("${ZEROS}", out), {}, text));
  BOOST_TEST(text == "0123");
  BOOST_TEST(expanded("${LIST}", out).items.size() == 2u);
  BOOST_TEST(!read_value(expanded("1${PORT}", out), {}, port));
}

// Scenario: lists and maps from a variable, where they may stand and where a text is wanted.
// Guarantee: the value there, the text as it is here; no reference in it is left.
BOOST_AUTO_TEST_CASE(whole_values_are_texts_as_well) {
  diagnostics out;
  std::string text;
  text_list list;
  const auto value = expanded("${LIST}", out);
  BOOST_TEST(read_value(value, {}, text));
  BOOST_TEST(text == "[a, b]");
  BOOST_TEST(read_value(value, {}, list));
  BOOST_TEST(list == (text_list{"a", "b"}), boost::test_tools::per_element());
  text_map map;
  BOOST_TEST(read_value(expanded("{x: '${LIST}'}", out), {}, map));
  BOOST_TEST(map.at("x") == "[a, b]");
}

// Scenario: variables that are not set, or empty. Guarantee: not set is nothing, with a warning;
// set and empty is an empty text, also with a default.
BOOST_AUTO_TEST_CASE(unset_and_empty_differ) {
  diagnostics out;
  const auto unset = expanded("${env:NO}", out);
  BOOST_TEST(unset.is_null());
  BOOST_REQUIRE_EQUAL(out.warnings.size(), 1u);
  BOOST_TEST(out.warnings[0].message
             == "the environment variable `NO` is not set, so nothing stands here");
  std::string text = "before";
  BOOST_TEST(read_value(expanded("${EMPTY:-default}", out), {}, text));
  BOOST_TEST(text.empty());
}

// Scenario: references that cannot be. Guarantee: an error that says so.
BOOST_AUTO_TEST_CASE(bad_references_are_errors) {
  BOOST_TEST(text_of("${env:1X}")
             == "found `1X` as the name of an environment variable, expected a letter or `_`, then "
                "letters, digits and `_`");
  BOOST_TEST(text_of("${http://x}") == "found the source `http`, expected `env`, `file` or `yaml`");
  BOOST_TEST(text_of("${file:/etc/passwd}")
             == "`${file:...}`: /etc/passwd: files are not read here");
  BOOST_TEST(text_of("a${HOST") == "found `${` without its `}`");
}

// Scenario: variables that name themselves. Guarantee: bounded in depth, time and bytes.
BOOST_AUTO_TEST_CASE(loops_end) {
  BOOST_TEST(text_of("${LOOP}") == "references stand in each other more than 16 deep");
  BOOST_TEST(text_of("x${BOMB}") == "references stand in each other more than 16 deep");
}

BOOST_AUTO_TEST_SUITE_END()
