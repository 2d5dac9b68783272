#pragma once

#include <openssl/crypto.h>
#include <string_view>

namespace weir::net {

/// Whether two texts are equal, in a time that depends on the length of `given` alone.
inline bool equal_in_constant_time(std::string_view given, std::string_view secret) noexcept {
  if (given.size() != secret.size()) { // As long as if it were compared.
    (void)CRYPTO_memcmp(given.data(), given.data(), given.size());
    return false;
  }
  return CRYPTO_memcmp(given.data(), secret.data(), given.size()) == 0;
}

} // namespace weir::net
