#include "app/config/link.hpp"
#include "connectors/count.hpp"
#include "connectors/routing.hpp"
#include "connectors/spanmetrics.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <yaml-cpp/emitter.h>

// Connectors: what stands between pipelines.
namespace weir::app {

namespace {

bool has(const text_list& ids, const std::string& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

/// Whether a connector makes data of signal `out` out of data of signal `in`.
bool makes(const component& c, weir::signal in, weir::signal out) {
  return std::visit(overloaded{
                        [&](const connectors::count_config&) { return out == signal::metrics; },
                        [&](const connectors::spanmetrics_config&) {
                          return in == signal::traces && out == signal::metrics;
                        },
                        [&](const auto&) { return in == out; },
                    },
                    c.config);
}

/// Pipelines that a connector brings data of this signal to.
text_list behind(const component& c, weir::signal in, const node_config& config) {
  text_list names;
  for (const auto& p : config.pipelines)
    if (has(p.connectors_before, c.id) && makes(c, in, p.signal))
      names.push_back(p.name);
  return names;
}

bool stands_before(const component& c, weir::signal out, const node_config& config) {
  return std::any_of(config.pipelines.begin(), config.pipelines.end(), [&](const auto& p) {
    return has(p.connectors_behind, c.id) && makes(c, p.signal, out);
  });
}

std::vector<weir::signal> signals_before(const component& c, const node_config& config) {
  std::vector<weir::signal> found;
  for (const auto& p : config.pipelines)
    if (has(p.connectors_behind, c.id)
        && std::find(found.begin(), found.end(), p.signal) == found.end())
      found.push_back(p.signal);
  return found;
}

} // namespace

const component* linker::connector(std::string_view id) {
  std::string problem;
  const auto normal = normal_id(id, problem);
  const auto found = std::find_if(source_.connectors.begin(), source_.connectors.end(),
                                  [&](const auto& c) { return c.id == normal; });
  if (found == source_.connectors.end())
    return nullptr;
  used_.insert(found->path);
  return &*found;
}

void linker::link_connectors(node_config& config) {
  for (const auto& c : source_.connectors) {
    if (!used_.contains(c.path) || !c.missing.empty() || failed_in(c.path))
      continue;
    check_places(c, config);
    if (!failed_in(c.path))
      config.connections.push_back(connection_of(c, config));
  }
  refuse_circles(config);
  ask_before(config);
}

void linker::check_places(const component& c, const node_config& config) {
  for (const auto* section : {"receivers", "exporters"})
    if (source_.find(section, c.id) != nullptr)
      return reports_.error(c.position, c.path,
                            fmt::format("found the id {} in `{}` too, expected one of the two",
                                        quoted(c.id), section));
  for (const auto& p : config.pipelines) {
    if (has(p.connectors_behind, c.id) && behind(c, p.signal, config).empty())
      reports_.error(c.position, c.path,
                     fmt::format("the pipeline {} has it as an exporter, and no pipeline that it "
                                 "makes data for has it as a receiver",
                                 quoted(p.name)));
    if (has(p.connectors_before, c.id) && !stands_before(c, p.signal, config))
      reports_.error(c.position, c.path,
                     fmt::format("the pipeline {} has it as a receiver, and no pipeline whose data "
                                 "it makes that of has it as an exporter",
                                 quoted(p.name)));
    if (!p.tail_sampling || !has(p.connectors_behind, c.id))
      continue;
    if (makes(c, signal::traces, signal::traces))
      reports_.error(c.position, c.path,
                     fmt::format("the pipeline {} samples, and connectors get what came to it, not "
                                 "what it kept: expected its exporters in that pipeline itself, or "
                                 "tail_sampling in the pipeline behind",
                                 quoted(p.name)));
    else
      reports_.warn(c.position, c.path,
                    fmt::format("it sees all that comes to the pipeline {}, before tail_sampling",
                                quoted(p.name)));
  }
}

stages::connection linker::connection_of(const component& c, const node_config& config) {
  stages::connection made;
  made.id = c.id;
  YAML::Emitter printed;
  section_named("connectors").find(type_of_id(c.id))->print(printed, c.config);
  made.options = printed.c_str();
  const auto refuse = [&](const error& why) { reports_.error(c.position, c.path, why.message); };
  for (const auto in : signals_before(c, config)) {
    const auto names = behind(c, in, config);
    std::visit(overloaded{
                   [&](const connectors::forward_config&) {
                     made.ways.push_back({in, nullptr, {names}});
                   },
                   [&](const connectors::count_config& count) {
                     auto relay = connectors::make_count(count, in, c.id);
                     if (!relay)
                       return refuse(relay.error());
                     made.ways.push_back({in, std::move(*relay), {names}});
                   },
                   [&](const connectors::routing_config& routing) {
                     auto way = connectors::make_routing(routing, in, c.id);
                     if (!way)
                       return refuse(way.error());
                     for (const auto& group : way->groups)
                       for (const auto& name : group)
                         if (!has(names, name))
                           return reports_.error(
                               c.position, c.path,
                               fmt::format("found the pipeline {}, which does not have it as a "
                                           "receiver, or is not one of {}",
                                           quoted(name), to_string(in)));
                     for (const auto& p : config.pipelines)
                       if (has(p.connectors_behind, c.id))
                         asked_in_[p.name].insert(way->headers.begin(), way->headers.end());
                     made.ways.push_back({in, std::move(way->relay), std::move(way->groups)});
                   },
                   [&](const connectors::spanmetrics_config& spans) {
                     made.targets = names;
                     made.make_meter = [spans](const std::string& instance) {
                       return connectors::make_spanmetrics(spans, instance);
                     };
                   },
                   [](const auto&) {},
               },
               c.config);
  }
  return made;
}

void linker::refuse_circles(const node_config& config) {
  // The way to the pipeline in hand; what was looked at and has none is done.
  std::vector<std::string> way;
  std::set<std::string> done;
  const std::function<bool(const pipeline_config&)> look = [&](const pipeline_config& p) {
    if (const auto again = std::find(way.begin(), way.end(), p.name); again != way.end()) {
      way.push_back(p.name);
      const auto first = std::find(way.begin(), way.end(), p.name);
      reports_.error({1, 1}, "service.pipelines",
                     fmt::format("found pipelines that connectors join to a circle: {}",
                                 fmt::join(first, way.end(), " -> ")));
      return false;
    }
    if (!done.insert(p.name).second)
      return true;
    way.push_back(p.name);
    for (const auto& id : p.connectors_behind) {
      const auto* c = connector(id);
      if (c == nullptr)
        continue;
      way.push_back(id);
      for (const auto& next : config.pipelines)
        if (has(next.connectors_before, id) && makes(*c, p.signal, next.signal) && !look(next))
          return false;
      way.pop_back();
    }
    way.pop_back();
    return true;
  };
  for (const auto& p : config.pipelines)
    if (!look(p))
      return;
}

std::set<std::string> linker::receivers_of(const node_config& config,
                                           const pipeline_config& pipeline) {
  std::set<std::string> found(pipeline.receivers.begin(), pipeline.receivers.end());
  std::set<std::string> seen{pipeline.name};
  std::vector<const pipeline_config*> open{&pipeline};
  while (!open.empty()) {
    const auto* here = open.back();
    open.pop_back();
    for (const auto& p : config.pipelines)
      for (const auto& id : p.connectors_behind)
        if (has(here->connectors_before, id) && seen.insert(p.name).second) {
          found.insert(p.receivers.begin(), p.receivers.end());
          open.push_back(&p);
        }
  }
  return found;
}

void linker::ask_before(const node_config& config) {
  for (const auto& p : config.pipelines)
    for (const auto& receiver : receivers_of(config, p))
      asked_[receiver].insert(asked_in_[p.name].begin(), asked_in_[p.name].end());
}

} // namespace weir::app
