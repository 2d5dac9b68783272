#include "app/config/convert.hpp"

#include "support.hpp"

#include <boost/test/unit_test.hpp>
#include <map>

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

bool has(const std::vector<std::string>& notes, const std::string& part) {
  return std::any_of(notes.begin(), notes.end(),
                     [&](const auto& note) { return note.find(part) != std::string::npos; });
}

bool lost(const converted& made, const std::string& part) {
  return has(made.notes.lost, part) && made.yaml.find(part) != std::string::npos;
}
bool not_needed(const converted& made, const std::string& part) {
  return has(made.notes.not_needed, part) && made.yaml.find(part) != std::string::npos;
}
bool changed(const converted& made, const std::string& part) {
  return has(made.notes.changed, part) && made.yaml.find(part) != std::string::npos;
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
    BOOST_TEST(c.pipelines[0].memory_limiters.size() == 2u);
    BOOST_TEST(c.pipelines[0].batch->min_items == 4096u);
    BOOST_TEST((c.pipelines[0].exporters == std::vector<std::string>{"otlp", "debug"}));
    BOOST_TEST(c.pipelines[1].name == "metrics");
    BOOST_TEST((c.pipelines[1].exporters == std::vector<std::string>{"otlp/metrics"}));
    BOOST_TEST(c.receivers.size() == 1u);
    BOOST_TEST(c.receivers[0].listeners.size() == 2u);
    BOOST_REQUIRE_EQUAL(c.health_checks.size(), 2u);
    BOOST_TEST(c.health_checks[0].endpoint == "0.0.0.0:13133");
    BOOST_TEST(c.storage.database.directory == "/var/lib/weir");
    BOOST_TEST(changed(made, "storage: added"));
    BOOST_TEST(made.yaml.find("${env:METRICS_BACKEND}") != std::string::npos);
    BOOST_TEST(made.yaml.find("\"0123\"") != std::string::npos);
    for (const auto* part :
         {"gateway.yaml: exporters.loadbalancing: nodes bring every trace together",
          "gateway.yaml: processors.batch: it shaped what went to the second tier",
          "sampler.yaml: receivers.otlp: it took what the first tier sent"})
      BOOST_TEST(not_needed(made, part), part << "\n" << made.yaml);
    for (const auto* part :
         {"processors.k8sattributes: found the processor type `k8sattributes`, which the Collector "
          "has and Weir does not",
          "processors.tail_sampling.policies[2].invented: found an unknown option"})
      BOOST_TEST(lost(made, part), part << "\n" << made.yaml);
    BOOST_TEST(!has(made.notes.lost, "did you mean `attributes`"));
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
  BOOST_TEST(not_needed(made, "data was spread by `service`"));
  BOOST_TEST(
      lost(made, "connectors.spanmetrics: the pipeline `traces/sampling` has it as an exporter"));
  BOOST_TEST(changed(made, "exporters.loadbalancing.protocol.otlp.tls: nodes check each other"));
  BOOST_TEST(made.notes.lost.size() == 1u);
}

// Scenario: samplers found by DNS, by Kubernetes, in a list, by something else; plain text, with all
// certificates, with some; a file that has a cluster already. Guarantee: nodes look for each other in
// the same places and are as open to each other; what is missing is named.
BOOST_AUTO_TEST_CASE(samplers_become_a_cluster) {
  const auto cluster_of = [](const std::string& balancer, std::size_t losses,
                             const std::string& block = "") {
    const auto made = good({{"f", "receivers: {otlp: {protocols: {grpc: }}}\n"
                                  "processors: {tail_sampling: {policies: [{name: all, type: "
                                  "always_sample}]}}\n"
                                  "exporters: {nop: , loadbalancing: {"
                                      + balancer
                                      + "}}\n"
                                        "service: {pipelines: {traces: {receivers: [otlp], "
                                        "exporters: [loadbalancing]}, traces/2: {receivers: "
                                        "[otlp], processors: [tail_sampling], exporters: "
                                        "[nop]}}}\n"
                                      + block}});
    BOOST_TEST(made.notes.lost.size() == losses, balancer);
    const auto loaded = load_config(made.yaml, test::variables());
    BOOST_REQUIRE_MESSAGE(loaded, made.yaml);
    BOOST_REQUIRE_MESSAGE(loaded->config.cluster, made.yaml);
    return *loaded->config.cluster;
  };
  using texts = std::vector<std::string>;
  const std::string plain = "protocol: {otlp: {tls: {insecure: true}}}, ";
  const auto dns = cluster_of(plain + "resolver: {dns: {hostname: samplers, port: 4317}}", 0);
  BOOST_TEST((dns.join == texts{"dns://samplers:4320"}));
  BOOST_TEST(dns.tls.insecure);
  const auto listed =
      cluster_of(plain + "resolver: {static: {hostnames: [a, \"b:4317\", \"[::1]:1\"]}}", 0);
  BOOST_TEST((listed.join == texts{"a:4320", "b:4320", "[::1]:4320"}));
  const auto pods = cluster_of(plain + "resolver: {k8s: {service: s.ns}}", 0);
  BOOST_TEST((pods.join == texts{"dns://s.ns:4320"}));
  BOOST_TEST(cluster_of(plain + "resolver: {aws_cloud_map: {namespace: n}}", 1).join.empty());
  const std::string found = "resolver: {dns: {hostname: s}}, protocol: {otlp: {tls: ";
  const auto whole = cluster_of(found + "{cert_file: c, key_file: k, ca_file: a}}}", 0);
  BOOST_TEST((whole.tls.cert_file == "c" && whole.tls.ca_file == "a" && !whole.tls.insecure));
  const auto part = cluster_of(found + "{ca_file: a}}}", 0);
  BOOST_TEST((part.tls.cert_file == "/etc/weir/cluster-cert.pem" && part.tls.ca_file == "a"));
  const auto kept = cluster_of(plain + "resolver: {dns: {hostname: s}}", 0,
                               "cluster: {name: mine, listen: \"127.0.0.1:0\"}\n");
  BOOST_TEST((kept.name == "mine" && kept.join.empty()));
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
  BOOST_TEST(pipelines[0].memory_limiters.size() == 1u);
  BOOST_TEST(pipelines[1].name == "logs");
  for (const auto* part :
       {"service.pipelines.traces/all: nothing is left in `exporters`, so there is no such "
        "pipeline",
        "service.pipelines.metrics: nothing is left in `exporters`, so there is no such pipeline",
        "connectors.spanmetrics: the pipeline `traces/all` has it as an exporter",
        "found the exporter type `prometheusremotewrite`, which the Collector has",
        "found the receiver type `zipkin`, which the Collector has"})
    BOOST_TEST(lost(made, part), part << "\n" << made.yaml);
  BOOST_TEST(not_needed(made, "data was spread by `service`"));
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
  BOOST_TEST(changed(made, "another tier has one of this name: it is `otlp/metrics-2` here"));
}

namespace {

/// How often each exporter gets what comes to a receiver, by signal.
std::map<std::string, int> deliveries(const node_config& c) {
  std::map<std::string, int> times;
  for (const auto& pipeline : c.pipelines)
    for (const auto& receiver : pipeline.receivers)
      for (const auto& exporter : pipeline.exporters)
        ++times[receiver + " " + std::string(to_string(pipeline.signal)) + " " + exporter];
  return times;
}

const std::string tier_head = R"(
receivers: {otlp: {protocols: {grpc: {endpoint: "0.0.0.0:4317"}}}}
processors: {tail_sampling: {policies: [{name: all, type: always_sample}]}, batch: }
exporters:
  loadbalancing: {protocol: {otlp: }, resolver: {static: {hostnames: [a]}}}
  otlp/b: {endpoint: "b:4317"}
  otlp/c: {endpoint: "c:4317"}
  debug:
service:
  pipelines:
)";

} // namespace

// Scenario: both tiers pass logs on to the same back end, with load balancing for traces and
// without any; the second one to another, to `debug`, or alone. Guarantee: each record goes out
// once to each back end that it went to; what was idle is said not to be needed, and lost where
// something else may have come to it.
BOOST_AUTO_TEST_CASE(what_is_not_balanced_goes_out_once) {
  const auto log_pipeline = [](const std::string& exporters) {
    return "    logs: {receivers: [otlp], exporters: [" + exporters + "]}\n";
  };
  const std::string balances = "    traces: {receivers: [otlp], exporters: [loadbalancing]}\n";
  const std::string samples =
      "    traces: {receivers: [otlp], processors: [tail_sampling], exporters: [otlp/b]}\n";
  struct set_up {
    std::string first, second;
    std::map<std::string, int> wanted;
    bool loses = false;
  };
  const set_up set_ups[]{
      {balances + log_pipeline("otlp/b"),
       samples + log_pipeline("otlp/b"),
       {{"otlp traces otlp/b", 1}, {"otlp logs otlp/b", 1}}},
      {balances + log_pipeline("otlp/b"),
       samples + log_pipeline("debug"),
       {{"otlp traces otlp/b", 1}, {"otlp logs otlp/b", 1}}},
      {balances + log_pipeline("otlp/b"),
       samples + log_pipeline("otlp/c"),
       {{"otlp traces otlp/b", 1}, {"otlp logs otlp/b", 1}},
       true},
      {balances,
       samples + log_pipeline("otlp/c"),
       {{"otlp traces otlp/b", 1}, {"otlp logs otlp/c", 1}}},
      {log_pipeline("otlp/b"), log_pipeline("otlp/b"), {{"otlp logs otlp/b", 1}}},
      {log_pipeline("otlp/b"),
       log_pipeline("otlp/b, otlp/c"),
       {{"otlp logs otlp/b", 1}, {"otlp logs otlp/c", 1}}},
  };
  for (const auto& set : set_ups) {
    const auto made = good({{"first", tier_head + set.first}, {"second", tier_head + set.second}});
    const auto loaded = load_config(made.yaml, test::variables());
    BOOST_REQUIRE_MESSAGE(loaded, made.yaml);
    BOOST_TEST((deliveries(loaded->config) == set.wanted), made.yaml);
    BOOST_TEST(made.notes.lost.empty() == !set.loses, made.yaml);
  }
}

// Scenario: the tiers as Kubernetes manifests: resources of the Operator, their configuration a map
// or a text, and ConfigMaps, in a list and among other resources. Guarantee: as from plain files.
BOOST_AUTO_TEST_CASE(manifests_are_read) {
  const auto indented = [](const std::string& text, const std::string& by) {
    std::string done;
    for (std::size_t start = 0; start < text.size();) {
      const auto end = std::min(text.find('\n', start), text.size() - 1);
      done += by + text.substr(start, end - start + 1);
      start = end + 1;
    }
    return done;
  };
  const auto balances = tier_head + "    traces: {receivers: [otlp], exporters: [loadbalancing]}\n";
  const auto samples =
      tier_head
      + "    traces: {receivers: [otlp], processors: [tail_sampling], exporters: [otlp/b]}\n";
  const std::string crd = "apiVersion: opentelemetry.io/v1beta1\nkind: "
                          "OpenTelemetryCollector\nmetadata: {name: gateway}"
                          "\nspec:\n  mode: deployment\n  config:\n"
                          + indented(balances, "    ");
  const std::string old_crd =
      "apiVersion: opentelemetry.io/v1alpha1\nkind: OpenTelemetryCollector\n"
      "metadata: {name: sampler}\nspec:\n  config: |\n"
      + indented(samples, "    ");
  const std::string config_map =
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sampler}\ndata:\n"
      "  other.txt: hello\n  relay: |\n"
      + indented(samples, "    ");
  const std::string service = "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {}\n";
  const std::string list =
      "apiVersion: v1\nkind: List\nitems:\n- " + indented(config_map, "  ").substr(2);
  const std::vector<std::vector<config_source>> set_ups{
      {{"all.yaml", crd + "---\n" + service + "---\n" + old_crd}},
      {{"gateway.yaml", crd}, {"sampler.yaml", service + "---\n" + config_map}},
      {{"gateway.yaml", balances}, {"sampler.yaml", list}},
  };
  for (const auto& files : set_ups) {
    const auto made = good(files);
    const auto loaded = load_config(made.yaml, test::variables());
    BOOST_REQUIRE_MESSAGE(loaded, made.yaml);
    BOOST_REQUIRE_EQUAL(loaded->config.pipelines.size(), 1u);
    BOOST_TEST(loaded->config.pipelines[0].tail_sampling.has_value());
    BOOST_TEST((loaded->config.pipelines[0].exporters == std::vector<std::string>{"otlp/b"}));
    BOOST_TEST(made.notes.lost.empty(), made.yaml);
  }
  const auto bad = convert(
      std::vector<config_source>{{"x",
                                  "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: y}\ndata: "
                                  "{relay: \"receivers: {}\\nservice: {a: [}\"}\n"}},
      test::variables());
  BOOST_REQUIRE(!bad);
  BOOST_TEST(bad.error().errors[0].message == "found no Collector's configuration in it");
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
