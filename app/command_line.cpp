#include "app/command_line.hpp"

#include "app/config/load.hpp"
#include "core/log.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <optional>
#include <ostream>

namespace weir::app {

namespace {

constexpr int done = 0;
constexpr int failed = 1;
constexpr int wrong_usage = 2;

constexpr auto examples = R"(Examples:
  weir validate --config examples/quickstart.yaml
  weir run --config examples/quickstart.yaml
  weir print-config --config examples/quickstart.yaml
  OTLP_PORT=4317 weir run --config weir.yaml     # weir.yaml says ${env:OTLP_PORT}

docs/configuration.md lists every option.)";

struct arguments {
  std::string config;
  bool dry_run = false;
  bool reference = false;
};

std::string count(std::size_t n, std::string_view word) {
  return fmt::format("{} {}{}", n, word, n == 1 ? "" : "s");
}

void print(std::ostream& to, const std::vector<diagnostic>& list, std::string_view file,
           std::string_view kind) {
  for (const auto& d : list)
    to << kind << to_text(d, file) << '\n';
}

/// Reads the configuration, or says what is wrong with it.
std::optional<loaded_config> load(const arguments& given, bool check_files,
                                  const command_context& context) {
  const auto text = read_config_file(given.config);
  if (!text) {
    context.err << "Error: " << text.error().message << '\n';
    return std::nullopt;
  }
  auto loaded = load_config(*text, process_environment(check_files));
  if (loaded)
    return std::move(*loaded);
  const auto& found = loaded.error();
  print(context.err, found.warnings, given.config, "Warning: ");
  print(context.err, found.errors, given.config, "Error: ");
  context.err << fmt::format("{}: {} and {}\n", given.config, count(found.errors.size(), "error"),
                             count(found.warnings.size(), "warning"));
  return std::nullopt;
}

int validate(const arguments& given, const command_context& context) {
  const auto loaded = load(given, true, context);
  if (!loaded)
    return failed;
  print(context.err, loaded->warnings, given.config, "Warning: ");
  const auto& config = loaded->config;
  context.out << fmt::format(
      "{}: good: {}, {}, {}\n", given.config, count(config.receivers.size(), "receiver"),
      count(config.pipelines.size(), "pipeline"), count(config.exporters.size(), "exporter"));
  return done;
}

int run(const arguments& given, const command_context& context) {
  if (given.dry_run)
    return validate(given, context);
  const auto loaded = load(given, true, context);
  if (!loaded)
    return failed;
  log::configure(loaded->config.telemetry.logs);
  for (const auto& warning : loaded->warnings)
    log::warn("{}", to_text(warning, given.config));
  return context.run(loaded->config);
}

int print_config(const arguments& given, const command_context& context) {
  if (given.reference) {
    context.out << print_reference();
    return done;
  }
  const auto loaded = load(given, false, context);
  if (!loaded)
    return failed;
  context.out << print_document(loaded->source);
  return done;
}

/// A subcommand that reads a configuration file.
CLI::App* with_config(CLI::App& root, arguments& given, const std::string& name,
                      const std::string& text) {
  auto* command = root.add_subcommand(name, text);
  command->add_option("--config,-c", given.config, "The configuration file, YAML")
      ->type_name("FILE");
  return command;
}

} // namespace

int command_line(int argc, const char* const* argv, const command_context& context) {
  arguments given;
  CLI::App root("Weir takes OpenTelemetry data, keeps it safe on disk, decides trace by trace what "
                "to keep, and delivers it.",
                "weir");
  root.set_version_flag("--version,-V", "weir " WEIR_VERSION);
  root.require_subcommand(1);
  root.footer(examples);
  auto* run_it = with_config(root, given, "run", "Runs a node until SIGTERM or SIGINT");
  run_it->add_flag("--dry-run", given.dry_run, "Only checks the configuration; opens nothing");
  auto* check = with_config(root, given, "validate", "Checks a configuration; opens nothing");
  auto* show = with_config(root, given, "print-config",
                           "Prints the configuration as it works, defaults in, secrets masked");
  show->add_flag("--reference", given.reference)->group("");
  auto* version = root.add_subcommand("version", "Prints the version");
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& why) {
    return root.exit(why, context.out, context.err) == 0 ? done : wrong_usage;
  }
  if (version->parsed()) {
    context.out << "weir " WEIR_VERSION "\n";
    return done;
  }
  if (given.config.empty() && !given.reference) {
    context.err << "Error: no configuration: give one with --config FILE, for example\n"
                   "  weir run --config examples/quickstart.yaml\n";
    return wrong_usage;
  }
  if (run_it->parsed())
    return run(given, context);
  return check->parsed() ? validate(given, context) : print_config(given, context);
}

} // namespace weir::app
