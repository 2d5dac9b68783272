#include "app/config/option_group.hpp"
#include "app/config/tables.hpp"
#include "codec/entry.hpp"

#include <algorithm>
#include <fmt/format.h>

// `service`.
namespace weir::app {

namespace {

constexpr std::string_view plain_lines = "log lines have a fixed form";
constexpr std::string_view default_names = "names are the Collector's default ones, as with `true`";

const option_table<log::config>& log_options() {
  using c = log::config;
  static const option_table<c> table{{
      works("level", &c::level,
            {.one_of = {"debug", "info", "warn", "error"},
             .also = {{"warning", "warn"},
                      {"dpanic", "error"},
                      {"panic", "error"},
                      {"fatal", "error"}}},
            "The least important lines that are written; `warning` is `warn`, and `fatal` and "
            "`panic` are `error`."),
      works("encoding", &c::encoding, {.one_of = {"console", "json"}}, "How lines look."),
      no_effect("output_paths", "the log goes to standard error"),
      no_effect("error_output_paths", "the log goes to standard error"),
      no_effect("sampling", "lines that repeat are limited by kind"),
      no_effect("development", plain_lines),
      no_effect("disable_caller", plain_lines),
      no_effect("disable_stacktrace", plain_lines),
      refused("initial_fields", "not there yet"),
      refused("processors", "Weir does not export its own logs yet"),
  }};
  return table;
}

const option_table<pull_shape>& prometheus_options() {
  using c = pull_shape;
  static const option_table<c> table{{
      works("host", &c::host, "The address to listen on."),
      works("port", &c::port, "The port; 0: any free one."),
      no_effect_but("true", "without_scope_info", default_names),
      no_effect_but("true", "without_units", default_names),
      no_effect_but("true", "without_type_suffix", default_names),
      no_effect("with_resource_constant_labels", "`target_info` says who the node is"),
  }};
  return table;
}

const option_table<pull_shape>& pull_exporter_options() {
  static const option_table<pull_shape> table{{group("prometheus", &prometheus_options)}};
  return table;
}

const option_table<pull_shape>& pull_options() {
  static const option_table<pull_shape> table{{group("exporter", &pull_exporter_options)}};
  return table;
}

const option_table<reader_shape>& reader_options() {
  using c = reader_shape;
  static const option_table<c> table{{
      block("pull", &c::pull, &pull_options, "A Prometheus page at `/metrics`."),
      refused("periodic", "Weir does not push its own metrics yet"),
  }};
  return table;
}

const option_table<metrics_shape>& metrics_options() {
  using c = metrics_shape;
  static const option_table<c> table{
      {
          works("level", &c::level, {.one_of = {"none", "basic", "normal", "detailed"}},
                "`none`: no metrics page; all else: everything."),
          list("readers", &c::readers, &reader_options,
               "Where metrics can be read, all of them; absent: localhost:8888."),
          works("address", &c::address, "host:port, the Collector's old way to say it."),
          no_effect("views", "metrics are what they are"),
      },
      c{},
      [](const section& map, const c& metrics) {
        if (!metrics.address.empty())
          map.warn("address", "the Collector removed it: write `readers: [{pull: {exporter: "
                              "{prometheus: {host: ..., port: ...}}}}]`");
        if (!metrics.address.empty() && !is_host_port(metrics.address))
          map.error("address",
                    fmt::format("found {}, expected host:port", quoted(metrics.address)));
      }};
  return table;
}

const option_table<telemetry_shape>& telemetry_options() {
  using c = telemetry_shape;
  static const option_table<c> table{{
      block("logs", &c::logs, &log_options),
      block("metrics", &c::metrics, &metrics_options),
      refused("traces", "Weir does not export its own traces yet"),
      no_effect("resource", "nothing is exported that would carry it"),
  }};
  return table;
}

const option_table<net::server_limits>& server_options() {
  using c = net::server_limits;
  static const option_table<c> table{{
      works("max_bytes_in_flight", &c::max_bytes_in_flight, {.unit = unit::size, .min = "1MiB"},
            "Bodies taken in and not answered yet; beyond, clients are told to retry."),
      works("max_connections", &c::max_connections, {.min = "1"}, "Of all receivers together."),
      works("handshake_timeout", &c::handshake_timeout, {.min = "1ms"},
            "For TLS, and for the first bytes of a connection."),
      works("body_timeout", &c::body_timeout, {.min = "1ms"},
            "The longest pause inside a request's body."),
      works("min_body_rate", &c::min_body_rate, {.unit = unit::size},
            "Bytes a second that a body brings at least, once `body_timeout` has passed. 0: it may "
            "take for ever."),
      works("first_request_timeout", &c::first_request_timeout, {.min = "1ms"},
            "A connection that has made no good request may be idle for so long."),
      works("network_threads", &c::threads, {.max = "256"},
            "0: one for each CPU that the process may use (affinity, cgroup quota)."),
  }};
  return table;
}

// A span, its resource and its scope have to fit into one entry of the journal.
void check_entry_room(const section& map, const limits_config& limits) {
  constexpr std::uint64_t room = codec::largest_entry_content_bytes;
  if (limits.max_span_bytes + 2 * limits.max_envelope_bytes > room)
    map.error("max_span_bytes",
              fmt::format("found {}, expected at most {}: with a resource and a scope of {} each a "
                          "span has to fit into {}",
                          print_size(limits.max_span_bytes),
                          print_size(room - 2 * limits.max_envelope_bytes),
                          print_size(limits.max_envelope_bytes), print_size(room)));
}

const option_table<limits_config>& limits_options() {
  using c = limits_config;
  static const option_table<c> table{
      {
          embedded(&c::server, &server_options),
          works(
              "max_span_bytes", &c::max_span_bytes,
              {.unit = unit::size, .min = "1KiB", .max = "3MiB"},
              "Larger spans are rejected, by partial success; the rest of their request is taken."),
          works(
              "max_edit_time", &c::max_edit_time, {.max = "1h"},
              "CPU time that the processors of a pipeline may take for a request; beyond, it is "
              "refused "
              "by partial success, with the statement. Behind `tail_sampling` it holds for what is "
              "edited together, and conditions of policies for the spans of an entry. 0: no end."),
          works("edit_threads", &c::edit_threads, {.max = "256"},
                "Requests that processors edit at once, 2 at least; 0: one a core."),
          works("max_envelope_bytes", &c::max_envelope_bytes,
                {.unit = unit::size, .min = "1KiB", .max = "1MiB"},
                "What lies in a larger resource, scope or metric (all of it but what it holds) is "
                "rejected, by partial success."),
          works(
              "max_gathered_bytes", &c::max_gathered_bytes,
              {.unit = unit::size, .min = "1MiB", .max = "1GiB"},
              "What is gathered for one commit to the disk, unpacked, of all pipelines; beyond, "
              "requests wait for the commit before. Three times this and what one request becomes "
              "in all its pipelines can be held."),
      },
      c{},
      &check_entry_room};
  return table;
}

/// The map `service.pipelines`: its keys are ids.
option<service_shape> pipelines() {
  return {{"pipelines"},
          [](const section& map, service_shape& out) {
            const auto* written = map.value.find("pipelines");
            if (written == nullptr || written->value.is_null())
              return;
            if (!written->value.is_map())
              return map.refuse_type("pipelines", written->value, "a map", false);
            for (const auto& entry : written->value.entries) {
              auto& pipeline = out.pipelines.emplace_back();
              pipeline.id = entry.key;
              pipeline.position = entry.position;
              pipeline.source = &entry.value;
              read_table(map.reports, pipeline_options(), entry.value,
                         map.path_of("pipelines") + "." + entry.key, pipeline);
            }
          },
          [](YAML::Emitter& yaml, const service_shape& value) {
            emit_key(yaml, "pipelines");
            begin_map(yaml);
            for (const auto& pipeline : value.pipelines) {
              emit_key(yaml, pipeline.id);
              print_table(yaml, pipeline_options(), pipeline);
            }
            end_map(yaml);
          },
          [](std::vector<reference_row>& rows, const std::string& path, const service_shape&) {
            rows.push_back(detail::heading(path, "pipelines", "a map",
                                           "By `traces`, `metrics` or `logs`, with `/name` where "
                                           "there are several."));
            describe_table(rows, pipeline_options(), join_path(path, "pipelines") + ".*",
                           pipeline_shape{});
          },
          [](const service_shape& now, const service_shape& wanted, const std::string& path,
             difference_list& found) {
            const auto all = join_path(path, "pipelines");
            if (!std::ranges::equal(now.pipelines, wanted.pipelines, {}, &pipeline_shape::id,
                                    &pipeline_shape::id))
              return found.push_back({all});
            for (std::size_t i = 0; i < now.pipelines.size(); ++i)
              compare_table(pipeline_options(), now.pipelines[i], wanted.pipelines[i],
                            join_path(all, now.pipelines[i].id), found);
          }};
}

/// The list `service.extensions`, with the place of each item.
option<service_shape> extensions() {
  auto made = works("extensions", &service_shape::extensions, "Ids of `extensions` to start.");
  made.read = [read = made.read](const section& map, service_shape& out) {
    read(map, out);
    const auto* entry = map.value.find("extensions");
    for (std::size_t i = 0; i < out.extensions.size(); ++i)
      out.extension_places.push_back(entry->value.is_list() ? entry->value.items[i].position
                                                            : entry->value.position);
  };
  return made;
}

} // namespace

const option_table<pipeline_shape>& pipeline_options() {
  using c = pipeline_shape;
  static const option_table<c> table{{
      works("receivers", &c::receivers, "Ids of `receivers`."),
      works("processors", &c::processors, "Ids of `processors`, in this order."),
      works("exporters", &c::exporters, "Ids of `exporters`."),
  }};
  return table;
}

const option_table<service_shape>& service_options() {
  using c = service_shape;
  static const option_table<c> table{{
      by_reload(extensions()),
      by_reload(pipelines()),
      block("telemetry", &c::telemetry, &telemetry_options),
      block("limits", &c::limits, &limits_options),
      by_reload(works("shutdown_timeout", &c::shutdown_timeout, {.max = "1h"},
                      "After SIGTERM: for finishing what is in flight.")),
  }};
  return table;
}

} // namespace weir::app
