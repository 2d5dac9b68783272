#include "net/server/grpc_protocol.hpp"

#include <charconv>

namespace weir::net {

std::string_view grpc_export_path(weir::signal signal) noexcept {
  switch (signal) {
  case weir::signal::traces:
    return "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
  case weir::signal::metrics:
    return "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
  case weir::signal::logs:
    return "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
  }
  return {};
}

std::optional<std::chrono::nanoseconds> parse_grpc_timeout(std::string_view text) noexcept {
  using namespace std::chrono;
  if (text.size() < 2 || text.size() > 9)
    return {};
  const auto unit = text.back();
  text.remove_suffix(1);
  std::uint32_t count = 0;
  if (const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), count);
      ec != std::errc{} || end != text.data() + text.size())
    return {};
  switch (unit) {
  // A year is as good as for ever, and 99,999,999 hours would not fit into nanoseconds.
  case 'H':
    return hours{std::min<std::uint32_t>(count, 24 * 365)};
  case 'M':
    return minutes{count};
  case 'S':
    return seconds{count};
  case 'm':
    return milliseconds{count};
  case 'u':
    return microseconds{count};
  case 'n':
    return nanoseconds{count};
  default:
    return {};
  }
}

std::string encode_grpc_message(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const unsigned char c : text) {
    if (c >= 0x20 && c <= 0x7e && c != '%')
      out.push_back(static_cast<char>(c));
    else
      out.append({'%', digits[c >> 4], digits[c & 15]});
  }
  return out;
}

bool is_grpc_content_type(std::string_view type) noexcept {
  constexpr std::string_view base = "application/grpc";
  if (!type.starts_with(base))
    return false;
  type.remove_prefix(base.size());
  return type.empty() || type == "+proto" || type.starts_with("+proto;") || type.front() == ';';
}

} // namespace weir::net
