#pragma once

#include "backends/otlp_cut.hpp"
#include "core/signal.hpp"
#include "otlp/carried.hpp"
#include "otlp/wire.hpp"

#include <string>
#include <string_view>

namespace weir::backends {

/// Calls `visit(bytes of the field, items, what they carry)` for each resource that has items.
template <class Visit>
void each_resource_with_items(weir::signal kind, std::string_view message, const Visit& visit) {
  std::string ignored;
  otlp::wire::reader fields(message);
  const char* begin = fields.at();
  while (fields.next()) {
    const std::string_view whole(begin, static_cast<std::size_t>(fields.at() - begin));
    begin = fields.at();
    const auto items = count_items(kind, whole).value_or(0);
    if (items == 0)
      continue;
    ignored.clear();
    visit(whole, items, otlp::take_carried(whole, ignored).values);
  }
}

/// What the items of an OTLP message carry (otlp/carried.hpp), and the message without it, appended
/// to `out` where any does. Resources without items have no say: a cut puts them beside items of
/// others. @pre the bytes were checked
otlp::carried take_carried_of_items(weir::signal kind, std::string_view message, std::string& out);

} // namespace weir::backends
