#pragma once

#include "core/signal.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// gRPC's protocol over HTTP/2, as far as OTLP needs it
// (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md): paths, the 5-byte prefix, timeouts, messages.
namespace weir::net {

/// Bytes before a gRPC message: a flag (1 = packed) and its length, big-endian.
inline constexpr std::size_t grpc_prefix_bytes = 5;

/// Reads the length of a prefix. @pre `prefix` has grpc_prefix_bytes bytes
constexpr std::uint32_t grpc_prefix_length(const unsigned char* prefix) noexcept {
  return std::uint32_t{prefix[1]} << 24 | std::uint32_t{prefix[2]} << 16
         | std::uint32_t{prefix[3]} << 8 | prefix[4];
}

/// The path of a signal's Export method.
std::string_view grpc_export_path(weir::signal signal) noexcept;

/// Reads `grpc-timeout`: one to eight digits and a unit of H, M, S, m, u, n. Nothing: malformed.
std::optional<std::chrono::nanoseconds> parse_grpc_timeout(std::string_view text) noexcept;

/// `text` as grpc-message wants it: bytes outside of printable ASCII, and %, as %XX.
std::string encode_grpc_message(std::string_view text);

/// Whether a content type is gRPC's with protobuf in it: application/grpc, also with +proto or ;…
bool is_grpc_content_type(std::string_view type) noexcept;

} // namespace weir::net
