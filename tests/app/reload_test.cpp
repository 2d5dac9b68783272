#include "app/reload.hpp"

#include "app/last_stop.hpp"
#include "app/reload_command.hpp"
#include "tests/app/config/support.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(reload_test)

using namespace weir::app;
namespace fs = std::filesystem;

namespace {

const std::string usual = R"(
receivers: {otlp: {protocols: {grpc: {endpoint: "localhost:4317"}}}}
processors: {tail_sampling: {policies: [{name: all, type: always_sample}]}}
exporters: {nop: }
service: {pipelines: {traces: {receivers: [otlp], processors: [tail_sampling], exporters: [nop]}}}
storage: {directory: data}
)";

loaded_config loaded(std::vector<config_source> sources) {
  auto done = load_config(sources, test::variables());
  if (!done)
    for (const auto& line : test::texts(done.error().errors))
      BOOST_ERROR(line);
  return done.value();
}

/// What is in the way of a reload after which `change` holds too, in a node in which `base` does.
std::vector<std::string> lines(const std::string& change, const std::string& base = "") {
  return needs_restart(loaded({{"usual", usual}, {"base", base}}),
                       loaded({{"usual", usual}, {"base", base}, {"change", change}}));
}

std::vector<std::string> restart(const std::vector<std::string>& paths) {
  std::vector<std::string> all;
  for (const auto& path : paths)
    all.push_back(path + ": this cannot change while the node runs, restart it");
  return all;
}

// A pipeline that asks for a header, with tokens for clients and for the back end.
const std::string guarded = R"(
receivers:
  otlp: {protocols: {grpc: {include_metadata: true, auth: {authenticator: bearertokenauth}}}}
extensions: {bearertokenauth: {token: a}, bearertokenauth/out: {token: a}, health_check: }
exporters: {otlp: {endpoint: "h:1", auth: {authenticator: bearertokenauth/out}}}
service:
  extensions: [bearertokenauth, bearertokenauth/out]
  pipelines: {traces: {receivers: [otlp], processors: [tail_sampling], exporters: [otlp]}}
)";

} // namespace

// Scenario: a configuration against itself, and with what a reload can change. Guarantee: nothing
// is in the way.
BOOST_AUTO_TEST_CASE(what_can_change_is_not_named) {
  for (const auto* change : {
           "",
           "processors: {tail_sampling: {decision_wait: 1s, policies: [{name: a, type: "
           "trace_flags}]}}",
           "exporters: {debug: }\nservice: {pipelines: {traces: {exporters: [nop, debug]}}}",
           "service: {pipelines: {metrics: {receivers: [otlp], exporters: [nop]}}}",
           "service: {shutdown_timeout: 1s}",
           "storage: {retention: 1h, overflow: drop_oldest, max_bytes: 1GiB, "
           "dead_letters: {max_bytes: 1MiB, retention: 1h}}",
           "receivers: {otlp/unused: {protocols: {http: }}}",
           "processors: {tail_sampling/b: {policies: [{name: all, type: always_sample}]}}\n"
           "service: {pipelines: {traces: {processors: [tail_sampling/b]}}}",
       })
    BOOST_TEST(lines(change) == restart({}), boost::test_tools::per_element());
}

// Scenario: the token of an extension that only exporters use, and of one that a receiver asks.
// Guarantee: the former can change, the latter is named.
BOOST_AUTO_TEST_CASE(authenticators_are_fixed_for_receivers) {
  BOOST_TEST(lines("extensions: {bearertokenauth/out: {token: b}}", guarded).empty());
  BOOST_TEST(lines("extensions: {bearertokenauth: {token: b}}", guarded)
                 == restart({"extensions.bearertokenauth.token"}),
             boost::test_tools::per_element());
}

// Scenario: parts of a node that come, go or are others. Guarantee: each is named, once.
BOOST_AUTO_TEST_CASE(what_comes_or_goes_is_named) {
  const std::pair<const char*, std::vector<std::string>> fixed[]{
      {"receivers: {otlp/b: {protocols: {http: }}}\nservice: {pipelines: {traces: {receivers: "
       "[otlp/b]}}}",
       {"receivers.otlp (no pipeline uses it any more)",
        "receivers.otlp/b (no pipeline used it before)"}},
      {"receivers: {otlp: {protocols: {http: }}}", {"receivers.otlp.protocols.http"}},
      {"service: {pipelines: {traces: {processors: []}}}",
       {"service.pipelines.traces: tail_sampling"}},
      {"service: {extensions: [bearertokenauth, bearertokenauth/out, health_check]}",
       {"extensions.health_check"}},
      {"processors: {attributes: {actions: [{action: insert, key: k, from_context: metadata.t}]}}\n"
       "service: {pipelines: {traces: {processors: [attributes, tail_sampling]}}}",
       {"receivers.otlp (the headers that it keeps for `from_context`)"}},
      {"processors: {tail_sampling/b: {decision_cache: {sampled_cache_size: 7}, "
       "policies: [{name: all, type: always_sample}]}}\n"
       "service: {pipelines: {traces: {processors: [tail_sampling/b]}}}",
       {"processors.tail_sampling/b.decision_cache.sampled_cache_size"}},
      {"service: {telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: }}}]}}}",
       {"service.telemetry.metrics.readers"}},
  };
  for (const auto& [change, paths] : fixed)
    BOOST_TEST(lines(change, guarded) == restart(paths), boost::test_tools::per_element());
}

// Scenario: an answer is left in a directory that no node works in. Guarantee: it is there as a
// whole, and whoever asks is told that nobody is there.
BOOST_AUTO_TEST_CASE(nobody_answers_where_no_node_works) {
  const weir::test::temporary_directory directory;
  BOOST_TEST(!ask_to_reload(directory.path()).has_value());
  std::ofstream(directory.file("LOCK")) << getpid() << "\n"; // alive, but it has the file not open
  const auto asked = ask_to_reload(directory.path());
  BOOST_REQUIRE(!asked);
  BOOST_TEST((asked.error().code == weir::errc::not_found));
  BOOST_TEST(leave_answer(directory.path(), 5, {true, "one\ntwo\n"}).has_value());
  std::string text;
  std::getline(std::ifstream(directory.file("reload")), text, '\0');
  BOOST_TEST(text == "5 ok\none\ntwo\n");
  BOOST_TEST(!fs::exists(directory.file("reload.new")));
  BOOST_TEST(!leave_answer("/nowhere", 5, {}).has_value());
}

// Scenario: the sources of two commands. Guarantee: files are the same by whatever path, texts and
// settings by what they say, and what they say stands in no name.
BOOST_AUTO_TEST_CASE(sources_are_told_apart) {
  const auto directory = fs::current_path().string();
  BOOST_TEST((source_names({"a.yaml"}, {}) == source_names({directory + "/x/../a.yaml"}, {})));
  BOOST_TEST((source_names({"file:a.yaml"}, {}) == source_names({"./a.yaml"}, {})));
  const auto one = source_names({"a.yaml", "yaml:k: s3cret", "env:X"}, {"a.b=s3cret"});
  BOOST_TEST(other_sources(one, one).empty());
  for (const auto& other :
       {source_names({"a.yaml", "yaml:k: s3cret", "env:X"}, {"a.b=other"}),
        source_names({"a.yaml", "yaml:k: other", "env:X"}, {"a.b=s3cret"}),
        source_names({"a.yaml", "yaml:k: s3cret", "env:Y"}, {"a.b=s3cret"}),
        source_names({"b.yaml", "yaml:k: s3cret", "env:X"}, {"a.b=s3cret"}),
        source_names({"a.yaml", "yaml:k: s3cret", "env:X"}, {}), source_names({}, {})}) {
    const auto answer = other_sources(one, other);
    BOOST_TEST(answer.find("a.yaml") != std::string::npos, answer);
    BOOST_TEST(answer.find("s3cret") == std::string::npos, answer);
  }
}

// Scenario: directories that were never used, stopped in order, killed, and left by a version that
// did not say. Guarantee: each is told from the others.
BOOST_AUTO_TEST_CASE(the_last_stop_is_known) {
  const weir::test::temporary_directory parent;
  const auto directory = parent.file("data");
  BOOST_TEST((read_last_stop(directory) == last_stop::none));
  fs::create_directories(directory);
  BOOST_TEST((read_last_stop(directory) == last_stop::none));
  std::ofstream(directory + "/VERSION") << "x";
  BOOST_TEST((read_last_stop(directory) == last_stop::unknown));
  note_running(directory);
  BOOST_TEST((read_last_stop(directory) == last_stop::unclean));
  note_stopped(directory);
  BOOST_TEST((read_last_stop(directory) == last_stop::clean));
  note_running(directory);
  BOOST_TEST((read_last_stop(directory) == last_stop::unclean));
}

BOOST_AUTO_TEST_SUITE_END()
