#pragma once

#include "core/error.hpp"

#include <map>
#include <string>
#include <string_view>

namespace weir::net {

/// Users and their passwords, as Apache's htpasswd files have them: bcrypt ($2a$, $2b$, $2y$), MD5
/// ($apr1$, $1$), SHA-256 and SHA-512 ($5$, $6$), {SHA}, {SSHA}, and plain text. Any thread.
class htpasswd {
public:
  /// Reads lines of `user:password`; later ones count. Empty lines and those that begin with `#`
  /// are passed over. errc::invalid_argument names the line, never what is in it.
  static result<htpasswd> parse(std::string_view text);

  void merge(const htpasswd& other);

  bool empty() const noexcept { return users_.empty(); }

  /// Whether a check of this user takes long (bcrypt: tens of milliseconds), on purpose. A user who
  /// is not there takes as long as the slowest one who is.
  bool is_slow(std::string_view user) const;
  bool any_slow() const noexcept { return !slowest_.empty(); }

  /// Whether this is the user's password. An unknown user has none, and that is found out in the
  /// time that the slowest hash takes.
  bool check(std::string_view user, std::string_view password) const;

private:
  void add(std::string_view user, std::string_view stored);

  std::string slowest_; ///< Of the hashes; "" = none takes long.
  std::map<std::string, std::string, std::less<>> users_;
};

} // namespace weir::net
