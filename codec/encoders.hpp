#pragma once

#include "core/error.hpp"

#include <string>
#include <string_view>

// The encodings one by one, behind codec/encoding.hpp. Each replaces `out`.
namespace weir::codec {

enum class zlib_format : int { zlib = 15, gzip = 15 + 16 }; // zlib's windowBits

result<void> decode_zlib(zlib_format format, std::string_view body, std::size_t max_bytes,
                         std::string& out);
result<void> encode_zlib(zlib_format format, std::string_view body, int level, std::string& out);

result<void> decode_zstd(std::string_view body, std::size_t max_bytes, std::string& out);
result<void> encode_zstd(std::string_view body, int level, std::string& out);

result<void> decode_snappy_block(std::string_view body, std::size_t max_bytes, std::string& out);
result<void> encode_snappy_block(std::string_view body, std::string& out);

/// Whether a body begins with the framing format's stream identifier.
bool is_snappy_framed(std::string_view body) noexcept;
result<void> decode_snappy_framed(std::string_view body, std::size_t max_bytes, std::string& out);
result<void> encode_snappy_framed(std::string_view body, std::string& out);

result<void> decode_lz4(std::string_view body, std::size_t max_bytes, std::string& out);
result<void> encode_lz4(std::string_view body, int level, std::string& out);

} // namespace weir::codec
