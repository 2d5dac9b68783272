#pragma once

#include "core/signal.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// What a request came to, in the words of gRPC and of google.rpc (google/rpc/status.proto,
// error_details.proto), and the few messages that say it on the wire.
namespace weir::net {

/// google.rpc.Code; the numbers are gRPC's.
enum class grpc_code : std::uint8_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};
inline constexpr std::size_t grpc_codes = 17;

/// "OK", "INVALID_ARGUMENT", ...: gRPC's names, used as metric labels.
std::string_view to_string(grpc_code code) noexcept;

/// One answer before it is put into the words of a transport.
struct rpc_answer {
  grpc_code code = grpc_code::ok;
  std::string message;
  std::optional<std::chrono::milliseconds> retry_after; ///< Becomes RetryInfo and Retry-After.
  std::uint64_t rejected = 0;                           ///< With ok: partial success.
};

/// google.rpc.RetryInfo as bytes.
std::string encode_retry_info(std::chrono::milliseconds delay);

/// google.rpc.Status as bytes, with RetryInfo in its details where the answer has a delay.
std::string encode_status(const rpc_answer& answer);

/// The same as proto3 JSON.
std::string encode_status_json(const rpc_answer& answer);

/// An Export...ServiceResponse (its fields have the same numbers for all signals): empty bytes when
/// nothing was rejected and nothing is to be said.
std::string encode_export_response(const rpc_answer& answer);

/// The same as JSON; `partialSuccess` is always there, as the Collector writes it.
std::string encode_export_response_json(weir::signal signal, const rpc_answer& answer);

} // namespace weir::net
