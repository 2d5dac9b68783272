#include "net/client_auth.hpp"

#include "net/status.hpp"
#include "net/token_file.hpp"

#include <algorithm>
#include <boost/algorithm/string/predicate.hpp>

namespace weir::net {

namespace {

bool has(const header_list& headers, const std::string& name) {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const auto& h) { return boost::algorithm::iequals(h.first, name); });
}

void remove(header_list& headers, const std::string& name) {
  std::erase_if(headers, [&](const auto& h) { return boost::algorithm::iequals(h.first, name); });
}

void set(header_list& headers, const std::string& name, std::string value) {
  remove(headers, name);
  headers.emplace_back(name, std::move(value));
}

class basic_client final : public client_authenticator {
public:
  explicit basic_client(const basic_auth_config& config)
      : value_("Basic " + padded(encode_base64(config.username + ":" + config.password))) {}

  void apply(header_list& headers) override { set(headers, "authorization", value_); }

private:
  static std::string padded(std::string text) {
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
  }

  std::string value_;
};

class bearer_client final : public client_authenticator {
public:
  bearer_client(const bearer_auth_config& config, std::shared_ptr<token_source> tokens)
      : header_(config.header), prefix_(config.scheme.empty() ? "" : config.scheme + " "),
        tokens_(std::move(tokens)) {}

  void apply(header_list& headers) override {
    set(headers, header_, prefix_ + tokens_->now(steady_now())->front());
  }

private:
  std::string header_, prefix_;
  std::shared_ptr<token_source> tokens_;
};

class headers_client final : public client_authenticator {
public:
  explicit headers_client(headers_setter_config config) : config_(std::move(config)) {}

  void apply(header_list& headers) override {
    using what = header_setting::what;
    for (const auto& h : config_.headers) {
      const bool there = has(headers, h.key);
      if (h.action == what::remove)
        remove(headers, h.key);
      else if (h.action == what::upsert || there == (h.action == what::update))
        set(headers, h.key, h.value);
    }
  }

private:
  headers_setter_config config_;
};

using made = result<std::shared_ptr<client_authenticator>>;

made make(const std::monostate&) {
  return std::shared_ptr<client_authenticator>();
}

made make(const basic_auth_config& config) {
  return std::make_shared<basic_client>(config);
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
  return std::make_shared<bearer_client>(config, std::move(tokens));
}

made make(const headers_setter_config& config) {
  return std::make_shared<headers_client>(config);
}

} // namespace

result<std::shared_ptr<client_authenticator>>
make_client_authenticator(const client_auth_config& config) {
  return std::visit([](const auto& c) { return make(c); }, config);
}

} // namespace weir::net
