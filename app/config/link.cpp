#include "app/config/link_auth.hpp"
#include "app/config/load.hpp"
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
#include <cctype>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <set>
#include <yaml-cpp/emitter.h>

namespace weir::app {

namespace {

constexpr std::array<std::string_view, 3> signal_names = {"traces", "metrics", "logs"};

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;

/// Looks up what pipelines name, and turns shapes into what the stages take.
class linker {
public:
  linker(decoder& reports, const document& source) : reports_(reports), source_(source) {}

  node_config link() {
    node_config config;
    config.storage = source_.storage;
    config.sampling = source_.sampling;
    config.limits = source_.service.limits;
    config.shutdown_timeout = source_.service.shutdown_timeout;
    config.telemetry = telemetry();
    config.admin_endpoint = source_.admin.endpoint;
    require_sections();
    for (const auto& pipeline : source_.service.pipelines)
      if (auto linked = link_pipeline(pipeline))
        config.pipelines.push_back(std::move(*linked));
    for (const auto& c : source_.exporters)
      if (used_.contains(c.path))
        config.exporters.push_back(exporter(c));
    for (auto& pipeline : config.pipelines)
      carry(config.exporters, pipeline);
    for (const auto& c : source_.receivers)
      if (used_.contains(c.path))
        config.receivers.push_back(receiver(c));
    extensions(config);
    name_missing();
    refuse_shared_endpoints(config);
    refuse_shared_files(config);
    return config;
  }

  /// Looks at the files that components in use name.
  void check_files(const environment& env) {
    if (!env.unreadable)
      return;
    for (const auto& file : reports_.files) {
      const auto owned = std::any_of(used_.begin(), used_.end(), [&](const std::string& path) {
        return file.path.starts_with(path + ".");
      });
      const auto why = owned ? env.unreadable(file.file) : std::string{};
      if (!why.empty())
        reports_.error(file.where, file.path,
                       fmt::format("the file {} cannot be read: {}", quoted(file.file), why));
    }
  }

private:
  void require_sections() {
    if (source_.receivers.empty() && !failed_in("receivers"))
      reports_.error({1, 1}, "receivers", "found no receivers, expected at least one");
    if (source_.exporters.empty() && !failed_in("exporters"))
      reports_.error({1, 1}, "exporters", "found no exporters, expected at least one");
    if (source_.service.pipelines.empty() && !failed_in("service"))
      reports_.error({1, 1}, "service.pipelines", "found no pipelines, expected at least one");
  }

  /// Whether something below `path` is wrong already: what is missing there is no news then.
  bool failed_in(std::string_view path) const {
    const auto& errors = reports_.out.errors;
    return std::any_of(errors.begin(), errors.end(),
                       [path](const diagnostic& d) { return d.path.starts_with(path); });
  }

  // -- pipelines --

  std::optional<pipeline_config> link_pipeline(const pipeline_shape& shape) {
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
      reports_.error(shape.where, path, problem);
      return std::nullopt;
    }
    linked.signal = *signal;
    linked.receivers = references(shape, path, "receivers", shape.receivers);
    linked.exporters = references(shape, path, "exporters", shape.exporters);
    asked_here_.clear();
    link_processors(shape, path, linked);
    for (const auto& id : linked.receivers)
      asked_[id].insert(asked_here_.begin(), asked_here_.end());
    return linked;
  }

  static std::optional<weir::signal> signal_of(std::string_view id) {
    for (const auto s : {signal::traces, signal::metrics, signal::logs})
      if (type_of_id(id) == to_string(s))
        return s;
    return std::nullopt;
  }

  /// Where the item `i` of a pipeline's list stands.
  static place where(const pipeline_shape& shape, std::string_view list, std::size_t i) {
    const auto* entry = shape.source == nullptr ? nullptr : shape.source->find(list);
    if (entry == nullptr)
      return shape.where;
    return i < entry->value.items.size() ? entry->value.items[i].where : entry->value.where;
  }

  /// The ids of a list that are there, each once.
  text_list references(const pipeline_shape& shape, const std::string& path, std::string_view list,
                       const text_list& ids) {
    text_list found;
    const auto list_path = fmt::format("{}.{}", path, list);
    const auto word = section_named(list).word;
    if (ids.empty() && !failed_in(path))
      reports_.error(where(shape, list, 0), list_path,
                     fmt::format("found no {}, expected at least one", word));
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto* c =
          resolve(list, ids[i], where(shape, list, i), fmt::format("{}[{}]", list_path, i));
      if (c != nullptr && std::find(found.begin(), found.end(), c->id) == found.end())
        found.push_back(c->id);
    }
    return found;
  }

  /// The component that an id names; one that is not there is an error.
  const component* resolve(std::string_view section, std::string_view id, place where,
                           const std::string& path) {
    std::string problem;
    const auto normal = normal_id(id, problem);
    const auto& all = source_.of(section);
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.id == normal; });
    if (found != all.end()) {
      used_.insert(found->path);
      return found->missing ? nullptr : &*found; // name_missing() says so
    }
    if (all.empty() ? failed_in(section) : failed_in(fmt::format("{}.{}", section, normal)))
      return nullptr; // said already
    std::vector<std::string_view> ids;
    for (const auto& c : all)
      ids.push_back(c.id);
    reports_.error(where, path,
                   fmt::format("found {}, which is not in `{}`{}", quoted(id), section,
                               did_you_mean(normal, ids)));
    return nullptr;
  }

  void link_processors(const pipeline_shape& shape, const std::string& path,
                       pipeline_config& linked) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < shape.processors.size(); ++i) {
      const auto at = where(shape, "processors", i);
      const auto item = fmt::format("{}.processors[{}]", path, i);
      const auto* c = resolve("processors", shape.processors[i], at, item);
      if (c != nullptr && !seen.insert(c->id).second)
        reports_.error(at, item, fmt::format("the processor {} stands here twice", quoted(c->id)));
      else if (c != nullptr)
        add_processor(*c, at, item, linked);
    }
    if (linked.tail_sampling && early_batch_)
      reports_.warn(early_batch_->first, early_batch_->second,
                    "no effect: it stands before `tail_sampling`, where Weir groups data itself; "
                    "behind it, it shapes the exporters' requests");
    early_batch_.reset();
  }

  void add_processor(const component& c, place at, const std::string& path,
                     pipeline_config& linked) {
    std::visit(
        overloaded{
            [&](const memory_limiter_config& limiter) {
              if (linked.memory_limiter)
                reports_.error(at, path, "found a second memory_limiter, expected one");
              linked.memory_limiter = limiter;
            },
            [&](const backends::batch_config& batch) {
              if (linked.batch)
                reports_.warn(at, path, "no effect has the `batch` before it: the last counts");
              if (!linked.tail_sampling)
                early_batch_ = {at, path};
              linked.batch = batch;
            },
            [&](const sampling::tail_sampling_config& sampling) {
              if (linked.signal != signal::traces)
                reports_.error(at, path,
                               "found tail_sampling, expected it in a traces "
                               "pipeline alone");
              if (linked.tail_sampling)
                reports_.error(at, path, "found a second tail_sampling, expected one");
              linked.tail_sampling = sampling;
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
            [&](const processors::filter_config& config) {
              add_edits(c, processors::make_filter(config, linked.signal, c.id), linked);
            },
            [&](const processors::transform_config& config) {
              add_edits(c, processors::make_transform(config, linked.signal, c.id), linked);
            },
            [](const auto&) {},
        },
        c.config);
  }

  /// The same of one that is several, which stand behind each other.
  void add_edits(const component& c, result<std::vector<processors::processor_ptr>> compiled,
                 pipeline_config& linked) {
    if (!compiled)
      return add_edit(c, tl::unexpected(compiled.error()), linked);
    for (auto& one : *compiled)
      add_edit(c, std::move(one), linked);
  }

  /// Notes the headers of requests that actions take values from.
  void ask_for_headers(const std::vector<processors::action_config>& actions) {
    for (const auto& action : actions)
      if (auto key = processors::metadata_key(action.from_context); !key.empty())
        asked_here_.insert(std::move(key));
  }

  /// A processor that edits messages, compiled for the pipeline's signal.
  void add_edit(const component& c, result<processors::processor_ptr> compiled,
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
          c.where, c.path,
          fmt::format("in the pipeline {}: {}", quoted(linked.name), compiled.error().message));
  }

  /// What the exporters of a pipeline send on of requests is kept with their data.
  void carry(const std::vector<backends::exporter_config>& exporters, pipeline_config& pipeline) {
    auto names = carried_in(pipeline, exporters);
    if (names.empty())
      return;
    for (const auto& name : names)
      if (const auto key = processors::metadata_key(name); !key.empty())
        for (const auto& receiver : pipeline.receivers)
          asked_[receiver].insert(key);
    pipeline.edits_text += fmt::format("carried: {}\n", fmt::join(names, " "));
    pipeline.edits_before.push_back({"headers_setter", processors::make_carry(std::move(names))});
  }

  // -- components --

  net::otlp_receiver_config receiver(const component& c) {
    const auto& shape = std::get<otlp_receiver_shape>(c.config);
    net::otlp_receiver_config made;
    made.id = c.id;
    for (const auto& listener : {shape.grpc, shape.http})
      if (listener) {
        made.listeners.push_back(*listener);
        authenticate(c, made.listeners.back());
        keep_headers(c, made.listeners.back());
      }
    return made;
  }

  backends::exporter_config exporter(const component& c) {
    backends::exporter_config made;
    made.id = c.id;
    std::visit(overloaded{
                   [&](const otlp_grpc_shape& shape) {
                     auto kind = shape.kind;
                     if (shape.keepalive) {
                       kind.keepalive_time = shape.keepalive->time;
                       kind.keepalive_timeout = shape.keepalive->timeout;
                       kind.keepalive_permit_without_stream =
                           shape.keepalive->permit_without_stream;
                     }
                     authenticate_exporter(c, kind);
                     server_exporter(shape, std::move(kind), made);
                   },
                   [&](const otlp_http_shape& shape) {
                     auto kind = shape.kind;
                     authenticate_exporter(c, kind);
                     server_exporter(shape, std::move(kind), made);
                   },
                   [&](const backends::debug_config& kind) { made.kind = kind; },
                   [&](const backends::file_config& kind) { made.kind = kind; },
                   [&](const backends::nop_config& kind) { made.kind = kind; },
                   [](const auto&) {},
               },
               c.config);
    return made;
  }

  /// The headers that processors and exporters behind this receiver ask for.
  void keep_headers(const component& c, net::otlp_listener_config& listener) {
    const auto& keys = asked_[c.id];
    listener.metadata_keys.assign(keys.begin(), keys.end());
    if (!keys.empty() && !listener.include_metadata)
      reports_.warn(
          c.where, c.path,
          fmt::format("without `include_metadata: true` what stands behind it does not get "
                      "the header {}",
                      quoted(*keys.begin())));
  }

  /// The extension that `auth.authenticator` of a component names, which has to be in use.
  const component* authenticator(const component& c, const std::string& path,
                                 const std::string& id) {
    const auto& used = source_.service.extensions;
    const auto* found = resolve("extensions", id, c.where, path);
    const auto in_use = [&](const std::string& written) {
      std::string problem;
      return found != nullptr && normal_id(written, problem) == found->id;
    };
    if (found == nullptr || std::any_of(used.begin(), used.end(), in_use))
      return found;
    reports_.error(c.where, path,
                   fmt::format("found {}, which is not in `service.extensions`", quoted(id)));
    return nullptr;
  }

  void authenticate(const component& c, net::otlp_listener_config& listener) {
    take_over(c, c.path + ".protocols." + (listener.grpc ? "grpc" : "http"), listener.authenticator,
              &server_auth_of, listener.auth);
  }

  template <class Kind>
  void authenticate_exporter(const component& c, Kind& kind) {
    take_over(c, c.path, kind.authenticator, &client_auth_of, kind.auth);
  }

  template <class Auth>
  void take_over(const component& c, std::string path, const std::string& id,
                 result<Auth> (*read)(const component&), Auth& to) {
    path += ".auth.authenticator";
    const auto* found = id.empty() ? nullptr : authenticator(c, path, id);
    if (found == nullptr)
      return;
    if (auto auth = read(*found))
      to = std::move(*auth);
    else
      reports_.error(c.where, path, fmt::format("found {}, {}", quoted(id), auth.error().message));
  }

  template <class Shape, class Kind>
  static void server_exporter(const Shape& shape, Kind kind, backends::exporter_config& made) {
    if (kind.compression.empty())
      kind.compression = "none";
    made.kind = std::move(kind);
    made.retry = shape.retry;
    made.queue = shape.queue.queue;
    if (!made.queue.enabled)
      made.queue.num_consumers = 1;
    if (const auto& batch = shape.queue.batch) {
      made.batch.emplace();
      made.batch->min_items = batch->min_size;
      made.batch->max_items = batch->max_size;
      made.batch->timeout = batch->flush_timeout;
    }
  }

  void extensions(node_config& config) {
    const auto& ids = source_.service.extensions;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto* c = resolve("extensions", ids[i], source_.service.extension_places[i],
                              fmt::format("service.extensions[{}]", i));
      const auto* health = c == nullptr ? nullptr : std::get_if<health_check_shape>(&c->config);
      if (health != nullptr && config.health_check)
        reports_.error(c->where, c->path, "found a second health_check in use, expected one");
      if (health == nullptr)
        continue;
      auto& made = config.health_check.emplace(linked(*health));
      take_over(*c, c->path + (health->use_v2 ? ".http" : ""), made.authenticator, &server_auth_of,
                made.auth);
    }
  }

  telemetry_config telemetry() const {
    const auto& shape = source_.service.telemetry;
    telemetry_config made;
    made.logs = shape.logs;
    std::transform(made.logs.level.begin(), made.logs.level.end(), made.logs.level.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (shape.metrics.level == "none")
      made.metrics_endpoint.clear();
    else if (!shape.metrics.address.empty())
      made.metrics_endpoint = shape.metrics.address;
    else if (!shape.metrics.readers.empty() && shape.metrics.readers[0].pull)
      made.metrics_endpoint = host_port(*shape.metrics.readers[0].pull);
    return made;
  }

  static std::string host_port(const pull_shape& pull) {
    const bool v6 = pull.host.find(':') != std::string::npos && !pull.host.starts_with('[');
    return v6 ? fmt::format("[{}]:{}", pull.host, pull.port)
              : fmt::format("{}:{}", pull.host, pull.port);
  }

  /// Components that nothing uses may be of types that are not there.
  void name_missing() {
    for (const auto& section : component_sections())
      for (const auto& c : source_.of(section.key)) {
        if (!c.missing)
          continue;
        const auto what = fmt::format("found the {} type {}, which is not there yet", section.word,
                                      quoted(type_of_id(c.id)));
        if (used_.contains(c.path))
          reports_.error(c.where, c.path, what);
        else
          reports_.warn(c.where, c.path, what + ": not read, as nothing uses it");
      }
  }

  // -- what two components cannot share --

  const component& by_id(std::string_view section, const std::string& id) const {
    const auto& all = source_.of(section);
    return *std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.id == id; });
  }

  void refuse_shared_endpoints(const node_config& config) {
    std::set<std::string> seen;
    for (const auto& r : config.receivers)
      for (const auto& listener : r.listeners)
        if (!listener.endpoint.ends_with(":0") && !seen.insert(listener.endpoint).second) {
          const auto& c = by_id("receivers", r.id);
          reports_.error(c.where, c.path,
                         fmt::format("found the endpoint {} a second time, expected one listener "
                                     "for each port",
                                     quoted(listener.endpoint)));
        }
  }

  void refuse_shared_files(const node_config& config) {
    std::set<std::string> seen;
    for (const auto& e : config.exporters) {
      const auto* file = std::get_if<backends::file_config>(&e.kind);
      if (file == nullptr || seen.insert(file->path).second)
        continue;
      const auto& c = by_id("exporters", e.id);
      reports_.error(c.where, c.path,
                     fmt::format("found the path {} a second time, expected a file for each "
                                 "exporter",
                                 quoted(file->path)));
    }
  }

  decoder& reports_;
  const document& source_;
  std::set<std::string> asked_here_;                   // headers, by the pipeline in hand
  std::map<std::string, std::set<std::string>> asked_; // by the pipelines behind a receiver
  std::set<std::string> used_;      // paths of components that pipelines or service name
  std::set<std::string> pipelines_; // ids so far
  std::optional<std::pair<place, std::string>> early_batch_;
};

} // namespace

node_config link_document(decoder& reports, const document& source, const environment& env) {
  linker links(reports, source);
  auto config = links.link();
  links.check_files(env);
  return config;
}

} // namespace weir::app
