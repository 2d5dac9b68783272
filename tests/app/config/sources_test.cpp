#include "app/config/sources.hpp"

#include "support.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(sources_test)

using namespace weir;
using namespace weir::app;

namespace {

const std::string base = test::minimal();

environment with_files(std::map<std::string, std::string> files,
                       std::map<std::string, std::string> set = {}) {
  auto env = test::variables(std::move(set));
  env.file = [files = std::move(files)](const std::string& path) -> result<std::string> {
    const auto found = files.find(path);
    if (found == files.end())
      return fail(errc::not_found, path + ": No such file or directory");
    return found->second;
  };
  return env;
}

tl::expected<loaded_config, diagnostics> load(const std::vector<config_source>& sources,
                                              const environment& env = test::variables()) {
  return load_config(sources, env);
}

node_config good(const std::vector<config_source>& sources) {
  auto loaded = load(sources);
  BOOST_REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.error().errors[0].message));
  return loaded->config;
}

std::vector<std::string> errors(const std::vector<config_source>& sources,
                                const environment& env = test::variables()) {
  const auto loaded = load(sources, env);
  std::vector<std::string> all;
  if (!loaded)
    for (const auto& d : loaded.error().errors)
      all.push_back(to_text(d, loaded.error().sources));
  return all;
}

} // namespace

// Scenario: a second source sets an option inside a map, replaces a list, and gives a null where a
// map was. Guarantee: maps are merged, lists replaced, a null erases what came before.
BOOST_AUTO_TEST_CASE(later_sources_win) {
  const auto c = good({{"a", base + "storage: {directory: one, max_bytes: 1GiB, retention: 1h}\n"},
                       {"b", "storage: {directory: two, journal: {max_entry_bytes: 1MiB}}\n"
                             "exporters: {file: {path: x}}\n"
                             "service: {pipelines: {traces: {exporters: [file]}}}\n"}});
  BOOST_TEST(c.storage.database.directory == "two");
  BOOST_TEST(c.storage.database.max_bytes == 1u << 30);
  BOOST_TEST(c.storage.journal.max_entry_bytes == 1u << 20);
  BOOST_REQUIRE_EQUAL(c.exporters.size(), 1u);
  BOOST_TEST(c.exporters[0].id == "file");
  BOOST_TEST(good({{"a", base + "storage: {directory: one}\n"}, {"b", "storage:\n"}})
                 .storage.database.directory
             == "./weir-data");
  BOOST_TEST(good({{"a", base}, {"b", ""}, {"c", "# nothing\n"}}).pipelines.size() == 1u);
}

// Scenario: errors in several sources, one of them in a value that came later. Guarantee: each
// names its own source, line and column; they come in the order of the sources.
BOOST_AUTO_TEST_CASE(errors_name_their_source) {
  const auto found = errors({{"a.yaml", base + "storge: {}\nstorage: {directory: x}\n"},
                             {"b.yaml", "\nstorage: {retention: 5}\n"},
                             {"--set storage.fsync", "storage::fsync: maybe", false}});
  BOOST_REQUIRE_EQUAL(found.size(), 3u);
  BOOST_TEST(found[0] == "a.yaml:4:1: storge: found an unknown option (did you mean `storage`?)");
  BOOST_TEST(found[1].starts_with("b.yaml:2:22: storage.retention: found the number `5`"),
             found[1]);
  BOOST_TEST(found[2].starts_with("--set storage.fsync: storage.fsync: found the text `maybe`"),
             found[2]);
  const auto broken = errors({{"a.yaml", base}, {"b.yaml", "a: [\n"}, {"c.yaml", "text\n"}});
  BOOST_REQUIRE_EQUAL(broken.size(), 2u);
  BOOST_TEST(broken[0].starts_with("b.yaml:2:1: not YAML: "), broken[0]);
  BOOST_TEST(broken[1].starts_with("c.yaml:1:1: found the text `text`, expected a map"), broken[1]);
}

// Scenario: keys with `::`, as `--config yaml:` has them. Guarantee: they are paths.
BOOST_AUTO_TEST_CASE(double_colons_are_paths) {
  const auto c = good({{"a", base},
                       {"yaml", "storage::directory: d"},
                       {"yaml", "receivers::otlp::protocols::grpc::endpoint: '[::1]:0'"}});
  BOOST_TEST(c.storage.database.directory == "d");
  BOOST_TEST(c.receivers[0].listeners[0].endpoint == "[::1]:0");
}

// Scenario: what --config and --set can name. Guarantee: files, variables and texts, in their
// order, settings last.
BOOST_AUTO_TEST_CASE(arguments_become_sources) {
  const auto env = with_files({{"weir.yaml", "a: 1"}, {"b.yaml", "b: 1"}}, {{"CONF", "c: 1"}});
  const auto read =
      read_sources({"weir.yaml", "file:b.yaml", "env:CONF", "yaml:d::e: 1"},
                   {"exporters.otlp/x.headers={a: b}", "f.g= text=with=equals "}, env);
  BOOST_REQUIRE(read);
  const std::vector<std::pair<std::string, std::string>> expected{
      {"weir.yaml", "a: 1"},
      {"b.yaml", "b: 1"},
      {"env:CONF", "c: 1"},
      {"yaml", "d::e: 1"},
      {"--set exporters.otlp/x.headers", "exporters::otlp/x::headers: {a: b}"},
      {"--set f.g", "f::g:  text=with=equals "},
  };
  BOOST_REQUIRE_EQUAL(read->size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    BOOST_TEST((*read)[i].name == expected[i].first);
    BOOST_TEST((*read)[i].text == expected[i].second);
  }
}

// Scenario: arguments that name nothing. Guarantee: one error that says what was expected; the
// value of a setting is never shown.
BOOST_AUTO_TEST_CASE(bad_arguments_are_errors) {
  const auto env = with_files({});
  const auto refusal = [&](std::vector<std::string> configs, std::vector<std::string> settings) {
    const auto read = read_sources(configs, settings, env);
    return read ? std::string("nothing") : read.error().message;
  };
  BOOST_TEST(refusal({"no.yaml"}, {}) == "no.yaml: No such file or directory");
  BOOST_TEST(refusal({"env:NO"}, {}) == "the environment variable `NO` is not set");
  BOOST_TEST(refusal({"https://x/y"}, {})
             == "found the source `https` in `https://x/y`, expected a path, or `file:`, `env:` or "
                "`yaml:` with what is meant behind it");
  for (const auto* setting : {"key", "=secret", ".a=secret", "a.=secret", "a..b=secret"}) {
    const auto text = refusal({}, {setting});
    BOOST_TEST(text.find("expected key=value") != std::string::npos, text);
    BOOST_TEST(text.find("secret") == std::string::npos, text);
  }
  BOOST_TEST(refusal(std::vector<std::string>(101, "yaml:a: 1"), {})
             == "found 101 configurations and settings, expected at most 100");
}

// Scenario: `${file:...}` and `${yaml:...}`, whole and inside a text, with references of their own.
// Guarantee: what is put in has its type and its own places; the last line end of a text is gone.
BOOST_AUTO_TEST_CASE(files_are_put_in) {
  const auto env = with_files({{"storage.yaml", "directory: ${env:DIR}/x\nretention: ${yaml:2h}\n"},
                               {"token", "s3cret%\n"},
                               {"endpoint", "localhost:1\n"},
                               {"bad.yaml", "directory: d\nfsnc: true\n"}},
                              {{"DIR", "/data"}});
  const auto text = test::minimal("storage: ${file:storage.yaml}\n"
                                  "extensions: {health_check: {endpoint: '${file:endpoint}2', "
                                  "response_body: {healthy: '${file:token}'}}}\n");
  const config_source source{"weir.yaml", text};
  const auto loaded = load_config(std::span(&source, 1), env);
  BOOST_REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.error().errors[0].message));
  BOOST_TEST(loaded->config.storage.database.directory == "/data/x");
  BOOST_TEST((loaded->config.storage.retention == std::chrono::hours(2)));
  const auto& health = std::get<health_check_shape>(loaded->source.extensions.at(0).config);
  BOOST_TEST(health.v1.endpoint == "localhost:12");
  BOOST_TEST(health.v1.healthy_body == "s3cret%");
  const auto found = errors({{"weir.yaml", test::minimal("storage: ${file:bad.yaml}\n")}}, env);
  BOOST_REQUIRE_EQUAL(found.size(), 1u);
  BOOST_TEST(found[0]
             == "bad.yaml:2:1: storage.fsnc: found an unknown option (did you mean `fsync`?)");
  const auto missing = errors({{"weir.yaml", test::minimal("storage: ${file:no.yaml}\n")}}, env);
  BOOST_REQUIRE_EQUAL(missing.size(), 1u);
  BOOST_TEST(missing[0]
             == "weir.yaml:4:10: storage: `${file:...}`: no.yaml: No such file or directory");
}

// Scenario: files that put each other in, one of them twice a time. Guarantee: one error at the
// depth that is allowed, in bounded time.
BOOST_AUTO_TEST_CASE(files_in_a_circle_end) {
  const auto env = with_files({{"a", "x: ${file:b}\n"},
                               {"b", "y: ${file:a}\n"},
                               {"twice", "[\"${file:twice}\", \"${file:twice}\"]\n"},
                               {"text", "a${file:text}"}});
  for (const auto* file : {"a", "twice", "text"}) {
    const auto found =
        errors({{"weir.yaml", test::minimal("storage: ${file:" + std::string(file) + "}\n")}}, env);
    BOOST_TEST(std::count_if(found.begin(), found.end(),
                             [](const auto& e) {
                               return e.find("references stand in each other more than 16 deep")
                                      != std::string::npos;
                             })
                   == 1,
               file);
  }
}

BOOST_AUTO_TEST_SUITE_END()
