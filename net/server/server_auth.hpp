#pragma once

#include "core/error.hpp"
#include "net/config.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::net {

/// Says whether a request may come in. Network threads call it, several at once. Nothing of a
/// credential is ever logged or answered.
class server_authenticator {
public:
  enum class outcome : std::uint8_t {
    accepted,
    refused,
    busy,    ///< Too many unknown credentials to check at this cost: later.
    pending, ///< They take long to check: check_slowly().
  };

  virtual ~server_authenticator() = default;

  /// The header that holds the credentials, lower-case.
  virtual std::string_view header() const noexcept = 0;

  /// `credentials`: the values of that header, as many as the request has.
  /// Never takes long.
  virtual outcome check(const std::vector<std::string>& credentials) = 0;

  /// For credentials that are pending: `done` is called once with whether they are right, on a
  /// thread of the authenticator's. False: it is busy, later.
  virtual bool check_slowly(const std::vector<std::string>& credentials,
                            std::function<void(bool)> done) {
    done(check(credentials) == outcome::accepted);
    return true;
  }

  /// What is known of a client that came in with these credentials: its "username", no secret.
  virtual std::vector<std::pair<std::string, std::string>>
  about(const std::vector<std::string>& credentials) const = 0;

  /// For WWW-Authenticate.
  virtual std::string_view challenge() const noexcept = 0;
};

/// Null for monostate. errc::io, errc::invalid_argument: a file that cannot be read, no users, no
/// tokens.
result<std::shared_ptr<server_authenticator>>
make_server_authenticator(const server_auth_config& config);

} // namespace weir::net
