#include "net/server/server_auth.hpp"

#include "core/base64.hpp"
#include "core/clock.hpp"
#include "net/bearer_tokens.hpp"
#include "net/server/htpasswd.hpp"
#include "net/server/password_checks.hpp"

#include <algorithm>
#include <boost/algorithm/string/case_conv.hpp>
#include <boost/algorithm/string/predicate.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

namespace weir::net {

namespace {

using outcome = server_authenticator::outcome;

/// User and password together; nobody has longer ones, and some hashes take their time over them.
constexpr std::size_t longest_credentials = 1024;

// Source: RFC 7617.
class basic_authenticator final : public server_authenticator {
public:
  explicit basic_authenticator(htpasswd users) : users_(std::move(users)) {
    if (users_.any_slow())
      checks_.emplace([this](std::string_view plain) { return is_right(plain); });
  }

  std::string_view header() const noexcept override { return "authorization"; }
  std::string_view challenge() const noexcept override { return "Basic realm=\"weir\""; }

  outcome check(const std::vector<std::string>& credentials) override {
    const auto plain = user_and_password(credentials);
    const auto colon = plain.find(':');
    if (colon == std::string::npos || plain.size() > longest_credentials)
      return outcome::refused;
    // Unknown users take as long as those whose hash is slow: the time does not tell who exists.
    if (!users_.is_slow(std::string_view(plain).substr(0, colon)))
      return is_right(plain) ? outcome::accepted : outcome::refused;
    const auto known = checks_->look(plain);
    if (!known)
      return outcome::pending;
    return *known ? outcome::accepted : outcome::refused;
  }

  bool check_slowly(const std::vector<std::string>& credentials,
                    std::function<void(bool)> done) override {
    return checks_->add(user_and_password(credentials), std::move(done));
  }

  std::vector<std::pair<std::string, std::string>>
  about(const std::vector<std::string>& credentials) const override {
    const auto plain = user_and_password(credentials);
    return {{"username", plain.substr(0, plain.find(':'))}};
  }

private:
  // "" where the header is not one of this scheme.
  static std::string user_and_password(const std::vector<std::string>& credentials) {
    constexpr std::string_view scheme = "Basic ";
    if (credentials.size() != 1 || !boost::algorithm::istarts_with(credentials.front(), scheme))
      return {};
    return decode_base64(std::string_view(credentials.front()).substr(scheme.size())).value_or("");
  }

  bool is_right(std::string_view plain) const {
    const auto colon = plain.find(':');
    return users_.check(plain.substr(0, colon), plain.substr(colon + 1));
  }

  const htpasswd users_;
  std::optional<password_checks> checks_; ///< Where there are slow hashes.
};

// Source: RFC 6750.
class bearer_authenticator final : public server_authenticator {
public:
  bearer_authenticator(const bearer_auth_config& config, std::shared_ptr<bearer_tokens> tokens)
      : header_(boost::algorithm::to_lower_copy(config.header)),
        challenge_(config.scheme.empty() ? "Bearer" : config.scheme), tokens_(std::move(tokens)) {}

  std::string_view header() const noexcept override { return header_; }
  std::string_view challenge() const noexcept override { return challenge_; }

  outcome check(const std::vector<std::string>& credentials) override {
    const bool is_known =
        credentials.size() == 1 && tokens_->accept(credentials.front(), steady_now());
    return is_known ? outcome::accepted : outcome::refused;
  }

  std::vector<std::pair<std::string, std::string>>
  about(const std::vector<std::string>&) const override {
    return {};
  }

private:
  std::string header_, challenge_;
  std::shared_ptr<bearer_tokens> tokens_;
};

using made = result<std::shared_ptr<server_authenticator>>;

made make(const std::monostate&) {
  return std::shared_ptr<server_authenticator>();
}

made make(const basic_auth_config& config) {
  htpasswd users;
  if (!config.htpasswd_file.empty()) {
    std::ifstream file(config.htpasswd_file);
    if (!file)
      return fail(errc::io, config.htpasswd_file + ": " + std::strerror(errno));
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    auto parsed = htpasswd::parse(text);
    if (!parsed)
      return fail(parsed.error().code, config.htpasswd_file + ": " + parsed.error().message);
    users = std::move(*parsed);
  }
  auto more = htpasswd::parse(config.htpasswd_inline);
  if (!more)
    return tl::unexpected(more.error());
  users.merge(*more);
  if (users.empty())
    return fail(errc::invalid_argument, "basicauth: found no users, expected `htpasswd`");
  return std::make_shared<basic_authenticator>(std::move(users));
}

made make(const bearer_auth_config& config) {
  auto tokens = bearer_tokens::open(config);
  if (!tokens)
    return tl::unexpected(tokens.error());
  return std::make_shared<bearer_authenticator>(config, std::move(*tokens));
}

} // namespace

result<std::shared_ptr<server_authenticator>>
make_server_authenticator(const server_auth_config& config) {
  return std::visit([](const auto& c) { return make(c); }, config);
}

} // namespace weir::net
