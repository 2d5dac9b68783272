#include "ottl/group.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::ottl {

namespace {

using errors = std::vector<group_error>;

std::string_view signal_name(weir::signal kind) {
  switch (kind) {
  case weir::signal::traces:
    return "traces";
  case weir::signal::metrics:
    return "metrics";
  default:
    return "logs";
  }
}

/// The lowest context that any of the texts names.
tl::expected<std::optional<context_kind>, errors> infer(const group_source& source) {
  std::optional<context_kind> lowest;
  errors wrong;
  const auto look = [&](const std::vector<std::string>& texts, bool statements) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto named = named_context(texts[i], statements);
      if (!named)
        wrong.push_back({statements, i, named.error()});
      else if (*named)
        lowest = lowest ? lower_of(*lowest, **named) : **named;
    }
  };
  look(source.conditions, false);
  look(source.statements, true);
  if (!wrong.empty())
    return tl::unexpected(wrong);
  return lowest;
}

tl::expected<compiled_group, errors> compile_in(context_kind context, const group_source& source) {
  compiled_group made;
  made.context = context;
  errors wrong;
  const compile_options options{context, source.context.has_value()};
  const auto compile = [&](const std::vector<std::string>& texts, bool statements,
                           std::vector<program>& programs) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      auto one =
          statements ? compile_statement(texts[i], options) : compile_condition(texts[i], options);
      if (!one) {
        wrong.push_back({statements, i, one.error()});
        continue;
      }
      made.reads |= one->reads;
      made.writes |= one->writes;
      made.makes_items |= one->makes_items;
      programs.push_back(std::move(*one));
    }
  };
  compile(source.conditions, false, made.conditions);
  compile(source.statements, true, made.statements);
  if (!wrong.empty())
    return tl::unexpected(wrong);
  return made;
}

} // namespace

std::vector<context_kind> contexts_of(weir::signal kind) {
  using enum context_kind;
  switch (kind) {
  case weir::signal::traces:
    return {spanevent, span, scope, resource};
  case weir::signal::metrics:
    return {datapoint, metric, scope, resource};
  default:
    return {log, scope, resource};
  }
}

tl::expected<compiled_group, errors> compile_group(const group_source& source) {
  const auto allowed = contexts_of(source.kind);
  const auto fail = [&](std::string message) {
    return tl::unexpected(errors{{source.conditions.empty(), 0, {0, std::move(message)}}});
  };
  const auto is_allowed = [&](context_kind c) {
    return std::find(allowed.begin(), allowed.end(), c) != allowed.end();
  };
  auto context = source.context;
  if (!context) {
    auto inferred = infer(source);
    if (!inferred)
      return tl::unexpected(inferred.error());
    context = *inferred;
  }
  if (!context)
    return fail("found no path that names a context, expected one such as `resource.attributes`");
  if (!is_allowed(*context))
    return fail(fmt::format("found the context {} in a pipeline of {}", to_string(*context),
                            signal_name(source.kind)));
  auto made = compile_in(*context, source);
  if (made || source.context)
    return made;
  // A function or name may belong to a lower context than any path: `IsRootSpan()`.
  for (const auto lower : allowed) {
    if (lower == *context || !sees(lower, *context))
      continue;
    if (auto other = compile_in(lower, source))
      return other;
  }
  return made;
}

std::string to_string(const group_error& e, const group_source& source) {
  const auto& texts = e.in_statements ? source.statements : source.conditions;
  const auto text = e.index < texts.size() ? std::string_view(texts[e.index]) : std::string_view{};
  const auto before = text.substr(0, e.error.offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto last = before.rfind('\n');
  const auto column = last == std::string_view::npos ? before.size() : before.size() - last - 1;
  return fmt::format("line {}, column {} of `{}`: {}", line, column + 1, text, e.error.message);
}

} // namespace weir::ottl
