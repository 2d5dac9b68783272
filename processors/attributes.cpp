#include "processors/attributes.hpp"

#include "processors/actions.hpp"
#include "processors/matching.hpp"

#include <fmt/format.h>

namespace weir::processors {

namespace {

result<action_list> compile_actions(const std::vector<action_config>& actions,
                                    std::string_view option) {
  std::size_t position = 0;
  auto made = action_list::compile(actions, position);
  if (!made)
    return fail(errc::invalid_argument,
                fmt::format("`{}[{}]`: {}", option, position, made.error().message));
  return made;
}

class attributes : public processor {
public:
  attributes(action_list actions, selection chosen)
      : actions_(std::move(actions)), chosen_(std::move(chosen)) {}

  processors::reach reach() const override { return {items, chosen_.reads(), no_level}; }

  bool wants_items(context& context) const override { return chosen_.wants_scope(context); }

  disposition edit_item(context& context) const override {
    if (!chosen_.wants_item(context))
      return disposition::keep;
    if (context.signal() != signal::metrics)
      actions_.apply(context.current(), context);
    else
      for_each_point(context, 0, [&](item& point) {
        actions_.apply(point, context);
        return true;
      });
    return disposition::keep;
  }

private:
  action_list actions_;
  selection chosen_;
};

class resource : public processor {
public:
  explicit resource(action_list actions) : actions_(std::move(actions)) {}

  processors::reach reach() const override { return {resources, no_level, no_level}; }

  disposition edit_resource(context& context) const override {
    actions_.apply(context.resource(), context);
    return disposition::keep;
  }

private:
  action_list actions_;
};

} // namespace

result<processor_ptr> make_attributes(const attributes_config& config, weir::signal kind) {
  auto actions = compile_actions(config.actions, "actions");
  if (!actions)
    return tl::unexpected(actions.error());
  auto chosen = selection::compile(config.include, config.exclude, kind);
  if (!chosen)
    return tl::unexpected(chosen.error());
  return std::make_shared<const attributes>(std::move(*actions), std::move(*chosen));
}

result<processor_ptr> make_resource(const resource_config& config) {
  auto actions = compile_actions(config.attributes, "attributes");
  if (!actions)
    return tl::unexpected(actions.error());
  return std::make_shared<const resource>(std::move(*actions));
}

} // namespace weir::processors
