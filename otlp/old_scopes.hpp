#pragma once

#include <string>
#include <string_view>

namespace weir::otlp {

/// Clients from before proto 0.15 send their scopes in field 1000 of a resource
/// (instrumentation_library_metrics, …_logs, …_spans), which back ends of today skip. Where a
/// message has any, appends it to `out` with those renamed to field 2, or left out of resources
/// that have field 2 as well, and returns true. Returns false, nothing written, where it has none:
/// nearly always, and after a look at the two outermost levels only. All else stays byte by byte.
/// Traces need it only where they are not put together anew by traces_writer. @pre scan_traces or
/// check_items took the message
bool renew_old_scopes(std::string_view message, std::string& out);

} // namespace weir::otlp
