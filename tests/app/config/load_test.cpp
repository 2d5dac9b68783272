#include "support.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(load_test)

using namespace weir::app;
using namespace std::chrono_literals;
using weir::sampling::policy_type;

namespace {

loaded_config load(const std::string& text, const environment& env = test::variables()) {
  auto loaded = load_config(text, env);
  if (!loaded)
    for (const auto& line : test::texts(loaded.error().errors))
      BOOST_ERROR(line);
  BOOST_REQUIRE(loaded.has_value());
  return std::move(*loaded);
}

std::vector<std::string> warnings_of(const std::string& text) {
  return test::texts(test::but_for_storage(load(text).warnings));
}

} // namespace

// Scenario: a file with receivers, exporters and pipelines alone. Guarantee: a working single node
// with the documented defaults, and a warning of what it will write where.
BOOST_AUTO_TEST_CASE(the_least_file_is_a_node) {
  const auto loaded = load(test::minimal());
  const auto& c = loaded.config;
  BOOST_TEST(
      test::texts(loaded.warnings)
          == std::vector<std::string>{"f:1:1: storage.directory: not given: up to 10GiB go "
                                      "into `./weir-data`, beside where the node is started"},
      boost::test_tools::per_element());
  BOOST_TEST(load(test::minimal("storage: {directory: /x}\n")).warnings.empty());
  BOOST_TEST(c.receivers.at(0).listeners.at(0).endpoint == "localhost:4317");
  BOOST_TEST(c.receivers[0].listeners[0].max_message_bytes == 4u << 20);
  BOOST_TEST(c.exporters.at(0).id == "nop");
  BOOST_TEST(c.pipelines.at(0).name == "traces");
  BOOST_TEST(!c.pipelines[0].tail_sampling.has_value());
  BOOST_TEST(c.storage.database.directory == "./weir-data");
  BOOST_TEST(c.storage.database.max_bytes == 10ULL << 30);
  BOOST_TEST((c.storage.retention == 24h));
  BOOST_TEST((c.storage.journal.commit_interval == 10ms));
  BOOST_TEST(c.sampling.window_memory == 512u << 20);
  BOOST_TEST(c.telemetry.metrics_endpoints.at(0) == "localhost:8888");
  BOOST_TEST(c.health_checks.empty());
}

// Scenario: both protocols with what people set. Guarantee: each listener has its own defaults and
// values, TLS and keepalive included.
BOOST_AUTO_TEST_CASE(receivers_are_read) {
  const auto c = load(R"(
receivers:
  otlp/in:
    protocols:
      grpc:
        endpoint: "[::]:0"
        max_recv_msg_size_mib: 16
        max_concurrent_streams: 100
        keepalive: {server_parameters: {max_connection_age: 30s}, enforcement_policy: {min_time: 10s}}
        tls: {cert_file: c.pem, key_file: k.pem, client_ca_file: ca.pem, min_version: "1.3"}
      http:
        cors: {allowed_origins: ["http://*.example.com"], max_age: 7200}
        response_headers: {x-a: b}
  otlp/unused: {protocols: {http: }}
exporters: {nop: }
service: {pipelines: {logs/a: {receivers: [otlp/in], exporters: [nop]}}}
)")
                     .config;
  BOOST_REQUIRE_EQUAL(c.receivers.size(), 1u);
  const auto& grpc = c.receivers[0].listeners.at(0);
  const auto& http = c.receivers[0].listeners.at(1);
  BOOST_TEST(c.receivers[0].id == "otlp/in");
  BOOST_TEST((grpc.grpc && !http.grpc));
  BOOST_TEST(grpc.max_message_bytes == 16u << 20);
  BOOST_TEST(grpc.max_concurrent_streams == 100u);
  BOOST_TEST((grpc.keepalive.max_connection_age == 30s));
  BOOST_TEST((grpc.keepalive.min_time == 10s));
  BOOST_TEST((grpc.keepalive.time == 2h));
  BOOST_TEST(grpc.tls->client_ca_file == "ca.pem");
  BOOST_TEST(grpc.tls->min_version == "1.3");
  BOOST_TEST(http.endpoint == "localhost:4318");
  BOOST_TEST(http.max_message_bytes == 20u << 20);
  BOOST_TEST(http.cors->max_age == 7200);
  BOOST_TEST(http.response_headers.at("x-a") == "b");
  BOOST_TEST(!http.tls.has_value());
}

// Scenario: batches counted in bytes, in the queue's word for it or their own; answers that are final.
// Guarantee: bytes stay bytes; what is absent is inherited; numbers of HTTP may stand without quotes.
BOOST_AUTO_TEST_CASE(batches_may_count_bytes) {
  const auto c = load(R"(
receivers: {otlp: {protocols: {grpc: }}}
exporters:
  otlp/a: {endpoint: "a:1", sending_queue: {sizer: bytes, batch: {min_size: 20000, max_size: 50000}}}
  otlp/b: {endpoint: "b:1", sending_queue: {sizer: bytes, batch: {sizer: items, max_size: 9000}}}
  otlp/c: {endpoint: "c:1", sending_queue: {batch: {sizer: bytes, max_size: 1000000000}}}
  otlp/d: {endpoint: "d:1", sending_queue: {sizer: items, batch: },
           retry_on_failure: {permanent_codes: [404, NOT_FOUND]}}
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [otlp/a, otlp/b, otlp/c, otlp/d]}
)")
                     .config;
  BOOST_REQUIRE_EQUAL(c.exporters.size(), 4u);
  const auto& a = *c.exporters[0].batch;
  BOOST_TEST((a.min_bytes == 20'000u && a.max_bytes == 50'000u));
  BOOST_TEST((a.min_items == 0u && a.max_items == 0u));
  const auto& b = *c.exporters[1].batch;
  BOOST_TEST((b.min_items == 8192u && b.max_items == 9000u && b.min_bytes == 0u));
  BOOST_TEST(b.max_bytes == 4u << 20);
  BOOST_TEST((c.exporters[2].batch->min_bytes == 8192u));
  BOOST_TEST((c.exporters[2].batch->max_bytes == 64u << 20));
  BOOST_TEST((c.exporters[3].batch->min_items == 8192u));
  BOOST_TEST(
      (c.exporters[3].retry.permanent_codes == std::vector<std::string>{"404", "NOT_FOUND"}));
}

// Scenario: exporters under their old and new names. Guarantee: ids stay as written, values arrive.
BOOST_AUTO_TEST_CASE(exporters_are_read) {
  const auto c = load(R"(
receivers: {otlp: {protocols: {grpc: }}}
exporters:
  otlp/tempo:
    endpoint: tempo:4317
    tls: {insecure: true}
    headers: [{name: x-scope, value: a}]
    compression: zstd
    keepalive: {timeout: 3s}
    retry_on_failure: {initial_interval: 100ms, max_elapsed_time: 300s}
    sending_queue: {num_consumers: 4, batch: {max_size: 10000}}
  otlp_http: {endpoint: "https://back.end:4318", timeout: 1m, compression_params: {level: 3}}
  logging: {sampling_initial: 5}
  file: {path: /tmp/x.jsonl, append: true}
  otlp_grpc/b: {endpoint: "http://b:1", compression: "", sending_queue: {enabled: false}}
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [otlp/tempo, otlp_http, logging, file, otlp_grpc/b]}
)")
                     .config;
  BOOST_REQUIRE_EQUAL(c.exporters.size(), 5u);
  const auto& tempo = std::get<weir::backends::otlp_grpc_config>(c.exporters[0].kind);
  BOOST_TEST(c.exporters[0].id == "otlp/tempo");
  BOOST_TEST((tempo.tls.insecure && tempo.compression == "zstd"));
  BOOST_TEST(tempo.headers.at("x-scope") == "a");
  BOOST_TEST((tempo.keepalive_time == 10s));
  BOOST_TEST((tempo.keepalive_timeout == 3s));
  BOOST_TEST((c.exporters[0].retry.initial_interval == 100ms));
  BOOST_TEST((c.exporters[0].retry.max_elapsed_time == 5min));
  BOOST_TEST(c.exporters[0].queue.num_consumers == 4u);
  BOOST_TEST(c.exporters[0].batch->max_items == 10'000u);
  BOOST_TEST(c.exporters[0].batch->min_items == 8192u);
  const auto& http = std::get<weir::backends::otlp_http_config>(c.exporters[1].kind);
  BOOST_TEST((http.timeout == 1min));
  BOOST_TEST(http.compression_level == 3);
  BOOST_TEST(std::get<weir::backends::debug_config>(c.exporters[2].kind).sampling_initial == 5);
  BOOST_TEST(std::get<weir::backends::file_config>(c.exporters[3].kind).append);
  const auto& b = std::get<weir::backends::otlp_grpc_config>(c.exporters[4].kind);
  BOOST_TEST(b.compression == "none");
  BOOST_TEST((b.keepalive_time == 0ms));
  BOOST_TEST(c.exporters[4].queue.num_consumers == 1u);
}

// Scenario: tail_sampling with policies of all kinds that are there. Guarantee: each member
// arrives, sub policies too.
BOOST_AUTO_TEST_CASE(policies_are_read) {
  const auto c = load(R"(
receivers: {otlp: {protocols: {grpc: }}}
exporters: {nop: }
processors:
  tail_sampling:
    decision_wait: 10s
    num_traces: 1000
    maximum_trace_size_bytes: 5000
    policies:
      - {name: all, type: always_sample}
      - {name: slow, type: latency, latency: {threshold_ms: 500, upper_threshold_ms: 900}}
      - {name: num, type: numeric_attribute, numeric_attribute: {key: n, min_value: 1, max_value: 2}}
      - name: str
        type: string_attribute
        string_attribute: {key: s, values: [a, "b.*"], enabled_regex_matching: true, invert_match: true}
      - {name: bool, type: boolean_attribute, boolean_attribute: {key: b, value: true}}
      - {name: ten, type: probabilistic, probabilistic: {sampling_percentage: 10.5, hash_salt: x}}
      - {name: err, type: status_code, status_code: {status_codes: [ERROR, UNSET]}}
      - {name: count, type: span_count, span_count: {min_spans: 2, max_spans: 20}}
      - {name: rate, type: rate_limiting, rate_limiting: {spans_per_second: 35}}
      - name: both
        type: and
        and:
          and_sub_policy:
            - {name: a, type: latency, latency: {threshold_ms: 1}}
            - {name: b, type: probabilistic, probabilistic: {sampling_percentage: 1}}
      - {name: neg, type: not, not: {not_sub_policy: {name: n, type: status_code, status_code: {status_codes: OK}}}}
      - {name: veto, type: drop, drop: {drop_sub_policy: [{name: d, type: always_sample}]}}
service: {pipelines: {traces: {receivers: [otlp], processors: [tail_sampling], exporters: [nop]}}}
)")
                     .config;
  const auto& t = *c.pipelines.at(0).tail_sampling;
  BOOST_TEST(t.decision_wait_ns == 10'000'000'000);
  BOOST_TEST(t.num_traces == 1000u);
  BOOST_TEST(t.maximum_trace_size_bytes == 5000u);
  BOOST_REQUIRE_EQUAL(t.policies.size(), 12u);
  const auto& p = t.policies;
  BOOST_TEST((p[1].threshold_ms == 500 && p[1].upper_threshold_ms == 900));
  BOOST_TEST((p[2].key == "n" && p[2].min_value == 1 && p[2].max_value == 2));
  BOOST_TEST((p[3].enabled_regex_matching && p[3].invert_match && p[3].values.size() == 2));
  BOOST_TEST((p[4].key == "b" && p[4].value));
  BOOST_TEST((p[5].sampling_percentage == 10.5 && p[5].hash_salt == "x"));
  BOOST_TEST(p[6].status_codes.at(1) == "UNSET");
  BOOST_TEST((p[7].min_spans == 2 && p[7].max_spans == 20));
  BOOST_TEST(p[8].spans_per_second == 35);
  BOOST_TEST((p[9].sub_policies.at(1).type == policy_type::probabilistic));
  BOOST_TEST(p[10].sub_policies.at(0).status_codes.at(0) == "OK");
  BOOST_TEST((p[11].type == policy_type::drop && p[11].sub_policies.size() == 1));
}

// Scenario: processors around tail_sampling. Guarantee: a `batch` behind it shapes the exporters'
// requests, one before it is said to do nothing; memory_limiter arrives.
BOOST_AUTO_TEST_CASE(processors_are_placed) {
  const std::string head = "receivers: {otlp: {protocols: {grpc: }}}\nexporters: {nop: }\n"
                           "processors:\n"
                           "  batch: {send_batch_size: 100, timeout: 1s}\n"
                           "  memory_limiter: {check_interval: 1s, limit_mib: 400}\n"
                           "  tail_sampling: {policies: [{name: a, type: always_sample}]}\n";
  const auto pipeline = [&head](const std::string& processors) {
    return head
           + "service: {pipelines: {traces: {receivers: [otlp], exporters: [nop], processors: ["
           + processors + "]}}}\n";
  };
  const auto late = load(pipeline("memory_limiter, tail_sampling, batch")).config.pipelines.at(0);
  BOOST_TEST(late.memory_limiters.at(0).limit_bytes == 400u << 20);
  BOOST_TEST(late.tail_sampling.has_value());
  BOOST_TEST(late.batch->min_items == 100u);
  BOOST_TEST((late.batch->timeout == 1s));
  BOOST_TEST(late.batch->max_bytes == 4u << 20);
  const auto early = load(pipeline("batch, tail_sampling"));
  BOOST_TEST(!early.config.pipelines.at(0).batch.has_value());
  BOOST_TEST(
      test::texts(early.warnings).back()
      == "f:7:82: service.pipelines.traces.processors[0]: no effect: it stands before "
         "`tail_sampling`, where Weir groups data itself; behind it, it shapes the exporters' "
         "requests");
  BOOST_TEST(load(pipeline("batch")).config.pipelines.at(0).batch.has_value());
}

// Scenario: service.telemetry in its forms. Guarantee: one host and port come out, or none.
BOOST_AUTO_TEST_CASE(telemetry_is_read) {
  const auto metrics = [](const std::string& telemetry) {
    return load("receivers: {otlp: {protocols: {grpc: }}}\nexporters: {nop: }\nservice:\n"
                "  pipelines: {traces: {receivers: [otlp], exporters: [nop]}}\n"
                "  telemetry: "
                + telemetry + "\n")
        .config.telemetry;
  };
  BOOST_TEST(metrics("{metrics: {readers: [{pull: {exporter: {prometheus: {host: 0.0.0.0, port: "
                     "9999, without_units: true}}}}]}}")
                 .metrics_endpoints.at(0)
             == "0.0.0.0:9999");
  BOOST_TEST(metrics("{metrics: {readers: [{pull: {exporter: {prometheus: {host: \"::\"}}}}]}}")
                 .metrics_endpoints.at(0)
             == "[::]:8888");
  BOOST_TEST(metrics("{metrics: {level: none}}").metrics_endpoints.empty());
  BOOST_TEST(metrics("{metrics: {address: \":7777\"}}").metrics_endpoints.at(0) == ":7777");
  const auto logs = metrics("{logs: {level: DEBUG, encoding: json}}").logs;
  BOOST_TEST((logs.level == "debug" && logs.encoding == "json"));
}

// Scenario: a component of a type that Weir will have, used by a pipeline, and not. Guarantee: an
// error where it is used, a warning elsewhere; print-config leaves it out.
BOOST_AUTO_TEST_CASE(types_to_come_may_stand_unused) {
  const auto text = [](const std::string& used) {
    return "receivers: {otlp: {protocols: {grpc: }}}\nexporters: {nop: , jaeger: {endpoint: "
           "'a:1'}}\n"
           "service: {pipelines: {traces: {receivers: [otlp], exporters: ["
           + used + "]}}}\n";
  };
  BOOST_TEST(warnings_of(text("nop"))
                 == std::vector<std::string>{"f:2:20: exporters.jaeger: found the exporter type "
                                             "`jaeger`, which is not there "
                                             "yet: not read, as nothing uses it"},
             boost::test_tools::per_element());
  BOOST_TEST(test::errors_of(text("nop, jaeger"))
                 == std::vector<std::string>{"f:2:20: exporters.jaeger: found the exporter type "
                                             "`jaeger`, which is not there "
                                             "yet"},
             boost::test_tools::per_element());
  BOOST_TEST(print_document(load(text("nop")).source).find("jaeger") == std::string::npos);
}

// Scenario: everything that is accepted without an effect. Guarantee: one warning each, with the
// reason.
BOOST_AUTO_TEST_CASE(what_has_no_effect_is_said) {
  BOOST_TEST(warnings_of(R"(receivers: {otlp: {protocols: {grpc: {read_buffer_size: 5}}}}
exporters:
  otlp: {endpoint: "a:1", sending_queue: {queue_size: 10, storage: file_storage}}
extensions: {zpages: {}, pprof: {}, file_storage: {directory: /x}}
service:
  extensions: [zpages, pprof, file_storage]
  pipelines: {traces: {receivers: [otlp], exporters: [otlp]}}
)")
                 == (std::vector<std::string>{
                     "f:1:57: receivers.otlp.protocols.grpc.read_buffer_size: no effect: "
                     "sockets are read as far as the limits allow",
                     "f:3:55: exporters.otlp.sending_queue.queue_size: no effect: the log on "
                     "disk is the queue",
                     "f:3:68: exporters.otlp.sending_queue.storage: no effect: the log on "
                     "disk is the queue",
                     "f:4:22: extensions.zpages: no effect: there are no zPages",
                     "f:4:33: extensions.pprof: no effect: there is no Go profile; `perf` "
                     "works on the binary",
                     "f:4:51: extensions.file_storage: no effect: the log on disk is the "
                     "queue, under `storage.directory`",
                 }),
             boost::test_tools::per_element());
}

// Scenario: a memory limit in one pipeline of two, in both, and two different ones; a limit of
// traces. Guarantee: one warning each where a Collector would do something else, none elsewhere.
BOOST_AUTO_TEST_CASE(what_a_collector_does_otherwise_is_said) {
  const auto file = [](const std::string& first, const std::string& second) {
    return "receivers: {otlp: {protocols: {grpc: }}}\nexporters: {nop: }\n"
           "processors:\n"
           "  memory_limiter: {check_interval: 1s, limit_mib: 400}\n"
           "  memory_limiter/b: {check_interval: 1s, limit_mib: 300}\n"
           "service:\n  pipelines:\n"
           "    traces: {receivers: [otlp], exporters: [nop], processors: ["
           + first + "]}\n    logs: {receivers: [otlp], exporters: [nop], processors: [" + second
           + "]}\n";
  };
  const std::string limit = "f:4:3: processors.memory_limiter: a node has one memory, so one limit "
                            "holds for all its pipelines, those without a memory_limiter too: the "
                            "lowest of those in use";
  using lines = std::vector<std::string>;
  BOOST_TEST(warnings_of(file("memory_limiter", "")) == lines{limit});
  BOOST_TEST(warnings_of(file("memory_limiter", "memory_limiter/b")) == lines{limit});
  BOOST_TEST(warnings_of(file("memory_limiter", "memory_limiter")).empty());
  BOOST_TEST(warnings_of(file("", "")).empty());
  BOOST_TEST(
      warnings_of(test::minimal("processors: {tail_sampling: {num_traces: 5, policies: "
                                "[{name: a, type: always_sample}]}}\n"))
      == lines{"f:4:42: processors.tail_sampling.num_traces: beyond it the oldest traces are "
               "decided early, by what has come of them; the Collector drops them"});
}

// Scenario: values from the environment in every position. Guarantee: typed like written ones; a
// list comes in whole.
BOOST_AUTO_TEST_CASE(the_environment_fills_in) {
  const auto c =
      load("receivers: {otlp: {protocols: {grpc: {max_recv_msg_size_mib: \"${env:SIZE}\"}}}}\n"
           "exporters: {otlp: {endpoint: \"${env:HOST:-tempo}:4317\", headers: {a: "
           "\"${TOKEN}\"}}}\n"
           "service: {pipelines: {traces: {receivers: \"${LIST}\", exporters: [otlp]}}}\n",
           test::variables({{"SIZE", "32"}, {"TOKEN", "0123"}, {"LIST", "[otlp]"}}))
          .config;
  BOOST_TEST(c.receivers.at(0).listeners.at(0).max_message_bytes == 32u << 20);
  const auto& otlp = std::get<weir::backends::otlp_grpc_config>(c.exporters.at(0).kind);
  BOOST_TEST(otlp.endpoint == "tempo:4317");
  BOOST_TEST(otlp.headers.at("a") == "0123");
}

// Scenario: two traces pipelines on one receiver, ids with blanks around the slash. Guarantee: both
// are there, the shared receiver once.
BOOST_AUTO_TEST_CASE(pipelines_share_components) {
  const auto c = load(R"(
receivers: {otlp/x: {protocols: {grpc: }}}
exporters: {nop: , nop/b: }
service:
  pipelines:
    traces/one: {receivers: [otlp / x], exporters: [nop]}
    traces/two: {receivers: [otlp/x], exporters: [nop, nop/b, nop]}
)")
                     .config;
  BOOST_TEST(c.receivers.size() == 1u);
  BOOST_TEST(c.pipelines.size() == 2u);
  BOOST_TEST(c.pipelines[0].receivers.at(0) == "otlp/x");
  BOOST_TEST(c.pipelines[1].exporters.size() == 2u);
}

// Scenario: health_check defined, and defined and listed. Guarantee: it runs only when listed.
BOOST_AUTO_TEST_CASE(extensions_run_when_listed) {
  BOOST_TEST(load(test::minimal("extensions: {health_check: }\n")).config.health_checks.empty());
  const auto c =
      load("receivers: {otlp: {protocols: {grpc: }}}\nexporters: {nop: }\n"
           "extensions: {health_check: {endpoint: \":1\", response_body: {healthy: yes!}}}\n"
           "service: {extensions: [health_check], pipelines: {traces: {receivers: [otlp], "
           "exporters: [nop]}}}\n")
          .config;
  BOOST_TEST(c.health_checks.at(0).endpoint == ":1");
  BOOST_TEST(c.health_checks.at(0).path == "/");
  BOOST_TEST(c.health_checks.at(0).healthy_body == "yes!");
}

BOOST_AUTO_TEST_SUITE_END()
