#include "backends/envelope.hpp"

#include "otlp/wire.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <span>

namespace weir::backends {

namespace {

namespace wire = otlp::wire;

constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();

// Fields that lead down to the items, level by level (opentelemetry-proto): resources, scopes,
// items; of metrics, the five kinds of data and their points. 1000: scopes of old.
bool leads_down(weir::signal kind, std::size_t level, std::uint32_t number) {
  constexpr std::array<std::uint32_t, 5> data_kinds = {5, 7, 9, 10, 11};
  switch (level) {
  case 0:
    return number == 1;
  case 1:
    return number == 2 || number == 1000;
  case 2:
    return number == 2;
  case 3:
    return std::find(data_kinds.begin(), data_kinds.end(), number) != data_kinds.end();
  default:
    return kind == signal::metrics && number == 1;
  }
}

std::uint64_t least(weir::signal kind, std::size_t level, std::string_view message) {
  if (level == (kind == signal::metrics ? 5U : 3U))
    return message.size();
  std::uint64_t around = 0;
  std::uint64_t smallest = none;
  wire::reader fields(message);
  const char* begin = fields.at();
  while (const auto f = fields.next()) {
    const auto whole = static_cast<std::uint64_t>(fields.at() - begin);
    begin = fields.at();
    if (f->type != wire::type::bytes || !leads_down(kind, level, f->number))
      around += whole;
    else if (const auto below = least(kind, level + 1, f->bytes); below != none)
      smallest = std::min(smallest, below + whole - f->bytes.size());
  }
  return smallest == none ? none : around + smallest;
}

} // namespace

std::uint64_t least_item_bytes(weir::signal kind, std::string_view message) {
  const auto bytes = least(kind, 0, message);
  return bytes == none ? 0 : bytes;
}

} // namespace weir::backends
