#include "support.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <functional>

// What a Collector takes, and Weir therefore does.
BOOST_AUTO_TEST_SUITE(accepts_test)

using namespace weir::app;
using namespace std::chrono_literals;
using weir::backends::otlp_grpc_config;
using weir::backends::otlp_http_config;

namespace {

struct good_case {
  std::string text;
  std::function<bool(const node_config&)> holds;
};

std::ostream& operator<<(std::ostream& stream, const good_case& c) {
  return stream << c.text;
}

using holds = std::function<bool(const node_config&)>;

good_case listener(const std::string& protocols, holds check) {
  return {"receivers: {otlp: {protocols: " + protocols
              + "}}\nexporters: {nop: {}}\n"
                "service: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}\n",
          std::move(check)};
}

good_case grpc(const std::string& options, holds check) {
  return listener("{grpc: " + options + "}", std::move(check));
}
good_case http(const std::string& options, holds check) {
  return listener("{http: " + options + "}", std::move(check));
}

good_case exporter(const std::string& type, const std::string& options, holds check) {
  return {
      fmt::format("receivers: {{otlp: {{protocols: {{grpc: {{}}}}}}}}\nexporters: {{{0}: {1}}}\n"
                  "service: {{pipelines: {{traces: {{receivers: [otlp], exporters: [{0}]}}}}}}\n",
                  type, options),
      std::move(check)};
}

good_case otlp(const std::string& options, holds check) {
  return exporter("otlp", "{endpoint: \"a:1\", " + options + "}", std::move(check));
}

good_case service(const std::string& options, holds check) {
  return {"receivers: {otlp: {protocols: {grpc: {}}}}\nexporters: {nop: {}}\n"
          "extensions: {health_check: {endpoint: \":1\"}, health_check/b: {endpoint: \":2\"}, "
          "healthcheckv2: {use_v2: true, http: {endpoint: \":3\"}}, "
          "healthcheckv2/old: {use_v2: false, endpoint: \":4\", path: /x}}\n"
          "service: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}, "
              + options + "}\n",
          std::move(check)};
}

good_case processors(const std::string& defined, const std::string& used, holds check) {
  return {
      fmt::format("receivers: {{otlp: {{protocols: {{grpc: {{}}}}}}}}\nexporters: {{nop: {{}}}}\n"
                  "processors: {{{}}}\nservice: {{pipelines: {{traces: {{receivers: [otlp], "
                  "processors: [{}], exporters: [nop]}}}}}}\n",
                  defined, used),
      std::move(check)};
}

good_case for_logs(const std::string& defined, const std::string& used, holds check) {
  auto made = processors(defined, used, std::move(check));
  made.text.replace(made.text.find("{traces: "), 9, "{logs: ");
  return made;
}

const auto& first_listener(const node_config& c) {
  return c.receivers.at(0).listeners.at(0);
}
template <class Kind>
const Kind& first_exporter(const node_config& c) {
  return std::get<Kind>(c.exporters.at(0).kind);
}
bool any(const node_config&) {
  return true;
}

const std::vector<good_case> good_files{
    // -- sections that are there or not --
    listener("{grpc: {}, http: {enabled: false, endpoint: \":9\"}}",
             [](const auto& c) { return c.receivers[0].listeners.size() == 1; }),
    listener("{grpc: {enabled: true}}", [](const auto& c) { return first_listener(c).grpc; }),
    grpc("{tls: }", [](const auto& c) { return !first_listener(c).tls; }),
    grpc("{tls: {enabled: false, cert_file: /nowhere}}",
         [](const auto& c) { return !first_listener(c).tls; }),
    grpc("{tls: {enabled: true, cert_pem: C, key_pem: K}}",
         [](const auto& c) { return first_listener(c).tls.has_value(); }),
    grpc("{keepalive: {enabled: false, server_parameters: {time: 1s}}}",
         [](const auto& c) { return first_listener(c).keepalive.time == 2h; }),
    grpc("{keepalive: {server_parameters: {enabled: false, time: 1s}}}",
         [](const auto& c) { return first_listener(c).keepalive.time == 2h; }),
    grpc("{auth: {enabled: false, authenticator: nobody}}",
         [](const auto& c) { return first_listener(c).authenticator.empty(); }),
    http("{cors: }", [](const auto& c) { return !first_listener(c).cors; }),
    http("{cors: {enabled: false, allowed_origins: [\"*\"]}}",
         [](const auto& c) { return !first_listener(c).cors; }),
    http("{cors: {enabled: true, allowed_origins: [\"*\"]}}",
         [](const auto& c) { return first_listener(c).cors.has_value(); }),
    otlp("sending_queue: {batch: {enabled: false, max_size: 5}}",
         [](const auto& c) { return !c.exporters[0].batch; }),
    otlp("sending_queue: {batch: {enabled: true, max_size: 50_000}}",
         [](const auto& c) { return c.exporters[0].batch->max_items == 50'000u; }),
    otlp("keepalive: ",
         [](const auto& c) { return first_exporter<otlp_grpc_config>(c).keepalive_time == 0ms; }),
    otlp("keepalive: {enabled: false, time: 1s}",
         [](const auto& c) { return first_exporter<otlp_grpc_config>(c).keepalive_time == 0ms; }),
    otlp("auth: {enabled: false, authenticator: nobody}",
         [](const auto& c) { return first_exporter<otlp_grpc_config>(c).authenticator.empty(); }),
    // -- what Weir does not have, asked for nothing --
    exporter("otlphttp", "{endpoint: \"http://a:1\", cookies: {enabled: false}}", any),
    otlp("tls: {reload_interval: 0s, tpm: {enabled: false, path: /dev/tpmrm0}}", any),
    otlp("tls: {include_system_ca_certs_pool: false, cipher_suites: [], curve_preferences: []}",
         any),
    exporter("file", "{path: /tmp/x, group_by: {enabled: false, max_open_files: 10}}", any),
    service("telemetry: {traces: {level: none}}", any),
    service("telemetry: {traces: {processors: []}}", any),
    // -- 0, and "", for the default --
    grpc("{max_recv_msg_size_mib: 0}",
         [](const auto& c) { return first_listener(c).max_message_bytes == 4u << 20; }),
    http("{max_request_body_size: 0}",
         [](const auto& c) { return first_listener(c).max_message_bytes == 20u << 20; }),
    otlp("retry_on_failure: {initial_interval: 0s, max_interval: 0, multiplier: 0}",
         [](const auto& c) {
           const weir::backends::retry_config usual;
           const auto& retry = c.exporters[0].retry;
           return retry.initial_interval == usual.initial_interval
                  && retry.max_interval == usual.max_interval
                  && retry.multiplier == usual.multiplier;
         }),
    otlp("balancer_name: \"\"",
         [](const auto& c) {
           return first_exporter<otlp_grpc_config>(c).balancer_name
                  == otlp_grpc_config{}.balancer_name;
         }),
    // -- more than there is --
    grpc("{max_recv_msg_size_mib: 2000}",
         [](const auto& c) { return first_listener(c).max_message_bytes == 1u << 30; }),
    http("{max_request_body_size: 2147483648}",
         [](const auto& c) { return first_listener(c).max_message_bytes == 1u << 30; }),
    otlp("sending_queue: {num_consumers: 2_000}",
         [](const auto& c) { return c.exporters[0].queue.num_consumers == 1024u; }),
    // -- endpoints and paths --
    exporter("otlp", "{endpoint: \":4317\"}",
             [](const auto& c) {
               return first_exporter<otlp_grpc_config>(c).endpoint == "localhost:4317";
             }),
    exporter("otlp", "{endpoint: \"HTTP://a:1\", endpoints: [\"HTTPS://:2\"]}",
             [](const auto& c) {
               const auto& kind = first_exporter<otlp_grpc_config>(c);
               return kind.endpoint == "http://a:1" && kind.endpoints[0] == "https://localhost:2";
             }),
    exporter("otlphttp", "{endpoint: \"HTTP://A:1/P\", logs_endpoint: \"Https://:3/x\"}",
             [](const auto& c) {
               const auto& kind = first_exporter<otlp_http_config>(c);
               return kind.endpoint == "http://A:1/P"
                      && kind.logs_endpoint == "https://localhost:3/x";
             }),
    exporter("otlphttp", "{endpoint: \"http://a:1\", profiles_endpoint: \"http://a:1/p\"}", any),
    http("{traces_url_path: traces, metrics_url_path: m/x, logs_url_path: /l, "
         "profiles_url_path: p}",
         [](const auto& c) {
           const auto& l = first_listener(c);
           return l.traces_url_path == "/traces" && l.metrics_url_path == "/m/x"
                  && l.logs_url_path == "/l";
         }),
    grpc("{transport: tcp4}",
         [](const auto& c) { return first_listener(c).endpoint == "127.0.0.1:4317"; }),
    grpc("{transport: tcp6}",
         [](const auto& c) { return first_listener(c).endpoint == "[::1]:4317"; }),
    grpc("{transport: tcp4, endpoint: \":7\"}",
         [](const auto& c) { return first_listener(c).endpoint == "0.0.0.0:7"; }),
    grpc("{transport: TCP, endpoint: \"host:7\"}",
         [](const auto& c) { return first_listener(c).endpoint == "host:7"; }),
    // -- service --
    service("telemetry: {logs: {level: warning}}",
            [](const auto& c) { return c.telemetry.logs.level == "warn"; }),
    service("telemetry: {logs: {level: Fatal, encoding: JSON}}",
            [](const auto& c) {
              return c.telemetry.logs.level == "error" && c.telemetry.logs.encoding == "json";
            }),
    service("telemetry: {logs: {level: panic}, metrics: {level: Normal}}",
            [](const auto& c) { return c.telemetry.logs.level == "error"; }),
    service("telemetry: {metrics: {level: None}}",
            [](const auto& c) { return c.telemetry.metrics_endpoints.empty(); }),
    service("telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {port: 1}}}}, "
            "{pull: {exporter: {prometheus: {port: 2, without_type_suffix: false}}}}]}}",
            [](const auto& c) {
              return c.telemetry.metrics_endpoints
                     == std::vector<std::string>{"localhost:1", "localhost:2"};
            }),
    service("extensions: [health_check, healthcheckv2, health_check/b, healthcheckv2/old]",
            [](const auto& c) {
              return c.health_checks.size() == 4 && c.health_checks[0].endpoint == ":1"
                     && c.health_checks[1].endpoint == ":3"
                     && c.health_checks[1].status_path == "/status"
                     && c.health_checks[2].endpoint == ":2" && c.health_checks[3].path == "/x";
            }),
    // -- processors --
    processors("tail_sampling: {num_traces: 50_000, policies: [{name: a, type: Always_Sample}]}",
               "tail_sampling",
               [](const auto& c) { return c.pipelines[0].tail_sampling->num_traces == 50'000u; }),
    processors("memory_limiter: {check_interval: 1s, limit_mib: 500}, "
               "memory_limiter/2: {check_interval: 1s, limit_mib: 400}",
               "memory_limiter, memory_limiter/2",
               [](const auto& c) { return c.pipelines[0].memory_limiters.size() == 2; }),
    processors(
        "tail_sampling: {policies: [{name: a, type: always_sample}]}, tail_sampling/2: "
        "{decision_wait: 5s, policies: [{name: a, type: latency, latency: {threshold_ms: 1}}]}",
        "tail_sampling, tail_sampling/2",
        [](const auto& c) {
          const auto& t = *c.pipelines[0].tail_sampling;
          return t.decision_wait_ns == 35'000'000'000 && t.policies.size() == 2;
        }),
    for_logs("filter: {logs: {include: {match_type: regexp}}}", "filter", any),
    processors("batch: {timeout: 1d, send_batch_size: 1e3, send_batch_max_size: 2000.0}", "batch",
               [](const auto& c) {
                 return c.pipelines[0].batch->timeout == 24h
                        && c.pipelines[0].batch->min_items == 1000u;
               }),
};

node_config good(const std::string& text, std::vector<std::string>* warnings = nullptr) {
  auto loaded = load_config(text, test::variables());
  if (!loaded)
    for (const auto& line : test::texts(loaded.error().errors))
      BOOST_ERROR(line);
  BOOST_REQUIRE(loaded.has_value());
  if (warnings != nullptr)
    *warnings = test::texts(loaded->warnings);
  return loaded->config;
}

bool has(const std::vector<std::string>& lines, const std::string& part) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const auto& line) { return line.find(part) != std::string::npos; });
}

} // namespace

// Scenario: files with a value that a Collector takes. Guarantee: they load, and the value is what
// it is there.
BOOST_DATA_TEST_CASE(what_a_collector_takes_is_taken, good_files, sample) {
  BOOST_TEST(sample.holds(good(sample.text)));
}

// Scenario: merge keys, by alias and in a list, nested and beside the map's own keys. Guarantee:
// the map's own keys count, then those of the first that has them.
BOOST_AUTO_TEST_CASE(merge_keys_are_put_in) {
  const auto c = good(R"(
receivers: {otlp: {protocols: {grpc: {}}}}
exporters:
  nop: {}
  otlp: &base {endpoint: "a:1", timeout: 7s, sending_queue: &queue {num_consumers: 3}}
  otlp/b: {<<: *base, endpoint: "b:1"}
  otlp/c:
    timeout: 9s
    <<: [{endpoint: "c:1", compression: zstd}, *base]
    sending_queue: {<<: *queue, batch: {max_size: 5, min_size: 1}}
service: {pipelines: {traces: {receivers: [otlp], exporters: [otlp, otlp/b, otlp/c]}}}
)");
  const auto& b = std::get<otlp_grpc_config>(c.exporters.at(1).kind);
  const auto& third = std::get<otlp_grpc_config>(c.exporters.at(2).kind);
  BOOST_TEST(b.endpoint == "b:1");
  BOOST_TEST((b.timeout == 7s));
  BOOST_TEST(c.exporters[1].queue.num_consumers == 3u);
  BOOST_TEST(third.endpoint == "c:1");
  BOOST_TEST(third.compression == "zstd");
  BOOST_TEST((third.timeout == 9s));
  BOOST_TEST(c.exporters[2].queue.num_consumers == 3u);
  BOOST_TEST(c.exporters[2].batch->max_items == 5u);
}

// Scenario: a second YAML document, good or broken. Guarantee: the first one counts; that there is
// another is said.
BOOST_AUTO_TEST_CASE(the_first_of_two_documents_counts) {
  for (const auto* second : {"receivers: {zipkin: }\n", "[", "a: b: c"}) {
    std::vector<std::string> warnings;
    const auto c = good(test::minimal() + "---\n" + second + "\n", &warnings);
    BOOST_TEST(c.pipelines.size() == 1u);
    BOOST_TEST(has(warnings, "found a second YAML document: it is not read"));
  }
}

// Scenario: headers, and other texts, from variables that look like maps, lists and numbers.
// Guarantee: the text, byte for byte.
BOOST_AUTO_TEST_CASE(variables_are_texts_where_texts_stand) {
  for (const auto* held : {"{\"a\":1}", "[x]", "key: value", "- x", "0123", "true"}) {
    const auto text = test::minimal().replace(test::minimal().find("nop: {}"), 7,
                                              "nop: {}, otlp: {endpoint: \"a:1\", headers: {x: "
                                              "'${env:T}', y: 'a ${env:T}'}, user_agent: "
                                              "'${env:T}'}");
    const auto used = text.substr(0, text.find("[nop]")) + "[otlp]}}}\n";
    const auto loaded = load_config(used, test::variables({{"T", held}}));
    BOOST_REQUIRE_MESSAGE(loaded, held);
    const auto& kind = std::get<otlp_grpc_config>(loaded->config.exporters.at(0).kind);
    BOOST_TEST(kind.headers.at("x") == held);
    BOOST_TEST(kind.headers.at("y") == std::string("a ") + held);
    BOOST_TEST(kind.user_agent == held);
  }
}

// Scenario: what is taken as something else than it says. Guarantee: a warning says as what.
BOOST_AUTO_TEST_CASE(what_is_taken_otherwise_is_said) {
  const std::pair<good_case, const char*> said[]{
      {grpc("{max_recv_msg_size_mib: 2000}", any), "found 2000, taken as 1024, the most there is"},
      {otlp("sending_queue: {num_consumers: 2000}", any), "found 2000, taken as 1024"},
      {exporter("otlphttp", "{endpoint: \"http://a\", profiles_endpoint: x}", any),
       "profiles_endpoint: no effect"},
      {for_logs("filter: {logs: {include: {match_type: regexp}}}", "filter", any),
       "it has nothing to match by"},
      {service("telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: "
               "{without_type_suffix: false}}}}]}}",
               any),
       "without_type_suffix: no effect"},
  };
  for (const auto& [file, part] : said) {
    std::vector<std::string> warnings;
    good(file.text, &warnings);
    BOOST_TEST(has(warnings, part), file.text);
  }
}

BOOST_AUTO_TEST_SUITE_END()
