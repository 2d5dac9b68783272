#include "core/utf8.hpp"
#include "editing/work.hpp"
#include "ottl/replacing.hpp"

#include <fmt/format.h>
#include <limits>

namespace weir::ottl {

namespace {

using enum parameter_type;

std::string_view literal_text(const program& code, const argument& a) {
  return code.expressions[a.expression].literal.bytes;
}
std::int64_t literal_integer(const program& code, const argument& a) {
  return code.expressions[a.expression].literal.integer;
}

/// A map that an editor changes: `open` reads it, `for_each` visits its pairs, `close` writes it
/// back. All attributes of an item are changed where they are; any other map is made anew.
class edited_map {
public:
  edited_map(evaluation& e, const argument& target)
      : e_(e), target_(target), item_(e.attributes_item(target)), made_(e.in().memory) {}

  bool open() {
    if (item_ != nullptr)
      return true;
    value v;
    if (!e_.read(target_, v))
      return false;
    if (!v.is(value_type::map))
      return e_.fail("expected a map", v.type);
    map_ = v.bytes;
    return true;
  }

  std::size_t size() const { return item_ != nullptr ? item_->attributes() : map_size(map_); }
  bool has(std::string_view key) const {
    return item_ != nullptr ? item_->has(key) : find_entry(map_, key).has_value();
  }
  std::string_view as_map() {
    if (item_ == nullptr)
      return map_;
    text_builder map(e_.in().memory);
    map.expect(item_->map_bytes());
    item_->for_each_attribute([&](auto& a) { append_any_pair(map, a.key(), a.any()); });
    return map.view();
  }

  /// Drops the pairs for which `drop(key)` holds.
  template <class F>
  bool remove_if(F&& drop) {
    if (item_ != nullptr) {
      item_->for_each_attribute([&](auto& a) {
        if (drop(a.key()))
          a.erase();
      });
      return true;
    }
    for_each_entry(map_, [&](std::string_view key, std::string_view any) {
      if (!drop(key))
        append_any_pair(made_, key, any);
    });
    return write_made();
  }

  /// Gives the strings among the values new texts: `change(text, made)` says whether it made one.
  template <class F>
  bool change_texts(F&& change) {
    if (item_ == nullptr) {
      for_each_entry(map_, [&](std::string_view key, std::string_view any) {
        std::string_view text;
        if (changed(any, change, text))
          append_pair(made_, key, value::of_string(text));
        else
          append_any_pair(made_, key, any);
      });
      return write_made();
    }
    bool room = true;
    item_->for_each_attribute([&](auto& a) {
      std::string_view text;
      if (!room || !changed(a.any(), change, text))
        return;
      room = item_->memory().held() + text.size() <= max_message_bytes;
      if (room)
        a.set(make_string(item_->memory(), text));
    });
    return room || e_.fail("the message grew too large");
  }

  /// Writes a whole map.
  bool replace(const text_builder& made) {
    value v;
    return e_.finish(made, value_type::map, v) && e_.write(target_, v);
  }

private:
  template <class F>
  static bool changed(std::string_view any, F& change, std::string_view& text) {
    const auto v = from_wire(any);
    return v.is(value_type::string) && change(v.bytes, text);
  }

  bool write_made() { return replace(made_); }

  evaluation& e_;
  const argument& target_;
  item* item_;
  std::string_view map_;
  text_builder made_;
};

bool list_has(std::string_view list, std::string_view text) {
  work().spend(list.size() / 4);
  bool found = false;
  for_each_item(list, [&](std::string_view any) { found = found || from_wire(any).bytes == text; });
  return found;
}

/// A list whose elements are all strings.
bool get_texts(evaluation& e, const argument& a, std::string_view& out) {
  value v;
  if (!e.get_of(a, value_type::list, v))
    return false;
  bool good = true;
  for_each_item(
      v.bytes, [&](std::string_view any) { good = good && from_wire(any).is(value_type::string); });
  out = v.bytes;
  return good || e.fail("expected strings in the list");
}

bool delete_key(evaluation& e, const call_info& c, value&) {
  std::string_view key;
  if (!e.get_text(c.arguments[1], key))
    return false;
  if (auto* item = e.attributes_item(c.arguments[0]); item != nullptr) {
    item->erase(key);
    return true;
  }
  edited_map map(e, c.arguments[0]);
  return map.open() && map.remove_if([&](std::string_view k) { return k == key; });
}

bool delete_matching_keys(evaluation& e, const call_info& c, value&) {
  edited_map map(e, c.arguments[0]);
  const auto& expression = e.regex(c.arguments[1]);
  return map.open() && map.remove_if([&](std::string_view k) { return expression.matches(k); });
}

bool keep_matching_keys(evaluation& e, const call_info& c, value&) {
  edited_map map(e, c.arguments[0]);
  const auto& expression = e.regex(c.arguments[1]);
  return map.open() && map.remove_if([&](std::string_view k) { return !expression.matches(k); });
}

bool keep_keys(evaluation& e, const call_info& c, value&) {
  edited_map map(e, c.arguments[0]);
  std::string_view keys;
  if (!map.open() || !get_texts(e, c.arguments[1], keys))
    return false;
  return map.remove_if([&](std::string_view k) { return !list_has(keys, k); });
}

bool limit(evaluation& e, const call_info& c, value&) {
  edited_map map(e, c.arguments[0]);
  std::string_view priority;
  if (!map.open() || !get_texts(e, c.arguments[2], priority))
    return false;
  const auto most = static_cast<std::size_t>(literal_integer(e.code(), c.arguments[1]));
  if (map.size() <= most)
    return true;
  std::size_t kept = 0;
  for_each_item(priority, [&](std::string_view any) { kept += map.has(from_wire(any).bytes); });
  return map.remove_if([&](std::string_view k) {
    if (list_has(priority, k))
      return false;
    return kept++ >= most;
  });
}

std::string check_limit(const program& code, const call_info& c) {
  const auto most = literal_integer(code, c.arguments[1]);
  const auto& keys = code.expressions[c.arguments[2].expression];
  if (most < 0 || static_cast<std::uint64_t>(most) < keys.parts.count)
    return fmt::format("found the limit {}, expected one that is not below the {} priority keys",
                       most, keys.parts.count);
  return {};
}

bool truncate_all(evaluation& e, const call_info& c, value&) {
  edited_map map(e, c.arguments[0]);
  if (!map.open())
    return false;
  const auto most = static_cast<std::size_t>(literal_integer(e.code(), c.arguments[1]));
  const bool whole_characters = !c.arguments[2].given() || e.node(c.arguments[2]).literal.boolean;
  const auto marker =
      c.arguments[3].given() ? literal_text(e.code(), c.arguments[3]) : std::string_view{};
  return map.change_texts([&](std::string_view text, std::string_view& made) {
    if (text.size() <= most)
      return false;
    auto end = most - marker.size();
    while (whole_characters && end > 0 && continues_utf8(text[end]))
      --end;
    text_builder cut(e.in().memory);
    cut.append(text.substr(0, end));
    cut.append(marker);
    made = cut.view();
    return cut.ok();
  });
}

std::string check_truncate_all(const program& code, const call_info& c) {
  const auto most = literal_integer(code, c.arguments[1]);
  const auto marker =
      c.arguments[3].given() ? literal_text(code, c.arguments[3]) : std::string_view{};
  if (most < 0 || static_cast<std::uint64_t>(most) < marker.size())
    return fmt::format("found the limit {}, expected one that is not below 0 or the length of the "
                       "marker",
                       most);
  return {};
}

/// The pairs of a map that is being made, in the workspace: one a time. Keys are found in constant
/// time.
class made_map {
public:
  explicit made_map(evaluation& e) : entries_(e.in().entries), keys_(e.in().keys) {
    entries_.clear();
    keys_.clear();
  }

  std::size_t size() const noexcept { return entries_.size(); }
  /// Among the first `below` pairs.
  bool has(std::string_view key, std::size_t below = ~std::size_t{0}) {
    const auto* known = find(key);
    return known != nullptr && static_cast<std::size_t>(known - entries_.data()) < below;
  }

  void append(std::string_view key, std::string_view any) {
    work().spend(10);
    keys_.add(key, static_cast<std::uint32_t>(entries_.size()));
    entries_.push_back({key, any});
  }

  /// Adds a pair, or replaces the value of the first one with that key.
  void put(std::string_view key, std::string_view any) {
    if (auto* known = find(key))
      known->any = any;
    else
      append(key, any);
  }

  void write(text_builder& out) const {
    std::size_t size = 0;
    for (const auto& entry : entries_)
      size += field_size(field_size(entry.key.size()) + field_size(entry.any.size()));
    out.expect(size);
    for (const auto& entry : entries_)
      append_any_pair(out, entry.key, entry.any);
  }

private:
  static std::size_t field_size(std::size_t length) noexcept {
    return 1 + otlp::wire::varint_size(length) + length;
  }

  map_entry* find(std::string_view key) {
    map_entry* found = nullptr;
    keys_.find(key, [&](std::uint32_t i) {
      if (entries_[i].key != key)
        return true;
      found = &entries_[i];
      return false;
    });
    return found;
  }

  std::vector<map_entry>& entries_;
  key_index& keys_;
};

bool replace_keys(evaluation& e, const call_info& c, edited_map& map) {
  made_map entries(e);
  bool good = true;
  for_each_entry(map.as_map(), [&](std::string_view key, std::string_view any) {
    bool replaced = false;
    std::string_view made;
    good = good && replace_matches(e, c, 2, key, replaced, made);
    entries.put(replaced ? made : key, any);
  });
  if (!good)
    return false;
  text_builder made(e.in().memory);
  entries.write(made);
  return map.replace(made);
}

bool replace_all_patterns(evaluation& e, const call_info& c, value&) {
  edited_map map(e, c.arguments[0]);
  if (!map.open())
    return false;
  if (literal_text(e.code(), c.arguments[1]) == "key")
    return replace_keys(e, c, map);
  const auto& expression = e.regex(c.arguments[2]);
  std::string_view replacement;
  if (!e.get_text(c.arguments[3], replacement))
    return false;
  return map.change_texts([&](std::string_view text, std::string_view& made) {
    bool replaced = false;
    return expression.matches(text) && replace_matches(e, c, 2, text, replaced, made) && replaced;
  });
}

std::string check_replace_all_patterns(const program& code, const call_info& c) {
  const auto mode = literal_text(code, c.arguments[1]);
  if (mode != "key" && mode != "value")
    return fmt::format("found the mode `{}`, expected `key` or `value`", mode);
  return check_format(code, c.arguments[5]);
}

bool replace_all_matches(evaluation& e, const call_info& c, value&) {
  edited_map map(e, c.arguments[0]);
  std::string_view replacement;
  if (!map.open() || !e.get_text(c.arguments[2], replacement)
      || !make_replacement(e, replacement, c.arguments[3], c.arguments[4], replacement))
    return false;
  const auto& glob = e.regex(c.arguments[1]);
  return map.change_texts([&](std::string_view text, std::string_view& made) {
    made = replacement;
    return glob.matches(text);
  });
}

std::string check_replace_all_matches(const program& code, const call_info& c) {
  return check_format(code, c.arguments[4]);
}

bool merge_maps(evaluation& e, const call_info& c, value&) {
  edited_map map(e, c.arguments[0]);
  std::string_view source;
  if (!map.open() || !e.get_map(c.arguments[1], source))
    return false;
  const auto strategy = literal_text(e.code(), c.arguments[2]);
  made_map entries(e);
  for_each_entry(map.as_map(),
                 [&](std::string_view key, std::string_view any) { entries.append(key, any); });
  const auto before = entries.size();
  for_each_entry(source, [&](std::string_view key, std::string_view any) {
    if (strategy == "upsert" || entries.has(key, before) == (strategy == "update"))
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

std::span<const function_info> map_functions() {
  constexpr auto nothing = result_type::nothing;
  static const std::vector<function_info> table{
      {"delete_key", nothing, {{"target", map_target}, {"key", text}}, &delete_key},
      {"delete_matching_keys",
       nothing,
       {{"target", map_target}, {"pattern", regex}},
       &delete_matching_keys},
      {"keep_keys", nothing, {{"target", map_target}, {"keys", list}}, &keep_keys},
      {"keep_matching_keys",
       nothing,
       {{"target", map_target}, {"pattern", regex}},
       &keep_matching_keys},
      {"limit",
       nothing,
       {{"target", map_target}, {"limit", integer_literal}, {"priority_keys", text_list_literal}},
       &limit,
       &check_limit},
      {"truncate_all",
       nothing,
       {{"target", map_target},
        {"limit", integer_literal},
        {"utf8_safe", boolean_literal, true},
        {"truncation_marker", text_literal, true}},
       &truncate_all,
       &check_truncate_all},
      {"replace_all_patterns",
       nothing,
       {{"target", map_target},
        {"mode", text_literal},
        {"regex_pattern", regex},
        {"replacement", text},
        {"function", parameter_type::converter, true},
        {"replacement_format", text_literal, true}},
       &replace_all_patterns,
       &check_replace_all_patterns},
      {"replace_all_matches",
       nothing,
       {{"target", map_target},
        {"pattern", glob},
        {"replacement", text},
        {"function", parameter_type::converter, true},
        {"replacement_format", text_literal, true}},
       &replace_all_matches,
       &check_replace_all_matches},
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
