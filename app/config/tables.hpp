#pragma once

#include "app/config.hpp"
#include "app/config/delivery_options.hpp"
#include "app/config/option.hpp"
#include "connectors/config.hpp"
#include "processors/config.hpp"
#include "processors/ottl_config.hpp"

#include <optional>
#include <string>
#include <vector>

// The shapes that the YAML has where they differ from app/config.hpp, and the option tables of
// every component and block.
namespace weir::app {

/// One of `receivers.otlp.protocols`.
struct listener_shape {
  net::otlp_listener_config config;
  std::string transport = "tcp"; ///< tcp4, tcp6: of that family alone.
};

/// `receivers.otlp`: a protocol is on when its key is there.
struct otlp_receiver_shape {
  std::optional<listener_shape> grpc, http;
};

/// `sending_queue.batch`
struct queue_batch_shape {
  std::uint64_t min_size = 8192, max_size = 0;
  milliseconds flush_timeout = backends::batch_config{}.timeout;
  std::string sizer = {}; ///< items, bytes; "" = as `sending_queue.sizer`
};

/// `sending_queue`
struct queue_shape {
  backends::queue_config queue;
  std::string sizer = "requests"; ///< requests, items, bytes
  std::optional<queue_batch_shape> batch;
};

/// `keepalive` of a gRPC client: off unless its key is there.
struct keepalive_client_shape {
  milliseconds time{10'000};
  milliseconds timeout = backends::otlp_grpc_config{}.keepalive_timeout;
  bool permit_without_stream = false;
};

struct otlp_grpc_shape {
  backends::otlp_grpc_config kind;
  std::optional<keepalive_client_shape> keepalive;
  backends::retry_config retry;
  queue_shape queue;
  delivery_shape delivery;
};

struct otlp_http_shape {
  backends::otlp_http_config kind;
  backends::retry_config retry;
  queue_shape queue;
  delivery_shape delivery;
};

/// `bearertokenauth`
struct bearer_auth_shape {
  net::bearer_auth_config config;
  std::string token; ///< One alone; `tokens` go before it.
};

/// A Prometheus page: `service.telemetry.metrics.readers[].pull`.
struct pull_shape {
  std::string host = "localhost";
  std::uint16_t port = 8888;
};
struct reader_shape {
  std::optional<pull_shape> pull;
};
struct metrics_shape {
  std::string level = "normal";
  std::string address; ///< The Collector's old way to say host and port.
  std::vector<reader_shape> readers;
};
struct telemetry_shape {
  log::config logs;
  metrics_shape metrics;
};

/// One of `service.pipelines`.
struct pipeline_shape {
  std::string id;
  place position;
  const yaml_value* source = nullptr; ///< Lives as long as the tree that is being decoded.
  text_list receivers, processors, exporters;
};

/// `service`
struct service_shape {
  text_list extensions;
  std::vector<place> extension_places; ///< Where each of them stands.
  std::vector<pipeline_shape> pipelines;
  telemetry_shape telemetry;
  limits_config limits;
  milliseconds shutdown_timeout = node_config{}.shutdown_timeout;
};

/// `health_check`, and `healthcheckv2`: the latter's pages stand under `http`.
struct health_status_shape {
  bool enabled = true;
  std::string path = "/status";
};
struct health_http_shape {
  std::string endpoint = health_check_config{}.endpoint;
  health_status_shape status;
  std::optional<net::tls_server_config> tls = {};
  std::string authenticator = {};
  std::map<std::string, std::string> response_headers = {};
};
struct health_check_shape {
  health_check_config v1;
  bool use_v2 = false;
  std::optional<health_http_shape> http;
  component_health_config components = {};
};

// receivers
const option_table<otlp_receiver_shape>& otlp_receiver_options();
// processors
const option_table<memory_limiter_config>& memory_limiter_options();
const option_table<backends::batch_config>& batch_options();
const option_table<sampling::tail_sampling_config>& tail_sampling_options();
const option_table<sampling::policy_config>& policy_options();
const option_table<processors::attributes_config>& attributes_options();
const option_table<processors::resource_config>& resource_options();
const option_table<processors::span_config>& span_options();
const option_table<processors::redaction_config>& redaction_options();
const option_table<processors::probabilistic_sampler_config>& probabilistic_sampler_options();
const option_table<processors::match_config>& match_options();
const option_table<processors::match_config>& log_match_options();
const option_table<processors::action_config>& action_options();
const option_table<processors::filter_config>& filter_options();
const option_table<processors::transform_config>& transform_options();
/// Whether a filter's `include` or `exclude` of logs is there and says nothing.
bool matches_by_nothing(const std::optional<processors::match_config>& c);
// exporters
const option_table<otlp_grpc_shape>& otlp_grpc_options();
const option_table<otlp_http_shape>& otlp_http_options();
const option_table<exporter_shape<backends::debug_config>>& debug_options();
const option_table<exporter_shape<backends::file_config>>& file_options();
const option_table<exporter_shape<backends::nop_config>>& nop_options();
// extensions
const option_table<net::basic_auth_config>& basic_auth_options();
const option_table<bearer_auth_shape>& bearer_auth_options();
const option_table<net::headers_setter_config>& headers_setter_options();
const option_table<health_check_shape>& health_check_options();
const option_table<health_check_shape>& healthcheckv2_options();
health_check_config linked(const health_check_shape& shape);
// blocks
const option_table<service_shape>& service_options();
const option_table<pipeline_shape>& pipeline_options();
const option_table<storage_config>& storage_options();
const option_table<sampling_limits>& sampling_options();
const option_table<cluster::cluster_settings>& cluster_options();
const option_table<admin_config>& admin_options();
// shared
const option_table<net::tls_server_config>& tls_server_options();
const option_table<net::tls_client_config>& tls_client_options();

/// Whether `text` is "host:port", ":port" or "[v6]:port", the port 0 to 65535.
bool is_host_port(std::string_view text);
void check_listen_endpoint(const section& map, const std::string& endpoint);

/// Whether `text` begins with `scheme`, its letters in any case.
bool has_scheme(std::string_view text, std::string_view scheme);
/// An exporter's endpoint in one spelling: the scheme in small letters, this host where it names
/// none (":4317").
std::string normal_endpoint(std::string endpoint);

// -- connectors --

const option_table<connectors::forward_config>& forward_options();
const option_table<connectors::count_config>& count_options();
const option_table<connectors::routing_config>& routing_options();
const option_table<connectors::spanmetrics_config>& spanmetrics_options();

} // namespace weir::app
