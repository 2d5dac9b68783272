#include "support.hpp"

#include <algorithm>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

BOOST_AUTO_TEST_SUITE(errors_test)

using namespace weir::app;

namespace {

using test::bad_case;

const std::string otlp = "receivers: {otlp: {protocols: {grpc: {}}}}\n";
const std::string nop = "exporters: {nop: {}}\n";
const std::string one_pipeline =
    "service: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}\n";

bad_case receiver(const std::string& body, const std::string& message) {
  return {"receivers: {otlp: " + body + "}\n" + nop + one_pipeline, message};
}

bad_case exporter(const std::string& body, const std::string& message) {
  return {otlp + "exporters:\n  " + body
              + "\n  nop:\nservice: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}\n",
          message};
}

bad_case processor(const std::string& body, const std::string& message) {
  return {weir::app::test::minimal("processors:\n  " + body + "\n"), message};
}

bad_case policy(const std::string& body, const std::string& message) {
  return processor("tail_sampling: {policies: [{name: p, " + body + "}]}", message);
}

bad_case pipelines(const std::string& body, const std::string& message) {
  return {otlp + nop
              + "processors: {batch: , tail_sampling: {policies: [{name: p, type: "
                "always_sample}]}}\nservice:\n  pipelines: {"
              + body + "}\n",
          message};
}

bad_case block(const std::string& body, const std::string& message) {
  return {weir::app::test::minimal(body + "\n"), message};
}

// One fault a file; the message is the whole of what is said.
const std::vector<bad_case> one_fault{
    // -- what a file must have --
    {nop + "service: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}\nreceivers:\n",
     "f:1:1: receivers: found no receivers, expected at least one"},
    {otlp + nop, "f:1:1: service.pipelines: found no pipelines, expected at least one"},
    {"just text",
     "f:1:1: found the text `just text`, expected a map of receivers, exporters, service "
     "and so on"},
    {"apiVersion: opentelemetry.io/v1beta1\nkind: OpenTelemetryCollector\nspec: {config: {}}\n",
     "f:1:1: found a Kubernetes manifest, expected a configuration: `weir config convert` reads "
     "what "
     "manifests hold"},
    block("storge: {}", "f:4:1: storge: found an unknown option (did you mean `storage`?)"),
    block("spec: {}",
          "f:4:1: spec: found an unknown option, expected `receivers`, `processors`, `exporters`, "
          "`connectors`, `extensions`, `service`, `storage`, `sampling`, `cluster` or `admin`"),
    block("connectors: [forward]", "f:4:13: connectors: found a list, expected a map"),
    {otlp + nop
         + "service: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}, telemetry: "
           "{metrics: "
           "{readers: [{pull: {exporter: {prometheus: {port: 99999}}}}]}}}\n",
     "f:3:141: service.telemetry.metrics.readers[0].pull.exporter.prometheus.port: found the "
     "number "
     "`99999`, expected a whole number from 0 to 65535"},
    // -- receivers --
    receiver("{}",
             "f:1:19: receivers.otlp.protocols: found no protocol, expected `grpc`, `http` or "
             "both"),
    receiver("{protocols: {grpc: {endpont: \"x:1\"}}}",
             "f:1:39: receivers.otlp.protocols.grpc.endpont: found an unknown option (did you mean "
             "`endpoint`?)"),
    receiver(
        "{protocols: {grpc: {endpoint: 4317}}}",
        "f:1:49: receivers.otlp.protocols.grpc.endpoint: found the number `4317`, expected text"),
    receiver(
        "{protocols: {grpc: {endpoint: localhost}}}",
        "f:1:49: receivers.otlp.protocols.grpc.endpoint: found `localhost`, expected host:port "
        "such as `0.0.0.0:4317`"),
    receiver("{protocols: {http: {endpoint: \"localhost:70000\"}}}",
             "f:1:49: receivers.otlp.protocols.http.endpoint: found `localhost:70000`, expected "
             "host:port such as `0.0.0.0:4317`"),
    receiver("{protocols: {grpc: {max_recv_msg_size_mib: \"5\"}}}",
             "f:1:62: receivers.otlp.protocols.grpc.max_recv_msg_size_mib: found the text `5`, "
             "expected a whole number of MiB"),
    receiver("{protocols: {grpc: {max_recv_msg_size_mib: -1}}}",
             "f:1:62: receivers.otlp.protocols.grpc.max_recv_msg_size_mib: found the number `-1`, "
             "expected a whole number of MiB"),
    receiver(
        "{protocols: {grpc: {transport: unix}}}",
        "f:1:50: receivers.otlp.protocols.grpc.transport: found the text `unix`, expected `tcp`, "
        "`tcp4` or `tcp6`"),
    receiver("{protocols: {grpc: {keepalive: {server_parameters: {time: 10}}}}}",
             "f:1:77: receivers.otlp.protocols.grpc.keepalive.server_parameters.time: found the "
             "number `10`, expected a duration such as `5s`"),
    receiver("{protocols: {grpc: {tls: {cert_file: a.pem}}}}",
             "f:1:44: receivers.otlp.protocols.grpc.tls: found a certificate without its key, "
             "expected `key_file` or `key_pem`"),
    receiver(
        "{protocols: {grpc: {tls: {min_version: 1.2}}}}",
        "f:1:58: receivers.otlp.protocols.grpc.tls.min_version: found the number `1.2`, expected "
        "`1.0`, `1.1`, `1.2` or `1.3`"),
    receiver(
        "{protocols: {grpc: {auth: {authenticator: basic}}}}",
        "f:1:13: receivers.otlp.protocols.grpc.auth.authenticator: found `basic`, which is not "
        "in `extensions`"),
    receiver("{protocols: {grpc: {tls: {enabled: 5}}}}",
             "f:1:54: receivers.otlp.protocols.grpc.tls.enabled: found the number `5`, expected "
             "true or false"),
    receiver("{protocols: [grpc]}",
             "f:1:31: receivers.otlp.protocols: found a list, expected a map"),
    // -- exporters --
    exporter("otlpp: {}",
             "f:3:3: exporters.otlpp: found the unknown exporter type `otlpp`, expected "
             "`otlp`, `otlp_grpc`, `otlphttp`, `otlp_http`, `debug`, `logging`, `file` "
             "or `nop` (did you mean `otlp`?)"),
    exporter("otlp: {}", "f:3:9: exporters.otlp.endpoint: found nothing, expected text"),
    exporter("otlp: {endpoint: tempo}", "f:3:20: exporters.otlp.endpoint: found `tempo`, expected "
                                        "host:port such as `tempo:4317`"),
    exporter("otlp: {endpoint: \"unix:///tmp/s\"}",
             "f:3:20: exporters.otlp.endpoint: found `unix:///tmp/s`, expected host:port, perhaps "
             "with http://, https://, dns:/// or dns://server/ in front (unix sockets are not "
             "supported)"),
    exporter("otlp: {endpoint: \"dns://[::1]:53/tempo:1\"}",
             "f:3:20: exporters.otlp.endpoint: endpoint \"dns://[::1]:53/tempo:1\": the DNS server "
             "\"[::1]:53\": expected an address of IPv4 or a name, perhaps with a port"),
    exporter("otlp: {endpoint: \"a:1\", headers: {Authorization: \"Bearer a\\n\"}}",
             "f:3:36: exporters.otlp.headers: found a line end in the value of the header "
             "\"Authorization\", which no header may hold"),
    exporter("otlphttp: {endpoint: \"http://a:1\", headers: {X Tenant: a}}",
             "f:3:47: exporters.otlphttp.headers: found the header name \"X Tenant\", expected "
             "letters, digits and `-`, without blanks"),
    {otlp
         + "exporters:\n  otlphttp: {metrics_endpoint: \"http://a:1\"}\nservice: {pipelines: "
           "{traces: {receivers: [otlp], exporters: [otlphttp]}}}\n",
     "f:3:3: exporters.otlphttp: found no endpoint for traces, expected `endpoint` or "
     "`traces_endpoint`, as the pipeline `traces` uses it"},
    exporter("otlp: {endpoint: \"dns:///tempo:1\", endpoints: [tempo]}",
             "f:3:49: exporters.otlp.endpoints: found `tempo`, expected host:port such as "
             "`tempo:4317`"),
    exporter("otlp: {endpoint: \"a:1\", balancer_name: least}",
             "f:3:42: exporters.otlp.balancer_name: found the text `least`, expected "
             "`round_robin` or `pick_first`"),
    exporter(
        "otlphttp: {traces_endpoint: \"http://a:1\", endpoints: [\"http://b:1\"]}",
        "f:3:13: exporters.otlphttp: found `endpoints` without `endpoint`, expected the first of "
        "them there"),
    exporter(
        "otlphttp: {endpoint: \"http://a:1\", compression: snappy, compression_params: {level: 3}}",
        "f:3:79: exporters.otlphttp.compression_params: found a level, expected none: "
        "compression `snappy` has no levels"),
    exporter(
        "otlphttp: {endpoint: \"http://a:1\", compression_params: {level: 12}}",
        "f:3:58: exporters.otlphttp.compression_params: found the level 12, expected at most 9 "
        "for compression `gzip`"),
    exporter("otlp: {endpoint: \"a:1\", compression: zst}",
             "f:3:40: exporters.otlp.compression: found the text `zst`, expected `none`, `gzip`, "
             "`zstd` or `snappy` (did you mean `zstd`?)"),
    exporter("otlp: {endpoint: \"a:1\", headers: {k: 5}}",
             "f:3:40: exporters.otlp.headers.k: found a value of another type, expected text"),
    exporter(
        "otlp: {endpoint: \"a:1\", sending_queue: {num_consumers: 0}}",
        "f:3:58: exporters.otlp.sending_queue.num_consumers: found the number `0`, expected 1 to "
        "1024"),
    exporter(
        "otlp: {endpoint: \"a:1\", retry_on_failure: {multiplier: 0.5}}",
        "f:3:58: exporters.otlp.retry_on_failure.multiplier: found the number `0.5`, expected at "
        "least 1"),
    exporter("otlphttp: {endpoint: \"tempo:4318\"}",
             "f:3:24: exporters.otlphttp.endpoint: found `tempo:4318`, expected a URL such as "
             "`https://tempo:4318`"),
    exporter("otlphttp: {}",
             "f:3:13: exporters.otlphttp: found no endpoint, expected `endpoint` or "
             "one for a signal"),
    exporter(
        "otlphttp: {endpoint: \"http://a\", encoding: xml}",
        "f:3:46: exporters.otlphttp.encoding: found the text `xml`, expected `proto` or `json`"),
    exporter(
        "debug: {verbosity: loud}",
        "f:3:22: exporters.debug.verbosity: found the text `loud`, expected `basic`, `normal` or "
        "`detailed`"),
    exporter(
        "file: {path: a, append: true, rotation: {}}",
        "f:3:27: exporters.file.append: found it beside `rotation`, expected one of them: with "
        "rotation the file is gone on with in any case"),
    exporter("file: {path: \"\"}", "f:3:16: exporters.file.path: found nothing, expected text"),
    exporter("nop: {}", "f:4:3: nop: the key is given twice; first on line 3"),
    exporter("nop / x: {endpoint: x}", "f:3:13: exporters.nop/x.endpoint: found an unknown option, "
                                       "expected `drain` or `start_at`"),
    exporter("file/a b: {path: x}",
             "f:3:3: exporters.file/a b: found the id `file/a b`, expected a "
             "name without blanks and symbols behind `/`"),
    // -- processors --
    processor("attributes: {}",
              "f:5:15: processors.attributes.actions: found no actions, expected at least one"),
    processor("attributes: {actions: [{key: k, action: remove}]}",
              "f:5:43: processors.attributes.actions[0].action: found the text `remove`, expected "
              "`insert`, "
              "`update`, `upsert`, `delete`, `hash`, `extract` or `convert`"),
    processor("attributes: {actions: [{key: k, action: delete}, {key: k, action: insert}]}",
              "f:5:52: processors.attributes.actions[1]: `insert` found no value, expected one of "
              "`value`, `from_attribute` and `from_context`"),
    processor("attributes: {actions: [{key: k, action: extract, pattern: \"(?P<x>((a{99}){99}){99})"
              "\"}]}",
              "f:5:26: processors.attributes.actions[0]: invalid regex "
              "`(?P<x>((a{99}){99}){99})`: invalid repetition size: {99}"),
    processor("span: {}",
              "f:5:9: processors.span: found nothing to do, expected `name.from_attributes`, "
              "`name.to_attributes` or `status`"),
    processor(
        "redaction: {url_sanitizer: {enabled: true}}",
        "f:5:30: processors.redaction.url_sanitizer: found an option that does not work here: "
        "URLs are not taken apart; `blocked_values` masks by regex"),
    processor("probabilistic_sampler: {sampling_precision: 15}",
              "f:5:47: processors.probabilistic_sampler.sampling_precision: found the number `15`, "
              "expected 1 to 14"),
    processor("batch: {send_batch_max_size: 10}",
              "f:5:32: processors.batch.send_batch_max_size: it is below `send_batch_size`"),
    processor("batch: {timeout: 1w}", "f:5:20: processors.batch.timeout: found the text `1w`, "
                                      "expected a duration such as `5s`"),
    processor(
        "memory_limiter: {limit_mib: 10}",
        "f:5:19: processors.memory_limiter.check_interval: found nothing, expected a duration "
        "such as `5s`"),
    processor("memory_limiter: {check_interval: 0s, limit_mib: 1}",
              "f:5:36: processors.memory_limiter.check_interval: found the text `0s`, expected at "
              "least 1ms"),
    processor("memory_limiter: {check_interval: 1s}",
              "f:5:19: processors.memory_limiter: found no limit, expected `limit_mib` or "
              "`limit_percentage`"),
    // -- policies --
    processor("tail_sampling: {}", "f:5:18: processors.tail_sampling.policies: found no policies, "
                                   "expected at least one"),
    processor("tail_sampling: {policies: [{name: a, type: always_sample}, {name: a, type: "
              "always_sample}]}",
              "f:5:29: processors.tail_sampling.policies: found two policies with the name `a`, "
              "expected different names"),
    policy(
        "type: latencey",
        "f:5:46: processors.tail_sampling.policies[0].type: found the text `latencey`, expected "
        "`always_sample`, `latency`, `numeric_attribute`, `string_attribute`, `boolean_attribute`, "
        "`probabilistic`, `status_code`, `span_count`, `trace_state`, `trace_flags`, "
        "`rate_limiting`, `bytes_limiting`, `ottl_condition`, `and`, `not`, `drop`, `composite`, "
        "`dynamic` or `intelligent` (did you mean `latency`?)"),
    policy(
        "type: latency, latency: {threshold: 5}",
        "f:5:65: processors.tail_sampling.policies[0].latency.threshold: found an unknown option "
        "(did you mean `threshold_ms`?)"),
    policy(
        "type: status_code, status_code: {status_codes: [FAIL]}",
        "f:5:88: processors.tail_sampling.policies[0].status_code.status_codes[0]: found the text "
        "`FAIL`, expected `OK`, `ERROR` or `UNSET`"),
    policy("type: and",
           "f:5:30: processors.tail_sampling.policies[0]: found no sub policies, expected "
           "at least one"),
    // -- pipelines --
    pipelines("trace: {receivers: [otlp], exporters: [nop]}",
              "f:5:15: service.pipelines.trace: found `trace`, expected `traces`, `metrics` or "
              "`logs`, with `/name` behind it where there are several (did you mean `traces`?)"),
    pipelines("traces: {receivers: [otpl], exporters: [nop]}",
              "f:5:36: service.pipelines.traces.receivers[0]: found `otpl`, which is not in "
              "`receivers` (did you mean `otlp`?)"),
    pipelines("traces: {receivers: [otlp]}", "f:5:15: service.pipelines.traces.exporters: found no "
                                             "exporter, expected at least one"),
    pipelines("traces: {receivers: [otlp], exporters: [nop], processors: [batch, batch]}",
              "f:5:81: service.pipelines.traces.processors[1]: the processor `batch` stands here "
              "twice"),
    pipelines(
        "metrics: {receivers: [otlp], exporters: [nop], processors: [tail_sampling]}",
        "f:5:75: service.pipelines.metrics.processors[0]: found tail_sampling, expected it in a "
        "traces pipeline alone"),
    {otlp + nop
         + "service: {extensions: [health_chek], pipelines: {traces: {receivers: [otlp], "
           "exporters: [nop]}}}\n",
     "f:3:24: service.extensions[0]: found `health_chek`, which is not in `extensions`"},
    // -- Weir's own blocks --
    block("storage: {max_bytes: 10 gigs}", "f:4:22: storage.max_bytes: found the text `10 gigs`, "
                                           "expected a size such as `256MiB`"),
    block("storage: {max_bytes: 63MiB}",
          "f:4:22: storage.max_bytes: found the text `63MiB`, expected at least 64MiB"),
    block("storage: {dead_letters: {retention: 0s}}",
          "f:4:37: storage.dead_letters.retention: found the text `0s`, expected at least 1s"),
    block("storage: {overflow: block}",
          "f:4:21: storage.overflow: found the text `block`, expected "
          "`refuse` or `drop_oldest`"),
    block("storage: {journal: {commit_interval: 2s}}",
          "f:4:38: storage.journal.commit_interval: found the text `2s`, expected at most 1s"),
    block("sampling: {window_memory: -5}", "f:4:27: sampling.window_memory: found the number `-5`, "
                                           "expected a size such as `256MiB`"),
    block("admin: {endpoint: \"13134\"}",
          "f:4:19: admin.endpoint: found `13134`, expected host:port "
          "such as `0.0.0.0:4317`"),
};

} // namespace

// Scenario: a file with one fault. Guarantee: exactly one error, with place, path, what was found
// and what was expected.
BOOST_DATA_TEST_CASE(each_fault_has_its_message, one_fault, sample) {
  BOOST_TEST(test::errors_of(sample.text) == std::vector{sample.message},
             boost::test_tools::per_element());
}

// Scenario: many faults in one file. Guarantee: all are said in one go, in the order of the file.
BOOST_AUTO_TEST_CASE(all_faults_are_said_at_once) {
  const auto errors = test::errors_of("receivers:\n"
                                      "  otlp: {protocols: {grpc: {endpoint: 1}}}\n"
                                      "exporters:\n"
                                      "  nop: {}\n"
                                      "  otlp: {timeout: x}\n"
                                      "service:\n"
                                      "  pipelines:\n"
                                      "    traces: {receivers: [otlp], exporters: [nope]}\n");
  BOOST_TEST(
      errors
          == (std::vector<std::string>{
              "f:2:39: receivers.otlp.protocols.grpc.endpoint: found the number `1`, expected text",
              "f:5:9: exporters.otlp.endpoint: found nothing, expected text",
              "f:5:19: exporters.otlp.timeout: found the text `x`, expected a duration such as "
              "`5s`",
              "f:8:45: service.pipelines.traces.exporters[0]: found `nope`, which is not in "
              "`exporters` (did you mean `nop`?)",
          }),
      boost::test_tools::per_element());
}

// Scenario: a secret of the wrong type, and a policy that does not compile. Guarantee: the secret
// is in no message; the policy's place is told.
BOOST_AUTO_TEST_CASE(secrets_stay_out_of_messages) {
  const auto errors = test::errors_of(
      test::minimal(
          "extensions: {}\nprocessors: {tail_sampling: {policies: [{name: p, type: "
          "string_attribute, "
          "string_attribute: {key: k, values: [\"(\"], enabled_regex_matching: true}}]}}\n")
      + "admin: {endpoint: 123456789}\n");
  BOOST_REQUIRE_EQUAL(errors.size(), 2u);
  BOOST_TEST(errors[0].find("f:5:41: processors.tail_sampling.policies[0]: ") == 0u);
}

// Scenario: TLS files that cannot be read, of a receiver in use and of an exporter that no pipeline
// names. Guarantee: only what is in use is an error.
BOOST_AUTO_TEST_CASE(files_in_use_have_to_be_readable) {
  auto env = test::variables();
  env.unreadable = [](const std::string&) { return std::string("No such file or directory"); };
  const auto errors = test::errors_of(
      "receivers: {otlp: {protocols: {grpc: {tls: {cert_file: c.pem, key_file: k.pem}}}}}\n"
      "exporters: {nop: {}, otlp: {endpoint: \"a:1\", tls: {ca_file: ca.pem}}}\n"
          + one_pipeline,
      env);
  BOOST_TEST(
      errors
          == (std::vector<std::string>{
              "f:1:56: receivers.otlp.protocols.grpc.tls.cert_file: the file `c.pem` cannot be "
              "read: No such file or directory",
              "f:1:73: receivers.otlp.protocols.grpc.tls.key_file: the file `k.pem` cannot be "
              "read: No such file or directory",
          }),
      boost::test_tools::per_element());
}

namespace {

/// A file whose pipelines use these.
std::string using_types(const std::string& components, const std::string& pipelines) {
  return "receivers:\n  otlp: {protocols: {grpc: }}\n" + components + "service:\n  pipelines:\n"
         + pipelines;
}

} // namespace

// Scenario: types that the Collector has and Weir does not, in both spellings, of every kind.
// Guarantee: they are said to be such, and nothing is offered in their place; a typing error is.
BOOST_AUTO_TEST_CASE(the_collectors_types_are_known_by_name) {
  struct {
    const char *section, *word, *type;
  } const missing[]{
      {"receivers", "receiver", "prometheus"},
      {"receivers", "receiver", "zipkin"},
      {"receivers", "receiver", "hostmetrics"},
      {"receivers", "receiver", "host_metrics"},
      {"processors", "processor", "k8sattributes"},
      {"processors", "processor", "k8s_attributes"},
      {"processors", "processor", "resourcedetection"},
      {"processors", "processor", "groupbytrace"},
      {"exporters", "exporter", "prometheus"},
      {"exporters", "exporter", "datadog"},
      {"exporters", "exporter", "splunk_hec"},
  };
  for (const auto& [section, word, type] : missing) {
    const std::string kind = section;
    const auto section_of = [&](const char* key, const char* usual) {
      return kind == key ? std::string(type) : std::string(usual);
    };
    auto text = "receivers:\n  otlp: {protocols: {grpc: }}\n"
                + (kind == "receivers" ? fmt::format("  {}:\n", type) : std::string())
                + "exporters:\n  nop:\n"
                + (kind == "exporters" ? fmt::format("  {}:\n", type) : std::string())
                + (kind == "processors" ? fmt::format("processors:\n  {}:\n", type) : std::string())
                + fmt::format(
                    "service: {{pipelines: {{traces: {{receivers: [{}], exporters: [{}]{}}}}}}}\n",
                    section_of("receivers", "otlp"), section_of("exporters", "nop"),
                    kind == "processors" ? fmt::format(", processors: [{}]", type) : "");
    const auto errors = test::errors_of(text);
    BOOST_REQUIRE_EQUAL(errors.size(), 1u);
    BOOST_TEST(errors[0].find(fmt::format("{}.{}: found the {} type `{}`, which the Collector has "
                                          "and Weir does not",
                                          section, type, word, type))
                   != std::string::npos,
               errors[0]);
    BOOST_TEST(errors[0].find("did you mean") == std::string::npos, errors[0]);
  }
  const auto typo = test::errors_of(test::minimal("processors: {atributes: {}}\n"));
  BOOST_REQUIRE_EQUAL(typo.size(), 1u);
  BOOST_TEST(typo[0].find("(did you mean `attributes`?)") != std::string::npos);
  const auto balanced =
      test::errors_of(using_types("exporters: {loadbalancing: }\n",
                                  "    traces: {receivers: [otlp], exporters: [loadbalancing]}\n"));
  BOOST_REQUIRE_EQUAL(balanced.size(), 1u);
  BOOST_TEST(balanced[0].find("`weir config convert`") != std::string::npos);
}

// Scenario: connectors that Weir does not have, between pipelines. Guarantee: each is one error, where
// it is defined, and one that nothing uses is a warning.
BOOST_AUTO_TEST_CASE(connectors_are_named_once) {
  const auto text = using_types("exporters: {nop: }\nconnectors:\n  datadog:\n  failover/a:\n"
                                "  sum:\n",
                                "    traces: {receivers: [otlp], exporters: [datadog, nop]}\n"
                                "    traces/b: {receivers: [otlp], exporters: [failover/a]}\n"
                                "    traces/c: {receivers: [failover/a], exporters: [datadog]}\n"
                                "    metrics: {receivers: [datadog], exporters: [nop]}\n"
                                "    metrics/b: {receivers: [datadog, otlp], exporters: [nop]}\n"
                                "    logs: {receivers: [failover/a], exporters: [nop]}\n");
  const auto loaded = load_config(text, test::variables());
  BOOST_REQUIRE(!loaded);
  BOOST_TEST(test::texts(loaded.error().errors)
                 == (std::vector<std::string>{
                     "f:5:3: connectors.datadog: found the connector type `datadog`, which the "
                     "Collector has and Weir does not",
                     "f:6:3: connectors.failover/a: found the connector type `failover`, which the "
                     "Collector has and Weir does not",
                 }),
             boost::test_tools::per_element());
  const auto warnings = test::texts(loaded.error().warnings);
  BOOST_TEST(std::count_if(warnings.begin(), warnings.end(),
                           [](const auto& line) {
                             return line.find("connectors.sum: ") != std::string::npos
                                    && line.find("not read, as nothing uses it")
                                           != std::string::npos;
                           })
             == 1);
}

// Scenario: limits of spans and of what is around them that are each in their range, and larger than what
// was once allowed. Guarantee: together they fit into an entry of the journal, or it is an error.
BOOST_AUTO_TEST_CASE(limits_fit_into_an_entry) {
  const auto errors = [](const std::string& limits) {
    return test::errors_of(otlp + nop + "service: {limits: {" + limits
                           + "}, pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}\n");
  };
  BOOST_TEST(errors("max_span_bytes: 1984KiB, max_envelope_bytes: 1000KiB").empty());
  BOOST_TEST(errors("max_span_bytes: 3MiB, max_envelope_bytes: 256KiB").empty());
  const auto together = errors("max_span_bytes: 3MiB");
  BOOST_REQUIRE_EQUAL(together.size(), 1u);
  BOOST_TEST(
      together[0].find("service.limits.max_span_bytes: found 3MiB, expected at most 1984KiB: "
                       "with a resource and a scope of 1MiB each a span has to fit into 4032KiB")
          != std::string::npos,
      together[0]);
  BOOST_TEST(errors("max_span_bytes: 8MiB").size() == 1u);
  BOOST_TEST(errors("max_envelope_bytes: 2MiB").size() == 1u);
}

// Scenario: thousands of unknown keys. Guarantee: a bounded number of errors, soon.
BOOST_AUTO_TEST_CASE(errors_are_bounded) {
  std::string text = test::minimal("storage:\n");
  for (int i = 0; i < 20'000; ++i)
    text += "  key" + std::to_string(i) + ": 1\n";
  BOOST_TEST(test::errors_of(text).size() <= 100u);
}

BOOST_AUTO_TEST_SUITE_END()
