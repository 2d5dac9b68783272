// The compiler of ottl/compiler_impl.hpp: paths and their keys.
#include "ottl/compiler_impl.hpp"

#include <fmt/format.h>

namespace weir::ottl {

namespace {

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

/// The context that a path names itself.
std::optional<context_kind> context_of(const node& n) {
  if (n.path.size() < 2 || !n.path[0].keys.empty())
    return std::nullopt;
  return context_named(n.path[0].name);
}

std::string behind_context(const node& n, std::size_t first) {
  std::string name;
  for (auto i = first; i < n.path.size(); ++i)
    name += (i > first ? "." : "") + n.path[i].name;
  return name;
}

} // namespace

expression_number compiler::path(const node& n) {
  if (const auto known = local(n.path[0].name))
    return local_value(n, *known);
  const auto* info = info_of(n);
  if (info == nullptr)
    return 0;
  check_keys(n, *info);
  if (info->context != options_.context)
    made_.reads |= bit(info->context);
  const auto keys = keys_of(n.path.back().keys); // which may hold further paths
  expression e;
  e.form = expression::kind::path;
  e.index = static_cast<expression_number>(made_.paths.size());
  made_.paths.push_back({info, keys});
  return add(std::move(e));
}

const path_info* compiler::info_of(const node& n) {
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
    fail_at(n.offset, fmt::format("found the unknown path `{}` of a {}, expected one of: {}", name,
                                  to_string(context), known_paths(context)));
  if (info != nullptr && info->form == access::cache && context != options_.context)
    fail_at(n.offset, "found the cache of another context");
  return error_ ? nullptr : info;
}

void compiler::check_keys(const node& n, const path_info& info) {
  for (std::size_t i = 0; i + 1 < n.path.size(); ++i)
    if (!n.path[i].keys.empty())
      fail_at(n.path[i].offset, fmt::format("found keys behind `{}`", n.path[i].name));
  const auto keys = n.path.back().keys.size();
  if (keys != 0 && !info.has_keys)
    fail_at(n.offset, fmt::format("found a key behind `{}`, which has none", info.name));
  if (keys > 1 && info.form == access::trace_state)
    fail_at(n.offset, "found more than one key of a trace state");
}

range compiler::keys_of(const std::vector<node_number>& nodes) {
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
  const range made{static_cast<expression_number>(made_.keys.size()),
                   static_cast<expression_number>(keys.size())};
  made_.keys.insert(made_.keys.end(), keys.begin(), keys.end());
  return made;
}

std::optional<expression_number> compiler::local(std::string_view name) const {
  for (auto known = locals_.rbegin(); known != locals_.rend(); ++known)
    if (known->name == name)
      return known->slot;
  return std::nullopt;
}

expression_number compiler::local_value(const node& n, expression_number slot) {
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

expression_number compiler::lambda(const node& n, std::size_t arity) {
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

} // namespace weir::ottl
