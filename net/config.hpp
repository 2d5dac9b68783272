#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// What the Collector's YAML says about servers and clients; names and defaults are the Collector's.
namespace weir::net {

using std::chrono::milliseconds;

/// `tls:` of a receiver.
struct tls_server_config {
  std::string cert_file, key_file, cert_pem, key_pem;
  std::string client_ca_file; ///< Demands and checks a client certificate.
  bool client_ca_file_reload = false;
  std::string min_version = "1.2";
  std::string max_version; ///< "" = the newest
  std::vector<std::string> cipher_suites;
  std::vector<std::string> curve_preferences;
  milliseconds reload_interval{0}; ///< 0 = off

  friend bool operator==(const tls_server_config&, const tls_server_config&) = default;
};

/// `tls:` of an exporter.
struct tls_client_config {
  bool insecure = false; ///< Plain text.
  bool insecure_skip_verify = false;
  std::string server_name_override = {};
  std::string ca_file = {}, ca_pem = {}, cert_file = {}, key_file = {}, cert_pem = {}, key_pem = {};
  std::string min_version = "1.2";
  std::string max_version = {};

  friend bool operator==(const tls_client_config&, const tls_client_config&) = default;
};

/// The `basicauth` extension.
struct basic_auth_config {
  std::string htpasswd_file = {}, htpasswd_inline = {}; ///< Of a receiver.
  std::string username = {}, password = {};             ///< Of an exporter.

  friend bool operator==(const basic_auth_config&, const basic_auth_config&) = default;
};

/// The `bearertokenauth` extension.
struct bearer_auth_config {
  std::string header = "Authorization";
  std::string scheme = "Bearer"; ///< "" = the token alone.
  std::vector<std::string> tokens = {};
  std::string filename = {}; ///< A token a line, read again when it changes; in place of `tokens`.

  friend bool operator==(const bearer_auth_config&, const bearer_auth_config&) = default;
};

/// One of `headers_setter.headers`.
struct header_setting {
  enum class change : std::uint8_t { upsert, insert, update, remove };
  change action = change::upsert;
  std::string key = {}, value = {};
  std::string from_context = {};   ///< Instead of `value`: a header of the client's request, ...
  std::string from_attribute = {}; ///< ... what the receiver's authenticator says of it.
  std::string default_value = {};  ///< Where there is none of these.

  friend bool operator==(const header_setting&, const header_setting&) = default;
};

/// The `headers_setter` extension.
struct headers_setter_config {
  std::vector<header_setting> headers = {};

  friend bool operator==(const headers_setter_config&, const headers_setter_config&) = default;
};

/// Whom an authenticator of a receiver lets in; monostate: everyone.
using server_auth_config = std::variant<std::monostate, basic_auth_config, bearer_auth_config>;

/// What an authenticator of an exporter adds to its requests; monostate: nothing.
using client_auth_config =
    std::variant<std::monostate, basic_auth_config, bearer_auth_config, headers_setter_config>;

/// `keepalive.server_parameters` and `.enforcement_policy`; 0 = without limit.
struct keepalive_server_config {
  milliseconds max_connection_idle{0};
  milliseconds max_connection_age{0};
  milliseconds max_connection_age_grace{0};
  milliseconds time{std::chrono::hours(2)};
  milliseconds timeout{std::chrono::seconds(20)};
  milliseconds min_time{std::chrono::minutes(5)};
  bool permit_without_stream = false;

  friend bool operator==(const keepalive_server_config&, const keepalive_server_config&) = default;
};

struct cors_config {
  std::vector<std::string> allowed_origins, allowed_headers, exposed_headers;
  std::int64_t max_age = 0;

  friend bool operator==(const cors_config&, const cors_config&) = default;
};

/// One listening protocol of an otlp receiver.
struct otlp_listener_config {
  bool grpc = true;                          ///< Else OTLP/HTTP.
  std::string endpoint;                      ///< host:port; port 0 = any free one.
  std::uint64_t max_message_bytes = 4 << 20; ///< Unpacked. gRPC 4 MiB, HTTP 20 MiB by default.
  std::uint32_t max_concurrent_streams = 0;  ///< 0 = our own limit, 1000 a connection
  std::optional<tls_server_config> tls;
  keepalive_server_config keepalive;
  bool include_metadata = false;
  /// Headers that requests keep with include_metadata, lower-case: those that somebody asks for.
  std::vector<std::string> metadata_keys;
  std::string authenticator; ///< `auth.authenticator`: the id of the extension ...
  server_auth_config auth;   ///< ... and what it says.
  // HTTP alone:
  std::string traces_url_path = "/v1/traces";
  std::string metrics_url_path = "/v1/metrics";
  std::string logs_url_path = "/v1/logs";
  std::optional<cors_config> cors;
  std::map<std::string, std::string> response_headers;
  std::vector<std::string> compression_algorithms; ///< Empty = all.
  milliseconds read_timeout{0}, read_header_timeout{0}, write_timeout{0}, idle_timeout{0};
  bool keep_alives_enabled = true;

  friend bool operator==(const otlp_listener_config&, const otlp_listener_config&) = default;
};

/// An otlp receiver: its listeners.
struct otlp_receiver_config {
  std::string id; ///< "otlp" or "otlp/name": metric label.
  std::vector<otlp_listener_config> listeners;
};

/// Limits that all listeners of the process share.
struct server_limits {
  std::uint64_t max_bytes_in_flight = 256 << 20; ///< Bodies taken in and not answered yet.
  std::uint32_t max_connections = 10'000;
  milliseconds handshake_timeout{std::chrono::seconds(10)};
  milliseconds body_timeout{std::chrono::seconds(60)}; ///< Between two reads of one body.
  /// Bytes a second that a body brings at least, once body_timeout has passed; 0: it may take for
  /// ever.
  std::uint64_t min_body_rate = 1 << 10;
  /// How long a connection that has made no good request may be idle.
  milliseconds first_request_timeout{std::chrono::minutes(2)};
  std::uint32_t threads = 0; ///< 0 = one a core.
  /// Complete requests are handed over this far apart, together, or once their bodies have so many
  /// bytes. 0: each as it comes.
  std::chrono::microseconds gather{0};
  std::uint64_t gather_bytes = 256 << 10;

  friend bool operator==(const server_limits&, const server_limits&) = default;
};

} // namespace weir::net
