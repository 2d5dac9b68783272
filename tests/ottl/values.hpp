#pragma once

#include "tests/ottl/runs.hpp"

#include <fmt/format.h>

// What converters give, and what they refuse.
namespace weir::ottl::test {

/// An expression, and its value as OTLP/JSON has it.
struct value_row {
  std::string expression;
  std::string json;
};

inline std::string string_json(const std::string& text) {
  return R"({"stringValue":")" + text + R"("})";
}

/// A map of texts.
inline std::string map_json(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string made;
  for (const auto& [key, text] : pairs)
    made += fmt::format(R"({}{{"key":"{}","value":{}}})", made.empty() ? "" : ",", key,
                        string_json(text));
  return R"({"kvlistValue":{"values":[)" + made + "]}}";
}

inline ottl_run run_expression(const std::string& expression) {
  return run_statements("span", {fmt::format(R"(set(attributes["r"], {}))", expression)},
                        shop_span("[]"));
}

inline void check_values(const std::vector<value_row>& rows) {
  for (const auto& r : rows) {
    const auto run = run_expression(r.expression);
    BOOST_TEST(run.refusal == "", r.expression << ": " << run.refusal);
    const auto wanted = json(shop_span(R"([{"key":"r","value":)" + r.json + "}]"));
    BOOST_TEST(run.json == wanted, r.expression << " gave\n" << run.json << "\nnot\n" << wanted);
  }
}

/// Expressions that have no value.
inline void check_failures(const std::vector<std::string>& expressions) {
  for (const auto& expression : expressions)
    BOOST_TEST(run_expression(expression).refusal != "", expression);
}

/// Expressions that are refused at start, and what the message says.
inline void check_refused(const std::vector<std::pair<std::string, std::string>>& rows) {
  for (const auto& [expression, wanted] : rows) {
    transform_config config;
    config.trace_statements = {
        {"span", {}, {fmt::format(R"(set(attributes["r"], {}))", expression)}, "ignore"}};
    const auto made = make_transform(config, signal::traces, "t");
    BOOST_REQUIRE_MESSAGE(!made, expression);
    BOOST_TEST(made.error().message.find(wanted) != std::string::npos, made.error().message);
  }
}

} // namespace weir::ottl::test
