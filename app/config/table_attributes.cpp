#include "app/config/any_value.hpp"
#include "app/config/option_group.hpp"
#include "app/config/tables.hpp"
#include "processors/actions.hpp"
#include "processors/matching.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fmt/format.h>

// The options of the `attributes` and `resource` processors, and what `span` shares with them.
namespace weir::app {

namespace {

using processors::action_config;
using processors::action_kind;
using processors::match_config;

const std::vector<named_value<action_kind>> action_names = {
    {"insert", action_kind::insert},   {"update", action_kind::update},
    {"upsert", action_kind::upsert},   {"delete", action_kind::remove},
    {"hash", action_kind::hash},       {"extract", action_kind::extract},
    {"convert", action_kind::convert},
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// The name of an action counts in any case, as in the Collector.
option<action_config> action_option() {
  auto made = choice("action", &action_config::action, action_names,
                     "insert puts a value where the key is not there, update where it is, upsert "
                     "either way; delete removes; hash puts the SHA-256 in its place; extract puts "
                     "the named groups of `pattern` in attributes; convert changes the type.",
                     true);
  made.read = [read = made.read](const section& map, action_config& out) {
    const auto* entry = map.value.find("action");
    if (entry == nullptr || !entry->value.is_scalar())
      return read(map, out);
    auto written = yaml_value{.type = yaml_value::kind::map, .position = map.value.position};
    written.entries.push_back(*entry);
    auto& name = written.entries[0].value.text;
    name = lower(name);
    if (name == "hash_sha256") {
      map.warn("action", "the Collector has no `hash_sha256`: write `hash`, which is the same");
      name = "hash";
    }
    read(section{map.reports, written, map.path}, out);
  };
  return made;
}

void check_action(const section& map, const action_config& action) {
  std::size_t number = 0;
  if (const auto made = processors::action_list::compile({action}, number); !made)
    map.error("", made.error().message);
}

} // namespace

const option_table<action_config>& action_options() {
  using c = action_config;
  static const option_table<c> table{
      {
          works("key", &c::key, "The attribute; not needed where `pattern` names the keys."),
          action_option(),
          any("value", &c::value, "What insert, update and upsert put there."),
          works("from_attribute", &c::from_attribute, "Instead of `value`: another attribute's."),
          works("from_context", &c::from_context,
                "Instead of `value`: `metadata.<name>` of the request (with `include_metadata`), "
                "`auth.<name>`, or `client.address`; several values with `;` between them."),
          any("default_value", &c::default_value, "What stands in where the source has nothing."),
          works("pattern", &c::pattern,
                "For delete and hash: a regex of keys. For extract: a regex with named groups."),
          works("converted_type", &c::converted_type, {.one_of = {"int", "double", "string"}},
                "For convert; a value that cannot be converted stays."),
      },
      c{},
      &check_action};
  return table;
}

namespace {

const option_table<processors::match_attribute>& match_attribute_options() {
  using c = processors::match_attribute;
  static const option_table<c> table{{
      works("key", &c::key, {.required = true}, "The key that has to be there."),
      any("value", &c::value, "Its value; absent: any."),
  }};
  return table;
}

const option_table<processors::match_library>& match_library_options() {
  using c = processors::match_library;
  static const option_table<c> table{{
      works("name", &c::name, {.required = true}, "Of the instrumentation scope."),
      optional_text("version", &c::version, "Its version; absent: any."),
  }};
  return table;
}

const option_table<processors::match_severity>& match_severity_options() {
  using c = processors::match_severity;
  static const option_table<c> table{{
      works("min", &c::min, {.max = "24"}, "The lowest number that matches."),
      works("match_undefined", &c::match_undefined, "Whether records without one match."),
  }};
  return table;
}

// In the order of their numbers, from 1.
constexpr std::array<std::string_view, 24> severities = {
    "TRACE", "TRACE2", "TRACE3", "TRACE4", "DEBUG", "DEBUG2", "DEBUG3", "DEBUG4",
    "INFO",  "INFO2",  "INFO3",  "INFO4",  "WARN",  "WARN2",  "WARN3",  "WARN4",
    "ERROR", "ERROR2", "ERROR3", "ERROR4", "FATAL", "FATAL2", "FATAL3", "FATAL4"};

const option_table<processors::match_severity>& named_severity_options() {
  using c = processors::match_severity;
  std::vector<named_value<std::uint32_t>> names;
  for (std::uint32_t i = 0; i < severities.size(); ++i)
    names.push_back({severities[i], i + 1});
  static const option_table<c> table{{
      choice("min", &c::min, std::move(names), "The lowest that matches.", true),
      works("match_undefined", &c::match_undefined, "Whether records without one match."),
  }};
  return table;
}

option<match_config> match_type_option(bool required) {
  return choice("match_type", &match_config::regexp,
                std::vector<named_value<bool>>{{"strict", false}, {"regexp", true}},
                "How texts are compared: as they are, or as regexes that match anywhere.",
                required);
}

} // namespace

const option_table<match_config>& log_match_options() {
  using c = match_config;
  static const option_table<c> table{{
      match_type_option(false),
      works("bodies", &c::log_bodies, "Bodies, as text."),
      works("severity_texts", &c::log_severity_texts, "Severity texts."),
      block("severity_number", &c::log_severity_number, &named_severity_options,
            "Severity numbers, by name."),
      list("record_attributes", &c::attributes, &match_attribute_options,
           "Attributes of the record, all of which have to match."),
      list("resource_attributes", &c::resources, &match_attribute_options,
           "Attributes of the resource, all of which have to match."),
      no_effect("regexp", "there is no cache of matches to set: matching is quick without"),
  }};
  return table;
}

const option_table<match_config>& match_options() {
  using c = match_config;
  static const option_table<c> table{{
      match_type_option(true),
      works("services", &c::services, "Values of the resource's `service.name`; spans alone."),
      works("span_names", &c::span_names, "Names of spans."),
      works("span_kinds", &c::span_kinds, "Such as `SPAN_KIND_SERVER`."),
      works("log_bodies", &c::log_bodies, "Bodies of log records, as text."),
      works("log_severity_texts", &c::log_severity_texts, "Severity texts of log records."),
      block("log_severity_number", &c::log_severity_number, &match_severity_options,
            "Severity numbers of log records."),
      works("metric_names", &c::metric_names, "Names of metrics."),
      list("attributes", &c::attributes, &match_attribute_options,
           "Attributes of the span or record, all of which have to match."),
      list("resources", &c::resources, &match_attribute_options,
           "Attributes of the resource, all of which have to match."),
      list("libraries", &c::libraries, &match_library_options,
           "Instrumentation scopes, all of which have to match."),
      no_effect("regexp", "there is no cache of matches to set: matching is quick without"),
  }};
  return table;
}

const option_table<processors::attributes_config>& attributes_options() {
  using c = processors::attributes_config;
  static const option_table<c> table{
      {
          block("include", &c::include, &match_options,
                "Only what matches is edited; all that is given has to match, of each list one."),
          block("exclude", &c::exclude, &match_options, "What matches is not edited."),
          list("actions", &c::actions, &action_options, "Done in this order."),
      },
      c{},
      [](const section& map, const c& config) {
        if (config.actions.empty())
          map.error("actions", "found no actions, expected at least one");
      }};
  return table;
}

const option_table<processors::resource_config>& resource_options() {
  using c = processors::resource_config;
  static const option_table<c> table{
      {list("attributes", &c::attributes, &action_options, "Actions, done in this order.")},
      c{},
      [](const section& map, const c& config) {
        if (config.attributes.empty())
          map.error("attributes", "found no actions, expected at least one");
      }};
  return table;
}

} // namespace weir::app
