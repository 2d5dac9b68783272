#pragma once

#include "editing/chain.hpp"
#include "processors/transform.hpp"
#include "spans.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>
#include <string>

namespace weir::stages {

/// Processors of one statement on spans.
inline std::shared_ptr<const editing::chain> chain_of(const std::string& statement,
                                                      const std::string& error_mode) {
  processors::transform_config config;
  config.trace_statements = {{"span", {}, {statement}, error_mode}};
  const auto made = processors::make_transform(config, signal::traces, "t");
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
  std::vector<editing::chain::part> parts;
  for (const auto& part : *made)
    parts.push_back({"t", part});
  return std::make_shared<const editing::chain>(std::move(parts));
}

/// Some seconds of work on a name of a million bytes: each costs it hundreds of steps.
inline std::shared_ptr<const editing::chain> slow_chain() {
  return chain_of(R"(replace_pattern(name, ".{0,500}b.{0,500}$", "x"))", "ignore");
}

inline std::string named_span(char trace, std::string_view name) {
  return field(2,
               field(1, std::string(16, trace)) + field(2, std::string(8, 's')) + field(5, name));
}

inline std::string request_of(const std::string& spans) {
  return field(1, field(1, "") + field(2, spans));
}

} // namespace weir::stages
