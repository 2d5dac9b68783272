#include "net/server/htpasswd.hpp"

#include "core/base64.hpp"
#include "net/constant_time.hpp"

#include <array>
#include <charconv>
#include <crypt.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <vector>

namespace weir::net {

namespace {

constexpr std::string_view apr1 = "$apr1$";
constexpr std::size_t longest_salt = 8;

using md5_digest = std::array<unsigned char, 16>;

md5_digest md5(std::string_view text) {
  md5_digest digest;
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr);
  return digest;
}

std::string_view bytes_of(const md5_digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// Six bits a digit, lowest first, in crypt(3)'s alphabet.
void append_digits(std::string& out, std::uint32_t bits, int digits) {
  constexpr std::string_view alphabet =
      "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  for (; digits > 0; --digits, bits >>= 6)
    out.push_back(alphabet[bits & 63]);
}

// Apache's MD5: crypt(3)'s `$1$` with another mark, which libcrypt does not know. Source:
// httpd.apache.org, "Password Formats".
std::string apr1_hash(std::string_view password, std::string_view salt) {
  const std::string word(password);
  auto mixed = word + std::string(apr1) + std::string(salt);
  const auto inner = md5(word + std::string(salt) + word);
  for (std::size_t left = word.size(); left > 0; left -= std::min<std::size_t>(left, inner.size()))
    mixed.append(bytes_of(inner).substr(0, left));
  for (auto length = word.size(); length != 0; length >>= 1)
    mixed.push_back((length & 1) != 0 ? '\0' : word[0]);
  auto digest = md5(mixed);
  for (int round = 0; round < 1000; ++round) {
    std::string next;
    next += (round & 1) != 0 ? word : std::string(bytes_of(digest));
    if (round % 3 != 0)
      next += salt;
    if (round % 7 != 0)
      next += word;
    next += (round & 1) != 0 ? std::string(bytes_of(digest)) : word;
    digest = md5(next);
  }
  auto out = std::string(apr1) + std::string(salt) + "$";
  constexpr std::array<std::array<std::size_t, 3>, 5> order = {
      {{0, 6, 12}, {1, 7, 13}, {2, 8, 14}, {3, 9, 15}, {4, 10, 5}}};
  for (const auto& [a, b, c] : order)
    append_digits(out, std::uint32_t{digest[a]} << 16 | std::uint32_t{digest[b]} << 8 | digest[c],
                  4);
  append_digits(out, digest[11], 2);
  return out;
}

std::string sha1(std::string_view text) {
  std::string digest(SHA_DIGEST_LENGTH, '\0');
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

// {SHA} and {SSHA}: SHA-1 of the password and what stands behind the digest.
bool check_sha(std::string_view password, std::string_view encoded) {
  const auto stored = decode_base64(encoded);
  if (!stored || stored->size() < SHA_DIGEST_LENGTH)
    return false;
  const auto salt = stored->substr(SHA_DIGEST_LENGTH);
  return equal_in_constant_time(sha1(std::string(password) + salt),
                                std::string_view(*stored).substr(0, SHA_DIGEST_LENGTH));
}

bool check_apr1(std::string_view password, std::string_view stored) {
  const auto rest = stored.substr(apr1.size());
  const auto salt = rest.substr(0, std::min(rest.find('$'), longest_salt));
  return equal_in_constant_time(apr1_hash(password, salt), stored);
}

bool check_crypt(std::string_view password, const std::string& stored) {
  crypt_data room{};
  const auto* made = crypt_r(std::string(password).c_str(), stored.c_str(), &room);
  return made != nullptr && *made != '*' && equal_in_constant_time(made, stored);
}

bool is_crypt(std::string_view stored) {
  for (const std::string_view mark : {"$2a$", "$2b$", "$2y$", "$1$", "$5$", "$6$"})
    if (stored.starts_with(mark))
      return true;
  return false;
}

bool is_slow_hash(std::string_view stored) {
  return is_crypt(stored) || stored.starts_with(apr1);
}

/// How long a hash takes, as an order: 0 = no time at all.
int cost_of(std::string_view stored) {
  constexpr std::size_t cost_at = 4; // "$2y$12$..."
  constexpr int bcrypt_base = 10, other = 1;
  if (!is_slow_hash(stored))
    return 0;
  if (!stored.starts_with("$2") || stored.size() < cost_at + 2)
    return other;
  int cost = 0;
  std::from_chars(stored.data() + cost_at, stored.data() + cost_at + 2, cost);
  return bcrypt_base + cost;
}

bool matches(std::string_view password, const std::string& stored) {
  if (stored.starts_with(apr1))
    return check_apr1(password, stored);
  if (is_crypt(stored))
    return check_crypt(password, stored);
  for (const std::string_view mark : {"{SHA}", "{SSHA}"})
    if (stored.starts_with(mark))
      return check_sha(password, std::string_view(stored).substr(mark.size()));
  return equal_in_constant_time(password, stored);
}

} // namespace

result<htpasswd> htpasswd::parse(std::string_view text) {
  htpasswd made;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const auto end = std::min(text.find('\n'), text.size());
    auto entry = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!entry.empty() && std::isspace(static_cast<unsigned char>(entry.back())) != 0)
      entry.remove_suffix(1);
    if (entry.empty() || entry.starts_with('#'))
      continue;
    const auto colon = entry.find(':');
    if (colon == entry.npos || colon == 0 || colon + 1 == entry.size())
      return fail(errc::invalid_argument,
                  fmt::format("htpasswd, line {}: expected `user:password`", line));
    made.add(entry.substr(0, colon), entry.substr(colon + 1));
  }
  return made;
}

void htpasswd::merge(const htpasswd& other) {
  for (const auto& [user, stored] : other.users_)
    add(user, stored);
}

void htpasswd::add(std::string_view user, std::string_view stored) {
  users_.insert_or_assign(std::string(user), std::string(stored));
  if (cost_of(stored) > cost_of(slowest_))
    slowest_ = stored;
}

bool htpasswd::is_slow(std::string_view user) const {
  const auto found = users_.find(user);
  return cost_of(found != users_.end() ? found->second : slowest_) > 0;
}

bool htpasswd::check(std::string_view user, std::string_view password) const {
  const auto found = users_.find(user);
  const bool known = found != users_.end();
  const bool right = matches(password, known ? found->second : slowest_);
  return known && right && password.find('\0') == password.npos;
}

} // namespace weir::net
