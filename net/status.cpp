#include "net/status.hpp"

#include "core/quote.hpp"

#include <fmt/format.h>

namespace weir::net {

namespace {

constexpr std::string_view retry_info_type = "type.googleapis.com/google.rpc.RetryInfo";

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void put_number(std::string& out, unsigned field, std::uint64_t value) {
  put_varint(out, field << 3);
  put_varint(out, value);
}

void put_bytes(std::string& out, unsigned field, std::string_view bytes) {
  put_varint(out, field << 3 | 2);
  put_varint(out, bytes.size());
  out.append(bytes);
}

std::string_view rejected_key(weir::signal signal) {
  switch (signal) {
  case weir::signal::traces:
    return "rejectedSpans";
  case weir::signal::metrics:
    return "rejectedDataPoints";
  case weir::signal::logs:
    return "rejectedLogRecords";
  }
  return "rejected";
}

} // namespace

std::string_view to_string(grpc_code code) noexcept {
  switch (code) {
  case grpc_code::ok:
    return "OK";
  case grpc_code::cancelled:
    return "CANCELLED";
  case grpc_code::unknown:
    return "UNKNOWN";
  case grpc_code::invalid_argument:
    return "INVALID_ARGUMENT";
  case grpc_code::deadline_exceeded:
    return "DEADLINE_EXCEEDED";
  case grpc_code::not_found:
    return "NOT_FOUND";
  case grpc_code::already_exists:
    return "ALREADY_EXISTS";
  case grpc_code::permission_denied:
    return "PERMISSION_DENIED";
  case grpc_code::resource_exhausted:
    return "RESOURCE_EXHAUSTED";
  case grpc_code::failed_precondition:
    return "FAILED_PRECONDITION";
  case grpc_code::aborted:
    return "ABORTED";
  case grpc_code::out_of_range:
    return "OUT_OF_RANGE";
  case grpc_code::unimplemented:
    return "UNIMPLEMENTED";
  case grpc_code::internal:
    return "INTERNAL";
  case grpc_code::unavailable:
    return "UNAVAILABLE";
  case grpc_code::data_loss:
    return "DATA_LOSS";
  case grpc_code::unauthenticated:
    return "UNAUTHENTICATED";
  }
  return "UNKNOWN";
}

std::string encode_retry_info(std::chrono::milliseconds delay) {
  std::string duration;
  if (const auto seconds = delay.count() / 1000)
    put_number(duration, 1, static_cast<std::uint64_t>(seconds));
  if (const auto rest = delay.count() % 1000)
    put_number(duration, 2, static_cast<std::uint64_t>(rest) * 1'000'000);
  std::string info;
  put_bytes(info, 1, duration);
  return info;
}

std::string encode_status(const rpc_answer& answer) {
  std::string out;
  put_number(out, 1, static_cast<std::uint64_t>(answer.code));
  put_bytes(out, 2, answer.message);
  if (answer.retry_after) {
    std::string any;
    put_bytes(any, 1, retry_info_type);
    put_bytes(any, 2, encode_retry_info(*answer.retry_after));
    put_bytes(out, 3, any);
  }
  return out;
}

std::string encode_status_json(const rpc_answer& answer) {
  auto out = fmt::format(R"({{"code":{},"message":{})", static_cast<unsigned>(answer.code),
                         quote_json(answer.message));
  if (answer.retry_after)
    out += fmt::format(R"(,"details":[{{"@type":"{}","retryDelay":"{}.{:03}s"}}])", retry_info_type,
                       answer.retry_after->count() / 1000, answer.retry_after->count() % 1000);
  return out + "}";
}

std::string encode_export_response(const rpc_answer& answer) {
  std::string out;
  if (answer.rejected == 0 && answer.message.empty())
    return out;
  std::string partial;
  if (answer.rejected)
    put_number(partial, 1, answer.rejected);
  if (!answer.message.empty())
    put_bytes(partial, 2, answer.message);
  put_bytes(out, 1, partial);
  return out;
}

std::string encode_export_response_json(weir::signal signal, const rpc_answer& answer) {
  std::string partial;
  if (answer.rejected)
    partial += fmt::format(R"("{}":"{}")", rejected_key(signal), answer.rejected);
  if (!answer.message.empty())
    partial += fmt::format(R"({}"errorMessage":{})", partial.empty() ? "" : ",",
                           quote_json(answer.message));
  return fmt::format(R"({{"partialSuccess":{{{}}}}})", partial);
}

} // namespace weir::net
