#include "processors/actions.hpp"

#include "editing/memo.hpp"

#include <array>
#include <fmt/format.h>

namespace weir::processors {

namespace {

// What `from_context` may say.
constexpr std::string_view metadata = "metadata.";
constexpr std::string_view auth = "auth.";
constexpr std::string_view client_address = "client.address";

std::string_view name_of(action_kind kind) {
  constexpr std::array<std::string_view, 7> names = {"insert", "update",  "upsert", "delete",
                                                     "hash",   "extract", "convert"};
  return names[static_cast<std::size_t>(kind)];
}

tl::unexpected<error> wrong(std::string message) {
  return fail(errc::invalid_argument, std::move(message));
}

conversion conversion_of(std::string_view type) {
  return type == "int"      ? conversion::to_int
         : type == "double" ? conversion::to_double
         : type == "string" ? conversion::to_string
                            : conversion::none;
}

bool is_put(action_kind kind) {
  return kind == action_kind::insert || kind == action_kind::update || kind == action_kind::upsert;
}

// What an action has that it does not use.
std::string unused_by(const action_config& c) {
  const auto kind = c.action;
  const bool by_pattern = kind == action_kind::remove || kind == action_kind::hash;
  if (!is_put(kind) && !c.value.empty())
    return "value";
  if (!is_put(kind) && !c.default_value.empty())
    return "default_value";
  if (!is_put(kind) && !c.from_attribute.empty())
    return "from_attribute";
  if (!is_put(kind) && !c.from_context.empty())
    return "from_context";
  if (!by_pattern && kind != action_kind::extract && !c.pattern.empty())
    return "pattern";
  if (kind != action_kind::convert && !c.converted_type.empty())
    return "converted_type";
  return {};
}

result<void> check(const action_config& c) {
  const bool by_pattern = c.action == action_kind::remove || c.action == action_kind::hash;
  if (by_pattern && c.key.empty() && c.pattern.empty())
    return wrong(fmt::format("`{}` found neither `key` nor `pattern`, expected one or both",
                             name_of(c.action)));
  if (!by_pattern && c.key.empty())
    return wrong(fmt::format("`{}` found no `key`, expected one", name_of(c.action)));
  if (const auto unused = unused_by(c); !unused.empty())
    return wrong(fmt::format("`{}` does not use `{}`", name_of(c.action), unused));
  if (c.action == action_kind::extract && c.pattern.empty())
    return wrong("`extract` found no `pattern`, expected a regex with named groups");
  if (c.action == action_kind::convert && conversion_of(c.converted_type) == conversion::none)
    return wrong("`convert` found no `converted_type`, expected `int`, `double` or `string`");
  return {};
}

} // namespace

result<action_list> action_list::compile(const std::vector<action_config>& actions,
                                         std::size_t& position) {
  action_list list;
  for (position = 0; position < actions.size(); ++position) {
    auto made = compile_one(actions[position]);
    if (!made)
      return tl::unexpected(made.error());
    list.actions_.push_back(std::move(*made));
  }
  return list;
}

result<action_list::action> action_list::compile_one(const action_config& config) {
  if (const auto checked = check(config); !checked)
    return tl::unexpected(checked.error());
  action made;
  made.rule = memo::new_rule();
  made.hash_rule = memo::new_rule();
  made.kind = config.action;
  made.key = config.key;
  made.target = conversion_of(config.converted_type);
  if (is_put(config.action))
    if (const auto found = find_source(config, made); !found)
      return tl::unexpected(found.error());
  if (config.pattern.empty())
    return made;
  auto pattern = regex::compile(config.pattern);
  if (!pattern)
    return tl::unexpected(pattern.error());
  const auto& names = pattern->group_names();
  if (config.action == action_kind::extract) {
    if (names.empty())
      return wrong("`extract` found no groups in `pattern`, expected named ones: (?P<name>...)");
    for (const auto& name : names)
      if (name.empty())
        return wrong("`extract` found a group without a name in `pattern`, expected (?P<name>...)");
  }
  made.pattern = std::move(*pattern);
  return made;
}

std::string metadata_key(std::string_view from_context) {
  if (from_context == client_address || from_context.starts_with(auth))
    return {};
  if (from_context.starts_with(metadata))
    from_context.remove_prefix(metadata.size());
  std::string key(from_context);
  for (auto& c : key)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return key;
}

result<void> action_list::find_source(const action_config& config, action& made) {
  const auto sources = (config.value.empty() ? 0 : 1) + (config.from_attribute.empty() ? 0 : 1)
                       + (config.from_context.empty() ? 0 : 1);
  if (sources > 1 || (sources == 0 && config.default_value.empty()))
    return wrong(fmt::format("`{}` found {}, expected one of `value`, `from_attribute` and "
                             "`from_context`",
                             name_of(config.action), sources == 0 ? "no value" : "several values"));
  made.otherwise = config.default_value.bytes;
  const std::string_view context = config.from_context;
  if (!config.from_attribute.empty()) {
    made.value_source = source::attribute;
    made.value = config.from_attribute;
  } else if (!context.empty()) {
    const auto header = metadata_key(context);
    made.value_source = source::request;
    made.value = header.empty() ? std::string(context) : fmt::format("{}{}", metadata, header);
  } else if (sources == 0) {
    made.value = std::exchange(made.otherwise, {});
  } else {
    made.value = config.value.bytes;
  }
  return {};
}

std::optional<std::string_view> action_list::source_of(const action& a, const item& item,
                                                       context& context) {
  std::optional<std::string_view> found;
  switch (a.value_source) {
  case source::value:
    return a.value;
  case source::attribute:
    found = item.get(a.value);
    break;
  case source::request:
    if (auto& text = context.text(0);
        context.request().find(a.value, text) && context.allows_from_request(text.size()))
      found = make_string(context.memory(), text);
    break;
  }
  if (!found && !a.otherwise.empty())
    found = a.otherwise;
  return found;
}

void action_list::apply(item& holder, context& context) const {
  for (const auto& a : actions_) {
    switch (a.kind) {
    case action_kind::insert:
      if (const auto any = source_of(a, holder, context))
        holder.insert(a.key, *any);
      break;
    case action_kind::update:
      if (const auto any = source_of(a, holder, context))
        holder.update(a.key, *any);
      break;
    case action_kind::upsert:
      if (const auto any = source_of(a, holder, context))
        holder.set(a.key, *any);
      break;
    case action_kind::remove:
      if (!a.key.empty())
        holder.erase(a.key);
      if (a.pattern)
        holder.for_each_attribute([&](item::attribute x) {
          if (names(a, x.key()))
            x.erase();
        });
      break;
    case action_kind::hash:
      hash(a, holder);
      break;
    case action_kind::extract:
      extract(a, holder);
      break;
    case action_kind::convert:
      holder.for_each_attribute([&](item::attribute x) {
        if (x.key() == a.key)
          x.set(convert_value(holder.memory(), x.any(), a.target));
      });
      break;
    }
  }
}

// Whether the pattern matches the key.
bool action_list::names(const action& a, std::string_view key) {
  return !thread_memo()
              .of(a.rule, key,
                  [&](std::string& out) {
                    if (a.pattern->matches(key))
                      out = "y";
                  })
              .empty();
}

std::string_view action_list::hashed(const action& a, std::string_view any, arena& memory) {
  return memory.copy(
      thread_memo().of(a.hash_rule, any, [&](std::string& out) { out = hash_value(memory, any); }));
}

void action_list::hash(const action& a, item& holder) {
  holder.for_each_attribute([&](item::attribute x) {
    // A key that both name is hashed twice, as in the Collector.
    if (!a.key.empty() && x.key() == a.key)
      x.set(hashed(a, x.any(), holder.memory()));
    if (a.pattern && names(a, x.key()))
      x.set(hashed(a, x.any(), holder.memory()));
  });
}

namespace {

// Where a group begins and ends in the text.
struct found_group {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

void append_groups(const regex& pattern, std::string_view text, std::string& out) {
  std::array<std::string_view, regex::max_groups + 1> groups;
  const auto count = pattern.group_names().size() + 1;
  pattern.expect_to_afford(text);
  if (!pattern.find(text, 0, std::span(groups).first(count)))
    return;
  for (std::size_t i = 1; i < count; ++i) {
    found_group g; // of one that took no part: empty
    if (groups[i].data() != nullptr) {
      g.begin = static_cast<std::uint32_t>(groups[i].data() - text.data());
      g.end = g.begin + static_cast<std::uint32_t>(groups[i].size());
    }
    out.append(reinterpret_cast<const char*>(&g), sizeof g);
  }
}

} // namespace

void action_list::extract(const action& a, item& item) {
  const auto any = item.get(a.key);
  if (!any)
    return;
  const auto value = otlp::read_value(*any);
  if (value.kind != otlp::value_kind::string)
    return;
  const auto text = value.bytes;
  const auto found = thread_memo().of(
      a.rule, text, [&](std::string& out) { append_groups(*a.pattern, text, out); });
  const auto& names = a.pattern->group_names();
  for (std::size_t i = 0; i * sizeof(found_group) < found.size(); ++i) {
    found_group g;
    std::memcpy(&g, found.data() + i * sizeof g, sizeof g);
    item.set(names[i], make_string(item.memory(), text.substr(g.begin, g.end - g.begin)));
  }
}

} // namespace weir::processors
