#pragma once

#include "net/config.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// Exporters as the Collector's YAML says; names and defaults are those of its version 0.161
// (docs/migration.md).
namespace weir::backends {

using std::chrono::milliseconds;

struct retry_config {
  bool enabled = true;
  milliseconds initial_interval{5000};
  double randomization_factor = 0.5;
  double multiplier = 1.5;
  milliseconds max_interval{30'000};
  milliseconds max_elapsed_time{0}; ///< 0: for as long as the log has room.
  /// Answers that are final, HTTP's numbers and gRPC's names; all others are tried again.
  std::vector<std::string> permanent_codes = {"400", "413", "422", "INVALID_ARGUMENT",
                                              "ALREADY_EXISTS"};

  friend bool operator==(const retry_config&, const retry_config&) = default;
};

/// `sending_queue`: the log is the queue; what remains is how requests are cut and how many fly.
struct queue_config {
  bool enabled = true;
  std::uint32_t num_consumers = 10; ///< Requests in flight.

  friend bool operator==(const queue_config&, const queue_config&) = default;
};

/// How requests are shaped, from the `batch` processor or `sending_queue.batch`.
struct batch_config {
  std::uint64_t min_items = 0;       ///< Wait for this many (0: send what is there) ...
  std::uint64_t min_bytes = 0;       ///< ... and unpacked bytes ...
  milliseconds timeout{200};         ///< ... or this long.
  std::uint64_t max_items = 0;       ///< 0 = no limit
  std::uint64_t max_bytes = 4 << 20; ///< Unpacked bytes of a request.

  friend bool operator==(const batch_config&, const batch_config&) = default;
};

/// In which order what has waited is sent, beside what comes.
enum class drain_order : std::uint8_t {
  oldest_first, ///< As it came: what comes waits behind what has waited.
  newest_first, ///< What comes at once; of what has waited the newest first.
  interleaved,  ///< What comes at once; what has waited as it came.
};

/// How an exporter sends what has waited in the log. (Weir's own.)
struct drain_config {
  drain_order order = drain_order::oldest_first;
  double share = 0.5;         ///< Of the requests in flight, for what has waited; in (0, 1].
  std::uint64_t max_rate = 0; ///< Unpacked bytes a second of what has waited; 0: no limit.

  friend bool operator==(const drain_config&, const drain_config&) = default;
};

/// Where an exporter begins in a log that it has no cursor in. (Weir's own.)
struct start_config {
  enum class place : std::uint8_t { end, beginning, time };
  place where = place::end;
  std::uint64_t time = 0; ///< Unix nanoseconds, of `time`.

  friend bool operator==(const start_config&, const start_config&) = default;
};

struct otlp_grpc_config {
  std::string endpoint = {};                 ///< host:port; http:// means plain text, https:// TLS.
  std::vector<std::string> endpoints = {};   ///< More of them.
  std::string balancer_name = "round_robin"; ///< round_robin, pick_first
  milliseconds resolve_interval{30'000};     ///< 0: only when a connection breaks
  net::tls_client_config tls = {};
  std::string compression = "gzip"; ///< none, gzip, zstd, snappy
  std::map<std::string, std::string> headers = {};
  milliseconds timeout{5000};
  std::string authority = {}, user_agent = {};
  milliseconds keepalive_time{0}, keepalive_timeout{10'000}; ///< time 0 = off
  bool keepalive_permit_without_stream = false;
  std::string authenticator = {};    ///< `auth.authenticator`: the id of the extension ...
  net::client_auth_config auth = {}; ///< ... and what it says.

  friend bool operator==(const otlp_grpc_config&, const otlp_grpc_config&) = default;
};

struct otlp_http_config {
  std::string endpoint = {}, traces_endpoint = {}, metrics_endpoint = {}, logs_endpoint = {};
  std::vector<std::string> endpoints = {}; ///< More base URLs, used in turn with `endpoint`.
  milliseconds resolve_interval{30'000};   ///< 0: a connection stays as long as it works
  net::tls_client_config tls = {};
  std::string encoding = "proto";
  std::string compression =
      "gzip"; ///< none, gzip, zstd, snappy, deflate, zlib, lz4, x-snappy-framed
  int compression_level = 0;
  std::map<std::string, std::string> headers = {};
  milliseconds timeout{30'000};
  std::string proxy_url = {};
  std::string authenticator = {}; ///< As above.
  net::client_auth_config auth = {};

  friend bool operator==(const otlp_http_config&, const otlp_http_config&) = default;
};

struct debug_config {
  std::string verbosity = "basic";
  std::int64_t sampling_initial = 2, sampling_thereafter = 1;
  bool use_internal_logger = true;
  std::vector<std::string> output_paths = {"stdout"};

  friend bool operator==(const debug_config&, const debug_config&) = default;
};

/// `rotation` of the file exporter.
struct rotation_config {
  std::uint64_t max_megabytes = 100;
  std::uint32_t max_days = 0;      ///< 0: whatever their age
  std::uint32_t max_backups = 100; ///< 0: however many
  bool localtime = false;

  friend bool operator==(const rotation_config&, const rotation_config&) = default;
};

struct file_config {
  std::string path = {};
  std::string format = "json";  ///< json, proto
  std::string compression = {}; ///< none, zstd
  int compression_level = 0;    ///< 0: the default
  bool append = false;
  std::optional<rotation_config> rotation = {};
  bool create_directory = false;
  std::string directory_permissions = "0755";

  friend bool operator==(const file_config&, const file_config&) = default;
};

struct nop_config {
  friend bool operator==(const nop_config&, const nop_config&) = default;
};

/// One exporter.
struct exporter_config {
  std::string id; ///< "otlp/tempo": metric label, cursor name.
  std::variant<otlp_grpc_config, otlp_http_config, debug_config, file_config, nop_config> kind;
  retry_config retry;
  queue_config queue;
  std::optional<batch_config> batch; ///< `sending_queue.batch`
  drain_config drain = {};
  start_config start = {}; ///< `start_at`

  friend bool operator==(const exporter_config&, const exporter_config&) = default;
};

/// What of its clients an exporter sends on in headers, by net::carried_name().
std::vector<std::string> carried_names(const exporter_config& config);

} // namespace weir::backends
