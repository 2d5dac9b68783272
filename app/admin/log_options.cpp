#include "app/admin/log_options.hpp"

#include "app/admin/time_text.hpp"

#include <CLI/CLI.hpp>

namespace weir::app {

void add_log_options(CLI::App& command, log_options& given) {
  command.add_option("--pipeline", given.pipeline, "Whose logs: `traces`, `traces/main`")
      ->type_name("PIPELINE");
  command
      .add_option("--from", given.begin,
                  "What was received from then on: 2026-11-20T10:00 (local time), "
                  "2026-11-20T10:00:00Z, -2h, seconds since 1970")
      ->type_name("TIME");
  command.add_option("--to", given.end, "And before then; +2h: so long after --from")
      ->type_name("TIME")
      ->capture_default_str();
  command
      .add_option("--where", given.where,
                  "An OTTL condition on spans, log records or data points (docs/ottl.md)")
      ->type_name("CONDITION");
  command.add_option("--trace-id", given.traces, "Only these traces")
      ->type_name("ID")
      ->allow_extra_args(false);
}

result<admin::v1::LogSelection> selection_of(const log_options& given, unix_ns now) {
  if (given.pipeline.empty())
    return fail(errc::invalid_argument, "--pipeline is missing");
  if (given.begin.empty())
    return fail(errc::invalid_argument, "--from is missing");
  const auto begin = parse_time(given.begin, now, now);
  if (!begin)
    return fail(begin.error().code, "--from: " + begin.error().message);
  const bool from_begin = given.end.starts_with('+');
  const auto end = parse_time(given.end, now, from_begin ? *begin : now);
  if (!end)
    return fail(end.error().code, "--to: " + end.error().message);
  if (*begin >= *end)
    return fail(errc::invalid_argument, "the range is empty: --to has to be after --from");
  admin::v1::LogSelection selection;
  selection.set_pipeline(given.pipeline);
  selection.set_begin_unix_ns(*begin);
  selection.set_end_unix_ns(*end);
  selection.set_where(given.where);
  for (const auto& id : given.traces)
    selection.add_trace_ids(id);
  return selection;
}

} // namespace weir::app
