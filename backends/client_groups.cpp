#include "backends/client_groups.hpp"

#include "backends/otlp_cut.hpp"
#include "otlp/carried.hpp"
#include "otlp/wire.hpp"

#include <unordered_map>

namespace weir::backends {

namespace {

// Calls `visit(field bytes, items, name)` for each resource that has items.
template <class Visit>
void each_resource(weir::signal kind, std::string_view message, Visit visit) {
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
    std::string name = "by "; // Those who said nothing are a group too.
    for (const auto& [key, value] : otlp::take_carried(whole, ignored).values)
      otlp::append_carried(name, key, value);
    visit(whole, items, name);
  }
}

} // namespace

std::vector<client_group> group_by_client(weir::signal kind, std::string_view message) {
  std::vector<client_group> groups;
  std::unordered_map<std::string, std::size_t> known;
  std::uint64_t position = 0;
  each_resource(kind, message, [&](std::string_view, std::uint64_t items, const std::string& name) {
    const auto [it, is_new] = known.try_emplace(name, groups.size());
    if (is_new)
      groups.push_back({.name = name, .runs = {}});
    auto& group = groups[it->second];
    if (!group.runs.empty() && group.runs.back().second == position)
      group.runs.back().second += items;
    else
      group.runs.emplace_back(position, position + items);
    group.items += items;
    position += items;
  });
  return groups;
}

std::uint64_t append_group(weir::signal kind, std::string_view message, std::string_view name,
                           std::string& out) {
  std::uint64_t taken = 0;
  each_resource(kind, message,
                [&](std::string_view whole, std::uint64_t items, const std::string& group) {
                  if (group != name)
                    return;
                  out += whole;
                  taken += items;
                });
  return taken;
}

} // namespace weir::backends
