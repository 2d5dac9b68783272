#include "backends/debug.hpp"
#include "backends/factory.hpp"
#include "backends/file.hpp"
#include "core/metrics.hpp"
#include "otlp/wire.hpp"
#include "tests/support/temporary_directory.hpp"
#include "waiting.hpp"

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/resource.h>
#include <unistd.h>

using weir::backends::file_config;
using weir::backends::outcome;
using weir::test::send_and_wait;
using weir::test::temporary_directory;
using kind = weir::backends::outcome::kind;
namespace wire = weir::otlp::wire;

namespace {

std::string field(std::uint32_t number, const std::string& body) {
  std::string out;
  wire::append_bytes_field(out, number, body);
  return out;
}

// One resource, one scope, so many named spans.
std::string traces(int spans, const std::string& name = "a") {
  std::string scope;
  for (int i = 0; i < spans; ++i)
    scope += field(2, field(5, name));
  return field(1, field(2, scope));
}

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> out;
  for (std::string line; std::getline(file, line);)
    out.push_back(line);
  return out;
}

std::unique_ptr<weir::backends::sender> make(const file_config& config) {
  auto made = weir::backends::make_file_sender("file/test", config);
  BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
  return std::move(*made);
}

} // namespace

// The exporters that need no network: file, debug, nop; and the factory.
BOOST_AUTO_TEST_SUITE(local_senders_test)

// Scenario: three requests into a file in a directory that is not there. Guarantee: a line of
// OTLP/JSON each, in order, there when the outcome comes; with append the old lines stay, without
// they go.
BOOST_AUTO_TEST_CASE(a_request_is_a_line) {
  const temporary_directory d;
  const auto path = d.file("deep/out.json");
  file_config config{.path = path, .create_directory = true};
  for (const bool append : {false, true, false}) {
    config.append = append;
    auto sender = make(config);
    BOOST_TEST((send_and_wait(*sender, traces(1, "one")).answer == kind::delivered));
    const auto lines = lines_of(path);
    BOOST_TEST(lines.size() == (append ? 4u : 1u));
    BOOST_TEST(lines.back()
               == R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"one"}]}]}]})");
    BOOST_TEST((send_and_wait(*sender, traces(2)).answer == kind::delivered));
    BOOST_TEST(
        (send_and_wait(*sender, field(1, ""), weir::signal::logs).answer == kind::delivered));
    BOOST_TEST(lines_of(path).back() == R"({"resourceLogs":[{}]})");
  }
}

// Scenario: many requests at once, one of them not OTLP. Guarantee: that one is refused with a
// reason, the others stand in the file.
BOOST_AUTO_TEST_CASE(what_is_not_otlp_is_refused) {
  const temporary_directory d;
  const auto path = d.file("out.json");
  auto sender = make({.path = path});
  weir::test::inbox<outcome> outcomes;
  for (int i = 0; i < 100; ++i)
    sender->send({.message = weir::shared_bytes(i == 50 ? "\x0a\x7f" : traces(3))},
                 [&](outcome o) { outcomes.put(std::move(o)); });
  int refused = 0;
  for (const auto& o : outcomes.wait(100))
    refused += o.answer == kind::refused && !o.reason.empty() ? 1 : 0;
  BOOST_TEST(refused == 1);
  BOOST_TEST(lines_of(path).size() == 99u);
}

// Scenario: the disk is full in the middle of a line (a limit on the file's size), then has room
// again. Guarantee: retry with the reason, the file has whole lines only; then it goes on.
BOOST_AUTO_TEST_CASE(a_full_disk_is_worth_another_try) {
  const temporary_directory d;
  const auto path = d.file("out.json");
  auto sender = make({.path = path});
  BOOST_TEST((send_and_wait(*sender, traces(1)).answer == kind::delivered));
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{100, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto full = send_and_wait(*sender, traces(50));
  ::setrlimit(RLIMIT_FSIZE, &before);
  BOOST_TEST((full.answer == kind::retry));
  BOOST_TEST(full.reason.find("out.json") != std::string::npos, full.reason);
  BOOST_TEST(lines_of(path).size() == 1u);
  BOOST_TEST(std::filesystem::file_size(path) == lines_of(path)[0].size() + 1);
  BOOST_TEST((send_and_wait(*sender, traces(50)).answer == kind::delivered));
  BOOST_TEST(lines_of(path).size() == 2u);
  sender->stop();
  BOOST_TEST((send_and_wait(*sender, traces(1)).answer == kind::retry));
}

// Scenario: the debug exporter's line. Guarantee: the Collector's words and counts.
BOOST_AUTO_TEST_CASE(debug_lines_have_the_collectors_words) {
  using weir::backends::debug_line;
  BOOST_TEST(
      debug_line("debug/x", weir::signal::traces, traces(3) + traces(1))
      == "Traces\t{\"resource spans\": 2, \"spans\": 4, \"otelcol.component.id\": \"debug/x\", "
         "\"otelcol.component.kind\": \"exporter\", \"otelcol.signal\": \"traces\"}");
  const auto metric = field(2, field(5, field(1, "p") + field(1, "q")));
  const auto line = debug_line("debug", weir::signal::metrics, field(1, field(2, metric + metric)));
  BOOST_TEST(
      line.starts_with("Metrics\t{\"resource metrics\": 1, \"metrics\": 2, \"data points\": 4, "));
  BOOST_TEST(debug_line("debug", weir::signal::logs, traces(2))
                 .starts_with("Logs\t{\"resource logs\": 1, \"log records\": 2, "));
}

// Scenario: every kind of exporter through the factory, and settings that cannot work. Guarantee: a
// sender each, whose outcomes are counted; errors name the exporter and the setting.
BOOST_AUTO_TEST_CASE(the_factory_makes_all) {
  using weir::backends::make_sender;
  const temporary_directory d;
  namespace b = weir::backends;
  weir::backends::exporter_config config;
  config.id = "x/y";
  for (const decltype(config.kind)& k : std::initializer_list<decltype(config.kind)>{
           b::otlp_grpc_config{.endpoint = "http://127.0.0.1:1"},
           b::otlp_http_config{.endpoint = "http://127.0.0.1:1"}, b::debug_config{},
           b::file_config{.path = d.file("f")}, b::nop_config{}}) {
    config.kind = k;
    const auto made = make_sender(config);
    BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
    const auto o = send_and_wait(**made, traces(1));
    BOOST_TEST((o.answer == (k.index() < 2 ? kind::retry : kind::delivered)), o.reason);
  }
  const auto counted = [](const char* reason) {
    return weir::metrics::exporter_requests.with({{"exporter", "x/y"}, {"outcome", reason}})
        .Value();
  };
  BOOST_TEST(counted("delivered") == 3);
  BOOST_TEST(counted("retry") == 2);
  for (const decltype(config.kind)& k : std::initializer_list<decltype(config.kind)>{
           b::otlp_grpc_config{.endpoint = "nowhere"}, b::debug_config{.verbosity = "loud"},
           b::file_config{.path = "/proc/none/x"}, b::file_config{.path = "x", .format = "csv"},
           b::file_config{.path = "x", .compression = "lzma"},
           b::file_config{.path = "x", .append = true, .rotation = b::rotation_config{}},
           b::file_config{.path = "x", .directory_permissions = "999"},
           b::debug_config{.use_internal_logger = false, .output_paths = {"/proc/none/x"}},
           b::file_config{}}) {
    config.kind = k;
    const auto made = make_sender(config);
    BOOST_REQUIRE(!made);
    BOOST_TEST(made.error().message.starts_with("exporter x/y: "));
  }
}

BOOST_AUTO_TEST_SUITE_END()
