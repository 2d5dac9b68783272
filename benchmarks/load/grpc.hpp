#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// What gRPC puts on top of HTTP/2, as far as a unary call needs it.
namespace weir::load {

/// The statuses that this tool names.
enum class grpc_status : std::uint8_t {
  ok = 0,
  cancelled = 1,
  deadline_exceeded = 4,
  resource_exhausted = 8,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
};

/// "UNAVAILABLE" for 14; "CODE_7" for one without a name here.
std::string grpc_status_name(int code);
std::optional<int> grpc_status_code(std::string_view name);

/// Whether an OTLP client sends again (OTLP specification, "Failures").
bool is_retryable(int code, bool has_retry_info);

/// google.rpc.Status with RetryInfo, in base64 as the trailer grpc-status-details-bin wants it.
std::string encode_retry_details(int code, std::string_view message,
                                 std::chrono::milliseconds delay);

/// The RetryInfo's delay in a grpc-status-details-bin trailer.
std::optional<std::chrono::milliseconds> decode_retry_details(std::string_view base64);

/// The 5 bytes before a message: whether it is packed, and its length.
std::string grpc_prefix(bool packed, std::size_t length);

/// rejected_spans of an ExportTraceServiceResponse.
std::uint64_t rejected_spans(std::string_view response);

} // namespace weir::load
