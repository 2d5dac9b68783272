#include "app/config/link.hpp"
#include "app/config/link_auth.hpp"
#include "processors/actions.hpp"
#include "processors/attributes.hpp"
#include "processors/carry.hpp"
#include "processors/filter.hpp"
#include "processors/probabilistic.hpp"
#include "processors/redaction.hpp"
#include "processors/span.hpp"
#include "processors/transform.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <yaml-cpp/emitter.h>

// Pipelines, and the processors in them.
namespace weir::app {

namespace {

constexpr std::array<std::string_view, 3> signal_names = {"traces", "metrics", "logs"};

std::optional<weir::signal> signal_of(std::string_view id) {
  for (const auto s : {signal::traces, signal::metrics, signal::logs})
    if (type_of_id(id) == to_string(s))
      return s;
  return std::nullopt;
}

/// Where the item `i` of a pipeline's list stands.
place item_position(const pipeline_shape& shape, std::string_view list, std::size_t i) {
  const auto* entry = shape.source == nullptr ? nullptr : shape.source->find(list);
  if (entry == nullptr)
    return shape.position;
  return i < entry->value.items.size() ? entry->value.items[i].position : entry->value.position;
}

} // namespace

std::optional<pipeline_config> linker::link_pipeline(const pipeline_shape& shape) {
  const auto path = "service.pipelines." + shape.id;
  std::string problem;
  pipeline_config linked;
  linked.name = normal_id(shape.id, problem);
  const auto signal = signal_of(linked.name);
  if (problem.empty() && !signal)
    problem = fmt::format("found {}, expected `traces`, `metrics` or `logs`, with `/name` behind "
                          "it where there are several{}",
                          quoted(type_of_id(linked.name)),
                          did_you_mean(type_of_id(linked.name), signal_names));
  if (!pipelines_.insert(linked.name).second)
    problem = fmt::format("the pipeline {} is given twice", quoted(linked.name));
  if (!problem.empty()) {
    reports_.error(shape.position, path, problem);
    return std::nullopt;
  }
  linked.signal = *signal;
  linked.receivers =
      references(shape, path, "receivers", shape.receivers, linked.connectors_before);
  linked.exporters =
      references(shape, path, "exporters", shape.exporters, linked.connectors_behind);
  asked_here_.clear();
  link_processors(shape, path, linked);
  asked_in_[linked.name] = asked_here_;
  return linked;
}

text_list linker::references(const pipeline_shape& shape, const std::string& path,
                             std::string_view list, const text_list& ids, text_list& connectors) {
  text_list found;
  const auto list_path = fmt::format("{}.{}", path, list);
  const auto word = section_named(list).word;
  if (ids.empty() && !failed_in(path))
    reports_.error(item_position(shape, list, 0), list_path,
                   fmt::format("found no {}, expected at least one", word));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto position = item_position(shape, list, i);
    const auto* between = connector(ids[i]);
    const auto* c = between != nullptr
                        ? between
                        : resolve(list, ids[i], position, fmt::format("{}[{}]", list_path, i));
    auto& known = between != nullptr ? connectors : found;
    if (c != nullptr && c->missing.empty()
        && std::find(known.begin(), known.end(), c->id) == known.end())
      known.push_back(c->id);
  }
  return found;
}

void linker::link_processors(const pipeline_shape& shape, const std::string& path,
                             pipeline_config& linked) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < shape.processors.size(); ++i) {
    const auto position = item_position(shape, "processors", i);
    const auto item = fmt::format("{}.processors[{}]", path, i);
    const auto* c = resolve("processors", shape.processors[i], position, item);
    if (c != nullptr && !seen.insert(c->id).second)
      reports_.error(position, item,
                     fmt::format("the processor {} stands here twice", quoted(c->id)));
    else if (c != nullptr)
      add_processor(*c, position, item, linked);
  }
  if (linked.tail_sampling && early_batch_)
    reports_.warn(early_batch_->first, early_batch_->second,
                  "no effect: it stands before `tail_sampling`, where Weir groups data itself; "
                  "behind it, it shapes the exporters' requests");
  early_batch_.reset();
}

void linker::add_processor(const component& c, place position, const std::string& path,
                           pipeline_config& linked) {
  std::visit(
      overloaded{
          [&](const memory_limiter_config& limiter) { linked.memory_limiters.push_back(limiter); },
          [&](const backends::batch_config& batch) {
            if (linked.batch)
              reports_.warn(position, path, "no effect has the `batch` before it: the last counts");
            if (!linked.tail_sampling)
              early_batch_ = {position, path};
            linked.batch = batch;
          },
          [&](const sampling::tail_sampling_config& sampling) {
            if (linked.signal != signal::traces)
              reports_.error(position, path,
                             "found tail_sampling, expected it in a traces "
                             "pipeline alone");
            if (linked.tail_sampling)
              sample_again({c.id, sampling}, position, path, linked);
            else {
              linked.tail_sampling = sampling;
              linked.tail_sampling_id = c.id;
            }
            sampling_id_ = c.id;
            linked.batch.reset();
          },
          [&](const processors::attributes_config& config) {
            ask_for_headers(config.actions);
            add_edit(c, processors::make_attributes(config, linked.signal), linked);
          },
          [&](const processors::resource_config& config) {
            ask_for_headers(config.attributes);
            add_edit(c, processors::make_resource(config), linked);
          },
          [&](const processors::span_config& config) {
            ask_for_headers(config.attributes);
            add_edit(c, processors::make_span(config, linked.signal), linked);
          },
          [&](const processors::redaction_config& config) {
            add_edit(c, processors::make_redaction(config), linked);
          },
          [&](const processors::probabilistic_sampler_config& config) {
            add_edit(c, processors::make_probabilistic_sampler(config, linked.signal), linked);
          },
          [&](processors::filter_config config) {
            for (auto* match : {&config.logs_include, &config.logs_exclude})
              if (matches_by_nothing(*match))
                match->reset();
            add_edits(c, processors::make_filter(config, linked.signal, c.id), linked);
          },
          [&](const processors::transform_config& config) {
            add_edits(c, processors::make_transform(config, linked.signal, c.id), linked);
          },
          [](const auto&) {},
      },
      c.config);
}

void linker::sample_again(const named_sampling& second, place position, const std::string& path,
                          pipeline_config& linked) {
  if (!linked.edits_behind.empty())
    return reports_.error(position, path,
                          "found a second tail_sampling behind a processor that edits what the "
                          "first one kept, expected them next to each other");
  auto both = sample_by_both({sampling_id_, *linked.tail_sampling}, second);
  if (!both)
    return reports_.error(position, path,
                          "found a second tail_sampling, and both have rates (rate_limiting, "
                          "bytes_limiting, composite, dynamic, intelligent) or more than Weir puts "
                          "together: expected one");
  linked.tail_sampling = std::move(*both);
}

void linker::add_edit(const component& c, result<editing::processor_ptr> compiled,
                      pipeline_config& linked) {
  auto& edits = linked.tail_sampling ? linked.edits_behind : linked.edits_before;
  YAML::Emitter printed;
  section_named("processors").find(type_of_id(c.id))->print(printed, c.config);
  linked.edits_text +=
      fmt::format("{}{}: {}\n", linked.tail_sampling ? "-" : "", c.id, printed.c_str());
  if (compiled)
    edits.push_back({c.id, std::move(*compiled)});
  else if (!failed_in(c.path))
    reports_.error(
        c.position, c.path,
        fmt::format("in the pipeline {}: {}", quoted(linked.name), compiled.error().message));
}

void linker::add_edits(const component& c, result<std::vector<editing::processor_ptr>> compiled,
                       pipeline_config& linked) {
  if (!compiled)
    return add_edit(c, tl::unexpected(compiled.error()), linked);
  for (auto& one : *compiled)
    add_edit(c, std::move(one), linked);
}

void linker::ask_for_headers(const std::vector<processors::action_config>& actions) {
  for (const auto& action : actions)
    if (auto key = processors::metadata_key(action.from_context); !key.empty())
      asked_here_.insert(std::move(key));
}

void linker::carry(const node_config& config, pipeline_config& pipeline) {
  auto names = carried_in(pipeline, config.exporters);
  if (names.empty())
    return;
  for (const auto& name : names)
    if (const auto key = processors::metadata_key(name); !key.empty())
      for (const auto& receiver : receivers_of(config, pipeline))
        asked_[receiver].insert(key);
  pipeline.edits_text += fmt::format("carried: {}\n", fmt::join(names, " "));
  pipeline.edits_before.push_back({"headers_setter", processors::make_carry(std::move(names))});
}

} // namespace weir::app
