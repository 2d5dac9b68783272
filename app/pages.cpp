#include "app/pages.hpp"

#include "app/version.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"

#include <algorithm>
#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/resource.h>

namespace weir::app {

namespace {

using std::chrono::steady_clock;
using std::chrono::system_clock;

// As Go prints a duration: "1h2m3.45s".
std::string go_duration(steady_clock::duration d) {
  const auto total = std::chrono::duration<double>(d).count();
  const auto hours = static_cast<long>(total / 3600);
  const auto minutes = static_cast<long>(total / 60) % 60;
  const auto seconds = total - static_cast<double>(hours * 3600 + minutes * 60);
  if (hours > 0)
    return fmt::format("{}h{}m{:.9g}s", hours, minutes, seconds);
  if (minutes > 0)
    return fmt::format("{}m{:.9g}s", minutes, seconds);
  return fmt::format("{:.9g}s", seconds);
}

std::string rfc3339(system_clock::time_point t) {
  const auto ns = t.time_since_epoch() / std::chrono::nanoseconds(1);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:09}Z", fmt::gmtime(system_clock::to_time_t(t)),
                     ns % 1'000'000'000);
}

// Brings a counter up to an absolute value that somebody else counts.
void raise(prometheus::Counter& counter, double value) {
  if (value > counter.Value())
    counter.Increment(value - counter.Value());
}

net::admin_http::answer metrics_page(steady_clock::time_point born) {
  static auto& uptime = metrics::process_uptime.with();
  static auto& cpu = metrics::process_cpu_seconds.with();
  raise(uptime, std::chrono::duration<double>(steady_clock::now() - born).count());
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  raise(cpu, seconds(used.ru_utime) + seconds(used.ru_stime));
  return {200, "text/plain; version=0.0.4; charset=utf-8", metrics::render()};
}

void show_build() {
  metrics::target_info.with({{"service_name", "weir"}, {"service_version", WEIR_VERSION}}).Set(1);
  metrics::build_info.with({{"version", std::string(version())}, {"commit", std::string(commit())}})
      .Set(1);
}

} // namespace

result<std::unique_ptr<pages>> pages::start(const node_config& config) {
  auto made = std::make_unique<pages>();
  auto* self = made.get();
  made->set_pipelines(config);
  for (const auto& health : config.health_checks)
    if (auto served = made->serve_health(health); !served)
      return tl::unexpected(served.error());
  if (!config.telemetry.metrics_endpoints.empty())
    show_build();
  for (const auto& endpoint : config.telemetry.metrics_endpoints) {
    const auto served = made->serve(
        "metrics", endpoint, {{"/metrics", [self](auto) { return metrics_page(self->born_); }}});
    if (!served)
      return tl::unexpected(served.error());
  }
  return made;
}

result<void> pages::serve(const std::string& title, const std::string& endpoint,
                          std::map<std::string, net::admin_http::page> by_path,
                          const net::admin_http_options& options) {
  auto server = net::admin_http::start(endpoint, std::move(by_path), options);
  if (!server)
    return fail(server.error().code, title + ": " + server.error().message);
  log::info("{} on {}", title, (*server)->endpoint());
  servers_.push_back(std::move(*server));
  return {};
}

result<void> pages::serve_health(const health_check_config& config) {
  std::map<std::string, net::admin_http::page> by_path{
      {"/live",
       [](auto) {
         return net::admin_http::answer{200, "text/plain", "alive\n"};
       }},
      {"/ready", [this](auto) { return ready(); }}};
  if (!config.path.empty())
    by_path[config.path] = [this, config](auto) { return health(config); };
  if (!config.status_path.empty())
    by_path[config.status_path] = [this, rules = config.components](auto query) {
      return status(rules, query);
    };
  return serve("health", config.endpoint, std::move(by_path),
               {config.tls, config.auth, config.response_headers});
}

void pages::attach(const actors::node* node) {
  node_ = node;
  if (node != nullptr)
    was_ready_ = true;
}

node_health pages::look() const {
  using phase = node_health::phase;
  const auto* node = node_.load();
  const bool running = node != nullptr && node->ready();
  return {.life = running             ? phase::running
                  : was_ready_.load() ? phase::stopping
                                      : phase::starting,
          .refusal = running ? node->refusal() : std::string{},
          .unready = running ? node->unready() : std::string{},
          .start = static_cast<unix_ns>(up_since_.time_since_epoch() / std::chrono::nanoseconds(1)),
          .exporters = exporter_board::instance().all()};
}

net::admin_http::answer pages::ready() const {
  auto [code, body] = ready_page(look(), unix_now());
  return {code, "text/plain; charset=utf-8", std::move(body)};
}

net::admin_http::answer pages::health(const health_check_config& config) const {
  const auto* node = node_.load();
  if (node != nullptr && node->ready()) {
    if (!config.healthy_body.empty())
      return {200, "text/plain", config.healthy_body};
    return {200, "application/json",
            fmt::format(R"({{"status":"Server available","upSince":"{}","uptime":"{}"}})",
                        rfc3339(up_since_), go_duration(steady_clock::now() - born_))};
  }
  if (!config.unhealthy_body.empty())
    return {503, "text/plain", config.unhealthy_body};
  return {503, "application/json",
          R"({"status":"Server not available","upSince":"0001-01-01T00:00:00Z","uptime":""})"};
}

void pages::set_pipelines(const node_config& config) {
  const std::lock_guard guard(mutex_);
  pipelines_.clear();
  for (const auto& pipeline : config.pipelines)
    pipelines_.push_back({pipeline.name, pipeline.receivers, pipeline.exporters});
}

net::admin_http::answer pages::status(const component_health_config& rules,
                                      std::string_view query) const {
  const auto node = look();
  const std::lock_guard guard(mutex_);
  auto [code, body] = status_page(node, pipelines_, rules, read_status_query(query), unix_now());
  return {code, code == 404 ? "text/plain" : "application/json", std::move(body)};
}

} // namespace weir::app
