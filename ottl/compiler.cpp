#include "ottl/compiler.hpp"

#include "ottl/functions.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace weir::ottl {

namespace {

using number = std::uint32_t;

std::uint8_t bit(context_kind c) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(c));
}

std::string name_of(const node& path) {
  std::string name;
  for (const auto& segment : path.path)
    name += (name.empty() ? "" : ".") + segment.name;
  return name;
}

std::string known_paths(context_kind kind) {
  std::string known;
  for (const auto& p : all_paths())
    if (p.context == kind)
      known += (known.empty() ? "" : ", ") + std::string(p.name);
  return known;
}

std::string_view text_of(parameter_type type) {
  switch (type) {
  case parameter_type::text:
  case parameter_type::text_literal:
    return "a string";
  case parameter_type::integer:
  case parameter_type::integer_literal:
    return "a whole number";
  case parameter_type::real:
  case parameter_type::real_literal:
    return "a real number";
  case parameter_type::boolean:
  case parameter_type::boolean_literal:
    return "true or false";
  case parameter_type::map:
    return "a map";
  case parameter_type::time:
    return "a time";
  case parameter_type::duration:
    return "a duration";
  case parameter_type::target:
    return "a path";
  case parameter_type::map_target:
    return "a path to a map";
  case parameter_type::list:
  case parameter_type::list_literal:
    return "a list";
  case parameter_type::text_list_literal:
    return "a list of strings";
  case parameter_type::real_list_literal:
    return "a list of real numbers";
  case parameter_type::regex:
    return "a string with a regular expression";
  case parameter_type::glob:
    return "a string with a pattern";
  case parameter_type::converter:
    return "the name of a converter";
  case parameter_type::lambda:
    return "a lambda such as `(key, value) => value`";
  default:
    return "a value";
  }
}

/// Whether a literal of that kind fits; what is not a literal is looked at when it runs.
bool literal_fits(parameter_type type, const node& given) {
  const auto one_of = [&](std::initializer_list<node_kind> kinds) {
    return std::find(kinds.begin(), kinds.end(), given.kind) != kinds.end();
  };
  const bool dynamic =
      one_of({node_kind::path, node_kind::call, node_kind::arithmetic, node_kind::negate});
  switch (type) {
  case parameter_type::text:
    return dynamic || one_of({node_kind::string});
  case parameter_type::integer:
    return dynamic || one_of({node_kind::integer});
  case parameter_type::real:
    return dynamic || one_of({node_kind::real});
  case parameter_type::boolean:
    return dynamic || one_of({node_kind::boolean});
  case parameter_type::map:
    return dynamic || one_of({node_kind::map});
  case parameter_type::list:
    return dynamic || one_of({node_kind::list});
  case parameter_type::time:
  case parameter_type::duration:
    return dynamic;
  case parameter_type::target:
  case parameter_type::map_target:
    return one_of({node_kind::path});
  case parameter_type::text_literal:
  case parameter_type::regex:
  case parameter_type::glob:
    return one_of({node_kind::string});
  case parameter_type::integer_literal:
    return one_of({node_kind::integer});
  case parameter_type::boolean_literal:
    return one_of({node_kind::boolean});
  case parameter_type::real_literal:
    return one_of({node_kind::real});
  case parameter_type::list_literal:
  case parameter_type::text_list_literal:
  case parameter_type::real_list_literal:
    return one_of({node_kind::list});
  case parameter_type::converter:
    return one_of({node_kind::enumerator});
  case parameter_type::lambda:
    return one_of({node_kind::lambda});
  default:
    return true;
  }
}

/// Turns a syntax tree into a program: names become numbers. The first error is kept.
class compiler {
public:
  compiler(const syntax_tree& tree, const compile_options& options)
      : tree_(tree), options_(options) {}

  parsed<program> compile(std::string_view source) {
    made_.source = source;
    if (tree_.editor != syntax_tree::none)
      made_.editor = call(tree_.nodes[tree_.editor], true);
    if (tree_.condition != syntax_tree::none)
      made_.condition = boolean(tree_.condition);
    if (error_)
      return tl::unexpected(*error_);
    return std::move(made_);
  }

private:
  void fail_at(std::size_t offset, std::string message) {
    if (!error_)
      error_ = statement_error{offset, std::move(message)};
  }

  const node& at(node_number n) const { return tree_.nodes[n]; }

  std::string_view keep(const std::string& text) { return made_.texts.emplace_back(text); }

  number add(expression e) {
    made_.expressions.push_back(std::move(e));
    return static_cast<number>(made_.expressions.size() - 1);
  }

  number literal(const value& v) {
    expression e;
    e.literal = v;
    std::string any(wire_size(v), '\0');
    put_wire(any.data(), v);
    e.any = keep(any);
    return add(std::move(e));
  }

  range parts_of(const std::vector<node_number>& nodes,
                 number (compiler::*compile_part)(node_number)) {
    std::vector<number> compiled;
    for (const auto n : nodes)
      compiled.push_back((this->*compile_part)(n));
    const range made{static_cast<number>(made_.parts.size()), static_cast<number>(compiled.size())};
    made_.parts.insert(made_.parts.end(), compiled.begin(), compiled.end());
    return made;
  }

  number joined(expression::kind kind, const node& n,
                number (compiler::*compile_part)(node_number)) {
    expression e;
    e.form = kind;
    e.op = n.op;
    e.parts = parts_of(n.children, compile_part);
    return add(std::move(e));
  }

  number boolean(node_number n) {
    const auto& node = at(n);
    switch (node.kind) {
    case node_kind::not_:
      return joined(expression::kind::not_, node, &compiler::boolean);
    case node_kind::and_:
      return joined(expression::kind::and_, node, &compiler::boolean);
    case node_kind::or_:
      return joined(expression::kind::or_, node, &compiler::boolean);
    case node_kind::compare:
      return joined(expression::kind::compare, node, &compiler::expression_of);
    case node_kind::call: {
      const auto* function = find_function(node.text);
      if (function != nullptr && function->result == result_type::nothing)
        fail_at(node.offset, fmt::format("found the editor `{}`, expected a condition", node.text));
      return call(node, false);
    }
    default:
      return expression_of(n);
    }
  }

  number expression_of(node_number n) {
    const auto& node = at(n);
    switch (node.kind) {
    case node_kind::nil:
      return literal({});
    case node_kind::boolean:
      return literal(value::of(node.boolean));
    case node_kind::integer:
      return literal(value::of(node.integer));
    case node_kind::real:
      return literal(value::of(node.real));
    case node_kind::string:
      return literal(value::of_string(keep(node.text)));
    case node_kind::bytes:
      return literal(value::of_bytes(value_type::bytes, keep(node.text)));
    case node_kind::enumerator:
      return enumerator(node);
    case node_kind::path:
      return path(node);
    case node_kind::lambda:
      fail_at(node.offset, "found a lambda, expected a value");
      return 0;
    case node_kind::call:
      return call(node, false);
    case node_kind::list:
      return joined(expression::kind::list, node, &compiler::expression_of);
    case node_kind::map:
      return map(node);
    case node_kind::negate:
      return joined(expression::kind::negate, node, &compiler::expression_of);
    case node_kind::arithmetic:
      return joined(expression::kind::arithmetic, node, &compiler::expression_of);
    default:
      return boolean(n);
    }
  }

  number enumerator(const node& n) {
    const auto found = find_enumerator(options_.context, n.text);
    if (!found)
      fail_at(n.offset, fmt::format("found the unknown name `{}` in a statement about a {}", n.text,
                                    to_string(options_.context)));
    return literal(value::of(found.value_or(0)));
  }

  number map(const node& n) {
    const auto made = joined(expression::kind::map, n, &compiler::expression_of);
    for (const auto& name : n.names)
      made_.expressions[made].names.push_back(keep(name));
    return made;
  }

  // -- lambdas --

  /// The parameter of that name of the innermost lambda around that has one.
  std::optional<number> local(std::string_view name) const {
    for (auto known = locals_.rbegin(); known != locals_.rend(); ++known)
      if (known->name == name)
        return known->slot;
    return std::nullopt;
  }

  number local_value(const node& n, number slot) {
    if (n.path.size() > 1)
      fail_at(n.path[1].offset, fmt::format("found a name behind `{}`, which is a lambda's "
                                            "parameter, expected a key",
                                            n.path[0].name));
    expression e;
    e.form = expression::kind::local;
    e.index = slot;
    e.parts = keys_of(n.path[0].keys);
    return add(std::move(e));
  }

  number lambda(const node& n, std::size_t arity) {
    if (n.names.size() != arity)
      fail_at(n.offset,
              fmt::format("found a lambda of {} parameters, expected {}", n.names.size(), arity));
    expression e;
    e.form = expression::kind::lambda;
    e.index = made_.locals;
    const auto around = locals_.size();
    for (const auto& name : n.names)
      locals_.push_back({name == "_" ? std::string_view{} : name, made_.locals++});
    e.parts = parts_of(n.children, &compiler::boolean);
    locals_.resize(around);
    return add(std::move(e));
  }

  // -- paths --

  /// Cuts the context off the front of a path; nothing where it has none of its own.
  std::optional<context_kind> context_of(const node& n) const {
    if (n.path.size() < 2 || !n.path[0].keys.empty())
      return std::nullopt;
    return context_named(n.path[0].name);
  }

  number path(const node& n) {
    if (const auto known = local(n.path[0].name))
      return local_value(n, *known);
    const auto named = context_of(n);
    const auto context = named.value_or(options_.context);
    if (!named && !options_.implied_context)
      fail_at(n.offset, fmt::format("found the path `{}` without a context, expected one such as "
                                    "`{}.{}`",
                                    name_of(n), to_string(options_.context), name_of(n)));
    if (!sees(options_.context, context))
      fail_at(n.offset, fmt::format("found a path of a {} in a statement about a {}",
                                    to_string(context), to_string(options_.context)));
    const auto name = behind_context(n, named ? 1 : 0);
    const auto* info = find_path(context, name);
    if (info == nullptr)
      fail_at(n.offset, fmt::format("found the unknown path `{}` of a {}, expected one of: {}",
                                    name, to_string(context), known_paths(context)));
    if (info != nullptr && info->form == access::cache && context != options_.context)
      fail_at(n.offset, "found the cache of another context");
    if (error_)
      return 0;
    check_keys(n, *info);
    if (context != options_.context)
      made_.reads |= bit(context);
    const auto keys = keys_of(n.path.back().keys); // which may hold further paths
    expression e;
    e.form = expression::kind::path;
    e.index = static_cast<number>(made_.paths.size());
    made_.paths.push_back({info, keys});
    return add(std::move(e));
  }

  static std::string behind_context(const node& n, std::size_t first) {
    std::string name;
    for (auto i = first; i < n.path.size(); ++i)
      name += (i > first ? "." : "") + n.path[i].name;
    return name;
  }

  void check_keys(const node& n, const path_info& info) {
    for (std::size_t i = 0; i + 1 < n.path.size(); ++i)
      if (!n.path[i].keys.empty())
        fail_at(n.path[i].offset, fmt::format("found keys behind `{}`", n.path[i].name));
    const auto keys = n.path.back().keys.size();
    if (keys != 0 && !info.has_keys)
      fail_at(n.offset, fmt::format("found a key behind `{}`, which has none", info.name));
    if (keys > 1 && info.form == access::trace_state)
      fail_at(n.offset, "found more than one key of a trace state");
  }

  range keys_of(const std::vector<node_number>& nodes) {
    std::vector<key> keys;
    for (const auto n : nodes) {
      key k;
      const auto& node = at(n);
      if (node.kind == node_kind::string) {
        k.text = keep(node.text);
      } else if (node.kind == node_kind::integer) {
        k.form = key::kind::place;
        k.place = node.integer;
      } else if (node.kind == node_kind::real) {
        fail_at(node.offset, "found a real number, expected a key: text or a whole number");
      } else {
        k.form = key::kind::computed;
        k.expression = expression_of(n);
      }
      keys.push_back(k);
    }
    const range made{static_cast<number>(made_.keys.size()), static_cast<number>(keys.size())};
    made_.keys.insert(made_.keys.end(), keys.begin(), keys.end());
    return made;
  }

  // -- calls --

  number call(const node& n, bool as_editor) {
    const auto* function = find_function(n.text);
    if (function == nullptr || (function->contexts & bit(options_.context)) == 0) {
      fail_at(n.offset, fmt::format("found the unknown function `{}`{}", n.text, near(n.text)));
      return 0;
    }
    if (as_editor != (function->result == result_type::nothing)) {
      fail_at(n.offset, fmt::format("found `{}`, expected {}", n.text,
                                    as_editor ? "an editor" : "a converter"));
      return 0;
    }
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
    e.index = static_cast<number>(made_.calls.size());
    made_.calls.push_back(std::move(made));
    return add(std::move(e));
  }

  static std::string near(std::string_view name) {
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

  void place_arguments(const node& n, const function_info& function, call_info& call) {
    std::vector<bool> given(function.parameters.size());
    for (std::size_t i = 0; i < n.children.size() && !error_; ++i) {
      const auto& argument_node = at(n.children[i]);
      auto place = i;
      if (!n.names[i].empty()) {
        const auto found = std::find_if(function.parameters.begin(), function.parameters.end(),
                                        [&](const parameter& p) { return p.name == n.names[i]; });
        place = static_cast<std::size_t>(found - function.parameters.begin());
        if (found == function.parameters.end())
          return fail_at(
              argument_node.offset,
              fmt::format("found the unknown argument `{}` of `{}`", n.names[i], function.name));
      }
      if (place >= function.parameters.size())
        return fail_at(argument_node.offset,
                       fmt::format("found {} arguments of `{}`, expected {}", n.children.size(),
                                   function.name, function.parameters.size()));
      if (given[place])
        return fail_at(argument_node.offset,
                       fmt::format("found the argument `{}` of `{}` twice",
                                   function.parameters[place].name, function.name));
      given[place] = true;
      call.arguments[place] = argument_of(n.children[i], function, function.parameters[place]);
    }
    for (std::size_t i = 0; i < given.size(); ++i)
      if (!given[i] && !function.parameters[i].optional)
        fail_at(n.offset, fmt::format("found no argument `{}` of `{}`, expected {}",
                                      function.parameters[i].name, function.name,
                                      text_of(function.parameters[i].type)));
  }

  argument argument_of(node_number n, const function_info& function, const parameter& p) {
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
    if (p.type == parameter_type::text_list_literal)
      for (const auto element : given.children)
        if (at(element).kind != node_kind::string)
          fail_at(at(element).offset, "found another value, expected a string");
    if (p.type == parameter_type::real_list_literal)
      for (const auto element : given.children)
        if (at(element).kind != node_kind::real)
          fail_at(at(element).offset, "found another value, expected a real number such as 1.0");
    made.expression = p.type == parameter_type::lambda ? lambda(given, p.arity) : expression_of(n);
    if (p.type == parameter_type::target || p.type == parameter_type::map_target)
      check_target(given, made.expression, p.type);
    return made;
  }

  function_body converter(const node& n) {
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

  std::int32_t compile_pattern(const node& n, bool glob) {
    auto compiled = glob ? compile_glob(n.text) : pattern::compile(n.text);
    if (!compiled) {
      fail_at(n.offset, compiled.error().message);
      return -1;
    }
    made_.patterns.push_back(std::move(*compiled));
    return static_cast<std::int32_t>(made_.patterns.size() - 1);
  }

  void check_target(const node& n, number compiled, parameter_type type) {
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

  struct local_name {
    std::string_view name; ///< "": nothing can name it.
    number slot = 0;
  };

  const syntax_tree& tree_;
  const compile_options& options_;
  std::vector<local_name> locals_; ///< Those in scope, the innermost last.
  program made_;
  std::optional<statement_error> error_;
};

} // namespace

parsed<program> compile_statement(std::string_view text, const compile_options& options) {
  return parse_statement(text).and_then(
      [&](const auto& tree) { return compiler(tree, options).compile(text); });
}

parsed<program> compile_condition(std::string_view text, const compile_options& options) {
  return parse_condition(text).and_then(
      [&](const auto& tree) { return compiler(tree, options).compile(text); });
}

context_kind lower_of(context_kind a, context_kind b) noexcept {
  using enum context_kind;
  constexpr std::array order{log, datapoint, metric, spanevent, span, scope, resource};
  return *std::find_if(order.begin(), order.end(), [&](auto c) { return c == a || c == b; });
}

parsed<std::optional<context_kind>> named_context(std::string_view text, bool is_statement) {
  const auto tree = is_statement ? parse_statement(text) : parse_condition(text);
  if (!tree)
    return tl::unexpected(tree.error());
  std::optional<context_kind> lowest;
  for (const auto& n : tree->nodes) {
    if (n.kind != node_kind::path || n.path.size() < 2)
      continue;
    if (const auto named = context_named(n.path[0].name))
      lowest = lowest ? lower_of(*lowest, *named) : *named;
  }
  return lowest;
}

} // namespace weir::ottl
