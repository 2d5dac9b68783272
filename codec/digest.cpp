#include "codec/digest.hpp"

#include <array>
#include <memory>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace weir::codec {

namespace {

using digest_bytes = std::array<unsigned char, max_digest_bytes>;

const EVP_MD* algorithm(digest_kind kind) noexcept {
  // Fetched once: each look-up by OpenSSL 3 costs more than a short text's digest.
  static const auto* md5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
  static const auto* sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  static const auto* sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static const auto* sha512 = EVP_MD_fetch(nullptr, "SHA512", nullptr);
  static const auto* sha3 = EVP_MD_fetch(nullptr, "SHA3-256", nullptr);
  switch (kind) {
  case digest_kind::md5:
    return md5;
  case digest_kind::sha1:
    return sha1;
  case digest_kind::sha512:
  case digest_kind::hmac_sha512:
    return sha512;
  case digest_kind::sha3_256:
    return sha3;
  case digest_kind::sha256:
  case digest_kind::hmac_sha256:
    break;
  }
  return sha256;
}

struct free_context {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

void take_digest(digest_kind kind, std::string_view bytes, std::string_view key,
                 digest_bytes& out) {
  if (kind == digest_kind::hmac_sha256 || kind == digest_kind::hmac_sha512) {
    unsigned size = 0;
    HMAC(algorithm(kind), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out.data(), &size);
    return;
  }
  static thread_local std::unique_ptr<EVP_MD_CTX, free_context> context(EVP_MD_CTX_new());
  EVP_DigestInit_ex2(context.get(), algorithm(kind), nullptr);
  EVP_DigestUpdate(context.get(), bytes.data(), bytes.size());
  EVP_DigestFinal_ex(context.get(), out.data(), nullptr);
}

} // namespace

std::size_t digest_size(digest_kind kind) noexcept {
  switch (kind) {
  case digest_kind::md5:
    return 16;
  case digest_kind::sha1:
    return 20;
  case digest_kind::sha512:
  case digest_kind::hmac_sha512:
    return 64;
  default:
    return 32;
  }
}

void put_digest_hex(digest_kind kind, std::string_view bytes, char* out, std::string_view key) {
  digest_bytes digest{};
  take_digest(kind, bytes, key, digest);
  for (std::size_t i = 0; i < digest_size(kind); ++i) {
    *out++ = "0123456789abcdef"[digest[i] >> 4];
    *out++ = "0123456789abcdef"[digest[i] & 15];
  }
}

} // namespace weir::codec
