#include "net/client/client_auth.hpp"

#include "core/base64.hpp"
#include "core/log.hpp"
#include "net/bearer_tokens.hpp"
#include "net/carried_names.hpp"
#include "net/status.hpp"

#include <algorithm>
#include <boost/algorithm/string/case_conv.hpp>
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
      : value_("Basic " + encode_base64(config.username + ":" + config.password)) {}

  void apply(header_list& headers, const header_list&) override {
    set(headers, "authorization", value_);
  }

private:
  std::string value_;
};

class bearer_client final : public client_authenticator {
public:
  bearer_client(std::string header, std::shared_ptr<bearer_tokens> tokens)
      : header_(std::move(header)), tokens_(std::move(tokens)) {}

  void apply(header_list& headers, const header_list&) override {
    set(headers, header_, tokens_->credentials(steady_now()));
  }

private:
  std::string header_;
  std::shared_ptr<bearer_tokens> tokens_;
};

class headers_client final : public client_authenticator {
public:
  headers_client(headers_setter_config config, header_rules rules)
      : config_(std::move(config)), rules_(rules) {}

  void apply(header_list& headers, const header_list& carried) override {
    using change = header_setting::change;
    for (const auto& h : config_.headers) {
      const bool there = has(headers, h.key);
      if (h.action == change::remove)
        remove(headers, h.key);
      else if (h.action == change::upsert || there == (h.action == change::update))
        if (auto value = value_of(h, carried))
          set(headers, h.key, *std::move(value));
    }
  }

private:
  std::optional<std::string> value_of(const header_setting& h, const header_list& carried) const {
    const auto name = carried_name(h);
    if (name.empty())
      return given(h, h.value);
    for (const auto& [key, value] : carried)
      if (key == name && may_be_sent(h, value))
        return value;
    return h.default_value.empty() ? std::nullopt : std::optional(given(h, h.default_value));
  }

  // A user's name may have been anything; a line end in it would begin another header.
  bool may_be_sent(const header_setting& h, const std::string& value) const {
    const auto wrong = wrong_header(h.key, value, rules_);
    if (!wrong.empty() && log::permit("net.client_header", 60))
      log::warn("headers_setter: a client's value is not sent on: {}", wrong);
    return wrong.empty();
  }

  std::string given(const header_setting& h, const std::string& value) const {
    const bool bytes = rules_ == header_rules::grpc && boost::algorithm::iends_with(h.key, "-bin");
    return bytes ? encode_unpadded_base64(value) : value;
  }

  headers_setter_config config_;
  header_rules rules_;
};

using made = result<std::shared_ptr<client_authenticator>>;

result<void> check_header(std::string_view extension, std::string_view name, std::string_view value,
                          header_rules rules) {
  if (auto wrong = wrong_header(name, value, rules); !wrong.empty())
    return fail(errc::invalid_argument, std::string(extension) + ": " + wrong);
  return {};
}

made make(const std::monostate&, header_rules) {
  return std::shared_ptr<client_authenticator>();
}

made make(const basic_auth_config& config, header_rules) {
  return std::make_shared<basic_client>(config);
}

made make(const bearer_auth_config& config, header_rules rules) {
  auto tokens = bearer_tokens::open(config);
  if (!tokens)
    return tl::unexpected(tokens.error());
  const auto value = (*tokens)->credentials(steady_now());
  if (auto checked = check_header("bearertokenauth", config.header, value, rules); !checked)
    return tl::unexpected(checked.error());
  return std::make_shared<bearer_client>(config.header, std::move(*tokens));
}

made make(const headers_setter_config& config, header_rules rules) {
  for (const auto& header : config.headers)
    for (const auto& value : {header.value, header.default_value})
      if (auto checked = check_header("headers_setter", header.key, value, rules); !checked)
        return tl::unexpected(checked.error());
  return std::make_shared<headers_client>(config, rules);
}

} // namespace

result<std::shared_ptr<client_authenticator>>
make_client_authenticator(const client_auth_config& config, header_rules rules) {
  return std::visit([rules](const auto& c) { return make(c, rules); }, config);
}

} // namespace weir::net
