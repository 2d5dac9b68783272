#pragma once

#include <optional>
#include <string>
#include <string_view>

// Base64. Source: RFC 4648, sections 4 and 5.
namespace weir {

/// Appends `bytes` with padding.
void append_base64(std::string_view bytes, std::string& out);

std::string encode_base64(std::string_view bytes);
/// Without padding, as binary metadata of gRPC wants it.
std::string encode_unpadded_base64(std::string_view bytes);

/// What `text` stands for: of either alphabet, padded or not. Nothing: it is no base64.
std::optional<std::string> decode_base64(std::string_view text);
/// Appends it. False: it is no base64, and `out` has what was read by then.
bool append_from_base64(std::string_view text, std::string& out);

} // namespace weir
