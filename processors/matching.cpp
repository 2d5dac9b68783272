#include "processors/matching.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace weir::processors {

namespace {

constexpr std::array<std::string_view, 6> kind_names = {
    "SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",      "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"};

// Field numbers of what is asked for.
namespace span_field {
constexpr std::uint32_t name = 5, kind = 6;
}
namespace log_field {
constexpr std::uint32_t severity_number = 2, severity_text = 3, body = 5;
}
constexpr std::uint32_t metric_name = 1;
namespace scope_field {
constexpr std::uint32_t name = 1, version = 2;
}

tl::unexpected<error> wrong(std::string message) {
  return fail(errc::invalid_argument, std::move(message));
}

struct criterion {
  std::string_view name;
  bool given;
  bool of_traces, of_logs, of_metrics;
};

std::vector<criterion> criteria_of(const match_config& c) {
  return {
      {"services", !c.services.empty(), true, false, false},
      {"span_names", !c.span_names.empty(), true, false, false},
      {"span_kinds", !c.span_kinds.empty(), true, false, false},
      {"log_bodies", !c.log_bodies.empty(), false, true, false},
      {"log_severity_texts", !c.log_severity_texts.empty(), false, true, false},
      {"log_severity_number", c.log_severity_number.has_value(), false, true, false},
      {"metric_names", !c.metric_names.empty(), false, false, true},
      {"attributes", !c.attributes.empty(), true, true, false},
      {"resources", !c.resources.empty(), true, true, true},
      {"libraries", !c.libraries.empty(), true, true, false},
  };
}

result<void> check_criteria(const match_config& config, weir::signal kind) {
  bool any = false;
  std::string allowed;
  for (const auto& c : criteria_of(config)) {
    const bool fits = kind == signal::traces ? c.of_traces
                      : kind == signal::logs ? c.of_logs
                                             : c.of_metrics;
    if (c.given && !fits)
      return wrong(fmt::format("found `{}`, which {} do not have", c.name, to_string(kind)));
    any |= c.given;
    if (fits)
      allowed += fmt::format("{}`{}`", allowed.empty() ? "" : ", ", c.name);
  }
  if (!any)
    return wrong(
        fmt::format("found nothing to match {} by, expected one of {}", to_string(kind), allowed));
  return {};
}

bool equal_values(std::string_view a, std::string_view b, std::string& scratch) {
  if (a == b)
    return true;
  const auto x = otlp::read_value(a);
  const auto y = otlp::read_value(b);
  if (x.kind != y.kind)
    return false;
  switch (x.kind) {
  case otlp::value_kind::boolean:
    return x.boolean == y.boolean;
  case otlp::value_kind::integer:
    return x.integer == y.integer;
  case otlp::value_kind::real:
    return x.real == y.real;
  case otlp::value_kind::array:
  case otlp::value_kind::map: {
    std::string other;
    append_text(other, a);
    return other == text_of(b, scratch);
  }
  default:
    return x.bytes == y.bytes;
  }
}

} // namespace

result<text_filter> text_filter::compile(const std::vector<std::string>& texts, bool regexp) {
  text_filter made;
  if (!regexp) {
    made.texts_ = texts;
    return made;
  }
  for (const auto& text : texts) {
    auto pattern = regex::compile(text);
    if (!pattern)
      return tl::unexpected(pattern.error());
    made.patterns_.push_back(std::move(*pattern));
  }
  return made;
}

bool text_filter::matches(std::string_view text) const {
  return empty() || std::find(texts_.begin(), texts_.end(), text) != texts_.end()
         || std::any_of(patterns_.begin(), patterns_.end(),
                        [text](const auto& p) { return p.matches(text); });
}

result<matcher> matcher::compile(const match_config& config, weir::signal kind) {
  if (const auto checked = check_criteria(config, kind); !checked)
    return tl::unexpected(checked.error());
  for (const auto& name : config.span_kinds)
    if (!config.regexp
        && std::find(kind_names.begin() + 1, kind_names.end(), name) == kind_names.end())
      return wrong(fmt::format("`span_kinds` found `{}`, expected a name such as "
                               "`SPAN_KIND_SERVER`",
                               name));
  matcher made;
  made.kind_ = kind;
  made.severity_ = config.log_severity_number;
  if (const auto done = made.compile_texts(config); !done)
    return tl::unexpected(done.error());
  if (const auto done = made.compile_libraries(config); !done)
    return tl::unexpected(done.error());
  for (auto [source, target] : {std::pair{&config.attributes, &made.attributes_},
                                std::pair{&config.resources, &made.resources_}}) {
    auto filters = compile(*source, config.regexp);
    if (!filters)
      return tl::unexpected(filters.error());
    *target = std::move(*filters);
  }
  made.asks_items_ = !made.span_names_.empty() || !made.span_kinds_.empty()
                     || !made.log_bodies_.empty() || !made.log_severity_texts_.empty()
                     || made.severity_ || !made.metric_names_.empty() || !made.attributes_.empty();
  if (!made.services_.empty() || !made.resources_.empty())
    made.reads_ = made.reads_ | level::resources;
  if (!made.libraries_.empty())
    made.reads_ = made.reads_ | level::scopes;
  return made;
}

result<void> matcher::compile_texts(const match_config& config) {
  for (auto [source, target] : {std::pair{&config.services, &services_},
                                {&config.span_names, &span_names_},
                                {&config.span_kinds, &span_kinds_},
                                {&config.log_bodies, &log_bodies_},
                                {&config.log_severity_texts, &log_severity_texts_},
                                {&config.metric_names, &metric_names_}}) {
    auto filter = text_filter::compile(*source, config.regexp);
    if (!filter)
      return tl::unexpected(filter.error());
    *target = std::move(*filter);
  }
  return {};
}

result<void> matcher::compile_libraries(const match_config& config) {
  for (const auto& library : config.libraries) {
    auto& made = libraries_.emplace_back();
    auto name = text_filter::compile({library.name}, config.regexp);
    if (!name)
      return tl::unexpected(name.error());
    made.name = std::move(*name);
    if (!library.version)
      continue;
    auto version = text_filter::compile({*library.version}, config.regexp);
    if (!version)
      return tl::unexpected(version.error());
    made.version = std::move(*version);
  }
  return {};
}

result<std::vector<matcher::attribute_filter>>
matcher::compile(const std::vector<match_attribute>& wanted, bool regexp) {
  std::vector<attribute_filter> made;
  for (const auto& attribute : wanted) {
    auto& filter = made.emplace_back();
    filter.key = attribute.key;
    if (!regexp) {
      filter.any = attribute.value.bytes;
      continue;
    }
    if (attribute.value.empty())
      continue;
    const auto value = otlp::read_value(attribute.value.bytes);
    if (value.kind != otlp::value_kind::string)
      return wrong(fmt::format("the value of `{}` is no text, expected a regex (`match_type` is "
                               "`regexp`)",
                               attribute.key));
    auto pattern = regex::compile(value.bytes);
    if (!pattern)
      return tl::unexpected(pattern.error());
    filter.pattern = std::move(*pattern);
  }
  return made;
}

bool matcher::matches(const std::vector<attribute_filter>& wanted, const item& item,
                      context& context) {
  for (const auto& filter : wanted) {
    const auto any = item.get(filter.key);
    if (!any)
      return false;
    std::string_view text;
    if (filter.pattern) {
      auto& text = context.text(0);
      text.clear();
      if (!append_scalar(text, *any) || !filter.pattern->matches(text))
        return false;
    }
    if (!filter.any.empty() && !equal_values(filter.any, *any, context.text(0)))
      return false;
  }
  return true;
}

bool matcher::matches_scope(context& context) const {
  if (!services_.empty()) {
    const auto any = context.resource().get("service.name");
    if (!services_.matches(any ? text_of(*any, context.text(0)) : "<nil-service-name>"))
      return false;
  }
  // Of several libraries all have to match, as in the Collector.
  for (const auto& library : libraries_) {
    const auto& scope = context.scope();
    if (!library.name.matches(scope.bytes(scope_field::name))
        || (library.version && !library.version->matches(scope.bytes(scope_field::version))))
      return false;
  }
  return resources_.empty() || matches(resources_, context.resource(), context);
}

bool matcher::matches_item(context& context) const {
  const auto& item = context.current();
  if (kind_ == signal::traces) {
    const auto kind = item.number(span_field::kind);
    return span_names_.matches(item.bytes(span_field::name))
           && (span_kinds_.empty()
               || span_kinds_.matches(kind < kind_names.size() ? kind_names[kind] : ""))
           && matches(attributes_, item, context);
  }
  if (kind_ == signal::metrics)
    return metric_names_.matches(item.bytes(metric_name));
  return (log_bodies_.empty()
          || log_bodies_.matches(text_of(item.bytes(log_field::body), context.text(0))))
         && log_severity_texts_.matches(item.bytes(log_field::severity_text))
         && (!severity_ || matches_severity(item.number(log_field::severity_number)))
         && matches(attributes_, item, context);
}

bool matcher::matches_severity(std::uint64_t number) const noexcept {
  return number == 0 ? severity_->match_undefined : number >= severity_->min;
}

result<selection> selection::compile(const std::optional<match_config>& include,
                                     const std::optional<match_config>& exclude,
                                     weir::signal kind) {
  selection made;
  for (auto [name, config, target] : {std::tuple{"include", &include, &made.include_},
                                      std::tuple{"exclude", &exclude, &made.exclude_}}) {
    if (!*config)
      continue;
    auto compiled = matcher::compile(**config, kind);
    if (!compiled)
      return wrong(fmt::format("`{}`: {}", name, compiled.error().message));
    *target = std::move(*compiled);
  }
  return made;
}

bool selection::wants_scope(context& context) const {
  return (!include_ || include_->matches_scope(context))
         && (!exclude_ || exclude_->asks_items() || !exclude_->matches_scope(context));
}

bool selection::wants_item(context& context) const {
  return (!include_ || !include_->asks_items() || include_->matches_item(context))
         && (!exclude_ || !exclude_->asks_items() || !exclude_->matches_scope(context)
             || !exclude_->matches_item(context));
}

level selection::reads() const noexcept {
  return (include_ ? include_->reads() : no_level) | (exclude_ ? exclude_->reads() : no_level);
}

} // namespace weir::processors
