#include "app/command_line.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(command_line_test)

using namespace weir::app;
namespace fs = std::filesystem;

namespace {

struct outcome {
  int code = 0;
  std::string out, err;
  int nodes_run = 0;
};

outcome weir_does(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "weir");
  std::ostringstream out, err;
  outcome done;
  const auto run = [&done](const node_config& config, const config_reader&) {
    ++done.nodes_run;
    return config.pipelines.size() == 1 ? 0 : 1;
  };
  done.code = command_line(static_cast<int>(arguments.size()), arguments.data(), {out, err, run});
  done.out = out.str();
  done.err = err.str();
  return done;
}

/// A file that goes with the test.
struct config_file {
  explicit config_file(const std::string& text)
      : path(
          (fs::temp_directory_path() / ("weir-command-line-" + std::to_string(getpid()) + ".yaml"))
              .string()) {
    std::ofstream(path) << text;
  }
  ~config_file() { fs::remove(path); }
  config_file(const config_file&) = delete;
  config_file& operator=(const config_file&) = delete;

  std::string path;
};

const std::string good = "receivers: {otlp: {protocols: {grpc: }}}\n"
                         "exporters: {nop: }\n"
                         "service: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}\n";

} // namespace

// Scenario: a good file under each command. Guarantee: 0; only `run` without --dry-run runs a node.
BOOST_AUTO_TEST_CASE(good_files_exit_0) {
  const config_file file(good);
  const auto validated = weir_does({"validate", "--config", file.path.c_str()});
  BOOST_TEST(validated.code == 0);
  BOOST_TEST(validated.out == file.path + ": good: 1 receiver, 1 pipeline, 1 exporter\n");
  BOOST_TEST(validated.nodes_run == 0);
  BOOST_TEST(weir_does({"run", "--config", file.path.c_str(), "--dry-run"}).nodes_run == 0);
  const auto run = weir_does({"run", "-c", file.path.c_str()});
  BOOST_TEST((run.code == 0 && run.nodes_run == 1));
  const auto printed = weir_does({"print-config", "--config", file.path.c_str()});
  BOOST_TEST(printed.code == 0);
  BOOST_TEST(printed.out.find("receivers:\n  otlp:\n    protocols:\n      grpc:\n") == 0u);
}

// Scenario: a file with errors, a file that is not there, a directory. Guarantee: 1, everything on
// standard error, no node runs.
BOOST_AUTO_TEST_CASE(bad_files_exit_1) {
  const config_file file(good + "storge: {}\nadmin: {endpoint: 5}\n");
  for (const auto* command : {"validate", "run", "print-config"}) {
    const auto done = weir_does({command, "--config", file.path.c_str()});
    BOOST_TEST((done.code == 1 && done.nodes_run == 0 && done.out.empty()));
    BOOST_TEST(done.err.find("Error: " + file.path
                             + ":4:1: storge: found an unknown option (did you mean `storage`?)\n")
               != std::string::npos);
    BOOST_TEST(done.err.find(file.path + ": 2 errors and 1 warning\n") != std::string::npos);
  }
  const auto missing = weir_does({"run", "--config", "/nowhere/weir.yaml"});
  BOOST_TEST(missing.code == 1);
  BOOST_TEST(missing.err == "Error: /nowhere/weir.yaml: No such file or directory\n");
  BOOST_TEST(weir_does({"run", "--config", "/"}).err
             == "Error: /: found a directory, expected a file\n");
}

// Scenario: TLS files that are not there. Guarantee: `validate` says so; print-config does not
// look.
BOOST_AUTO_TEST_CASE(validate_looks_at_tls_files) {
  const config_file file("receivers: {otlp: {protocols: {grpc: {tls: {cert_file: /no/c, key_file: "
                         "/no/k}}}}}\nexporters: {nop: }\n"
                         "service: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}\n");
  const auto done = weir_does({"validate", "--config", file.path.c_str()});
  BOOST_TEST(done.code == 1);
  BOOST_TEST(done.err.find("the file `/no/c` cannot be read: No such file or directory")
             != std::string::npos);
  BOOST_TEST(weir_does({"print-config", "--config", file.path.c_str()}).code == 0);
}

// Scenario: arguments that are wrong, or missing. Guarantee: 2, with a hint; help and version 0.
BOOST_AUTO_TEST_CASE(wrong_arguments_exit_2) {
  for (const auto& arguments : std::vector<std::vector<const char*>>{
           {}, {"runn"}, {"run", "--no-such"}, {"run"}, {"validate"}, {"run", "--config"}}) {
    const auto done = weir_does(arguments);
    BOOST_TEST(done.code == 2);
    BOOST_TEST(!done.err.empty());
  }
  BOOST_TEST(weir_does({"run"}).err.find("weir run --config examples/quickstart.yaml")
             != std::string::npos);
  const auto help = weir_does({"--help"});
  BOOST_TEST((help.code == 0 && help.out.find("Examples:") != std::string::npos));
  BOOST_TEST(weir_does({"version"}).out.find("weir ") == 0u);
  BOOST_TEST(weir_does({"--version"}).out == weir_does({"version"}).out);
}

BOOST_AUTO_TEST_SUITE_END()
