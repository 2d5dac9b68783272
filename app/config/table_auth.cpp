#include "app/config/header_options.hpp"
#include "app/config/option_group.hpp"
#include "app/config/tables.hpp"

namespace weir::app {

namespace {

constexpr std::string_view files_later = "not there yet: use `${file:...}` or `${env:...}`";

/// What is wrong with where a header takes its value from; "" = nothing.
std::string_view wrong_source(const section& map, bool removes) {
  const int sources = static_cast<int>(map.given("value"))
                      + static_cast<int>(map.given("from_context"))
                      + static_cast<int>(map.given("from_attribute"));
  if (removes)
    return {};
  if (sources != 1)
    return sources == 0 ? "found no value, expected `value`, `from_context` or `from_attribute`"
                        : "found several values, expected one of `value`, `from_context` and "
                          "`from_attribute`";
  return map.given("value") && map.given("default_value")
             ? "found a `default_value` as well, which stands in for what clients do not say"
             : "";
}

const option_table<net::basic_auth_config>& htpasswd_options() {
  using c = net::basic_auth_config;
  static const option_table<c> table{{
      works("file", &c::htpasswd_file, {.file = true}, "A file as Apache's htpasswd writes it."),
      works("inline", &c::htpasswd_inline, {.secret = true},
            "Its lines as text; a user that stands in both has this password."),
  }};
  return table;
}

const option_table<net::basic_auth_config>& client_options() {
  using c = net::basic_auth_config;
  static const option_table<c> table{
      {
          works("username", &c::username, "Of an exporter."),
          works("password", &c::password, {.secret = true}, "Of an exporter."),
          refused("username_file", files_later),
          refused("password_file", files_later),
      },
      c{},
      [](const section& map, const c& client) { // RFC 7617, 2: no control characters
        check_header(map, "username", "username", client.username, net::header_rules::http);
        check_header(map, "password", "password", client.password, net::header_rules::http);
      }};
  return table;
}

const option_table<net::bearer_auth_config>& bearer_options() {
  using c = net::bearer_auth_config;
  static const option_table<c> table{{
      works("header", &c::header, "The header that holds it."),
      works("scheme", &c::scheme, "Stands before the token; empty: the token stands alone."),
      works("tokens", &c::tokens, {.secret = true},
            "Tokens that are accepted; exporters send the first."),
      works(
          "filename", &c::filename, {.file = true},
          "A file with a token a line, in place of the others; it is read again when it changes."),
  }};
  return table;
}

void check_tokens(const section& map, const bearer_auth_shape& bearer) {
  const auto& c = bearer.config;
  check_header(map, "header", c.header, "", net::header_rules::http);
  check_header(map, "scheme", "scheme", c.scheme, net::header_rules::grpc);
  for (const auto& token : c.tokens)
    check_header(map, "tokens", "token", token, net::header_rules::grpc);
  check_header(map, "token", "token", bearer.token, net::header_rules::grpc);
}

const option_table<net::header_setting>& header_options() {
  using c = net::header_setting;
  using kind = c::change;
  static const option_table<c> table{
      {
          choice("action", &c::action,
                 std::vector<named_value<kind>>{{"upsert", kind::upsert},
                                                {"insert", kind::insert},
                                                {"update", kind::update},
                                                {"delete", kind::remove}},
                 "Sets it; only where it is absent; only where it is there; removes it."),
          works("key", &c::key, {.required = true}, "The header."),
          works("value", &c::value, {.secret = true}, "Its value."),
          works("from_context", &c::from_context,
                "Instead of `value`: this header of the client's request (with "
                "`include_metadata`). It waits on the disk with the data, and a request holds data "
                "of clients that said the same."),
          works("from_attribute", &c::from_attribute,
                "Instead of `value`: what the receiver's authenticator says of the client, such as "
                "`username`."),
          works("default_value", &c::default_value,
                "Where the client said nothing; absent: the header stays away."),
          refused("value_file", files_later),
      },
      c{},
      [](const section& map, const c& header) {
        if (const auto wrong = wrong_source(map, header.action == kind::remove); !wrong.empty())
          map.error("value", std::string(wrong));
        check_header(map, "key", header.key, "", net::header_rules::http);
        check_header(map, "value", "value", header.value, net::header_rules::http);
        check_header(map, "default_value", "default_value", header.default_value,
                     net::header_rules::http);
      }};
  return table;
}

} // namespace

const option_table<net::basic_auth_config>& basic_auth_options() {
  using c = net::basic_auth_config;
  static const option_table<c> table{{
      group("htpasswd", &htpasswd_options),
      by_reload(group("client_auth", &client_options)),
  }};
  return table;
}

const option_table<bearer_auth_shape>& bearer_auth_options() {
  using c = bearer_auth_shape;
  static const option_table<c> table{
      {
          embedded(&c::config, &bearer_options),
          works("token", &c::token, {.secret = true}, "The same as `tokens` with one."),
      },
      c{},
      &check_tokens};
  return table;
}

const option_table<net::headers_setter_config>& headers_setter_options() {
  using c = net::headers_setter_config;
  static const option_table<c> table{{
      by_reload(list("headers", &c::headers, &header_options, "What is set, in this order.")),
      refused("additional_auth", "one authenticator an exporter is there so far"),
  }};
  return table;
}

} // namespace weir::app
