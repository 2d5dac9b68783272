#pragma once

#include "core/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::codec {

/// Content encodings of OTLP/HTTP and of gRPC messages.
enum class encoding : std::uint8_t { identity, gzip, zlib, zstd, snappy, snappy_framed, lz4 };

/// From an HTTP Content-Encoding token: "", identity, gzip, deflate and zlib (both RFC 1950), zstd,
/// snappy (block or framed, told apart by its first bytes), x-snappy-framed, lz4.
std::optional<encoding> http_encoding(std::string_view token) noexcept;

/// From a grpc-encoding token: identity, gzip, zstd, snappy.
std::optional<encoding> grpc_encoding(std::string_view token) noexcept;

/// Unpacks a whole body into `out` (replaced). Stops with errc::too_large as soon as more than
/// `max_bytes` would come out: a bomb costs at most that. errc::invalid_argument: not this encoding.
result<void> decode(encoding how, std::string_view body, std::size_t max_bytes, std::string& out);

/// Packs a body for a request into `out` (replaced). `level` 0 means the encoding's default.
result<void> encode(encoding how, std::string_view body, int level, std::string& out);

} // namespace weir::codec
