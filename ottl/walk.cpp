#include "ottl/walk.hpp"

namespace weir::ottl {

namespace {

level level_of(context_kind c) {
  switch (c) {
  case context_kind::resource:
    return resources;
  case context_kind::scope:
    return scopes;
  default:
    return items;
  }
}

bool has(std::uint8_t bits, context_kind c) {
  return (bits >> static_cast<unsigned>(c) & 1U) != 0;
}

/// Resources and scopes among the bits: what stands above the level of a context.
level above(context_kind context, std::uint8_t bits) {
  auto levels = no_level;
  for (const auto c : {context_kind::resource, context_kind::scope})
    if (c != context && has(bits, c))
      levels = levels | level_of(c);
  return levels;
}

} // namespace

reach reach_of(context_kind context, std::uint8_t reads, std::uint8_t writes) noexcept {
  return {level_of(context), above(context, static_cast<std::uint8_t>(reads | writes)),
          above(context, writes)};
}

subject begin_subject(editing::context& context, std::uint8_t levels) {
  subject s;
  if (has(levels, context_kind::resource))
    s.resource = &context.resource();
  if (has(levels, context_kind::scope))
    s.scope = &context.scope();
  s.now = context.request().now;
  s.beside = &context.beside();
  return s;
}

} // namespace weir::ottl
