#include "benchmarks/load/report.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::load {

namespace {

double per_second(std::uint64_t count, double seconds) {
  return static_cast<double>(count) / std::max(seconds, 1e-9);
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text)
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else
      out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  return out + '"';
}

} // namespace

std::string to_table(const play_summary& s) {
  std::string out;
  const auto row = [&](std::string_view name, const std::string& value) {
    out += fmt::format("{:<34} {:>16}\n", name, value);
  };
  row("seconds", fmt::format("{:.1f}", s.seconds));
  row("offered, spans/s", s.offered > 0 ? fmt::format("{:.0f}", s.offered) : "all it takes");
  row("acknowledged, spans/s", fmt::format("{:.0f}", per_second(s.acknowledged_spans, s.seconds)));
  row("spans sent", fmt::format("{}", s.spans));
  row("spans acknowledged", fmt::format("{}", s.acknowledged_spans));
  row("spans rejected", fmt::format("{}", s.rejected_spans));
  row("spans failed or given up", fmt::format("{}", s.failed_spans));
  row("requests", fmt::format("{}", s.requests));
  row("refusals (sent again)", fmt::format("{}", s.refusals));
  row("  without RetryInfo", fmt::format("{}", s.refusals_without_delay));
  row("attempts without an answer", fmt::format("{}", s.lost_attempts));
  row("acknowledged after, p50 / p99, ms",
      fmt::format("{:.1f} / {:.1f}", s.latency.quantile(0.5), s.latency.quantile(0.99)));
  for (const auto& [reason, count] : s.reasons)
    out += fmt::format("  {} x {}\n", count, reason);
  return out;
}

std::string to_json(const play_summary& s) {
  std::string reasons;
  for (const auto& [reason, count] : s.reasons)
    reasons += fmt::format("{}{}:{}", reasons.empty() ? "" : ",", quoted(reason), count);
  return fmt::format(
      R"({{"rounds":{},"seconds":{:.3f},"offered":{:.0f},"achieved":{:.0f},"requests":{},"spans":{},"bytes":{},)"
      R"("acknowledged_requests":{},"acknowledged_spans":{},"rejected_spans":{},"failed_spans":{},)"
      R"("refusals":{},"refusals_without_delay":{},"lost_attempts":{},"p50_ms":{:.3f},)"
      R"("p99_ms":{:.3f},"reasons":{{{}}}}})",
      s.rounds, s.seconds, s.offered, per_second(s.acknowledged_spans, s.seconds), s.requests,
      s.spans, s.bytes, s.acknowledged_requests, s.acknowledged_spans, s.rejected_spans,
      s.failed_spans, s.refusals, s.refusals_without_delay, s.lost_attempts,
      s.latency.quantile(0.5), s.latency.quantile(0.99), reasons);
}

std::string to_json(const sink_summary& s) {
  return fmt::format(R"({{"requests":{},"spans":{},"bytes":{},"refused_requests":{},)"
                     R"("malformed_requests":{},"connections":{},"largest_request_bytes":{},)"
                     R"("busiest_connection":{}}})",
                     s.requests, s.spans, s.bytes, s.refused_requests, s.malformed_requests,
                     s.connections, s.largest_request_bytes, s.busiest_connection);
}

} // namespace weir::load
