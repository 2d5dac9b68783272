#include "app/config/link.hpp"
#include "app/config/load.hpp"
#include "backends/otlp_http.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <set>

namespace weir::app {

node_config linker::link() {
  node_config config;
  config.storage = source_.storage;
  config.sampling = source_.sampling;
  config.limits = source_.service.limits;
  config.shutdown_timeout = source_.service.shutdown_timeout;
  config.telemetry = telemetry();
  config.cluster = source_.cluster;
  config.admin = source_.admin;
  used_.insert({"cluster", "admin"});
  require_sections();
  for (const auto& pipeline : source_.service.pipelines)
    if (auto linked = link_pipeline(pipeline))
      config.pipelines.push_back(std::move(*linked));
  link_connectors(config);
  for (const auto& c : source_.exporters)
    if (used_.contains(c.path) && c.missing.empty())
      config.exporters.push_back(exporter(c));
  for (auto& pipeline : config.pipelines) {
    require_endpoints(config, pipeline);
    carry(config, pipeline);
  }
  for (const auto& c : source_.receivers)
    if (used_.contains(c.path) && c.missing.empty())
      config.receivers.push_back(receiver(c));
  extensions(config);
  name_missing();
  warn_of_default_storage();
  warn_of_shared_memory_limit();
  refuse_shared_endpoints(config);
  refuse_shared_files(config);
  return config;
}

void linker::check_files(const environment& env) {
  if (!env.unreadable)
    return;
  for (const auto& file : reports_.files) {
    const auto owned = std::any_of(used_.begin(), used_.end(), [&](const std::string& path) {
      return file.path.starts_with(path + ".");
    });
    const auto problem = owned ? env.unreadable(file.file) : std::string{};
    if (!problem.empty())
      reports_.error(
          file.position, file.path,
          fmt::format("the file {} cannot be read: {}", app::quoted(file.file), problem));
  }
}

void linker::require_sections() {
  if (source_.receivers.empty() && !failed_in("receivers"))
    reports_.error({1, 1}, "receivers", "found no receivers, expected at least one");
  if (source_.exporters.empty() && !failed_in("exporters"))
    reports_.error({1, 1}, "exporters", "found no exporters, expected at least one");
  if (source_.service.pipelines.empty() && !failed_in("service"))
    reports_.error({1, 1}, "service.pipelines", "found no pipelines, expected at least one");
}

bool linker::failed_in(std::string_view path) const {
  const auto& errors = reports_.out.errors;
  return std::any_of(errors.begin(), errors.end(),
                     [path](const diagnostic& d) { return d.path.starts_with(path); });
}

const component* linker::resolve(std::string_view section, std::string_view id, place position,
                                 const std::string& path) {
  std::string problem;
  const auto normal = normal_id(id, problem);
  const auto& all = source_.components_of(section);
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.id == normal; });
  if (found != all.end()) {
    used_.insert(found->path);
    return found->missing.empty() ? &*found : nullptr; // name_missing() says so
  }
  if (all.empty() ? failed_in(section) : failed_in(fmt::format("{}.{}", section, normal)))
    return nullptr; // said already
  std::vector<std::string_view> ids;
  for (const auto& c : all)
    ids.push_back(c.id);
  reports_.error(position, path,
                 fmt::format("found {}, which is not in `{}`{}", app::quoted(id), section,
                             did_you_mean(normal, ids)));
  return nullptr;
}

// -- what is right, and may not be what was meant --

void linker::warn_of_default_storage() {
  if (source_.directory_given)
    return;
  const storage::options chosen = source_.storage.database;
  reports_.warn({1, 1}, "storage.directory",
                fmt::format("not given: up to {} go into `{}`, beside where the node is started",
                            print_size(chosen.max_bytes), chosen.directory));
}

void linker::warn_of_shared_memory_limit() {
  const auto limiters_of = [this](const pipeline_shape& pipeline) {
    std::set<std::string> ids;
    for (const auto& id : pipeline.processors) {
      std::string problem;
      if (auto normal = normal_id(id, problem); type_of_id(normal) == "memory_limiter")
        ids.insert(std::move(normal));
    }
    return ids;
  };
  std::set<std::set<std::string>> different;
  std::set<std::string> all;
  for (const auto& pipeline : source_.service.pipelines) {
    const auto ids = limiters_of(pipeline);
    different.insert(ids);
    all.insert(ids.begin(), ids.end());
  }
  if (all.empty() || (different.size() == 1 && all.size() == 1))
    return;
  for (const auto& c : source_.processors)
    if (c.id == *all.begin())
      reports_.warn(
          c.position, c.path,
          "a node has one memory, so one limit holds for all its pipelines, those without "
          "a memory_limiter too: the lowest of those in use");
}

// -- what two components cannot share --

const component& linker::by_id(std::string_view section, const std::string& id) const {
  return *source_.find(section, id);
}

void linker::require_endpoints(const node_config& config, const pipeline_config& pipeline) {
  for (const auto& e : config.exporters) {
    const auto* http = std::get_if<backends::otlp_http_config>(&e.kind);
    const auto& used = pipeline.exporters;
    if (http == nullptr || std::find(used.begin(), used.end(), e.id) == used.end()
        || backends::has_endpoint(*http, pipeline.signal))
      continue;
    const auto& c = by_id("exporters", e.id);
    if (failed_in(c.path))
      continue; // said already
    reports_.error(c.position, c.path,
                   fmt::format("found no endpoint for {}, expected `endpoint` or "
                               "`{}_endpoint`, as the pipeline {} uses it",
                               to_string(pipeline.signal), to_string(pipeline.signal),
                               app::quoted(pipeline.name)));
  }
}

void linker::refuse_shared_endpoints(const node_config& config) {
  std::set<std::string> seen;
  for (const auto& r : config.receivers)
    for (const auto& listener : r.listeners)
      if (!listener.endpoint.ends_with(":0") && !seen.insert(listener.endpoint).second) {
        const auto& c = by_id("receivers", r.id);
        reports_.error(c.position, c.path,
                       fmt::format("found the endpoint {} a second time, expected one listener "
                                   "for each port",
                                   app::quoted(listener.endpoint)));
      }
}

namespace {

/// "./x" and "a/../x" are the file "x".
std::string one_spelling(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::absolute(path, ignored).lexically_normal();
}

} // namespace

void linker::refuse_shared_files(const node_config& config) {
  std::set<std::string> seen;
  for (const auto& e : config.exporters) {
    const auto* file = std::get_if<backends::file_config>(&e.kind);
    if (file == nullptr || seen.insert(one_spelling(file->path)).second)
      continue;
    const auto& c = by_id("exporters", e.id);
    reports_.error(c.position, c.path,
                   fmt::format("found the path {} a second time, expected a file for each "
                               "exporter",
                               app::quoted(file->path)));
  }
}

node_config link_document(decoder& reports, const document& source, const environment& env) {
  linker links(reports, source);
  auto config = links.link();
  links.check_files(env);
  return config;
}

} // namespace weir::app
