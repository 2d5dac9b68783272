#include "app/config/seeds.hpp"

#include <algorithm>

namespace weir::app {

namespace {

/// The value behind a key, made where it is not there. What is neither a map nor nothing stays, to
/// be refused where it is decoded.
yaml_value& value_at(yaml_value& map, std::string_view key, place position) {
  for (auto& entry : map.entries)
    if (entry.key == key)
      return entry.value;
  return map.entries.emplace_back(yaml_entry{std::string(key), position, {.position = position}})
      .value;
}

/// "a:1, b:2" as a list: an option that is a list may be written so.
void make_list_of(yaml_value& value) {
  if (value.is_null()) {
    value.type = yaml_value::kind::list;
    return;
  }
  auto text = value;
  value = {.type = yaml_value::kind::list, .position = text.position};
  auto rest = std::string_view(text.text);
  while (!rest.empty()) {
    const auto end = std::min(rest.find(','), rest.size());
    auto part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
    part = part.substr(0, part.find_last_not_of(' ') + 1);
    auto item = text;
    item.text = part;
    value.items.push_back(std::move(item));
  }
}

} // namespace

void add_seeds(yaml_value& tree, std::span<const std::string> seeds, diagnostics& out) {
  if (seeds.empty() || !(tree.is_map() || tree.is_null()))
    return;
  const place position{.source = static_cast<std::uint32_t>(out.sources.size())};
  out.sources.emplace_back("--join");
  tree.type = yaml_value::kind::map;
  auto& cluster = value_at(tree, "cluster", position);
  if (cluster.is_null())
    cluster.type = yaml_value::kind::map;
  if (!cluster.is_map())
    return;
  auto& join = value_at(cluster, "join", position);
  if (join.is_null() || join.is_scalar())
    make_list_of(join);
  if (!join.is_list())
    return;
  for (const auto& seed : seeds)
    join.items.push_back(
        {.type = yaml_value::kind::scalar, .plain = false, .position = position, .text = seed});
}

} // namespace weir::app
