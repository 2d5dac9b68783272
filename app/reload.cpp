#include "app/reload.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

// Options say themselves whether a reload takes them (app/config/option.hpp). Here stands which of
// them count, and what is not one option: parts of a node that come or go.
namespace weir::app {

namespace {

using ids = std::set<std::string>;

class comparison {
public:
  comparison(const loaded_config& now, const loaded_config& wanted) : now_(now), wanted_(wanted) {}

  std::vector<std::string> lines;

  void receivers();
  void samplings();
  void health_checks();
  void authenticators();
  void blocks() { differ(differing_blocks(now_.source, wanted_.source)); }

private:
  void differs(std::string_view path) {
    auto line = fmt::format("{}: this cannot change while the node runs, restart it", path);
    if (std::ranges::find(lines, line) == lines.end())
      lines.push_back(std::move(line));
  }
  void differ(const difference_list& found) {
    for (const auto& one : found)
      if (one.change == change_by::restart)
        differs(one.path);
  }
  /// The options of a component that both have in use.
  void component_options(std::string_view section, const std::string& id) {
    differ(section_named(section).differences(*now_.source.find(section, id),
                                              *wanted_.source.find(section, id)));
  }

  const loaded_config& now_;
  const loaded_config& wanted_;
};

template <class T>
const T* with_id(const std::vector<T>& all, const std::string& id) {
  const auto found = std::ranges::find(all, id, &T::id);
  return found == all.end() ? nullptr : &*found;
}

/// The headers that all protocols of a receiver keep for `from_context`.
std::vector<std::string> kept_headers(const net::otlp_receiver_config& receiver) {
  return receiver.listeners.empty() ? std::vector<std::string>{}
                                    : receiver.listeners.front().metadata_keys;
}

void comparison::receivers() {
  for (const auto& receiver : now_.config.receivers) {
    const auto* other = with_id(wanted_.config.receivers, receiver.id);
    if (other == nullptr) {
      differs(fmt::format("receivers.{} (no pipeline uses it any more)", receiver.id));
      continue;
    }
    component_options("receivers", receiver.id);
    if (kept_headers(receiver) != kept_headers(*other))
      differs(
          fmt::format("receivers.{} (the headers that it keeps for `from_context`)", receiver.id));
  }
  for (const auto& receiver : wanted_.config.receivers)
    if (with_id(now_.config.receivers, receiver.id) == nullptr)
      differs(fmt::format("receivers.{} (no pipeline used it before)", receiver.id));
}

void comparison::samplings() {
  const auto& section = section_named("processors");
  for (const auto& one : now_.config.pipelines) {
    const auto& all = wanted_.config.pipelines;
    const auto other = std::ranges::find(all, one.name, &pipeline_config::name);
    if (other == all.end())
      continue;
    if (one.tail_sampling.has_value() != other->tail_sampling.has_value())
      differs(fmt::format("service.pipelines.{}: tail_sampling", one.name));
    else if (one.tail_sampling) // under whatever id
      differ(section.differences(
          {one.tail_sampling_id, "processors." + other->tail_sampling_id, {}, *one.tail_sampling},
          {other->tail_sampling_id, {}, {}, *other->tail_sampling}));
  }
}

void comparison::health_checks() {
  for (const auto& health : now_.config.health_checks)
    if (with_id(wanted_.config.health_checks, health.id) != nullptr)
      component_options("extensions", health.id);
    else
      differs("extensions." + health.id);
  for (const auto& health : wanted_.config.health_checks)
    if (with_id(now_.config.health_checks, health.id) == nullptr)
      differs("extensions." + health.id);
}

/// Those that say who may come in; exporters take what theirs say from a reload.
ids doorkeepers(const node_config& config) {
  ids written;
  for (const auto& receiver : config.receivers)
    for (const auto& listener : receiver.listeners)
      written.insert(listener.authenticator);
  for (const auto& health : config.health_checks)
    written.insert(health.authenticator);
  written.erase("");
  ids normal;
  std::string ignored;
  for (const auto& id : written)
    normal.insert(normal_id(id, ignored));
  return normal;
}

void comparison::authenticators() {
  const auto others = doorkeepers(wanted_.config);
  for (const auto& id : doorkeepers(now_.config))
    if (others.contains(id))
      component_options("extensions", id);
}

} // namespace

std::vector<std::string> needs_restart(const loaded_config& now, const loaded_config& wanted) {
  comparison found(now, wanted);
  found.receivers();
  found.samplings();
  found.health_checks();
  found.authenticators();
  found.blocks();
  return std::move(found.lines);
}

} // namespace weir::app
