#pragma once

#include "core/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::codec {

/// Content encodings of OTLP/HTTP and of gRPC messages.
enum class encoding : std::uint8_t { identity, gzip, zlib, zstd, snappy, snappy_framed, lz4 };

std::string_view to_string(encoding encoding) noexcept;

/// From an HTTP Content-Encoding token: "", identity, gzip, deflate and zlib (both RFC 1950), zstd,
/// snappy (block or framed, told apart by its first bytes), x-snappy-framed, lz4. Any casing.
std::optional<encoding> http_encoding(std::string_view token) noexcept;

/// From a grpc-encoding token: "", identity, gzip, zstd, snappy (which is framed there: what the Go
/// implementations register under that name).
std::optional<encoding> grpc_encoding(std::string_view token) noexcept;

/// A zstd frame may ask for a window of at most this, whatever the limit (the Collector's highest
/// level uses it); what it does not fill costs no memory.
inline constexpr int max_zstd_window_log = 25;

/// Unpacks a whole body into `out` (replaced; its capacity is used). Stops with errc::too_large as
/// soon as more than `max_bytes` would come out: a bomb costs at most that and the decoder's
/// window. errc::invalid_argument: not this encoding, cut short, or with bytes behind its end;
/// `out` is empty after an error. Several gzip members (zstd, lz4 frames) behind each other are one
/// body. Any thread; each keeps its decoders for the next call.
result<void> decode(encoding encoding, std::string_view body, std::size_t max_bytes,
                    std::string& out);

/// Packs a body for a request into `out` (replaced). `level` 0 means the encoding's default; snappy
/// has none. errc::invalid_argument: a level that the encoding does not have.
result<void> encode(encoding encoding, std::string_view body, int level, std::string& out);

} // namespace weir::codec
