#include "ottl/compiler.hpp"
#include "ottl/functions.hpp"
#include "ottl/group.hpp"
#include "tests/support/source_dir.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sstream>

namespace {

using namespace weir;
using namespace weir::ottl;

struct row {
  std::string text;
  std::size_t offset;
  std::string part; ///< Of the message.
};

template <class Compile>
void check(const std::vector<row>& rows, Compile&& compile) {
  for (const auto& r : rows) {
    const auto made = compile(r.text);
    BOOST_TEST(!made, r.text << " was taken");
    if (made)
      continue;
    BOOST_TEST(made.error().offset == r.offset,
               r.text << ": at " << made.error().offset << ": " << made.error().message);
    BOOST_TEST(made.error().message.find(r.part) != std::string::npos,
               r.text << ": " << made.error().message);
  }
}

parsed<program> condition(const std::string& text) {
  return compile_condition(text, {context_kind::span, true});
}
parsed<program> statement(const std::string& text) {
  return compile_statement(text, {context_kind::span, true});
}

std::string repeated(const std::string& reason, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i)
    all += reason;
  return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(errors_test)

// Scenario: conditions that are wrong in every way the grammar knows. Guarantee: the byte at which
// it went wrong, what was found there and what was expected.
BOOST_AUTO_TEST_CASE(conditions_name_place_and_reason) {
  check({{"", 0, "found the end"},
         {"name ==", 7, "found the end, expected a value"},
         {"name", 4, "found the end, expected a comparison"},
         {"name == \"a", 8, "string without end"},
         {R"(name == "\d")", 9, "unknown escape"},
         {"name = \"a\"", 5, "found `=`"},
         {"name == \"a\" name", 12, "expected `and`, `or` or the end"},
         {"name == \"a\" and", 15, "expected a value"},
         {"not not true", 4, "expected a condition"},
         {"(name == \"a\"", 12, "expected `)`"},
         {"name == 'a'", 8, "nothing begins with"},
         {"name == 99999999999999999999", 8, "below 2^63"},
         {"attributes[\"a\"] == 0x123", 19, "even number"},
         {"name + \"a\" == \"b\"", 7, "cannot be calculated with"},
         {"(name == \"a\") == true", 1, "found a condition"},
         {"name == set(name, \"a\")", 8, "upper-case"},
         {"IsMatch(name, (a) => a)", 14, "expected a string with a regular expression"},
         {"nam == \"a\"", 0, "unknown path `nam` of a span, expected one of: attributes"},
         {"log.body == \"a\"", 0, "path of a log in a statement about a span"},
         {"name[0] == \"a\"", 0, "found a key behind `name`"},
         {"status[\"a\"].code == 1", 0, "found keys behind `status`"},
         {"resource.cache[\"a\"] == 1", 0, "cache of another context"},
         {"attributes[1.5] == 1", 11, "expected a key"},
         {"kind == SPAN_KIND_SREVER", 8, "unknown name `SPAN_KIND_SREVER`"},
         {"isMatch(name, \"a\")", 0, "upper-case"},
         {"Ismatch(name, \"a\")", 0, "did you mean `IsMatch`?"},
         {"NoSuch(name)", 0, "unknown function `NoSuch`"},
         {"IsMatch(name)", 0, "found no argument `pattern` of `IsMatch`"},
         {"IsMatch(name, \"a\", 1)", 19, "expected 2"},
         {"IsMatch(name, 5)", 14, "expected a string with a regular expression as `pattern`"},
         {"IsMatch(name, \"(\")", 14, "missing"},
         {"IsMatch(name, patern=\"a\")", 21, "unknown argument `patern`"},
         {"IsMatch(target=name, \"a\")", 21, "those by place come first"},
         {"IsMatch(name, \"a\", target=name)", 26, "twice"},
         {"HasPrefix(5, \"a\")", 10, "expected a string as `target`"},
         {"ExtractPatterns(name, \"a\") == {}", 0, "named groups"},
         {"Time(name, \"%Q\") == Now()", 0, "unknown directive `%Q`"},
         {"Coalesce([]) == nil", 0, "a value in it"}},
        &condition);
}

// Scenario: statements that are wrong. Guarantee: as above.
BOOST_AUTO_TEST_CASE(statements_name_place_and_reason) {
  check({{"name == \"a\"", 0, "expected an editor"},
         {"IsMatch(name, \"a\")", 0, "expected an editor"},
         {"set(name, \"a\") when true", 15, "expected `where` or the end"},
         {"set(name, \"a\") where", 20, "expected a value"},
         {"set(name, \"a\")[0]", 0, "keys behind an editor"},
         {"set(\"name\", \"a\")", 4, "expected a path as `target`"},
         {"set(events, \"a\")", 4, "cannot be changed"},
         {"delete_key(name, \"a\")", 11, "which is no map"},
         {"limit(attributes, 1, [\"a\", \"b\"])", 0, "not below the 2 priority keys"},
         {"limit(attributes, 1, [1])", 22, "expected a string"},
         {"merge_maps(attributes, {}, \"put\")", 0, "found the strategy `put`"},
         {"replace_all_patterns(attributes, \"k\", \"a\", \"b\")", 0, "found the mode `k`"},
         {"replace_pattern(name, \"a\", \"b\", IsMatch)", 32, "expected a converter of one text"},
         {"replace_pattern(name, \"a\", \"b\", SHA256, \"%d\")", 0, "`%s` once"},
         {"append(attributes[\"a\"])", 0, "nothing to append"},
         {"truncate_all(attributes, -1)", 0, "not below 0"}},
        &statement);
}

// Scenario: input that nests, repeats or explodes without an end. Guarantee: an error each, in
// bounded time and memory.
BOOST_AUTO_TEST_CASE(deep_and_huge_input_is_refused) {
  BOOST_TEST(!condition(repeated("(", 100'000) + "true"));
  BOOST_TEST(!condition(repeated("(", 40) + "true" + repeated(")", 40)));
  BOOST_TEST(!condition(repeated("not ", 4'000) + "true"));
  BOOST_TEST(!condition("1" + repeated(" + 1", 100) + " == 2"));
  BOOST_TEST(!condition(repeated("- ", 5'000) + "1 == 1"));
  BOOST_TEST(!condition("name == " + repeated("[", 40) + repeated("]", 40)));
  BOOST_TEST(!condition("name == " + repeated("Concat([", 40)));
  BOOST_TEST(!condition("true" + repeated(" or true", 5'000)));
  BOOST_TEST(!condition("attributes" + repeated("[\"a\"]", 20) + " == 1"));
  BOOST_TEST(!condition("name == [1" + repeated(",1", 2'000) + "]"));
  BOOST_TEST(!condition("name == \"" + repeated("a", 20'000) + "\""));
  BOOST_TEST(!condition(R"(IsMatch(name, "((a{99}){99}){99}"))"));
  BOOST_TEST(!condition(R"(IsMatch(name, ")" + repeated("(a", 100) + repeated(")", 100) + R"("))"));
  // What is large but sane is taken.
  BOOST_TEST(condition("true" + repeated(" or name == \"a\"", 500)).has_value());
  BOOST_TEST(condition(repeated("(", 25) + "true" + repeated(")", 25)).has_value());
}

// Scenario: the context of a group is not given. Guarantee: it is the lowest that the paths name;
// lower where a function needs it; an error where none is named, or one of another signal.
BOOST_AUTO_TEST_CASE(contexts_are_found_from_paths) {
  const auto context_of = [](weir::signal kind, std::vector<std::string> conditions,
                             std::vector<std::string> statements) -> std::optional<context_kind> {
    const auto made = compile_group({kind, std::nullopt, conditions, statements});
    return made ? std::optional(made->context) : std::nullopt;
  };
  using enum context_kind;
  BOOST_TEST((context_of(signal::traces, {}, {R"(set(resource.attributes["a"], 1))"}) == resource));
  BOOST_TEST(
      (context_of(signal::traces, {R"(span.name == "a")"}, {R"(set(resource.attributes["a"], 1))"})
       == span));
  BOOST_TEST((context_of(signal::traces, {}, {R"(set(span.name, "a") where spanevent.name == "b")"})
              == spanevent));
  BOOST_TEST((context_of(signal::metrics, {R"(metric.name == "a" and datapoint.flags == 0)"}, {})
              == datapoint));
  BOOST_TEST(
      (context_of(signal::traces, {}, {R"(set(resource.attributes["a"], 1) where IsRootSpan())"})
       == span));
  BOOST_TEST(!context_of(signal::traces, {"true"}, {}));
  BOOST_TEST(!context_of(signal::traces, {R"(log.body == "a")"}, {}));
  BOOST_TEST(!context_of(signal::traces, {R"(name == "a")"}, {}));
}

// Scenario: docs/ottl.md beside the tables. Guarantee: it names every function and every path.
BOOST_AUTO_TEST_CASE(the_page_names_all) {
  std::ifstream file(std::string(test::source_dir()) + "/docs/ottl.md");
  std::stringstream page;
  page << file.rdbuf();
  const auto text = page.str();
  for (const auto name : function_names())
    BOOST_TEST(text.find("`" + std::string(name) + "(") != std::string::npos, name);
  for (const auto& path : all_paths())
    BOOST_TEST(text.find("`" + std::string(path.name) + "`") != std::string::npos,
               to_string(path.context) << "." << path.name);
}

BOOST_AUTO_TEST_SUITE_END()
