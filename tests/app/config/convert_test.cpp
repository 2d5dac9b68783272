#include "app/config/convert.hpp"

#include "support.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(convert_test)

using namespace weir::app;

namespace {

const std::string gateway = R"(
receivers:
  otlp:
    protocols:
      grpc: {endpoint: 0.0.0.0:4317}
      http: {endpoint: 0.0.0.0:4318}
processors:
  memory_limiter: {check_interval: 1s, limit_percentage: 80}
  batch: {timeout: 200ms}
  k8sattributes: {auth_type: serviceAccount}
exporters:
  loadbalancing:
    routing_key: traceID
    protocol: {otlp: {timeout: 1s, tls: {insecure: true}}}
    resolver: {dns: {hostname: otel-sampler-headless.observability, port: 4317}}
  otlp/metrics: {endpoint: "${env:METRICS_BACKEND}", headers: {x-tenant: "0123"}}
extensions:
  health_check: {endpoint: 0.0.0.0:13133}
  pprof: {}
service:
  extensions: [health_check, pprof]
  telemetry: {metrics: {level: detailed}}
  pipelines:
    traces: {receivers: [otlp], processors: [memory_limiter, k8sattributes, batch], exporters: [loadbalancing]}
    metrics: {receivers: [otlp], processors: [memory_limiter, batch], exporters: [otlp/metrics]}
)";

const std::string sampler = R"(
receivers:
  otlp:
    protocols: {grpc: {endpoint: 0.0.0.0:4317, max_recv_msg_size_mib: 16}}
processors:
  memory_limiter: {check_interval: 1s, limit_mib: 3000}
  tail_sampling:
    decision_wait: 10s
    num_traces: 100000
    expected_new_traces_per_sec: 10
    policies:
      - {name: errors, type: status_code, status_code: {status_codes: [ERROR]}}
      - {name: some, type: probabilistic, probabilistic: {sampling_percentage: 10}}
      - {name: new, type: invented, invented: {x: 1}}
  batch: {send_batch_size: 4096}
exporters:
  otlp: {endpoint: tempo:4317, tls: {insecure: true}}
  debug:
extensions:
  health_check: {endpoint: 0.0.0.0:13134}
service:
  extensions: [health_check]
  pipelines:
    traces: {receivers: [otlp], processors: [memory_limiter, tail_sampling, batch], exporters: [otlp, debug]}
)";

converted good(const std::vector<config_source>& files) {
  auto made = convert(files, test::variables());
  BOOST_REQUIRE_MESSAGE(made,
                        (made ? "" : made.error().errors[0].path + made.error().errors[0].message));
  return *made;
}

bool names(const converted& made, const std::string& what) {
  return std::any_of(made.losses.begin(), made.losses.end(),
                     [&](const auto& l) { return l.find(what) != std::string::npos; })
         && made.yaml.find(what) != std::string::npos;
}

} // namespace

// Scenario: a gateway that balances load and a sampling tier behind it, in two files, in either
// order. Guarantee: one configuration that loads, with the sampling in the gateway's pipeline; all
// that is not in it is named, in the output too.
BOOST_AUTO_TEST_CASE(two_tiers_become_one) {
  for (const auto& files :
       {std::vector<config_source>{{"gateway.yaml", gateway}, {"sampler.yaml", sampler}},
        std::vector<config_source>{{"sampler.yaml", sampler}, {"gateway.yaml", gateway}}}) {
    const auto made = good(files);
    const auto loaded =
        load_config(made.yaml, test::variables({{"METRICS_BACKEND", "mimir:4317"}}));
    BOOST_REQUIRE_MESSAGE(loaded, made.yaml);
    const auto& c = loaded->config;
    BOOST_REQUIRE_EQUAL(c.pipelines.size(), 2u);
    BOOST_TEST(c.pipelines[0].name == "traces");
    BOOST_REQUIRE(c.pipelines[0].tail_sampling.has_value());
    BOOST_TEST(c.pipelines[0].tail_sampling->policies.size() == 2u);
    BOOST_TEST(c.pipelines[0].tail_sampling->decision_wait_ns == 10'000'000'000);
    BOOST_TEST(c.pipelines[0].memory_limiter->limit_percentage == 80u);
    BOOST_TEST(c.pipelines[0].batch->min_items == 4096u);
    BOOST_TEST((c.pipelines[0].exporters == std::vector<std::string>{"otlp", "debug"}));
    BOOST_TEST(c.pipelines[1].name == "metrics");
    BOOST_TEST((c.pipelines[1].exporters == std::vector<std::string>{"otlp/metrics"}));
    BOOST_TEST(c.receivers.size() == 1u);
    BOOST_TEST(c.receivers[0].listeners.size() == 2u);
    BOOST_TEST(c.health_check->endpoint == "0.0.0.0:13133");
    BOOST_TEST(made.yaml.find("${env:METRICS_BACKEND}") != std::string::npos);
    BOOST_TEST(made.yaml.find("\"0123\"") != std::string::npos);
    for (const auto* what :
         {"gateway.yaml: exporters.loadbalancing: one node brings every trace together",
          "gateway.yaml: processors.batch: it shaped what went to the second tier",
          "sampler.yaml: receivers.otlp: it took what the first tier sent",
          "processors.k8sattributes: found the unknown processor type `k8sattributes`",
          "processors.tail_sampling.policies[2].invented: found an unknown option",
          "found a second memory_limiter", "found a second health_check"})
      BOOST_TEST(names(made, what), what << "\n" << made.yaml);
  }
}

// Scenario: both tiers in one file, and an unsampled copy beside the load balancing. Guarantee: the
// copy is a pipeline of its own; the inner receiver is gone.
BOOST_AUTO_TEST_CASE(one_file_holds_both_tiers) {
  const auto made = good({{"both.yaml", R"(
receivers:
  otlp: {protocols: {grpc: }}
  otlp/inner: {protocols: {grpc: {endpoint: 0.0.0.0:4319}}}
processors:
  tail_sampling: {policies: [{name: all, type: always_sample}]}
exporters:
  loadbalancing: {routing_key: service, protocol: {otlp: }, resolver: {static: {hostnames: [a, b]}}}
  file: {path: copy.jsonl}
  otlp: {endpoint: tempo:4317}
connectors: {spanmetrics: }
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [loadbalancing, file]}
    traces/sampling: {receivers: [otlp/inner], processors: [tail_sampling], exporters: [otlp, spanmetrics]}
)"}});
  const auto loaded = load_config(made.yaml, test::variables());
  BOOST_REQUIRE_MESSAGE(loaded, made.yaml);
  const auto& c = loaded->config;
  BOOST_REQUIRE_EQUAL(c.pipelines.size(), 2u);
  BOOST_TEST(c.pipelines[0].name == "traces");
  BOOST_TEST((c.pipelines[0].exporters == std::vector<std::string>{"file"}));
  BOOST_TEST(!c.pipelines[0].tail_sampling.has_value());
  BOOST_TEST(c.pipelines[1].name == "traces/sampling");
  BOOST_TEST(c.pipelines[1].tail_sampling.has_value());
  BOOST_TEST((c.pipelines[1].receivers == std::vector<std::string>{"otlp"}));
  BOOST_TEST(names(made, "data was spread by `service`"));
  BOOST_TEST(names(made, "found `spanmetrics`, which is not in `exporters`"));
}

// Scenario: a gateway that balances one copy by trace and one by service, found by Kubernetes, with
// metrics to a back end that Weir does not have; samplers that also make metrics out of spans.
// Guarantee: what Weir has goes on; pipelines of which nothing is left are left out and named.
BOOST_AUTO_TEST_CASE(pipelines_without_a_back_end_are_left_out) {
  const auto made = good({{"gateway.yaml", R"(
receivers:
  otlp: {protocols: {grpc: {endpoint: "${env:MY_POD_IP}:4317"}}}
  zipkin:
processors:
  memory_limiter: {check_interval: 5s, limit_percentage: 80}
  batch: {timeout: 1s}
exporters:
  loadbalancing/traces:
    routing_key: traceID
    protocol: {otlp: {tls: {insecure: true}}}
    resolver: {k8s: {service: sampler.observability, ports: [4317]}}
  loadbalancing/metrics:
    routing_key: service
    protocol: {otlp: {tls: {insecure: true}}}
    resolver: {dns: {hostname: span-metrics}}
  prometheusremotewrite: {endpoint: "http://mimir/api/v1/push"}
  otlphttp/loki: {endpoint: "http://loki:3100/otlp"}
service:
  pipelines:
    traces:
      receivers: [otlp, zipkin]
      processors: [memory_limiter, batch]
      exporters: [loadbalancing/traces, loadbalancing/metrics]
    metrics: {receivers: [otlp], processors: [batch], exporters: [prometheusremotewrite]}
    logs: {receivers: [otlp], processors: [batch], exporters: [otlphttp/loki]}
)"},
                          {"sampler.yaml", R"(
receivers: {otlp: {protocols: {grpc: {endpoint: "0.0.0.0:4317"}}}}
processors:
  tail_sampling: {decision_wait: 30s, policies: [{name: all, type: always_sample}]}
connectors: {spanmetrics: }
exporters: {otlp/tempo: {endpoint: "tempo:4317", tls: {insecure: true}}}
service:
  pipelines:
    traces/all: {receivers: [otlp], exporters: [spanmetrics]}
    traces/sampled: {receivers: [otlp], processors: [tail_sampling], exporters: [otlp/tempo]}
)"}});
  const auto loaded = load_config(made.yaml, test::variables({{"MY_POD_IP", "10.0.0.1"}}));
  BOOST_REQUIRE_MESSAGE(loaded, made.yaml);
  const auto& pipelines = loaded->config.pipelines;
  BOOST_REQUIRE_EQUAL(pipelines.size(), 2u);
  BOOST_TEST(pipelines[0].name == "traces/sampled");
  BOOST_TEST((pipelines[0].receivers == std::vector<std::string>{"otlp"}));
  BOOST_TEST((pipelines[0].exporters == std::vector<std::string>{"otlp/tempo"}));
  BOOST_TEST(pipelines[0].tail_sampling.has_value());
  BOOST_TEST(pipelines[0].memory_limiter.has_value());
  BOOST_TEST(pipelines[1].name == "logs");
  for (const auto* what :
       {"service.pipelines.traces/all: nothing is left in `exporters`, so there is no such "
        "pipeline",
        "service.pipelines.metrics: nothing is left in `exporters`, so there is no such pipeline",
        "found `spanmetrics`, which is not in `exporters`",
        "found the unknown exporter type `prometheusremotewrite`",
        "found the unknown receiver type `zipkin`", "data was spread by `service`"})
    BOOST_TEST(names(made, what), what << "\n" << made.yaml);
}

// Scenario: the two tiers have different components of one name. Guarantee: both are there, one
// under another name.
BOOST_AUTO_TEST_CASE(names_that_meet_are_told_apart) {
  const auto second = std::string(sampler).replace(sampler.find("exporters: [otlp, debug]"), 24,
                                                   "exporters: [otlp/metrics]");
  const auto renamed =
      std::string(second).replace(second.find("  otlp: {endpoint: tempo"), 7, "  otlp/metrics:");
  const auto made = good({{"gateway.yaml", gateway}, {"sampler.yaml", renamed}});
  const auto loaded = load_config(made.yaml, test::variables({{"METRICS_BACKEND", "mimir:4317"}}));
  BOOST_REQUIRE_MESSAGE(loaded, made.yaml);
  BOOST_TEST((loaded->config.pipelines[0].exporters == std::vector<std::string>{"otlp/metrics"}));
  BOOST_TEST((loaded->config.pipelines[1].exporters == std::vector<std::string>{"otlp/metrics-2"}));
  BOOST_TEST(names(made, "another tier has one of this name: it is `otlp/metrics-2` here"));
}

// Scenario: files that are no configuration, or nothing is left of. Guarantee: errors, no output.
BOOST_AUTO_TEST_CASE(what_is_no_set_up_is_an_error) {
  BOOST_TEST(!convert(std::vector<config_source>{{"a", "["}}, test::variables()));
  BOOST_TEST(!convert(std::vector<config_source>{{"a", "text"}}, test::variables()));
  BOOST_TEST(!convert(std::vector<config_source>{{"a", "exporters: {}"}}, test::variables()));
  BOOST_TEST(
      !convert(std::vector<config_source>{{"a", "receivers: {zipkin: }\nexporters: {kafka: "
                                                "}\nservice: {pipelines: {traces: {receivers: "
                                                "[zipkin], exporters: [kafka]}}}\n"}},
               test::variables()));
}

BOOST_AUTO_TEST_SUITE_END()
