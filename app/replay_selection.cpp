#include "app/replay_selection.hpp"

#include "editing/values.hpp"
#include "processors/attributes.hpp"
#include "processors/where.hpp"

namespace weir::app {

result<stages::selection_ptr> selection_of(const stages::replay_order& order, weir::signal kind) {
  std::vector<editing::chain::part> parts;
  const auto add = [&](std::string name, result<processors::processor_ptr> made) -> result<void> {
    if (!made)
      return fail(made.error().code, name + ": " + made.error().message);
    parts.push_back({std::move(name), std::move(*made)});
    return {};
  };
  if (!order.traces.empty())
    if (auto added = add("--trace-id", processors::make_traces_filter(order.traces, kind)); !added)
      return tl::unexpected(added.error());
  if (!order.where.empty())
    if (auto added = add("--where", processors::make_where(order.where, kind)); !added)
      return tl::unexpected(added.error());
  if (!order.mark_key.empty()) {
    arena memory;
    processors::attributes_config mark;
    auto& action = mark.actions.emplace_back();
    action.key = order.mark_key;
    action.action = processors::action_kind::upsert;
    action.value.bytes = editing::make_string(memory, order.mark_value);
    if (auto added = add("--mark", processors::make_attributes(mark, kind)); !added)
      return tl::unexpected(added.error());
  }
  if (parts.empty())
    return stages::selection_ptr();
  return std::make_shared<const editing::chain>(std::move(parts));
}

} // namespace weir::app
