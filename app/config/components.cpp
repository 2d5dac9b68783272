#include "app/config/components.hpp"

#include "app/config/collector_types.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

namespace weir::app {

namespace {

template <class T>
component_type type_of(std::vector<std::string_view> names, table_of<T> table,
                       std::string_view text) {
  return {std::move(names),
          text,
          [table](decoder& reports, const yaml_value& value, const std::string& path) {
            T config = table().defaults;
            read_table(reports, table(), value, path, config);
            return component_config{std::move(config)};
          },
          [table](YAML::Emitter& yaml, const component_config& config) {
            print_table(yaml, table(), std::get<T>(config));
          },
          [table](std::vector<reference_row>& rows) {
            describe_table(rows, table(), "", table().defaults);
          },
          [table](const component_config& now, const component_config& wanted,
                  const std::string& path, difference_list& found) {
            compare_table(table(), std::get<T>(now), std::get<T>(wanted), path, found);
          }};
}

/// Accepted, with a warning, whatever its options say.
component_type without_effect(std::string_view name, std::string_view reason) {
  return {{name},
          reason,
          [reason](decoder& reports, const yaml_value& value, const std::string& path) {
            reports.warn(value.position, path, fmt::format("no effect: {}", reason));
            return component_config{};
          },
          [](YAML::Emitter& yaml, const component_config&) {
            begin_map(yaml);
            end_map(yaml);
          },
          [](std::vector<reference_row>&) {},
          [](const component_config&, const component_config&, const std::string&,
             difference_list&) {}};
}

std::vector<component_section> make_sections() {
  return {
      {"receivers",
       "receiver",
       change_by::restart,
       {type_of({"otlp"}, &otlp_receiver_options, "Takes OTLP over gRPC and HTTP.")},
       {}},
      {"processors",
       "processor",
       change_by::reload,
       {
           type_of({"memory_limiter"}, &memory_limiter_options,
                   "Refuses requests while the process uses too much memory."),
           type_of({"batch"}, &batch_options, "Shapes the requests of the pipeline's exporters."),
           type_of({"tail_sampling"}, &tail_sampling_options,
                   "Decides trace by trace what is kept, when the trace is complete."),
           type_of({"attributes"}, &attributes_options,
                   "Edits attributes of spans, log records and data points."),
           type_of({"resource"}, &resource_options, "Edits attributes of resources."),
           type_of({"span"}, &span_options, "Sets names, statuses and attributes of spans."),
           type_of({"redaction"}, &redaction_options,
                   "Removes attributes that are not allowed, and masks values that are blocked."),
           type_of({"probabilistic_sampler"}, &probabilistic_sampler_options,
                   "Keeps a share of the spans or log records, by trace id."),
           type_of({"filter"}, &filter_options, "Drops what matches conditions in OTTL."),
           type_of({"transform"}, &transform_options, "Edits with statements in OTTL."),
       },
       {"tracezip"}},
      {"exporters",
       "exporter",
       change_by::reload,
       {
           type_of({"otlp", "otlp_grpc"}, &otlp_grpc_options, "Sends OTLP over gRPC."),
           type_of({"otlphttp", "otlp_http"}, &otlp_http_options,
                   "Sends OTLP over HTTP, protobuf or JSON."),
           type_of({"debug", "logging"}, &debug_options, "Prints what passes into the log."),
           type_of({"file"}, &file_options, "Writes OTLP, a record a request, into a file."),
           type_of({"nop"}, &nop_options, "Delivers to nowhere."),
       },
       {"elasticsearch", "influxdb", "jaeger", "kafka"}},
      {"connectors",
       "connector",
       change_by::reload,
       {
           type_of({"forward"}, &forward_options, "Passes on what comes, to other pipelines."),
           type_of({"count"}, &count_options, "Makes metrics of how much comes."),
           type_of({"routing"}, &routing_options, "Says by conditions which pipelines get what."),
           type_of({"spanmetrics", "span_metrics"}, &spanmetrics_options,
                   "Makes metrics of spans: calls, durations, events."),
       },
       {}},
      {"extensions",
       "extension",
       change_by::restart,
       {
           type_of({"health_check"}, &health_check_options,
                   "Says over HTTP whether the node is well."),
           type_of(
               {"basicauth"}, &basic_auth_options,
               "Users and passwords, for receivers (`htpasswd`) and exporters (`client_auth`)."),
           type_of({"bearertokenauth"}, &bearer_auth_options,
                   "Tokens, for receivers and exporters. A reload takes what only exporters use."),
           type_of({"headers_setter"}, &headers_setter_options,
                   "Headers that exporters send, as `auth`."),
           type_of({"healthcheckv2"}, &healthcheckv2_options,
                   "The same, with a status for each pipeline."),
           without_effect("file_storage",
                          "the log on disk is the queue, under `storage.directory`"),
           without_effect("zpages", "there are no zPages"),
           without_effect("pprof", "there is no Go profile; `perf` works on the binary"),
       },
       {}},
  };
}

std::string unknown_type(const component_section& section, std::string_view type) {
  std::vector<std::string_view> names;
  for (const auto& known : section.types)
    names.insert(names.end(), known.names.begin(), known.names.end());
  return fmt::format("found the unknown {} type {}, expected {}{}", section.word, quoted(type),
                     any_of(names), did_you_mean(type, names));
}

/// Why a type of the Collector's is not there; "" where it is none.
std::string_view why_missing(const component_section& section, std::string_view type) {
  const auto& not_yet = section.not_yet;
  if (std::find(not_yet.begin(), not_yet.end(), type) != not_yet.end())
    return "which is not there yet";
  if (section.key == "exporters" && (type == "loadbalancing" || type == "load_balancing"))
    return "which a node does not need: it brings each trace together itself. `weir config "
           "convert` makes one file of a load balancing and a sampling tier";
  return collector_has(section.key, type)
             ? std::string_view("which the Collector has and Weir does not")
             : std::string_view{};
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0)
    text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0)
    text.remove_suffix(1);
  return text;
}

bool is_type(std::string_view type) {
  return !type.empty() && type.size() <= 63
         && std::isalpha(static_cast<unsigned char>(type[0])) != 0
         && std::all_of(type.begin(), type.end(),
                        [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

bool is_name(std::string_view name) {
  constexpr std::string_view symbols = "$+<=>^`|~";
  return !name.empty() && name.size() <= 1024
         && std::all_of(name.begin(), name.end(), [symbols](unsigned char c) {
              return c > 0x20 && c != 0x7f && symbols.find(static_cast<char>(c)) == symbols.npos;
            });
}

} // namespace

const component_type* component_section::find(std::string_view type) const {
  for (const auto& known : types)
    if (std::find(known.names.begin(), known.names.end(), type) != known.names.end())
      return &known;
  return nullptr;
}

std::vector<reference_row> component_section::rows_of(const component_type& type) const {
  std::vector<reference_row> rows;
  type.describe(rows);
  say_change(rows, 0, change);
  return rows;
}

difference_list component_section::differences(const component& now,
                                               const component& wanted) const {
  difference_list found;
  find(type_of_id(now.id))->compare(now.config, wanted.config, now.path, found);
  say_change(found, 0, change);
  return found;
}

const std::vector<component_section>& component_sections() {
  static const auto sections = make_sections();
  return sections;
}

const component_section& section_named(std::string_view key) {
  const auto& all = component_sections();
  return *std::find_if(all.begin(), all.end(), [key](const auto& s) { return s.key == key; });
}

std::string_view type_of_id(std::string_view id) {
  return id.substr(0, id.find('/'));
}

std::string normal_id(std::string_view written, std::string& problem) {
  const auto slash = written.find('/');
  const auto type = trimmed(written.substr(0, slash));
  if (!is_type(type))
    problem =
        fmt::format("found the id {}, expected a type (letters, digits and `_`)", quoted(written));
  if (slash == written.npos)
    return std::string(type);
  const auto name = trimmed(written.substr(slash + 1));
  if (problem.empty() && !is_name(name))
    problem = fmt::format("found the id {}, expected a name without blanks and symbols behind `/`",
                          quoted(written));
  return fmt::format("{}/{}", type, name);
}

void read_components(decoder& reports, const component_section& section, const yaml_value& map,
                     std::vector<component>& out) {
  const std::string root(section.key);
  if (map.is_null())
    return;
  if (!map.is_map())
    return reports.error(map.position, root,
                         fmt::format("found {}, expected a map", describe(map)));
  for (const auto& entry : map.entries) {
    std::string problem;
    const auto id = normal_id(entry.key, problem);
    const auto path = fmt::format("{}.{}", root, id);
    const auto* type = section.find(type_of_id(id));
    const auto missing = why_missing(section, type_of_id(id));
    if (problem.empty() && type == nullptr && missing.empty())
      problem = unknown_type(section, type_of_id(id));
    if (std::any_of(out.begin(), out.end(), [&](const auto& c) { return c.id == id; }))
      problem = fmt::format("the id {} is given twice", quoted(id));
    if (!problem.empty())
      reports.error(entry.position, path, problem);
    else if (type == nullptr)
      out.push_back({id, path, entry.position, {}, missing});
    else
      out.push_back({id, path, entry.position, type->read(reports, entry.value, path)});
  }
}

} // namespace weir::app
