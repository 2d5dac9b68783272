#include "backends/client_groups.hpp"

#include "backends/carried_items.hpp"

#include <unordered_map>

namespace weir::backends {

namespace {

// Those who said nothing are a group too.
std::string name_of(const otlp::carried_values& values) {
  std::string name = "by ";
  for (const auto& [key, value] : values)
    otlp::append_carried(name, key, value);
  return name;
}

} // namespace

std::vector<client_group> group_by_client(weir::signal kind, std::string_view message) {
  std::vector<client_group> groups;
  std::unordered_map<std::string, std::size_t> known;
  std::uint64_t position = 0;
  const auto note = [&](std::string_view, std::uint64_t items, const otlp::carried_values& values) {
    auto name = name_of(values);
    const auto [it, is_new] = known.try_emplace(name, groups.size());
    if (is_new)
      groups.push_back({.name = std::move(name), .runs = {}});
    auto& group = groups[it->second];
    if (!group.runs.empty() && group.runs.back().second == position)
      group.runs.back().second += items;
    else
      group.runs.emplace_back(position, position + items);
    group.items += items;
    position += items;
  };
  each_resource_with_items(kind, message, note);
  return groups;
}

std::uint64_t append_group(weir::signal kind, std::string_view message, std::string_view name,
                           std::string& out) {
  std::uint64_t taken = 0;
  const auto take = [&](std::string_view whole, std::uint64_t items,
                        const otlp::carried_values& values) {
    if (name_of(values) != name)
      return;
    out += whole;
    taken += items;
  };
  each_resource_with_items(kind, message, take);
  return taken;
}

} // namespace weir::backends
