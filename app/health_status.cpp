#include "app/health_status.hpp"

#include "core/quote.hpp"

#include <algorithm>
#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>

namespace weir::app {

namespace {

// Worst last, as they add up.
enum class state { ok, recoverable_error, permanent_error, stopping, starting };

std::string_view name_of(state s) {
  switch (s) {
  case state::ok:
    return "StatusOK";
  case state::recoverable_error:
    return "StatusRecoverableError";
  case state::permanent_error:
    return "StatusPermanentError";
  case state::stopping:
    return "StatusStopping";
  case state::starting:
    return "StatusStarting";
  }
  return "StatusNone";
}

std::string rfc3339(unix_ns time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:09}Z",
                     fmt::gmtime(static_cast<std::time_t>(time / second_ns)),
                     time % static_cast<unix_ns>(second_ns));
}

std::int64_t seconds_since(unix_ns then, unix_ns now) {
  return now > then ? static_cast<std::int64_t>((now - then) / second_ns) : 0;
}

struct component {
  std::string name;
  state status = state::ok;
  std::string reason = {};
  unix_ns since = 0;
  bool healthy = true;
  std::vector<component> parts = {};
};

bool is_healthy(state status, unix_ns since, const component_health_config& rules, unix_ns now) {
  switch (status) {
  case state::ok:
    return true;
  case state::recoverable_error:
    return !rules.include_recoverable_errors
           || seconds_since(since, now) * 1000 <= rules.recovery_duration.count();
  case state::permanent_error:
    return !rules.include_permanent_errors;
  default:
    return false;
  }
}

// The whole is as unwell as its worst part, since then and for that reason.
void add_up(component& whole) {
  for (const auto& part : whole.parts) {
    if (part.status > whole.status) {
      whole.status = part.status;
      whole.reason = part.reason;
      whole.since = part.since;
    }
    whole.healthy = whole.healthy && part.healthy;
  }
}

class page_maker {
public:
  page_maker(const node_health& node, const component_health_config& rules, unix_ns now)
      : node_(node), rules_(rules), now_(now) {}

  component pipeline(const pipeline_components& shown) const {
    auto whole = component{.name = "pipeline:" + shown.name, .since = node_.start};
    for (const auto& id : shown.receivers)
      whole.parts.push_back(receiver(id));
    for (const auto& id : shown.exporters)
      whole.parts.push_back(exporter(shown.name, id));
    add_up(whole);
    return alive(std::move(whole));
  }

  // What the phase of the node's life says counts more than what its parts say.
  component alive(component shown) const {
    if (node_.life == node_health::phase::running)
      return shown;
    shown.status = node_.life == node_health::phase::starting ? state::starting : state::stopping;
    shown.healthy = false;
    shown.reason.clear();
    for (auto& part : shown.parts)
      part = alive(std::move(part));
    return shown;
  }

private:
  component receiver(const std::string& id) const {
    auto shown = component{.name = "receiver:" + id, .since = node_.start};
    if (!node_.refusal.empty()) {
      shown.status = state::recoverable_error;
      shown.reason = "refusing: " + node_.refusal;
      shown.healthy = false;
    }
    return shown;
  }

  component exporter(const std::string& pipeline, const std::string& id) const {
    auto shown = component{.name = "exporter:" + id, .since = node_.start};
    for (const auto& known : node_.exporters)
      if (known.pipeline == pipeline && known.exporter == id
          && known.health != exporter_health::sending && known.health != exporter_health::paused) {
        shown.status = known.health == exporter_health::refused ? state::permanent_error
                                                                : state::recoverable_error;
        shown.reason = known.reason;
        shown.since = known.since;
        shown.healthy = is_healthy(shown.status, known.since, rules_, now_);
      }
    return shown;
  }

  const node_health& node_;
  const component_health_config& rules_;
  unix_ns now_;
};

std::string members_of(const component& shown, unix_ns now) {
  return fmt::format(R"("healthy":{},"status":"{}"{},"status_time":"{}")", shown.healthy,
                     name_of(shown.status),
                     shown.reason.empty() ? "" : R"(,"error":)" + quote_json(shown.reason),
                     rfc3339(shown.since == 0 ? now : shown.since));
}

std::string parts_of(const component& shown, unix_ns now) {
  std::string text;
  for (const auto& part : shown.parts)
    text += fmt::format("{}{}:{{{}{}}}", text.empty() ? "" : ",", quote_json(part.name),
                        members_of(part, now), parts_of(part, now));
  return text.empty() ? text : fmt::format(R"(,"components":{{{}}})", text);
}

unsigned code_of(const node_health& node, const component& whole) {
  if (node.life != node_health::phase::running || !node.refusal.empty())
    return 503;
  return whole.healthy ? 200 : 500;
}

} // namespace

status_query read_status_query(std::string_view query) {
  status_query asked;
  for (std::size_t start = 0; start < query.size();) {
    const auto end = std::min(query.find('&', start), query.size());
    const auto part = query.substr(start, end - start);
    asked.verbose |= part == "verbose" || part == "verbose=true";
    if (part.starts_with("pipeline="))
      asked.pipeline = part.substr(part.find('=') + 1);
    start = end + 1;
  }
  return asked;
}

status_answer status_page(const node_health& node,
                          const std::vector<pipeline_components>& pipelines,
                          const component_health_config& rules, const status_query& query,
                          unix_ns now) {
  const page_maker maker(node, rules, now);
  auto whole = component{.name = "", .since = node.start};
  for (const auto& pipeline : pipelines)
    if (query.pipeline.empty() || pipeline.name == query.pipeline)
      whole.parts.push_back(maker.pipeline(pipeline));
  if (!query.pipeline.empty() && whole.parts.empty())
    return {404, ""};
  add_up(whole);
  whole = maker.alive(std::move(whole));
  // One pipeline is shown with its own parts.
  const auto& shown = query.pipeline.empty() ? whole : whole.parts.front();
  return {code_of(node, whole),
          fmt::format(R"({{"start_time":"{}",{}{}}})", rfc3339(node.start), members_of(shown, now),
                      query.verbose ? parts_of(shown, now) : std::string{})};
}

status_answer ready_page(const node_health& node, unix_ns now) {
  if (node.life != node_health::phase::running)
    return {503, "not ready\n"};
  auto body = !node.refusal.empty()   ? "refusing: " + node.refusal + "\n"
              : !node.unready.empty() ? "not ready: " + node.unready + "\n"
                                      : std::string("ready\n");
  for (const auto& known : node.exporters)
    if (known.health != exporter_health::sending)
      body += fmt::format("exporter {} of pipeline {}: {} for {} s, {} items wait: {}\n",
                          known.exporter, known.pipeline, to_string(known.health),
                          seconds_since(known.since, now), known.waiting_items, known.reason);
  const bool ready = node.refusal.empty() && node.unready.empty();
  return {ready ? 200U : 503U, std::move(body)};
}

} // namespace weir::app
