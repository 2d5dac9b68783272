// The compiler of ottl/compiler_impl.hpp: calls of functions and their arguments.
#include "ottl/compiler_impl.hpp"
#include "ottl/parameter_types.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::ottl {

namespace {

// What to say behind an unknown name: the known one that differs in case only, if there is one.
std::string near(std::string_view name) {
  const auto lower = [](std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
  };
  for (const auto known : function_names())
    if (lower(known) == lower(name))
      return fmt::format(" (did you mean `{}`?)", known);
  return ", docs/ottl.md has the known ones";
}

} // namespace

expression_number compiler::call(const node& n, bool as_editor) {
  const auto* function = function_of(n, as_editor);
  if (function == nullptr)
    return 0;
  made_.uses_clock = made_.uses_clock || n.text == "Now";
  made_.makes_items = made_.makes_items || function->makes_items;
  call_info made;
  made.body = function->body;
  made.arguments.resize(function->parameters.size());
  place_arguments(n, *function, made);
  made.keys = keys_of(n.keys);
  if (!error_ && function->check != nullptr)
    if (auto wrong = function->check(made_, made); !wrong.empty())
      fail_at(n.offset, std::move(wrong));
  if (!error_ && function->prepare != nullptr)
    if (auto wrong = function->prepare(made_, made); !wrong.empty())
      fail_at(n.offset, std::move(wrong));
  made_.uses_clock = made_.uses_clock || made.uses_clock;
  expression e;
  e.form = expression::kind::call;
  e.index = static_cast<expression_number>(made_.calls.size());
  made_.calls.push_back(std::move(made));
  return add(std::move(e));
}

const function_info* compiler::function_of(const node& n, bool as_editor) {
  const auto* function = find_function(n.text);
  if (function == nullptr || (function->contexts & bit(options_.context)) == 0) {
    fail_at(n.offset, fmt::format("found the unknown function `{}`{}", n.text, near(n.text)));
    return nullptr;
  }
  if (as_editor != (function->result == result_type::nothing)) {
    fail_at(n.offset, fmt::format("found `{}`, expected {}", n.text,
                                  as_editor ? "an editor" : "a converter"));
    return nullptr;
  }
  return function;
}

void compiler::place_arguments(const node& n, const function_info& function, call_info& call) {
  std::vector<bool> given(function.parameters.size());
  for (std::size_t i = 0; i < n.children.size() && !error_; ++i) {
    const auto place = place_of(n, i, function);
    if (!place)
      return;
    const auto& parameter = function.parameters[*place];
    if (given[*place])
      return fail_at(at(n.children[i]).offset, fmt::format("found the argument `{}` of `{}` twice",
                                                           parameter.name, function.name));
    given[*place] = true;
    call.arguments[*place] = argument_of(n.children[i], function, parameter);
  }
  for (std::size_t i = 0; i < given.size(); ++i)
    if (!given[i] && !function.parameters[i].optional)
      fail_at(n.offset, fmt::format("found no argument `{}` of `{}`, expected {}",
                                    function.parameters[i].name, function.name,
                                    text_of(function.parameters[i].type)));
}

std::optional<std::size_t> compiler::place_of(const node& n, std::size_t i,
                                              const function_info& function) {
  const auto& parameters = function.parameters;
  const auto& name = n.names[i];
  const auto offset = at(n.children[i]).offset;
  if (name.empty()) {
    if (i < parameters.size())
      return i;
    fail_at(offset, fmt::format("found {} arguments of `{}`, expected {}", n.children.size(),
                                function.name, parameters.size()));
    return std::nullopt;
  }
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const parameter& p) { return p.name == name; });
  if (found != parameters.end())
    return static_cast<std::size_t>(found - parameters.begin());
  fail_at(offset, fmt::format("found the unknown argument `{}` of `{}`", name, function.name));
  return std::nullopt;
}

argument compiler::argument_of(node_number n, const function_info& function, const parameter& p) {
  const auto& given = at(n);
  argument made;
  if (!literal_fits(p.type, given)) {
    fail_at(given.offset, fmt::format("found another value, expected {} as `{}` of `{}`",
                                      text_of(p.type), p.name, function.name));
    return made;
  }
  if (p.type == parameter_type::converter) {
    made.function = converter(given);
    return made;
  }
  if (p.type == parameter_type::regex || p.type == parameter_type::glob)
    made.pattern = compile_pattern(given, p.type == parameter_type::glob);
  check_elements(given, p.type);
  made.expression = p.type == parameter_type::lambda ? lambda(given, p.arity) : expression_of(n);
  if (p.type == parameter_type::target || p.type == parameter_type::map_target)
    check_target(given, made.expression, p.type);
  return made;
}

void compiler::check_elements(const node& list, parameter_type type) {
  if (type == parameter_type::text_list_literal)
    for (const auto element : list.children)
      if (at(element).kind != node_kind::string)
        fail_at(at(element).offset, "found another value, expected a string");
  if (type == parameter_type::real_list_literal)
    for (const auto element : list.children)
      if (at(element).kind != node_kind::real)
        fail_at(at(element).offset, "found another value, expected a real number such as 1.0");
}

function_body compiler::converter(const node& n) {
  const auto* named = find_function(n.text);
  const bool fits = named != nullptr && named->result == result_type::any
                    && named->parameters.size() == 1
                    && named->parameters[0].type == parameter_type::text;
  if (!fits) {
    fail_at(n.offset, fmt::format("found `{}`, expected a converter of one text", n.text));
    return nullptr;
  }
  return named->body;
}

std::int32_t compiler::compile_pattern(const node& n, bool glob) {
  auto compiled = glob ? compile_glob(n.text) : pattern::compile(n.text);
  if (!compiled) {
    fail_at(n.offset, compiled.error().message);
    return -1;
  }
  made_.patterns.push_back(std::move(*compiled));
  return static_cast<std::int32_t>(made_.patterns.size() - 1);
}

void compiler::check_target(const node& n, expression_number compiled, parameter_type type) {
  if (error_)
    return;
  if (made_.expressions[compiled].form == expression::kind::local)
    return fail_at(n.offset, "found a lambda's parameter, which cannot be changed");
  const auto& target = made_.paths[made_.expressions[compiled].index];
  const auto& info = *target.info;
  if (!info.writable)
    fail_at(n.offset, fmt::format("found `{}`, which cannot be changed", info.name));
  if (type == parameter_type::map_target && info.type != value_type::map
      && info.type != value_type::nil)
    fail_at(n.offset, fmt::format("found `{}`, which is no map", info.name));
  if (info.context != options_.context)
    made_.writes |= bit(info.context);
}

} // namespace weir::ottl
