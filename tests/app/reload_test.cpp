#include "app/reload.hpp"

#include "app/last_stop.hpp"
#include "app/reload_command.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(reload_test)

using namespace weir::app;
namespace fs = std::filesystem;

namespace {

pipeline_config pipeline(const std::string& name) {
  pipeline_config p;
  p.name = name;
  p.receivers = {"otlp"};
  p.exporters = {"nop"};
  return p;
}

node_config usual() {
  node_config c;
  c.receivers.push_back({"otlp", {weir::net::otlp_listener_config{}}});
  c.receivers[0].listeners[0].endpoint = "localhost:4317";
  c.pipelines.push_back(pipeline("traces"));
  c.pipelines[0].tail_sampling.emplace();
  return c;
}

std::vector<std::string> lines(const std::function<void(node_config&)>& change) {
  auto wanted = usual();
  change(wanted);
  return needs_restart(usual(), wanted);
}

std::vector<std::string> restart(const std::string& path) {
  return {path + ": this cannot change while the node runs, restart it"};
}

} // namespace

// Scenario: a configuration against itself, and with what a reload can change. Guarantee: nothing
// is in the way.
BOOST_AUTO_TEST_CASE(what_can_change_is_not_named) {
  BOOST_TEST(lines([](node_config&) {}).empty());
  BOOST_TEST(lines([](node_config& c) {
               c.pipelines[0].tail_sampling->policies.emplace_back();
               c.pipelines[0].tail_sampling->decision_wait_ns = 1;
               c.pipelines[0].exporters = {"nop", "otlp"};
               c.pipelines.push_back(pipeline("metrics"));
               c.exporters.emplace_back().id = "otlp";
               c.storage.retention = std::chrono::hours(1);
               c.storage.overflow = overflow_policy::drop_oldest;
               c.storage.database.max_bytes = 1ULL << 40;
               c.storage.dead_letters = {1 << 20, std::chrono::hours(1)};
             }).empty());
}

// Scenario: each setting that is fixed at the start. Guarantee: it is named by its path.
BOOST_AUTO_TEST_CASE(what_cannot_change_is_named) {
  using change = std::function<void(node_config&)>;
  const std::vector<std::pair<std::string, change>> fixed{
      {"receivers.otlp.protocols.grpc.endpoint",
       [](node_config& c) { c.receivers[0].listeners[0].endpoint = "localhost:1"; }},
      {"receivers.otlp.protocols.grpc",
       [](node_config& c) { c.receivers[0].listeners[0].tls.emplace(); }},
      {"receivers.otlp.protocols.http",
       [](node_config& c) { c.receivers[0].listeners.emplace_back().grpc = false; }},
      {"storage.directory", [](node_config& c) { c.storage.database.directory = "x"; }},
      {"storage.memtable_bytes", [](node_config& c) { c.storage.database.memtable_bytes = 1; }},
      {"storage.max_wal_bytes", [](node_config& c) { c.storage.database.max_wal_bytes = 1; }},
      {"storage.fsync", [](node_config& c) { c.storage.database.fsync = false; }},
      {"storage.journal.max_entry_bytes",
       [](node_config& c) { c.storage.journal.max_entry_bytes = 1; }},
      {"sampling.window_memory", [](node_config& c) { c.sampling.window_memory = 1; }},
      {"service.limits", [](node_config& c) { c.limits.server.threads = 3; }},
      {"service.telemetry.logs", [](node_config& c) { c.telemetry.logs.level = "debug"; }},
      {"service.telemetry.metrics", [](node_config& c) { c.telemetry.metrics_endpoints.clear(); }},
      {"extensions.health_check", [](node_config& c) { c.health_checks.emplace_back(); }},
      {"service.pipelines.traces: tail_sampling",
       [](node_config& c) { c.pipelines[0].tail_sampling.reset(); }},
      {"service.pipelines.traces: decision_cache of its tail_sampling",
       [](node_config& c) { c.pipelines[0].tail_sampling->sampled_cache_size = 7; }},
  };
  for (const auto& [path, apply] : fixed)
    BOOST_TEST(lines(apply) == restart(path), boost::test_tools::per_element());
  BOOST_TEST(lines([](node_config& c) { c.receivers[0].id = "otlp/b"; }).size() == 2u);
}

// Scenario: an answer is left in a directory that no node works in. Guarantee: it is there as a
// whole, and whoever asks is told that nobody is there.
BOOST_AUTO_TEST_CASE(nobody_answers_where_no_node_works) {
  const auto directory =
      fs::temp_directory_path() / ("weir-reload-test-" + std::to_string(getpid()));
  fs::create_directories(directory);
  BOOST_TEST(!ask_to_reload(directory.string()).has_value());
  std::ofstream(directory / "LOCK") << getpid() << "\n"; // alive, but it has the file not open
  const auto asked = ask_to_reload(directory.string());
  BOOST_REQUIRE(!asked);
  BOOST_TEST((asked.error().code == weir::errc::not_found));
  BOOST_TEST(leave_answer(directory.string(), 5, {true, "one\ntwo\n"}).has_value());
  std::string text;
  std::getline(std::ifstream(directory / "reload"), text, '\0');
  BOOST_TEST(text == "5 ok\none\ntwo\n");
  BOOST_TEST(!fs::exists(directory / "reload.new"));
  BOOST_TEST(!leave_answer("/nowhere", 5, {}).has_value());
  fs::remove_all(directory);
}

// Scenario: the sources of two commands. Guarantee: files are the same by whatever path, texts and
// settings by what they say, and what they say stands in no name.
BOOST_AUTO_TEST_CASE(sources_are_told_apart) {
  const auto here = fs::current_path().string();
  BOOST_TEST((source_names({"a.yaml"}, {}) == source_names({here + "/x/../a.yaml"}, {})));
  BOOST_TEST((source_names({"file:a.yaml"}, {}) == source_names({"./a.yaml"}, {})));
  const auto one = source_names({"a.yaml", "yaml:k: s3cret", "env:X"}, {"a.b=s3cret"});
  BOOST_TEST(other_sources(one, one).empty());
  for (const auto& other :
       {source_names({"a.yaml", "yaml:k: s3cret", "env:X"}, {"a.b=other"}),
        source_names({"a.yaml", "yaml:k: other", "env:X"}, {"a.b=s3cret"}),
        source_names({"a.yaml", "yaml:k: s3cret", "env:Y"}, {"a.b=s3cret"}),
        source_names({"b.yaml", "yaml:k: s3cret", "env:X"}, {"a.b=s3cret"}),
        source_names({"a.yaml", "yaml:k: s3cret", "env:X"}, {}), source_names({}, {})}) {
    const auto why = other_sources(one, other);
    BOOST_TEST(why.find("a.yaml") != std::string::npos, why);
    BOOST_TEST(why.find("s3cret") == std::string::npos, why);
  }
}

// Scenario: directories that were never used, stopped in order, killed, and left by a version that
// did not say. Guarantee: each is told from the others.
BOOST_AUTO_TEST_CASE(the_last_stop_is_known) {
  const auto directory =
      (fs::temp_directory_path() / ("weir-last-stop-" + std::to_string(getpid()))).string();
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
  fs::remove_all(directory);
}

BOOST_AUTO_TEST_SUITE_END()
