#include "backends/carried_items.hpp"

#include "backends/otlp_cut.hpp"
#include "otlp/wire.hpp"

#include <optional>

namespace weir::backends {

namespace {

// Of the resources that have items alone.
otlp::carried of_items(weir::signal kind, std::string_view message) {
  otlp::carried found{.any = true};
  std::optional<otlp::carried_values> first;
  std::string ignored;
  otlp::wire::reader fields(message);
  const char* begin = fields.at();
  while (fields.next()) {
    const std::string_view whole(begin, static_cast<std::size_t>(fields.at() - begin));
    begin = fields.at();
    if (count_items(kind, whole).value_or(0) == 0)
      continue;
    ignored.clear();
    auto values = otlp::take_carried(whole, ignored).values;
    found.mixed |= first.value_or(values) != values;
    if (!first)
      first = std::move(values);
  }
  found.values = first.value_or(otlp::carried_values());
  return found;
}

} // namespace

otlp::carried take_carried_of_items(weir::signal kind, std::string_view message, std::string& out) {
  auto found = otlp::take_carried(message, out);
  return found.mixed ? of_items(kind, message) : found;
}

} // namespace weir::backends
