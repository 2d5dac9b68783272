#include "support.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(legacy_test)

using namespace weir::app;

namespace {

struct shape {
  std::string text; ///< Of a whole file.
  std::string path;
  std::string modern; ///< What its warning says to write, or why it has no effect.
};

std::string with_processors(const std::string& processors, const std::string& ids) {
  return "receivers: {otlp: {protocols: {grpc: }}}\nexporters: {nop: }\nprocessors: {" + processors
         + "}\nservice: {pipelines: {traces: {receivers: [otlp], processors: [" + ids
         + "], exporters: [nop]}}}\n";
}

std::string out_as(const std::string& exporter, const std::string& body) {
  return "receivers: {otlp: {protocols: {grpc: }}}\nexporters: {" + exporter + ": {" + body
         + "}}\nservice: {pipelines: {traces: {receivers: [otlp], exporters: [" + exporter
         + "]}}}\n";
}

const std::vector<shape> shapes{
    {out_as("otlp", "endpoint: 'a:1', insecure: true"), "exporters.otlp.insecure",
     "write `exporters.otlp.tls.insecure`"},
    {test::minimal().replace(test::minimal().find("grpc: {}"), 8,
                             "http: {cors_allowed_origins: ['*']}"),
     "receivers.otlp.protocols.http.cors_allowed_origins",
     "write `receivers.otlp.protocols.http.cors.allowed_origins`"},
    {test::minimal().replace(test::minimal().find("grpc: {}"), 8,
                             "grpc: {tls_settings: {cert_file: c, key_file: k}}"),
     "receivers.otlp.protocols.grpc.tls_settings", "write `receivers.otlp.protocols.grpc.tls`"},
    {with_processors("memory_limiter: {check_interval: 1s, limit_mib: 100, ballast_size_mib: 50}",
                     "memory_limiter"),
     "processors.memory_limiter.ballast_size_mib", "no effect"},
    {"receivers: {otlp: {protocols: {grpc: }}}\nexporters: {nop: }\n"
     "extensions: {memory_ballast: {size_mib: 64}}\n"
     "service: {extensions: [memory_ballast], pipelines: {traces: {receivers: [otlp], exporters: "
     "[nop]}}}\n",
     "extensions.memory_ballast", "no effect"},
};

std::vector<diagnostic> found(const std::string& text, spelling mode, bool errors) {
  const config_source source{"f", text};
  auto loaded = load_config(std::span(&source, 1), test::variables(), mode);
  if (loaded)
    return errors ? std::vector<diagnostic>{} : test::but_for_storage(loaded->warnings);
  return errors ? loaded.error().errors : test::but_for_storage(loaded.error().warnings);
}

} // namespace

// Scenario: each shape that the Collector gave up. Guarantee: it loads with one warning that has
// the old path and today's; with strict spelling it is an error with the same text.
BOOST_AUTO_TEST_CASE(old_shapes_are_read_or_refused) {
  for (const auto& s : shapes) {
    BOOST_TEST_CONTEXT(s.path) {
      BOOST_TEST(found(s.text, spelling::lenient, true).empty());
      const auto warnings = found(s.text, spelling::lenient, false);
      BOOST_REQUIRE_EQUAL(warnings.size(), 1u);
      BOOST_TEST(warnings[0].path == s.path);
      BOOST_TEST(warnings[0].message.find(s.modern) != std::string::npos, warnings[0].message);
      const auto errors = found(s.text, spelling::strict, true);
      BOOST_REQUIRE_EQUAL(errors.size(), 1u);
      BOOST_TEST((errors[0].path == s.path && errors[0].message == warnings[0].message));
    }
  }
}

// Scenario: an old shape and print-config. Guarantee: the modern spelling is printed, which loads
// without a warning, strictly too.
BOOST_AUTO_TEST_CASE(the_modern_form_is_printed) {
  for (const auto& s : shapes) {
    const config_source source{"f", s.text};
    const auto loaded = load_config(std::span(&source, 1), test::variables());
    BOOST_REQUIRE(loaded);
    const auto printed = print_document(loaded->source);
    BOOST_TEST(found(printed, spelling::strict, true).empty(), s.path << "\n" << printed);
    for (const auto& warning : found(printed, spelling::strict, false))
      BOOST_TEST(warning.path == "admin", s.path << ": " << warning.message);
  }
}

// Scenario: the metrics address of old files, also with an IPv6 host. Guarantee: read as a reader,
// with a warning and no error in either spelling.
BOOST_AUTO_TEST_CASE(the_metrics_address_becomes_a_reader) {
  for (const auto* address : {"0.0.0.0:8888", "[::1]:9999", ":7777"}) {
    auto text = test::minimal();
    text.insert(text.rfind('}'),
                std::string(", telemetry: {metrics: {address: \"") + address + "\"}}");
    const config_source source{"f", text};
    for (const auto mode : {spelling::lenient, spelling::strict}) {
      const auto loaded = load_config(std::span(&source, 1), test::variables(), mode);
      BOOST_REQUIRE(loaded);
      BOOST_TEST(loaded->config.telemetry.metrics_endpoints.at(0) == address);
      const auto warnings = test::but_for_storage(loaded->warnings);
      BOOST_REQUIRE_EQUAL(warnings.size(), 1u);
      BOOST_TEST(warnings[0].path == "service.telemetry.metrics.address");
    }
  }
}

// Scenario: the logging exporter and its loglevel. Guarantee: read as debug, each with a warning;
// `verbosity` wins where both are there; a level that never was is an error.
BOOST_AUTO_TEST_CASE(loglevel_becomes_verbosity) {
  const auto warnings = found(out_as("logging", "loglevel: warn"), spelling::lenient, false);
  BOOST_REQUIRE_EQUAL(warnings.size(), 2u);
  BOOST_TEST(warnings[0].message.find("write `debug`") != std::string::npos);
  BOOST_TEST(warnings[1].path == "exporters.logging.loglevel");
  BOOST_TEST(warnings[1].message.find("write `verbosity: basic`") != std::string::npos);
  BOOST_TEST(found(out_as("logging", "loglevel: debug, verbosity: basic"), spelling::lenient, true)
                 .empty());
  BOOST_TEST(found(out_as("logging", "loglevel: warn"), spelling::strict, true).size() == 2u);
  BOOST_TEST(found(out_as("logging", "loglevel: loud"), spelling::lenient, true).size() == 1u);
}

// Scenario: options that never were the Collector's, with strict spelling. Guarantee: errors with a
// hint; else they are read with a warning.
BOOST_AUTO_TEST_CASE(own_dialect_is_not_strict) {
  const auto text = with_processors("span: {attributes: [{key: a, action: hash_sha256}]}, "
                                    "resource: {attributes: [{key: b, action: "
                                    "hash_sha256}]}",
                                    "span, resource");
  BOOST_TEST(found(text, spelling::lenient, true).empty());
  BOOST_TEST(found(text, spelling::lenient, false).size() == 3u);
  const auto errors = found(text, spelling::strict, true);
  BOOST_REQUIRE_EQUAL(errors.size(), 3u);
  BOOST_TEST(errors[0].message.find("write") != std::string::npos);
}

// Scenario: what the Collector removed without a successor here. Guarantee: an error with a hint.
BOOST_AUTO_TEST_CASE(removed_processors_are_errors) {
  const auto errors = found(with_processors("queued_retry: {num_workers: 4}", "queued_retry"),
                            spelling::lenient, true);
  BOOST_REQUIRE(!errors.empty());
  BOOST_TEST(errors[0].path == "processors.queued_retry");
  BOOST_TEST(errors[0].message.find("sending_queue") != std::string::npos);
}

// Scenario: old shapes where something else than a map stands. Guarantee: the usual error, no more.
BOOST_AUTO_TEST_CASE(odd_shapes_are_survived) {
  for (const auto* text :
       {"exporters: [1]\n", "exporters: {otlp: 5}\n", "receivers: {otlp: {protocols: 1}}\n",
        "exporters: {otlp: {insecure: true, tls: 5}}\n", "service: 5\n",
        "service: {telemetry: {metrics: [address]}}\n", "extensions: 7\n"})
    BOOST_TEST(!found(text, spelling::lenient, true).empty(), text);
}

BOOST_AUTO_TEST_SUITE_END()
