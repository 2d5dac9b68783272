#include "net/client_auth.hpp"

#include "net/status.hpp"
#include "net/token_file.hpp"

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

// A user's name may have been anything; a line end in it would begin another header.
bool may_stand_in_header(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

class basic_client final : public client_authenticator {
public:
  explicit basic_client(const basic_auth_config& config)
      : value_("Basic " + padded(encode_base64(config.username + ":" + config.password))) {}

  void apply(header_list& headers, const header_list&) override {
    set(headers, "authorization", value_);
  }

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

  void apply(header_list& headers, const header_list&) override {
    set(headers, header_, prefix_ + tokens_->now(steady_now())->front());
  }

private:
  std::string header_, prefix_;
  std::shared_ptr<token_source> tokens_;
};

class headers_client final : public client_authenticator {
public:
  explicit headers_client(headers_setter_config config) : config_(std::move(config)) {}

  void apply(header_list& headers, const header_list& carried) override {
    using what = header_setting::what;
    for (const auto& h : config_.headers) {
      const bool there = has(headers, h.key);
      if (h.action == what::remove)
        remove(headers, h.key);
      else if (h.action == what::upsert || there == (h.action == what::update))
        if (auto value = value_of(h, carried))
          set(headers, h.key, *std::move(value));
    }
  }

private:
  static std::optional<std::string> value_of(const header_setting& h, const header_list& carried) {
    const auto name = carried_name(h);
    if (name.empty())
      return h.value;
    for (const auto& [key, value] : carried)
      if (key == name && may_stand_in_header(value))
        return value;
    return h.default_value.empty() ? std::nullopt : std::optional(h.default_value);
  }

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

std::string carried_name(const header_setting& header) {
  if (!header.from_context.empty())
    return "metadata." + boost::algorithm::to_lower_copy(header.from_context);
  return header.from_attribute.empty() ? "" : "auth." + header.from_attribute;
}

std::vector<std::string> carried_names(const client_auth_config& config) {
  std::vector<std::string> names;
  if (const auto* setter = std::get_if<headers_setter_config>(&config))
    for (const auto& header : setter->headers)
      if (auto name = carried_name(header); !name.empty())
        names.push_back(std::move(name));
  return names;
}

result<std::shared_ptr<client_authenticator>>
make_client_authenticator(const client_auth_config& config) {
  return std::visit([](const auto& c) { return make(c); }, config);
}

} // namespace weir::net
