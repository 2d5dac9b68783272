#include "benchmarks/load/grpc.hpp"

#include "benchmarks/load/wire.hpp"

#include <array>
#include <fmt/format.h>

namespace weir::load {

namespace {

constexpr std::array<std::string_view, 17> names{
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(std::string_view raw) { // without padding, which gRPC does not want
  std::string out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : raw) {
    bits = bits << 8 | static_cast<std::uint8_t>(c);
    for (held += 8; held >= 6; held -= 6)
      out.push_back(alphabet[bits >> (held - 6) & 63]);
  }
  if (held > 0)
    out.push_back(alphabet[bits << (6 - held) & 63]);
  return out;
}

std::string from_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const auto digit = alphabet.find(c);
    if (digit == std::string_view::npos)
      break;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    if (held += 6; held >= 8) {
      held -= 8;
      out.push_back(static_cast<char>(bits >> held & 0xff));
    }
  }
  return out;
}

/// The content of the first field of that number; empty where there is none.
std::string_view find_field(std::string_view message, std::uint32_t number) {
  wire_field field;
  for (wire_reader reader(message); reader.next(field);)
    if (field.number == number && field.wire_type == wire_field::length)
      return field.bytes;
  return {};
}

} // namespace

std::string grpc_status_name(int code) {
  const auto index = static_cast<std::size_t>(code);
  return index < names.size() ? std::string(names[index]) : fmt::format("CODE_{}", code);
}

std::optional<int> grpc_status_code(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name)
      return static_cast<int>(i);
  return std::nullopt;
}

bool is_retryable(int code, bool has_retry_info) {
  switch (static_cast<grpc_status>(code)) {
  case grpc_status::cancelled:
  case grpc_status::deadline_exceeded:
  case grpc_status::aborted:
  case grpc_status::out_of_range:
  case grpc_status::unavailable:
  case grpc_status::data_loss:
    return true;
  case grpc_status::resource_exhausted:
    return has_retry_info;
  default:
    return false;
  }
}

std::string encode_retry_details(int code, std::string_view message,
                                 std::chrono::milliseconds delay) {
  std::string duration, retry_info, any, status;
  put_uint(duration, 1, static_cast<std::uint64_t>(delay.count() / 1000));
  put_uint(duration, 2, static_cast<std::uint64_t>(delay.count() % 1000) * 1'000'000);
  put_bytes(retry_info, 1, duration);
  put_bytes(any, 1, "type.googleapis.com/google.rpc.RetryInfo");
  put_bytes(any, 2, retry_info);
  put_uint(status, 1, static_cast<std::uint64_t>(code));
  put_bytes(status, 2, message);
  put_bytes(status, 3, any);
  return to_base64(status);
}

std::optional<std::chrono::milliseconds> decode_retry_details(std::string_view base64) {
  const auto status = from_base64(base64);
  wire_field detail;
  for (wire_reader details(status); details.next(detail);) {
    if (detail.number != 3 || !find_field(detail.bytes, 1).ends_with("google.rpc.RetryInfo"))
      continue;
    std::uint64_t milliseconds = 0;
    wire_field part;
    for (wire_reader duration(find_field(find_field(detail.bytes, 2), 1)); duration.next(part);)
      milliseconds += part.number == 1 ? part.value * 1000 : part.value / 1'000'000;
    return std::chrono::milliseconds(milliseconds);
  }
  return std::nullopt;
}

std::string grpc_prefix(bool packed, std::size_t length) {
  return {packed ? '\1' : '\0', static_cast<char>(length >> 24), static_cast<char>(length >> 16),
          static_cast<char>(length >> 8), static_cast<char>(length)};
}

std::uint64_t rejected_spans(std::string_view response) {
  wire_field field;
  for (wire_reader reader(find_field(response, 1)); reader.next(field);)
    if (field.number == 1)
      return field.value;
  return 0;
}

} // namespace weir::load
