#include "processors/span.hpp"

#include "editing/regex.hpp"
#include "processors/actions.hpp"
#include "processors/matching.hpp"

#include <array>
#include <fmt/format.h>

namespace weir::processors {

namespace {

namespace span_field {
constexpr std::uint32_t name = 5, status = 15;
}
namespace status_field {
constexpr std::uint32_t message = 2, code = 3;
}

class span : public processor {
public:
  span(const span_config& config, action_list actions, selection chosen, std::vector<regex> rules)
      : config_(config), actions_(std::move(actions)), chosen_(std::move(chosen)),
        rules_(std::move(rules)) {}

  processors::reach reach() const override { return {items, chosen_.reads(), no_level}; }

  bool wants_items(context& context) const override { return chosen_.wants_scope(context); }

  disposition edit_item(context& context) const override {
    if (!chosen_.wants_item(context))
      return disposition::keep;
    actions_.apply(context.current(), context);
    if (!config_.name.from_attributes.empty())
      name_from_attributes(context);
    if (!rules_.empty())
      name_to_attributes(context);
    if (config_.status)
      set_status(context);
    return disposition::keep;
  }

private:
  void name_from_attributes(context& context) const {
    auto& item = context.current();
    auto& name = context.text(0);
    name.clear();
    bool first = true;
    for (const auto& key : config_.name.from_attributes) {
      const auto any = item.get(key);
      if (!any)
        return;
      if (!first)
        name += config_.name.separator;
      first = false;
      if (!append_scalar(name, *any))
        name += "<unknown-attribute-type>";
    }
    if (name != item.bytes(span_field::name))
      item.set_bytes(span_field::name, context.memory().copy(name));
  }

  void name_to_attributes(context& context) const {
    auto& item = context.current();
    for (const auto& rule : rules_) {
      const auto name = item.bytes(span_field::name);
      std::array<std::string_view, regex::max_groups + 1> found;
      const auto& keys = rule.group_names();
      const auto groups = std::span(found).first(keys.size() + 1);
      rule.expect_to_afford(name);
      if (name.empty() || !rule.find(name, 0, groups))
        continue;
      apply(context, name, keys, groups.subspan(1));
      if (config_.name.to_attributes->break_after_match)
        return;
    }
  }

  void apply(context& context, std::string_view name, const std::vector<std::string>& keys,
             std::span<const std::string_view> groups) const {
    auto& item = context.current();
    auto& renamed = context.text(0);
    renamed.clear();
    std::size_t copied = 0;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      item.set(keys[i], make_string(context.memory(), groups[i]));
      if (groups[i].data() == nullptr)
        continue; // took no part in the match
      const auto begin = static_cast<std::size_t>(groups[i].data() - name.data());
      if (begin < copied)
        continue; // inside the group before
      renamed += name.substr(copied, begin - copied);
      renamed += '{';
      renamed += keys[i];
      renamed += '}';
      copied = begin + groups[i].size();
    }
    renamed += name.substr(copied);
    if (!config_.name.to_attributes->keep_original_name)
      item.set_bytes(span_field::name, context.memory().copy(renamed));
  }

  void set_status(context& context) const {
    auto& item = context.current();
    auto& status = context.child(0);
    item.open_message(span_field::status, otlp::message_id::status, status);
    const auto code = static_cast<std::uint64_t>(config_.status->code);
    if (status.number(status_field::code) != code)
      status.set_varint(status_field::code, code);
    if (status.bytes(status_field::message) != config_.status->description)
      status.set_bytes(status_field::message, config_.status->description);
    item.put_message(span_field::status, status);
  }

  span_config config_;
  action_list actions_;
  selection chosen_;
  std::vector<regex> rules_;
};

} // namespace

result<processor_ptr> make_span(const span_config& config, weir::signal kind) {
  if (kind != signal::traces)
    return fail(errc::invalid_argument,
                fmt::format("found it in a {} pipeline, expected one of traces", to_string(kind)));
  auto chosen = selection::compile(config.include, config.exclude, kind);
  if (!chosen)
    return tl::unexpected(chosen.error());
  std::size_t position = 0;
  auto actions = action_list::compile(config.attributes, position);
  if (!actions)
    return fail(errc::invalid_argument,
                fmt::format("`attributes[{}]`: {}", position, actions.error().message));
  std::vector<regex> rules;
  const auto& target = config.name.to_attributes;
  for (std::size_t i = 0; target && i < target->rules.size(); ++i) {
    auto rule = regex::compile(target->rules[i]);
    if (!rule)
      return fail(errc::invalid_argument,
                  fmt::format("`name.to_attributes.rules[{}]`: {}", i, rule.error().message));
    for (const auto& name : rule->group_names())
      if (name.empty())
        return fail(errc::invalid_argument,
                    fmt::format("`name.to_attributes.rules[{}]`: found a group without a name, "
                                "expected (?P<name>...)",
                                i));
    rules.push_back(std::move(*rule));
  }
  return std::make_shared<const span>(config, std::move(*actions), std::move(*chosen),
                                      std::move(rules));
}

} // namespace weir::processors
