#include "app/config/any_value.hpp"

#include "app/config/expand.hpp"
#include "otlp/features.hpp"
#include "support.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <fmt/format.h>
#include <yaml-cpp/emitter.h>

BOOST_AUTO_TEST_SUITE(any_value_test)

using namespace weir::app;
namespace otlp = weir::otlp;

namespace {

/// What an attribute's `value: <text>` becomes.
weir::processors::any_value any_of(const std::string& text, const std::string& held = "") {
  diagnostics out;
  auto tree = parse_yaml("value: " + text + "\n", out);
  BOOST_REQUIRE_MESSAGE(tree && out.ok(), text);
  expand(*tree, test::variables({{"V", held}}), out);
  return read_any(tree->find("value")->value);
}

/// Its kind and value, in a word.
std::string shown(const weir::processors::any_value& any) {
  const auto value = otlp::read_value(any.bytes);
  switch (value.kind) {
  case otlp::value_kind::integer:
    return fmt::format("integer {}", value.integer);
  case otlp::value_kind::real:
    return fmt::format("real {}", value.real);
  case otlp::value_kind::boolean:
    return value.boolean ? "true" : "false";
  case otlp::value_kind::string:
    return fmt::format("text {}", value.bytes);
  default:
    return "other";
  }
}

std::string printed(const weir::processors::any_value& any) {
  YAML::Emitter yaml;
  emit_any(yaml, any.bytes);
  return yaml.c_str();
}

} // namespace

// Scenario: values without a type of their own, as people write them. Guarantee: yaml.v3's types
// and values, from a variable too; what print-config shows reads back as the same.
BOOST_AUTO_TEST_CASE(values_are_those_of_yaml_v3) {
  const std::pair<const char*, const char*> cases[]{
      {"0123", "integer 83"},
      {"1_000", "integer 1000"},
      {"0o17", "integer 15"},
      {"0b11", "integer 3"},
      {"0x1F", "integer 31"},
      {"-0b11", "integer -3"},
      {"-12", "integer -12"},
      {"+7", "integer 7"},
      {"1e3", "real 1000"},
      {"1000.0", "real 1000"},
      {"089", "real 89"},
      {"1_0.5", "real 10.5"},
      {".5", "real 0.5"},
      {".inf", "real inf"},
      {"-.INF", "real -inf"},
      {"True", "true"},
      {"false", "false"},
      {"yes", "text yes"},
      {"'0123'", "text 0123"},
      {"\"1_000\"", "text 1_000"},
      {"_1", "text _1"},
      {"1.2.3", "text 1.2.3"},
      {"0b12", "text 0b12"},
      {"12:30", "text 12:30"},
      {"99999999999999999999", "real 1e+20"},
  };
  for (const auto& [text, expected] : cases)
    BOOST_TEST_CONTEXT(text) {
      const auto any = any_of(text);
      BOOST_TEST(shown(any) == expected);
      BOOST_TEST(shown(any_of(printed(any))) == expected);
      if (text[0] != '\'' && text[0] != '"') {
        BOOST_TEST(shown(any_of("${env:V}", text)) == expected);
        const bool is_text = std::string_view(expected).starts_with("text");
        const auto spaced = fmt::format(" {} ", text);
        BOOST_TEST(shown(any_of("${env:V}", spaced))
                   == (is_text ? "text " + spaced : std::string(expected)));
      }
    }
}

BOOST_AUTO_TEST_SUITE_END()
