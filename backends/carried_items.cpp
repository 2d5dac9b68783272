#include "backends/carried_items.hpp"

#include <optional>

namespace weir::backends {

namespace {

// Of the resources that have items alone.
otlp::carried of_items(weir::signal kind, std::string_view message) {
  otlp::carried found{.any = true};
  std::optional<otlp::carried_values> first;
  each_resource_with_items(
      kind, message, [&](std::string_view, std::uint64_t, const otlp::carried_values& values) {
        found.mixed |= first.value_or(values) != values;
        if (!first)
          first = values;
      });
  found.values = first.value_or(otlp::carried_values());
  return found;
}

} // namespace

otlp::carried take_carried_of_items(weir::signal kind, std::string_view message, std::string& out) {
  auto found = otlp::take_carried(message, out);
  return found.mixed ? of_items(kind, message) : found;
}

} // namespace weir::backends
