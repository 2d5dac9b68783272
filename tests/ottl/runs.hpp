#pragma once

#include "editing/chain.hpp"
#include "processors/filter.hpp"
#include "processors/transform.hpp"
#include "tests/editing/messages.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

// Statements and conditions, run over messages written as JSON.
namespace weir::ottl::test {

using namespace processors;
using namespace editing::test;

struct ottl_run {
  std::string json;     ///< What came out.
  bool changed = false; ///< Whether it is other bytes than what went in.
  std::string refusal;
  item_counts items;
};

inline ottl_run apply(const result<std::vector<processor_ptr>>& made, weir::signal kind,
                      const std::string& message) {
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
  std::vector<chain::part> parts;
  for (const auto& p : *made)
    parts.push_back({"ottl", p});
  scratch scratch;
  request_context request;
  request.now = 1'700'000'000'000'000'000;
  std::string out;
  auto outcome = chain(std::move(parts)).apply(kind, message, request, scratch, out);
  return {json(outcome.changed ? out : message, kind), outcome.changed, outcome.refusal,
          outcome.items};
}

inline ottl_run transformed(const transform_config& config, const std::string& message,
                            weir::signal kind = signal::traces) {
  return apply(make_transform(config, kind, "transform"), kind, message);
}

/// Statements in one context over one message.
inline ottl_run run_statements(const std::string& context, std::vector<std::string> statements,
                               const std::string& message, weir::signal kind = signal::traces,
                               const std::string& mode = "propagate") {
  transform_config config;
  auto& groups = kind == signal::traces    ? config.trace_statements
                 : kind == signal::metrics ? config.metric_statements
                                           : config.log_statements;
  groups.push_back({context, {}, std::move(statements), mode});
  return transformed(config, message, kind);
}

/// A message with one span that has these attributes (a JSON list) and further fields.
inline std::string shop_span(const std::string& attributes, const std::string& fields = "") {
  return traces(
      R"([{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},
    "scopeSpans":[{"scope":{"name":"lib","version":"1.2"},"spans":[{"traceId":
    "0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"GET /cart","kind":3,
    "startTimeUnixNano":"1000000000","endTimeUnixNano":"3500000000","attributes":)"
      + attributes + fields + "}]}]}]");
}

} // namespace weir::ottl::test
