#include "support.hpp"
#include "tests/support/source_dir.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

BOOST_AUTO_TEST_SUITE(print_test)

using namespace weir::app;
namespace fs = std::filesystem;

namespace {

const fs::path root = weir::test::source_dir();

std::string contents(const fs::path& file) {
  std::ifstream stream(file);
  std::ostringstream out;
  out << stream.rdbuf();
  return out.str();
}

std::string printed(const std::string& text) {
  const auto loaded = load_config(text, test::variables());
  if (!loaded)
    for (const auto& line : test::texts(loaded.error().errors))
      BOOST_ERROR(line);
  return loaded ? print_document(loaded->source) : std::string{};
}

const std::string with_secrets = R"(
receivers:
  otlp:
    protocols:
      grpc: {tls: {cert_pem: CERT, key_pem: s3cret-key}}
      http: {response_headers: {x-token: s3cret-answer}}
exporters:
  otlp: {endpoint: "a:1", headers: {authorization: "Bearer s3cret-token"}, tls: {cert_pem: C, key_pem: s3cret-pem}}
  otlphttp: {endpoint: "https://user:s3cret-pass@host/p", proxy_url: "http://u:s3cret-proxy@p:1"}
  file: {path: "/tmp/$$x: #5"}
service: {pipelines: {traces: {receivers: [otlp], exporters: [otlp, otlphttp, file]}}}
)";

} // namespace

// Scenario: print-config of a file full of secrets. Guarantee: none of them is printed, all else
// is.
BOOST_AUTO_TEST_CASE(secrets_are_masked) {
  const auto text = printed(with_secrets);
  BOOST_TEST(text.find("s3cret") == std::string::npos, text);
  BOOST_TEST(text.find("authorization: \"[REDACTED]\"") != std::string::npos, text);
  BOOST_TEST(text.find("https://[REDACTED]@host/p") != std::string::npos, text);
  BOOST_TEST(text.find("cert_pem: CERT") != std::string::npos, text);
}

// Scenario: what was printed is loaded again. Guarantee: it loads, and prints the same.
BOOST_AUTO_TEST_CASE(printing_is_stable) {
  for (const auto& text :
       {with_secrets, test::minimal(), contents(root / "examples/quickstart.yaml")}) {
    const auto once = printed(text);
    BOOST_TEST(printed(once) == once);
  }
}

// Scenario: docs/configuration.md against the tables. Guarantee: the file in the tree is what the
// tables say; else run `weir print-config --reference > docs/configuration.md`.
BOOST_AUTO_TEST_CASE(the_reference_is_up_to_date) {
  BOOST_TEST((contents(root / "docs/configuration.md") == print_reference()),
             "docs/configuration.md differs from `weir print-config --reference`");
}

// Scenario: the list in docs/reload.md against the tables. Guarantee: the file in the tree ends in
// what the tables say; else put `weir print-config --reload` there.
BOOST_AUTO_TEST_CASE(the_list_of_reloads_is_up_to_date) {
  BOOST_TEST(contents(root / "docs/reload.md").ends_with("\n\n" + print_reload_reference()),
             "docs/reload.md does not end in what `weir print-config --reload` prints");
}

// Scenario: each file in examples/. Guarantee: it loads, without errors.
BOOST_AUTO_TEST_CASE(examples_load) {
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(root / "examples")) {
    if (entry.path().extension() != ".yaml")
      continue;
    ++files;
    auto env = test::variables();
    env.file = [](const std::string&) { return weir::result<std::string>("s3cret\n"); };
    const auto errors = test::errors_of(contents(entry.path()), env);
    BOOST_TEST(errors.empty(), entry.path() << ": " << (errors.empty() ? "" : errors.front()));
  }
  BOOST_TEST(files > 0u);
}

// Scenario: files that people have, with components that are not there yet. Guarantee: each fails,
// and what is missing is named with its line. Skipped where the files are not.
BOOST_AUTO_TEST_CASE(files_from_the_field_say_what_is_missing) {
  const auto seed = root / "../shared/seed";
  const std::pair<const char*, std::vector<std::string>> files[]{
      {"export-elasticsearch.yaml",
       {"f:21:3: exporters.elasticsearch: found the exporter type `elasticsearch`, which is not "
        "there "
        "yet"}},
      {"export-influxdb.yaml",
       {"f:21:3: exporters.influxdb: found the exporter type `influxdb`, which is not there yet"}},
      {"tracezip.yaml",
       {"f:11:3: processors.tracezip: found the processor type `tracezip`, which is not there yet",
        "f:21:3: exporters.jaeger: found the exporter type `jaeger`, which is not there yet"}},
      {"security-enhanced.yaml",
       {"f:1:1: service.pipelines: found no pipelines, expected at least one"}},
  };
  for (const auto& [name, errors] : files) {
    if (!fs::exists(seed / name)) {
      BOOST_TEST_MESSAGE("skipped: " << name << " is not there");
      continue;
    }
    BOOST_TEST_CONTEXT(name)
    BOOST_TEST(test::errors_of(contents(seed / name)) == errors, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_SUITE_END()
