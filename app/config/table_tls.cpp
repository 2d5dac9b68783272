#include "app/config/tables.hpp"

namespace weir::app {

namespace {

const std::vector<std::string_view> tls_versions{"1.0", "1.1", "1.2", "1.3"};

constexpr auto not_for_clients = "clients are checked by `client_ca_file` alone";
constexpr auto file_or_text = "it is given twice, as a file and as text: expected one of them";

/// A pair of certificate and key: both or none, each as a file or as text.
template <class T>
void check_pair(const section& map, const T& tls) {
  if (!tls.cert_file.empty() && !tls.cert_pem.empty())
    map.error("cert_pem", file_or_text);
  if (!tls.key_file.empty() && !tls.key_pem.empty())
    map.error("key_pem", file_or_text);
  const bool certificate = !tls.cert_file.empty() || !tls.cert_pem.empty();
  const bool key = !tls.key_file.empty() || !tls.key_pem.empty();
  if (certificate && !key)
    map.error("", "found a certificate without its key, expected `key_file` or `key_pem`");
  if (key && !certificate)
    map.error("", "found a key without its certificate, expected `cert_file` or `cert_pem`");
}

} // namespace

const option_table<net::tls_server_config>& tls_server_options() {
  using c = net::tls_server_config;
  static const option_table<c> table{
      {
          works("cert_file", &c::cert_file, {.file = true}, "The server's certificate chain, PEM."),
          works("key_file", &c::key_file, {.file = true}, "Its private key, PEM."),
          works("cert_pem", &c::cert_pem, "The certificate chain itself, instead of a file."),
          works("key_pem", &c::key_pem, {.secret = true},
                "The private key itself, instead of a file."),
          no_effect("ca_file", not_for_clients),
          no_effect("ca_pem", not_for_clients),
          works(
              "client_ca_file", &c::client_ca_file, {.file = true},
              "Clients must show a certificate that one of these authorities signed (mutual TLS)."),
          works("client_ca_file_reload", &c::client_ca_file_reload,
                "Reads `client_ca_file` again when it changes."),
          works("min_version", &c::min_version, {.one_of = tls_versions},
                "The oldest TLS accepted."),
          works("max_version", &c::max_version, {.one_of = tls_versions},
                "The newest TLS accepted; absent: the newest there is."),
          works("cipher_suites", &c::cipher_suites,
                "Suites allowed for TLS 1.2; absent: safe ones."),
          works("curve_preferences", &c::curve_preferences,
                "Curves for the key exchange, best first."),
          works("reload_interval", &c::reload_interval,
                "How often certificate and key are read again; 0: only at start."),
          refused("include_system_ca_certs_pool", "not there yet"),
          refused("tpm", "keys in a TPM are not there yet"),
      },
      c{},
      [](const section& map, const c& tls) {
        check_pair(map, tls);
        if (tls.cert_file.empty() && tls.cert_pem.empty())
          map.error("", "found no certificate, expected `cert_file` and `key_file`");
      }};
  return table;
}

const option_table<net::tls_client_config>& tls_client_options() {
  using c = net::tls_client_config;
  static const option_table<c> table{
      {
          works("insecure", &c::insecure, "Plain text instead of TLS."),
          works("insecure_skip_verify", &c::insecure_skip_verify,
                "TLS without looking at the server's certificate."),
          works("server_name_override", &c::server_name_override,
                "The name the server's certificate must have; absent: that of the endpoint."),
          works("ca_file", &c::ca_file, {.file = true},
                "Authorities that may sign the server's certificate, PEM; absent: the system's."),
          works("ca_pem", &c::ca_pem, "The same as text, instead of a file."),
          works("cert_file", &c::cert_file, {.file = true}, "The client's own certificate, PEM."),
          works("key_file", &c::key_file, {.file = true}, "Its private key, PEM."),
          works("cert_pem", &c::cert_pem, "The certificate itself, instead of a file."),
          works("key_pem", &c::key_pem, {.secret = true},
                "The private key itself, instead of a file."),
          works("min_version", &c::min_version, {.one_of = tls_versions},
                "The oldest TLS accepted."),
          works("max_version", &c::max_version, {.one_of = tls_versions},
                "The newest TLS accepted; absent: the newest there is."),
          refused("cipher_suites", "not there yet"),
          refused("curve_preferences", "not there yet"),
          refused("include_system_ca_certs_pool", "not there yet"),
          refused("reload_interval", "not there yet: certificates of clients are read at start"),
          refused("tpm", "keys in a TPM are not there yet"),
      },
      c{},
      [](const section& map, const c& tls) {
        check_pair(map, tls);
        if (!tls.ca_file.empty() && !tls.ca_pem.empty())
          map.error("ca_pem", file_or_text);
      }};
  return table;
}

} // namespace weir::app
