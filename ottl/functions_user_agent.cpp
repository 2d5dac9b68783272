#include "ottl/evaluation.hpp"
#include "ottl/functions.hpp"
#include "ottl/user_agent.hpp"

namespace weir::ottl {

namespace {

using enum parameter_type;

bool user_agent(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  if (!e.get_text(c.arguments[0], text))
    return false;
  const auto browser = find_browser(text);
  const auto system = find_operating_system(text);
  text_builder map(e.in().memory);
  append_pair(map, "user_agent.name", value::of_string(browser.family));
  append_pair(map, "user_agent.original", value::of_string(text));
  append_pair(map, "user_agent.version", value::of_string(browser.version));
  append_pair(map, "os.name", value::of_string(system.family));
  if (!system.version.empty())
    append_pair(map, "os.version", value::of_string(system.version));
  return e.finish(map, value_type::map, out);
}

/// So that no request waits while the expressions are compiled.
std::string prepare_user_agent(const program&, call_info&) {
  find_browser("");
  find_operating_system("");
  return {};
}

} // namespace

std::span<const function_info> user_agent_functions() {
  static const std::vector<function_info> table{
      {.name = "UserAgent",
       .parameters = {{"user_agent", text}},
       .body = &user_agent,
       .prepare = &prepare_user_agent},
  };
  return table;
}

} // namespace weir::ottl
