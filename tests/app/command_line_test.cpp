#include "app/command_line.hpp"

#include "tests/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sstream>

BOOST_AUTO_TEST_SUITE(command_line_test)

using namespace weir::app;

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
  const auto run = [&done](const loaded_config& loaded, const config_reader&) {
    ++done.nodes_run;
    return loaded.config.pipelines.size() == 1 ? 0 : 1;
  };
  done.code = command_line(static_cast<int>(arguments.size()), arguments.data(), {out, err, run});
  done.out = out.str();
  done.err = err.str();
  return done;
}

/// A file that goes with the test.
struct config_file {
  explicit config_file(const std::string& text) { std::ofstream(path) << text; }

  weir::test::temporary_directory directory;
  std::string path = directory.file("weir.yaml");
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
  for (const auto* command : {"run", "validate", "print-config"})
    BOOST_TEST(weir_does({command, "--config", "/nowhere"}).code == 1);
  const auto help = weir_does({"--help"});
  BOOST_TEST((help.code == 0 && help.out.find("Examples:") != std::string::npos));
  BOOST_TEST(weir_does({"version"}).out.find("weir ") == 0u);
  BOOST_TEST(weir_does({"--version"}).out == weir_does({"version"}).out);
}

// Scenario: commands and flags with a letter wrong, missing or too many. Guarantee: 2, and the
// nearest one; nothing is offered where nothing is near.
BOOST_AUTO_TEST_CASE(misspelt_arguments_are_guessed) {
  const std::pair<std::vector<const char*>, const char*> guesses[]{
      {{"runn"}, "found `runn` (did you mean `run`?)"},
      {{"validat", "--config", "x"}, "found `validat` (did you mean `validate`?)"},
      {{"run", "--cofnig", "x"}, "found `--cofnig` (did you mean `--config`?)"},
      {{"run", "--confg=x"}, "found `--confg=x` (did you mean `--config`?)"},
      {{"run", "--dry-rum", "-c", "x"}, "(did you mean `--dry-run`?)"},
      {{"reload", "--storge", "x"}, "(did you mean `--storage`?)"},
      {{"validate", "--strict-confg"}, "(did you mean `--strict-config`?)"},
      {{"config", "covert", "x"}, "found `covert` (did you mean `convert`?)"},
      {{"--versoin"}, "(did you mean `--version`?)"},
      {{"help", "relaod"}, "(did you mean `reload`?)"},
  };
  for (const auto& [arguments, guess] : guesses) {
    const auto done = weir_does(arguments);
    BOOST_TEST(done.code == 2);
    BOOST_TEST(done.err.find(guess) != std::string::npos, done.err);
  }
  BOOST_TEST(weir_does({"frobnicate"}).err.find("did you mean") == std::string::npos);
}

// Scenario: help, of all and of each command, by `help` and by `--help`. Guarantee: 0; each command
// shows its own examples, and the whole one the exit codes.
BOOST_AUTO_TEST_CASE(every_command_has_its_own_help) {
  const auto all = weir_does({"help"});
  BOOST_TEST(all.code == 0);
  for (const auto* part : {"Exit codes:", "  3 ", "  69 ", "  70 ", "validate", "convert"})
    BOOST_TEST(all.out.find(part) != std::string::npos, part);
  const std::pair<std::vector<const char*>, const char*> commands[]{
      {{"run"}, "weir run --config base.yaml"},
      {{"validate"}, "weir validate --strict-config"},
      {{"reload"}, "weir reload --storage"},
      {{"print-config"}, "weir print-config --config"},
      {{"config", "convert"}, "weir config convert gateway.yaml"},
  };
  for (const auto& [command, example] : commands) {
    auto asked = command;
    asked.insert(asked.begin(), "help");
    auto flagged = command;
    flagged.push_back("--help");
    for (const auto& arguments : {asked, flagged}) {
      const auto done = weir_does(arguments);
      BOOST_TEST(done.code == 0);
      BOOST_TEST(done.out.find(example) != std::string::npos, done.out);
      BOOST_TEST(done.out.find("weir version") == std::string::npos);
    }
  }
}

// Scenario: the version. Guarantee: with the commit and the formats on disk.
BOOST_AUTO_TEST_CASE(the_version_has_commit_and_formats) {
  const auto text = weir_does({"--version"}).out;
  for (const auto* part : {"weir 0.", "commit ", "formats on disk: directory 1, journal entry "})
    BOOST_TEST(text.find(part) != std::string::npos, text);
}

// Scenario: a set-up that is converted as a whole, and one with a receiver that Weir does not have.
// Guarantee: 0 and 3; what was lost and what is not needed are told apart.
BOOST_AUTO_TEST_CASE(convert_says_when_something_is_lost) {
  const config_file whole(good);
  const auto kept = weir_does({"config", "convert", whole.path.c_str()});
  BOOST_TEST(kept.code == 0);
  BOOST_TEST(kept.err.find("Lost: ") == std::string::npos, kept.err);
  BOOST_TEST(kept.out.find("storage:\n  directory: /var/lib/weir\n") != std::string::npos,
             kept.out);
}

BOOST_AUTO_TEST_CASE(convert_exits_3_when_something_is_lost) {
  const config_file file(
      "receivers: {otlp: {protocols: {grpc: }}, zipkin: }\n"
      "exporters: {nop: , loadbalancing: {resolver: {static: {hostnames: [a]}}}}\n"
      "processors: {tail_sampling: {policies: [{name: a, type: always_sample}]}}\n"
      "service: {pipelines: {traces: {receivers: [otlp, zipkin], exporters: "
      "[loadbalancing]}, traces/b: {receivers: [otlp], processors: "
      "[tail_sampling], exporters: [nop]}}}\n");
  const auto done = weir_does({"config", "convert", file.path.c_str()});
  BOOST_TEST(done.code == 3);
  BOOST_TEST(done.err.find("Lost: receivers.zipkin: found the receiver type `zipkin`, which the "
                           "Collector has and Weir does not")
                 != std::string::npos,
             done.err);
  BOOST_TEST(done.err.find("Not needed: ") != std::string::npos);
  BOOST_TEST(done.out.find("# Lost:\n") != std::string::npos);
}

// Scenario: a reload that nobody can answer, of a good file and of a broken one. Guarantee: 69
// where the file is good, 1 where it is not.
BOOST_AUTO_TEST_CASE(reload_tells_a_broken_file_from_a_missing_node) {
  const auto directory = "storage: {directory: /nowhere/at/all}\n";
  {
    const config_file file(good + directory);
    BOOST_TEST(weir_does({"reload", "--config", file.path.c_str()}).code == 69);
    BOOST_TEST(weir_does({"reload", "--storage", "/nowhere/at/all"}).code == 69);
  }
  const config_file broken(good + directory + "storge: {}\n");
  const auto done = weir_does({"reload", "--config", broken.path.c_str()});
  BOOST_TEST(done.code == 1);
  BOOST_TEST(done.err.find("storge: found an unknown option") != std::string::npos);
  BOOST_TEST(done.err.find("nothing was changed") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
