#include "ottl/edited_map.hpp"
#include "ottl/functions.hpp"
#include "ottl/made_map.hpp"

#include <fmt/format.h>
#include <limits>

// Editors that make a map of several: of two, or of those that stand inside one.
namespace weir::ottl {

namespace {

using enum parameter_type;

bool merge_maps(evaluation& e, const call_info& c, value&) {
  edited_map map(e, c.arguments[0]);
  std::string_view source;
  if (!map.open() || !e.get_map(c.arguments[1], source))
    return false;
  const auto strategy = literal_text(e.code(), c.arguments[2]);
  made_map entries(e);
  for_each_entry(map.as_map(),
                 [&](std::string_view key, std::string_view any) { entries.append(key, any); });
  const auto present = entries.size();
  for_each_entry(source, [&](std::string_view key, std::string_view any) {
    if (strategy == "upsert" || entries.has(key, present) == (strategy == "update"))
      entries.put(key, any);
  });
  text_builder made(e.in().memory);
  entries.write(made);
  return map.replace(made);
}

std::string check_merge_maps(const program& code, const call_info& c) {
  const auto strategy = literal_text(code, c.arguments[2]);
  if (strategy == "insert" || strategy == "update" || strategy == "upsert")
    return {};
  return fmt::format("found the strategy `{}`, expected `insert`, `update` or `upsert`", strategy);
}

/// Puts what stands in maps and lists beside them: `{"a": {"b": 1}}` becomes `{"a.b": 1}`.
class flattening {
public:
  flattening(evaluation& e, std::int64_t depth, bool resolve_conflicts)
      : e_(e), entries_(e), depth_(depth), resolve_(resolve_conflicts) {}

  void add_map(std::string_view map, std::string_view prefix, std::int64_t depth) {
    for_each_entry(map, [&](std::string_view key, std::string_view any) {
      add(prefix.empty() ? key : joined(prefix, ".", key), any, depth);
    });
  }

  const made_map& entries() const { return entries_; }
  bool ok() const { return ok_; }

private:
  /// As the Collector does it: of a list's elements only those that are maps or lists go deeper.
  void add(std::string_view name, std::string_view any, std::int64_t depth) {
    const auto v = from_wire(any);
    if (v.is(value_type::map) && depth < depth_)
      return add_map(v.bytes, name, depth + 1);
    if (!v.is(value_type::list) || depth >= depth_)
      return put(name, any);
    std::int64_t place = 0;
    for_each_item(v.bytes, [&](std::string_view element) {
      const auto inner = from_wire(element);
      const auto placed = joined(name, ".", fmt::format_int(place++).c_str());
      if (inner.is(value_type::map) && depth + 1 < depth_)
        add_map(inner.bytes, placed, depth + 2);
      else if (inner.is(value_type::list) && depth + 1 < depth_)
        add_list(inner.bytes, placed, depth + 2);
      else
        put(resolve_ ? name : placed, element);
    });
  }

  void add_list(std::string_view list, std::string_view prefix, std::int64_t depth) {
    std::int64_t place = 0;
    for_each_item(list, [&](std::string_view element) {
      // Without a point, as in the Collector.
      add(joined(prefix, "", fmt::format_int(place++).c_str()), element, depth + 1);
    });
  }

  void put(std::string_view name, std::string_view any) {
    if (entries_.size() >= max_entries)
      ok_ = false;
    if (!ok_)
      return;
    if (!resolve_ || !entries_.has(name))
      return entries_.put(name, any);
    for (std::int64_t n = 0;; ++n) {
      const auto numbered = joined(name, ".", fmt::format_int(n).c_str());
      if (!ok_)
        return;
      if (!entries_.has(numbered))
        return entries_.append(numbered, any);
    }
  }

  std::string_view joined(std::string_view a, std::string_view between, std::string_view b) {
    text_builder made(e_.in().memory);
    made.append(a);
    made.append(between);
    made.append(b);
    ok_ = ok_ && made.ok();
    return made.view();
  }

  /// Numbering one that is there already takes time by how often it is.
  static constexpr std::size_t max_entries = 4096;

  evaluation& e_;
  made_map entries_;
  std::int64_t depth_;
  bool resolve_;
  bool ok_ = true;
};

bool flatten(evaluation& e, const call_info& c, value&) {
  edited_map map(e, c.arguments[0]);
  if (!map.open())
    return false;
  const auto prefix =
      c.arguments[1].given() ? literal_text(e.code(), c.arguments[1]) : std::string_view{};
  const auto depth = c.arguments[2].given() ? literal_integer(e.code(), c.arguments[2])
                                            : std::numeric_limits<std::int64_t>::max() - 4;
  flattening flat(e, depth, c.arguments[3].given() && e.node(c.arguments[3]).literal.boolean);
  flat.add_map(map.as_map(), prefix, 0);
  if (!flat.ok())
    return e.fail("the map grew too large");
  text_builder made(e.in().memory);
  flat.entries().write(made);
  return map.replace(made);
}

std::string check_flatten(const program& code, const call_info& c) {
  if (c.arguments[2].given() && literal_integer(code, c.arguments[2]) < 1)
    return "found a depth below 1";
  return {};
}

} // namespace

std::span<const function_info> map_merging_functions() {
  constexpr auto nothing = result_type::nothing;
  static const std::vector<function_info> table{
      {"merge_maps",
       nothing,
       {{"target", map_target}, {"source", map}, {"strategy", text_literal}},
       &merge_maps,
       &check_merge_maps},
      {"flatten",
       nothing,
       {{"target", map_target},
        {"prefix", text_literal, true},
        {"depth", integer_literal, true},
        {"resolve_conflicts", boolean_literal, true}},
       &flatten,
       &check_flatten},
  };
  return table;
}

} // namespace weir::ottl
