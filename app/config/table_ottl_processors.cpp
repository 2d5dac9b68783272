#include "app/config/option_group.hpp"
#include "app/config/ottl_options.hpp"
#include "app/config/tables.hpp"

// The options of `filter` and `transform`.
namespace weir::app {

namespace {

using ottl::context_kind;
using processors::condition_group_config;
using processors::filter_config;
using processors::metric_match_config;
using processors::statement_group_config;
using processors::transform_config;

const std::vector<std::string_view> modes{"ignore", "silent", "propagate"};
const std::vector<std::string_view> contexts{"resource", "scope",     "span", "spanevent",
                                             "metric",   "datapoint", "log"};
constexpr std::string_view mode_text =
    "An error in a condition or statement: `ignore` logs it and goes on, `silent` goes on, "
    "`propagate` refuses the request.";

const option_table<condition_group_config>& condition_group_options() {
  using c = condition_group_config;
  static const option_table<c> table{{
      works("context", &c::context, {.one_of = contexts},
            "What the conditions are about; absent: found from each one's paths."),
      list_of("conditions", works("conditions", &c::conditions, {.required = true},
                                  "One that holds is enough (docs/ottl.md).")),
      works("error_mode", &c::error_mode, {.one_of = modes}, "Instead of the processor's."),
  }};
  return table;
}

const option_table<statement_group_config>& statement_group_options() {
  using c = statement_group_config;
  static const option_table<c> table{{
      works("context", &c::context, {.one_of = contexts},
            "What the statements are about; absent: found from their paths."),
      list_of("conditions",
              works("conditions", &c::conditions, "The statements run where one of these holds.")),
      list_of("statements", works("statements", &c::statements, {.required = true},
                                  "Run one after another (docs/ottl.md).")),
      works("error_mode", &c::error_mode, {.one_of = modes}, "Instead of the processor's."),
      refused("shared_cache", "a cache belongs to one item"),
  }};
  return table;
}

const option_table<processors::metric_match_attribute>& match_attribute_options() {
  using c = processors::metric_match_attribute;
  static const option_table<c> table{{
      works("key", &c::key, {.required = true}, "The key that has to be there."),
      works("value", &c::value, "Its text, or a regex; absent: any."),
  }};
  return table;
}

const option_table<metric_match_config>& metric_match_options() {
  using c = metric_match_config;
  static const option_table<c> table{
      {
          works("match_type", &c::match_type, {.one_of = {"strict", "regexp"}, .required = true},
                "How texts are compared: as they are, or as regexes that match anywhere."),
          works("metric_names", &c::metric_names, "Names of metrics."),
          list("resource_attributes", &c::resource_attributes, &match_attribute_options,
               "Attributes of the resource, all of which have to match."),
          refused("expressions", "write them as `metrics.datapoint` conditions"),
          no_effect("regexp", "there is no cache of matches to set: matching is quick without"),
      },
      c{},
      [](const section& map, const c& match) {
        if (const auto made = processors::conditions_of(match, false); !made)
          map.error("", made.error().message);
      }};
  return table;
}

const option_table<filter_config>& trace_lists() {
  using c = filter_config;
  static const option_table<c> table{{
      ottl_conditions("resource", &c::traces_resource, signal::traces, context_kind::resource,
                      "Conditions on resources; what matches one is dropped whole."),
      ottl_conditions("span", &c::traces_span, signal::traces, context_kind::span,
                      "Conditions on spans (docs/ottl.md); a span that matches one is dropped."),
      ottl_conditions("spanevent", &c::traces_spanevent, signal::traces, context_kind::spanevent,
                      "Conditions on span events; an event that matches one is dropped."),
  }};
  return table;
}

const option_table<filter_config>& metric_lists() {
  using c = filter_config;
  static const option_table<c> table{{
      ottl_conditions("resource", &c::metrics_resource, signal::metrics, context_kind::resource,
                      "Conditions on resources; what matches one is dropped whole."),
      ottl_conditions("metric", &c::metrics_metric, signal::metrics, context_kind::metric,
                      "Conditions on metrics; a metric that matches one is dropped."),
      ottl_conditions("datapoint", &c::metrics_datapoint, signal::metrics, context_kind::datapoint,
                      "Conditions on data points; one that matches is dropped, and the metric with "
                      "its last."),
      block("include", &c::metrics_include, &metric_match_options,
            "The old form: what does not match is dropped."),
      block("exclude", &c::metrics_exclude, &metric_match_options,
            "The old form: what matches is dropped."),
  }};
  return table;
}

/// One without anything to match by drops nothing, as in the Collector.
option<filter_config> log_match(std::string_view name,
                                std::optional<processors::match_config> filter_config::*member,
                                std::string_view text) {
  auto made = block(name, member, &log_match_options, text);
  made.read = [read = made.read, name, member](const section& map, filter_config& out) {
    read(map, out);
    if (matches_by_nothing(out.*member))
      map.warn(name, "no effect: it has nothing to match by");
  };
  return made;
}

const option_table<filter_config>& log_lists() {
  using c = filter_config;
  static const option_table<c> table{{
      ottl_conditions("resource", &c::logs_resource, signal::logs, context_kind::resource,
                      "Conditions on resources; what matches one is dropped whole."),
      ottl_conditions("log_record", &c::logs_record, signal::logs, context_kind::log,
                      "Conditions on log records; a record that matches one is dropped."),
      log_match("include", &c::logs_include,
                "The old form: records that do not match are dropped."),
      log_match("exclude", &c::logs_exclude, "The old form: records that match are dropped."),
  }};
  return table;
}

const option_table<filter_config>& span_matches() {
  using c = filter_config;
  static const option_table<c> table{{
      block("include", &c::spans_include, &match_options,
            "The old form: spans that do not match are dropped."),
      block("exclude", &c::spans_exclude, &match_options,
            "The old form: spans that match are dropped."),
  }};
  return table;
}

template <class List>
bool any_of_them(std::initializer_list<const List*> lists) {
  return std::any_of(lists.begin(), lists.end(), [](const auto* l) { return !l->empty(); });
}

/// As in the Collector, a signal has its conditions in one form.
void check_filter(const section& map, const filter_config& c) {
  const bool match = c.metrics_include || c.metrics_exclude;
  const bool span_match = c.spans_include || c.spans_exclude;
  const bool log_match = c.logs_include || c.logs_exclude;
  const bool span_lists = any_of_them({&c.traces_resource, &c.traces_span, &c.traces_spanevent});
  const bool log_lists = any_of_them({&c.logs_resource, &c.logs_record});
  const auto one_form = [&](std::string_view name, bool groups, bool lists) {
    if (groups && lists)
      map.error(name, "found conditions in two forms, expected one of them");
  };
  const bool metric_lists =
      any_of_them({&c.metrics_resource, &c.metrics_metric, &c.metrics_datapoint});
  one_form("trace_conditions", !c.trace_conditions.empty(), span_lists || span_match);
  one_form("spans", span_match, span_lists);
  one_form("metric_conditions", !c.metric_conditions.empty(), metric_lists || match);
  one_form("metrics", metric_lists, match);
  one_form("log_conditions", !c.log_conditions.empty(), log_lists || log_match);
  one_form("logs", log_lists, log_match);
}

} // namespace

bool matches_by_nothing(const std::optional<processors::match_config>& c) {
  return c && c->log_bodies.empty() && c->log_severity_texts.empty() && !c->log_severity_number
         && c->attributes.empty() && c->resources.empty();
}

const option_table<filter_config>& filter_options() {
  using c = filter_config;
  static const option_table<c> table{
      {
          works("error_mode", &c::error_mode, {.one_of = modes}, mode_text),
          ottl_groups("trace_conditions", &c::trace_conditions, signal::traces,
                      &condition_group_options, &condition_group_config::conditions,
                      "Conditions on traces: texts whose paths name their contexts, or groups."),
          ottl_groups("metric_conditions", &c::metric_conditions, signal::metrics,
                      &condition_group_options, &condition_group_config::conditions,
                      "The same on metrics."),
          ottl_groups("log_conditions", &c::log_conditions, signal::logs, &condition_group_options,
                      &condition_group_config::conditions, "The same on logs."),
          group<c>("traces", &trace_lists),
          group<c>("metrics", &metric_lists),
          group<c>("logs", &log_lists),
          group<c>("spans", &span_matches),
          refused("profiles", "there are no pipelines of profiles"),
          refused("profile_conditions", "there are no pipelines of profiles"),
      },
      c{},
      &check_filter};
  return table;
}

const option_table<transform_config>& transform_options() {
  using c = transform_config;
  static const option_table<c> table{{
      works("error_mode", &c::error_mode, {.one_of = modes}, mode_text),
      ottl_groups("trace_statements", &c::trace_statements, signal::traces,
                  &statement_group_options, &statement_group_config::statements,
                  "Statements on traces: texts whose paths name their contexts, or groups that run "
                  "one after another."),
      ottl_groups("metric_statements", &c::metric_statements, signal::metrics,
                  &statement_group_options, &statement_group_config::statements,
                  "The same on metrics."),
      ottl_groups("log_statements", &c::log_statements, signal::logs, &statement_group_options,
                  &statement_group_config::statements, "The same on logs."),
      refused("profile_statements", "there are no pipelines of profiles"),
      refused("flatten_data", "it is an experiment of the Collector's"),
  }};
  return table;
}

} // namespace weir::app
