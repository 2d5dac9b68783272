#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::codec {

/// Cryptographic digests that configurations ask for.
enum class digest_kind : std::uint8_t {
  md5,
  sha1,
  sha256,
  sha512,
  sha3_256,
  hmac_sha256,
  hmac_sha512,
};

inline constexpr std::size_t max_digest_bytes = 64;

/// Bytes that a digest has.
std::size_t digest_size(digest_kind kind) noexcept;

/// Writes the digest of `bytes`, as lower-case hexadecimal, to `out`: 2 * digest_size(kind)
/// characters. `key` is that of the hmac kinds. Any thread.
void put_digest_hex(digest_kind kind, std::string_view bytes, char* out, std::string_view key = {});

} // namespace weir::codec
