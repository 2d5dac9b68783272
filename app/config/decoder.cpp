#include "app/config/decoder.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>

namespace weir::app {

namespace {

constexpr std::size_t max_errors = 100; // nobody reads more, and the work stays bounded
constexpr std::string_view masked = "[REDACTED]";

/// A URL without the user and password that it may carry.
std::string without_credentials(const std::string& text) {
  const auto scheme = text.find("://");
  if (scheme == std::string::npos)
    return text;
  const auto host = scheme + 3;
  const auto sign = text.substr(host, text.find('/', host) - host).rfind('@');
  if (sign == std::string::npos)
    return text;
  return text.substr(0, host) + std::string(masked) + text.substr(host + sign);
}

/// Whether a text can stand without quotes and still be that text.
bool stands_plain(const std::string& text) {
  const auto plain_char = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '/' || c == '-';
  };
  return !text.empty() && (std::isalpha(static_cast<unsigned char>(text[0])) != 0 || text[0] == '/')
         && std::all_of(text.begin(), text.end(), plain_char) && type_of(text) == scalar_type::text;
}

std::string with_dollars_doubled(const std::string& text) {
  std::string done;
  for (const char c : text)
    done.append(c == '$' ? 2 : 1, c);
  return done;
}

std::string shown(const std::string& text, const rule& terms) {
  return terms.secret && !text.empty() ? std::string(masked) : without_credentials(text);
}

} // namespace

void decoder::error(place position, const std::string& path, std::string message) {
  if (out.errors.size() < max_errors)
    out.error(position, path, std::move(message));
}

void decoder::warn(place position, const std::string& path, std::string message) {
  if (out.warnings.size() < max_errors)
    out.warn(position, path, std::move(message));
}

bool section::given(std::string_view option) const {
  return value.find(option) != nullptr;
}

place section::position(std::string_view option) const {
  const auto* entry = value.find(option);
  if (entry == nullptr)
    return value.position;
  return entry->value.position.line != 0 ? entry->value.position : entry->position;
}

std::string section::path_of(std::string_view option) const {
  if (option.empty())
    return path;
  return path.empty() ? std::string(option) : fmt::format("{}.{}", path, option);
}

void section::error(std::string_view option, std::string message) const {
  reports.error(position(option), path_of(option), std::move(message));
}

void section::warn(std::string_view option, std::string message) const {
  reports.warn(position(option), path_of(option), std::move(message));
}

std::optional<yaml_value> section::with_switch_read(std::string_view option,
                                                    bool empty_is_absent) const {
  const auto entry = std::find_if(value.entries.begin(), value.entries.end(),
                                  [option](const yaml_entry& e) { return e.key == option; });
  if (entry == value.entries.end())
    return std::nullopt;
  const auto index = entry - value.entries.begin();
  const auto* enabled = entry->value.find("enabled");
  bool active = !(empty_is_absent && entry->value.is_null());
  if (enabled == nullptr && active)
    return std::nullopt;
  if (enabled != nullptr && !enabled->value.is_null()
      && !read_value(enabled->value, rule{}, active)) {
    active = false;
    reports.error(enabled->value.position, path_of(option) + ".enabled",
                  fmt::format("found {}, expected true or false", describe(enabled->value)));
  }
  auto rest = value;
  if (active)
    std::erase_if(rest.entries[static_cast<std::size_t>(index)].value.entries,
                  [](const yaml_entry& e) { return e.key == "enabled"; });
  else
    rest.entries.erase(rest.entries.begin() + index);
  return rest;
}

void section::refuse_unknown(const std::vector<std::string_view>& known) const {
  for (const auto& entry : value.entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end())
      continue;
    if (reports.out.errors.size() >= max_errors)
      return;
    const auto hint = did_you_mean(entry.key, known);
    const auto expected = known.empty()  ? std::string(", expected none")
                          : hint.empty() ? ", expected " + any_of(known)
                                         : hint;
    reports.error(entry.position, path_of(entry.key), "found an unknown option" + expected);
  }
}

void section::refuse_type(std::string_view option, const yaml_value& found,
                          std::string_view expected, bool secret) const {
  const auto description =
      secret && found.is_scalar() ? std::string("a value of another type") : describe(found);
  error(option, fmt::format("found {}, expected {}", description, expected));
}

bool section::refuse_items(std::string_view option, const rule& terms) const {
  const auto& found = value.find(option)->value;
  const auto path_here = path_of(option);
  bool refused = false;
  const auto check = [&](const yaml_value& item, const std::string& item_path) {
    std::string expected = "text";
    auto text = item.text;
    if (is_list_text(item, terms) && check_one_of(text, terms, expected))
      return;
    const auto description =
        terms.secret && item.is_scalar() ? std::string("a value of another type") : describe(item);
    reports.error(item.position, item_path,
                  fmt::format("found {}, expected {}", description, expected));
    refused = true;
  };
  for (std::size_t i = 0; i < found.items.size(); ++i)
    if (!found.items[i].is_map() || found.items[i].substituted)
      // else {name, value}, which read_value looks at
      check(found.items[i], fmt::format("{}[{}]", path_here, i));
  for (const auto& entry : found.entries)
    if (!entry.value.is_null())
      check(entry.value, fmt::format("{}.{}", path_here, entry.key));
  return refused;
}

bool check_one_of(std::string& value, const rule& terms, std::string& expected) {
  if (terms.one_of.empty()
      || std::find(terms.one_of.begin(), terms.one_of.end(), value) != terms.one_of.end())
    return true;
  const auto in_other_letters = [&value](std::string_view name) { return same_word(name, value); };
  if (const auto name = std::find_if(terms.one_of.begin(), terms.one_of.end(), in_other_letters);
      name != terms.one_of.end()) {
    value = *name;
    return true;
  }
  for (const auto& [spelling, name] : terms.also)
    if (same_word(spelling, value)) {
      value = name;
      return true;
    }
  expected = any_of(terms.one_of) + did_you_mean(value, terms.one_of);
  return false;
}

bool empty_is_default(const rule& terms) {
  return !terms.one_of.empty()
         && std::find(terms.one_of.begin(), terms.one_of.end(), "") == terms.one_of.end();
}

std::string bounds_text(const rule& terms) {
  if (!terms.min.empty() && !terms.max.empty())
    return fmt::format("{} to {}", terms.min, terms.max);
  if (!terms.min.empty())
    return fmt::format("at least {}", terms.min);
  return terms.max.empty() ? std::string{} : fmt::format("at most {}", terms.max);
}

void emit_key(YAML::Emitter& yaml, std::string_view key) {
  const std::string name(key);
  yaml << YAML::Key;
  if (stands_plain(name))
    yaml << name;
  else
    yaml << YAML::DoubleQuoted << name;
  yaml << YAML::Value;
}

void emit_scalar(YAML::Emitter& yaml, const std::string& text, bool is_text, const rule& terms) {
  const auto value = is_text ? shown(text, terms) : text;
  if (is_text && !stands_plain(value))
    yaml << YAML::DoubleQuoted << with_dollars_doubled(value);
  else
    yaml << value;
}

void emit_list(YAML::Emitter& yaml, const text_list& list, const rule& terms) {
  yaml << YAML::Flow << YAML::BeginSeq;
  for (const auto& item : list)
    emit_scalar(yaml, item, true, terms);
  yaml << YAML::EndSeq;
}

void emit_map(YAML::Emitter& yaml, const text_map& map, const rule& terms) {
  begin_map(yaml);
  for (const auto& [name, text] : map) {
    emit_key(yaml, name);
    emit_scalar(yaml, text, true, terms);
  }
  end_map(yaml);
}

void begin_map(YAML::Emitter& yaml) {
  yaml << YAML::BeginMap;
}
void end_map(YAML::Emitter& yaml) {
  yaml << YAML::EndMap;
}
void begin_list(YAML::Emitter& yaml) {
  yaml << YAML::BeginSeq;
}
void end_list(YAML::Emitter& yaml) {
  yaml << YAML::EndSeq;
}

} // namespace weir::app
