#include "net/server_auth.hpp"

#include "core/clock.hpp"
#include "net/grpc_client_status.hpp"
#include "net/htpasswd.hpp"
#include "net/token_file.hpp"

#include <algorithm>
#include <array>
#include <boost/algorithm/string/case_conv.hpp>
#include <boost/algorithm/string/predicate.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <mutex>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <set>

namespace weir::net {

namespace {

using verdict = server_authenticator::verdict;

// Bcrypt costs tens of milliseconds of a network thread on purpose: that much is spent only on
// credentials not seen yet, and only so often a second, whoever sends them.
constexpr std::size_t remembered_credentials = 1024;
constexpr double slow_checks_a_second = 10;
constexpr double slow_checks_at_once = 20;

// Which credentials were right, as digests with a key of this process.
class known_credentials {
public:
  using digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

  known_credentials() { RAND_bytes(key_.data(), static_cast<int>(key_.size())); }

  digest digest_of(std::string_view credentials) const {
    std::string keyed(key_.begin(), key_.end());
    keyed += credentials;
    digest made;
    SHA256(reinterpret_cast<const unsigned char*>(keyed.data()), keyed.size(), made.data());
    return made;
  }

  bool knows(const digest& d) {
    const std::lock_guard guard(mutex_);
    return known_.contains(d);
  }

  void learn(const digest& d) {
    const std::lock_guard guard(mutex_);
    if (known_.size() >= remembered_credentials)
      known_.clear();
    known_.insert(d);
  }

  /// Whether another slow check may be made.
  bool spend(steady_ns now) {
    const std::lock_guard guard(mutex_);
    const auto passed = static_cast<double>(now - refilled_) / static_cast<double>(second_ns);
    refilled_ = now;
    allowance_ = std::min(slow_checks_at_once, allowance_ + passed * slow_checks_a_second);
    if (allowance_ < 1)
      return false;
    allowance_ -= 1;
    return true;
  }

private:
  std::array<unsigned char, 32> key_{};
  std::mutex mutex_;
  std::set<digest> known_;
  double allowance_ = slow_checks_at_once;
  steady_ns refilled_ = steady_now();
};

// Source: RFC 7617.
class basic_authenticator final : public server_authenticator {
public:
  explicit basic_authenticator(htpasswd users) : users_(std::move(users)) {}

  std::string_view header() const noexcept override { return "authorization"; }
  std::string_view challenge() const noexcept override { return "Basic realm=\"weir\""; }

  verdict check(const std::vector<std::string>& credentials) override {
    const auto plain = user_and_password(credentials);
    const auto colon = plain.find(':');
    if (colon == std::string::npos)
      return verdict::refused;
    return check_user(std::string_view(plain).substr(0, colon),
                      std::string_view(plain).substr(colon + 1), plain);
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

  verdict check_user(std::string_view user, std::string_view password, std::string_view both) {
    if (!users_.is_slow(user))
      return users_.check(user, password) ? verdict::accepted : verdict::refused;
    const auto digest = known_.digest_of(both);
    if (known_.knows(digest))
      return verdict::accepted;
    if (!known_.spend(steady_now()))
      return verdict::busy;
    if (!users_.check(user, password))
      return verdict::refused;
    known_.learn(digest);
    return verdict::accepted;
  }

  htpasswd users_;
  known_credentials known_;
};

// Source: RFC 6750.
class bearer_authenticator final : public server_authenticator {
public:
  bearer_authenticator(const bearer_auth_config& config, std::shared_ptr<token_source> tokens)
      : header_(boost::algorithm::to_lower_copy(config.header)),
        challenge_(config.scheme.empty() ? "Bearer" : config.scheme), scheme_(config.scheme),
        tokens_(std::move(tokens)) {}

  std::string_view header() const noexcept override { return header_; }
  std::string_view challenge() const noexcept override { return challenge_; }

  verdict check(const std::vector<std::string>& credentials) override {
    if (credentials.size() != 1)
      return verdict::refused;
    std::string_view given = credentials.front();
    if (!scheme_.empty()) {
      if (!given.starts_with(scheme_) || given.size() <= scheme_.size()
          || given[scheme_.size()] != ' ')
        return verdict::refused;
      given.remove_prefix(scheme_.size() + 1);
    }
    bool found = false;
    const auto tokens = tokens_->now(steady_now());
    for (const auto& token : *tokens) // All of them: the time does not tell which one it is.
      found |= equal_in_constant_time(given, token);
    return found ? verdict::accepted : verdict::refused;
  }

  std::vector<std::pair<std::string, std::string>>
  about(const std::vector<std::string>&) const override {
    return {};
  }

private:
  std::string header_, challenge_, scheme_;
  std::shared_ptr<token_source> tokens_;
};

using made = result<std::shared_ptr<server_authenticator>>;

made make(const std::monostate&) {
  return std::shared_ptr<server_authenticator>();
}

made make(const basic_auth_config& config) {
  htpasswd users;
  if (!config.htpasswd_file.empty()) {
    std::ifstream in(config.htpasswd_file);
    if (!in)
      return fail(errc::io, config.htpasswd_file + ": " + std::strerror(errno));
    const std::string text{std::istreambuf_iterator<char>(in), {}};
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
  auto tokens = std::make_shared<token_source>(config.tokens);
  if (!config.filename.empty()) {
    auto opened = token_source::open(config.filename);
    if (!opened)
      return tl::unexpected(opened.error());
    tokens = std::move(*opened);
  } else if (config.tokens.empty()) {
    return fail(errc::invalid_argument, "bearertokenauth: found no token");
  }
  return std::make_shared<bearer_authenticator>(config, std::move(tokens));
}

} // namespace

result<std::shared_ptr<server_authenticator>>
make_server_authenticator(const server_auth_config& config) {
  return std::visit([](const auto& c) { return make(c); }, config);
}

} // namespace weir::net
