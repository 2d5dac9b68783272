#pragma once

#include "ottl/program.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace weir::ottl {

/// What a parameter takes. Where an argument is a literal, it is checked when the statement is
/// compiled, else when it runs.
enum class parameter_type : std::uint8_t {
  any,
  text,
  text_like, ///< Any value, as text.
  integer,
  real,
  boolean,
  map,
  time,
  duration,
  target,     ///< A path that can be written.
  map_target, ///< The same, of a map.
  list,       ///< A list literal, or an expression whose value is a list.
  list_literal,
  text_list_literal, ///< A list of texts.
  real_list_literal, ///< A list of real numbers.
  text_literal,
  integer_literal,
  real_literal,
  boolean_literal,
  regex,     ///< A text literal, compiled.
  glob,      ///< The same, as a shell pattern.
  converter, ///< The name of one that makes text of text, without its arguments.
  lambda,
};

struct parameter {
  std::string_view name;
  parameter_type type = parameter_type::any;
  bool optional = false;
  std::uint8_t arity = 0; ///< Of a lambda: its parameters.
};

/// What a converter makes, where that is always the same; else `any`.
enum class result_type : std::uint8_t { nothing, any, boolean };

/// For function_info::contexts.
inline constexpr std::uint8_t metrics_only = 1U << static_cast<unsigned>(context_kind::metric);

struct function_info {
  std::string_view name;
  result_type result = result_type::any;
  std::vector<parameter> parameters;
  function_body body = nullptr;
  /// Looks at literal arguments: an error's text, or "".
  std::string (*check)(const program&, const call_info&) = nullptr;
  std::uint8_t contexts = 0xff; ///< Bits by context_kind.
  bool makes_items = false;     ///< Puts items beside the one in hand.
  /// Makes call_info::prepared of literal arguments: an error's text, or "".
  std::string (*prepare)(const program&, call_info&) = nullptr;
};

/// The function of that name, or null.
const function_info* find_function(std::string_view name) noexcept;

/// Names of all, for messages and for the documentation.
std::vector<std::string_view> function_names();

/// What an argument says. @pre it is a literal of that type, and given
inline std::string_view literal_text(const program& code, const argument& a) {
  return code.expressions[a.expression].literal.bytes;
}
inline std::int64_t literal_integer(const program& code, const argument& a) {
  return code.expressions[a.expression].literal.integer;
}

// The table's parts, by what they work on.
std::span<const function_info> editor_functions();
std::span<const function_info> map_key_functions();
std::span<const function_info> map_text_functions();
std::span<const function_info> map_merging_functions();
std::span<const function_info> text_functions();
std::span<const function_info> number_functions();
std::span<const function_info> time_functions();
std::span<const function_info> calendar_functions();
std::span<const function_info> case_functions();
std::span<const function_info> code_functions();
std::span<const function_info> hash_functions();
std::span<const function_info> network_functions();
std::span<const function_info> row_functions();
std::span<const function_info> grok_functions();
std::span<const function_info> user_agent_functions();
std::span<const function_info> xml_functions();
std::span<const function_info> xml_value_functions();
std::span<const function_info> metric_functions();
std::span<const function_info> made_metric_functions();
std::span<const function_info> aggregation_functions();
std::span<const function_info> bucket_functions();
std::span<const function_info> list_functions();
std::span<const function_info> lambda_functions();
std::span<const function_info> span_functions();

} // namespace weir::ottl
