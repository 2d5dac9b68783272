#include "processors/redaction.hpp"

#include "processors/redactor.hpp"

#include <fmt/format.h>
#include <optional>

namespace weir::processors {

namespace {

namespace log_field {
constexpr std::uint32_t body = 5;
}
constexpr std::uint32_t span_events = 11;

// Texts and children of the context in use here.
constexpr std::size_t masked_text = 0, other_text = 1, value_text = 2, path_text = 3;
constexpr std::size_t event_child = 0, first_map_child = 2;

class redaction : public processor {
public:
  explicit redaction(redactor rules) : rules_(std::move(rules)) {}

  processors::reach reach() const override {
    return {resources | scopes | items, no_level, no_level};
  }

  disposition edit_resource(context& context) const override {
    redact(context, context.resource());
    return disposition::keep;
  }

  disposition edit_scope(context& context) const override {
    redact(context, context.scope());
    return disposition::keep;
  }

  disposition edit_item(context& context) const override {
    switch (context.signal()) {
    case signal::metrics:
      for_each_point(context, event_child, [&](item& point) {
        redact(context, point);
        return true;
      });
      break;
    case signal::logs:
      redact(context, context.current());
      redact_body(context);
      break;
    default:
      redact(context, context.current());
      context.current().for_each_message(span_events, otlp::message_id::span_event,
                                         context.child(event_child), [&](item& event) {
                                           redact(context, event);
                                           return true;
                                         });
    }
    return disposition::keep;
  }

private:
  void redact(context& context, item& holder) const {
    redaction_tally tally;
    holder.for_each_attribute([&](item::attribute a) { redact_attribute(context, a, tally); });
    rules_.summarise(tally, "redaction.", holder);
  }

  void redact_attribute(context& context, item::attribute a, redaction_tally& tally) const {
    const auto rule = rules_.rule_of(a.key());
    if (rule == redactor::key_rule::ignore)
      return rules_.note(tally.ignored, a.key());
    if (rule == redactor::key_rule::remove) {
      rules_.note(tally.redacted, a.key());
      return a.erase();
    }
    // Values that are no texts are looked at as "", as in the Collector.
    const auto value =
        rules_.all_types() ? text_of(a.any(), context.text(value_text)) : string_of(a.any());
    if (rules_.allows(value))
      return rules_.note(tally.allowed, a.key());
    auto& masked = context.text(masked_text);
    const auto result = rule == redactor::key_rule::mask
                            ? rules_.mask(value, masked)
                            : rules_.mask_blocked(value, masked, context.text(other_text));
    if (rule != redactor::key_rule::mask && result == value)
      return;
    rules_.note(tally.masked, a.key());
    a.set(make_string(context.memory(), result));
  }

  void redact_body(context& context) const {
    auto& record = context.current();
    const auto body = record.bytes(log_field::body);
    const auto kind = otlp::read_value(body).kind;
    redaction_tally tally;
    auto& path = context.text(path_text);
    path.clear();
    const bool nested = kind == otlp::value_kind::map || kind == otlp::value_kind::array;
    if (!nested)
      path = "body";
    redaction_tally ignored; // a plain body that is allowed is not counted
    const auto changed = redact_value(context, body, first_map_child, nested ? tally : ignored);
    if (!nested)
      tally.masked = ignored.masked;
    if (changed)
      record.set_bytes(log_field::body, *changed);
    rules_.summarise(tally, "redaction.body.", record);
  }

  // The any in its place, or nothing where it stays. The path to it stands in its text.
  std::optional<std::string_view> redact_value(context& context, std::string_view any,
                                               std::size_t child, redaction_tally& tally) const {
    const auto value = otlp::read_value(any);
    if (value.kind == otlp::value_kind::map)
      return redact_map(context, value.bytes, child, tally);
    if (value.kind == otlp::value_kind::array)
      return redact_array(context, value.bytes, child, tally);
    const auto text = text_of(any, context.text(value_text));
    if (rules_.allows(text)) {
      rules_.note(tally.allowed, context.text(path_text));
      return std::nullopt;
    }
    const auto result =
        rules_.mask_blocked(text, context.text(masked_text), context.text(other_text));
    if (result == text)
      return std::nullopt;
    rules_.note(tally.masked, context.text(path_text));
    return make_string(context.memory(), result);
  }

  std::optional<std::string_view> redact_map(context& context, std::string_view body,
                                             std::size_t child, redaction_tally& tally) const {
    auto& map = context.child(child);
    map.open(otlp::message_id::key_value_list, body);
    map.for_each_attribute([&](item::attribute entry) {
      auto& path = context.text(path_text);
      const auto length = path.size();
      path += length == 0 ? "" : ".";
      path += entry.key();
      redact_entry(context, entry, child, tally);
      path.resize(length);
    });
    if (!map.changed())
      return std::nullopt;
    return wrap_map(context.memory(), map.write());
  }

  void redact_entry(context& context, item::attribute entry, std::size_t child,
                    redaction_tally& tally) const {
    const auto& path = context.text(path_text);
    switch (rules_.rule_of(entry.key())) {
    case redactor::key_rule::ignore:
      return rules_.note(tally.ignored, path);
    case redactor::key_rule::remove:
      rules_.note(tally.redacted, path);
      return entry.erase();
    case redactor::key_rule::mask:
      rules_.note(tally.masked, path);
      return entry.set(make_string(context.memory(),
                                   rules_.mask(string_of(entry.any()), context.text(masked_text))));
    case redactor::key_rule::look_at_value:
      break;
    }
    if (const auto changed = redact_value(context, entry.any(), child + 1, tally))
      entry.set(*changed);
  }

  std::optional<std::string_view> redact_array(context& context, std::string_view body,
                                               std::size_t child, redaction_tally& tally) const {
    std::vector<std::string_view> anys;
    bool changed = false;
    for_each_item(body, [&](std::string_view any) {
      auto& path = context.text(path_text);
      const auto length = path.size();
      path += fmt::format("{}[{}]", length == 0 ? "" : ".", anys.size());
      const auto redacted = redact_value(context, any, child + 1, tally);
      path.resize(length);
      changed |= redacted.has_value();
      anys.push_back(redacted.value_or(any));
    });
    if (!changed)
      return std::nullopt;
    return make_array(context.memory(), anys);
  }

  redactor rules_;
};

} // namespace

result<processor_ptr> make_redaction(const redaction_config& config) {
  const auto min_key = config.hash_function == redaction_hash::hmac_sha256   ? 32U
                       : config.hash_function == redaction_hash::hmac_sha512 ? 64U
                                                                             : 0U;
  if (config.hmac_key.size() < min_key)
    return fail(errc::invalid_argument,
                fmt::format("`hmac_key` found {} bytes, expected at least {}",
                            config.hmac_key.size(), min_key));
  auto rules = redactor::compile(config);
  if (!rules)
    return tl::unexpected(rules.error());
  return std::make_shared<const redaction>(std::move(*rules));
}

} // namespace weir::processors
