#include "app/admin/node_status.hpp"

#include <charconv>
#include <fmt/format.h>

namespace weir::app {

std::string text_of_node(node_id id) {
  return fmt::format("{:016x}", id);
}

std::optional<node_id> node_in(const std::string& text) {
  constexpr std::size_t digits = 16;
  node_id id = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, id, 16);
  if (text.size() != digits || read.ec != std::errc{} || read.ptr != end)
    return std::nullopt;
  return id;
}

std::string name_of(const cluster::member& member) {
  return member.name.empty() ? text_of_node(member.id) : member.name;
}

} // namespace weir::app
