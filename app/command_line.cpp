#include "app/command_line.hpp"

#include "app/config/convert.hpp"
#include "app/config/load.hpp"
#include "app/reload_command.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"

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
  weir run --config base.yaml --config site.yaml --set exporters.otlp.endpoint=tempo:4317
  weir reload --config base.yaml --config site.yaml
  weir print-config --config examples/quickstart.yaml
  weir config convert gateway.yaml sampler.yaml > weir.yaml
  OTLP_PORT=4317 weir run --config weir.yaml     # weir.yaml says ${env:OTLP_PORT}

docs/configuration.md lists every option.)";

struct arguments {
  std::vector<std::string> configs;
  std::vector<std::string> settings;
  bool strict = false;
  bool dry_run = false;
  bool reference = false;
  bool metrics = false;
  std::string storage;
  std::vector<std::string> files;
};

/// What was read, or what is wrong, in lines for a person.
struct reading {
  std::optional<loaded_config> loaded;
  std::string name; ///< Of the configuration, for the lines around it.
  std::vector<std::string> warnings, errors;
};

std::string count(std::size_t n, std::string_view word) {
  return fmt::format("{} {}{}", n, word, n == 1 ? "" : "s");
}

std::vector<std::string> lines(const std::vector<diagnostic>& list,
                               std::span<const std::string> sources) {
  std::vector<std::string> all;
  for (const auto& d : list)
    all.push_back(to_text(d, sources));
  return all;
}

reading read(const arguments& given, bool check_files) {
  reading got;
  const auto env = process_environment(check_files);
  const auto sources = read_sources(given.configs, given.settings, env);
  if (!sources) {
    got.errors.push_back(sources.error().message);
    return got;
  }
  got.name = sources->front().name;
  if (given.configs.size() > 1)
    got.name += fmt::format(" and {} more", given.configs.size() - 1);
  auto loaded = load_config(*sources, env, given.strict ? spelling::strict : spelling::lenient);
  if (loaded) {
    got.warnings = lines(loaded->warnings, loaded->sources);
    got.loaded = std::move(*loaded);
  } else {
    got.warnings = lines(loaded.error().warnings, loaded.error().sources);
    got.errors = lines(loaded.error().errors, loaded.error().sources);
  }
  return got;
}

void print(std::ostream& to, const std::vector<std::string>& list, std::string_view kind) {
  for (const auto& line : list)
    to << kind << line << '\n';
}

/// Says what is wrong with a configuration. True: nothing is.
bool is_good(const reading& got, const command_context& context) {
  if (got.loaded)
    return true;
  print(context.err, got.warnings, "Warning: ");
  print(context.err, got.errors, "Error: ");
  if (!got.name.empty())
    context.err << fmt::format("{}: {} and {}\n", got.name, count(got.errors.size(), "error"),
                               count(got.warnings.size(), "warning"));
  return false;
}

int validate(const arguments& given, const command_context& context) {
  const auto got = read(given, true);
  if (!is_good(got, context))
    return failed;
  print(context.err, got.warnings, "Warning: ");
  const auto& config = got.loaded->config;
  context.out << fmt::format(
      "{}: good: {}, {}, {}\n", got.name, count(config.receivers.size(), "receiver"),
      count(config.pipelines.size(), "pipeline"), count(config.exporters.size(), "exporter"));
  return done;
}

/// Reads the same sources again, for a reload.
tl::expected<node_config, std::vector<std::string>> read_again(const arguments& given) {
  auto got = read(given, true);
  for (const auto& warning : got.warnings)
    log::warn("{}", warning);
  if (!got.loaded)
    return tl::unexpected(std::move(got.errors));
  return std::move(got.loaded->config);
}

int run(const arguments& given, const command_context& context) {
  if (given.dry_run)
    return validate(given, context);
  const auto got = read(given, true);
  if (!is_good(got, context))
    return failed;
  log::configure(got.loaded->config.telemetry.logs);
  for (const auto& warning : got.warnings)
    log::warn("{}", warning);
  return context.run(got.loaded->config, [given] { return read_again(given); });
}

int reload(const arguments& given, const command_context& context) {
  auto directory = given.storage;
  if (directory.empty()) {
    const auto got = read(given, true);
    if (!is_good(got, context)) {
      context.err << "nothing was changed\n";
      return failed;
    }
    directory = got.loaded->config.storage.database.directory;
  }
  const auto answer = ask_to_reload(directory);
  if (!answer) {
    context.err << "Error: " << answer.error().message << '\n';
    return failed;
  }
  (answer->good ? context.out : context.err) << answer->text;
  return answer->good ? done : failed;
}

int convert_files(const arguments& given, const command_context& context) {
  const auto env = process_environment(false);
  const auto files = read_sources(given.files, {}, env);
  if (!files) {
    context.err << "Error: " << files.error().message << '\n';
    return failed;
  }
  const auto made = convert(*files, env);
  if (!made) {
    print(context.err, lines(made.error().errors, made.error().sources), "Error: ");
    return failed;
  }
  print(context.err, made->losses, "Not carried over: ");
  context.out << made->yaml;
  return done;
}

int print_config(const arguments& given, const command_context& context) {
  if (given.metrics) {
    context.out << metrics::reference();
    return done;
  }
  if (given.reference) {
    context.out << print_reference();
    return done;
  }
  const auto got = read(given, false);
  if (!is_good(got, context))
    return failed;
  context.out << print_document(got.loaded->source);
  return done;
}

/// A subcommand that reads a configuration.
CLI::App* with_config(CLI::App& root, arguments& given, const std::string& name,
                      const std::string& text) {
  auto* command = root.add_subcommand(name, text);
  command
      ->add_option("--config,-c", given.configs,
                   "The configuration, YAML: a file, file:PATH, env:NAME or yaml:TEXT; several are "
                   "merged, the last one wins")
      ->type_name("SOURCE")
      ->allow_extra_args(false);
  command->add_option("--set", given.settings, "One setting, over all that the sources say")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->add_flag("--strict-config", given.strict, "Old shapes are errors, not warnings");
  return command;
}

int missing_config(const command_context& context) {
  context.err << "Error: no configuration: give one with --config FILE, for example\n"
                 "  weir run --config examples/quickstart.yaml\n";
  return wrong_usage;
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
  auto* again = with_config(root, given, "reload",
                            "Makes the running node read its configuration again (as SIGHUP does)");
  again->add_option("--storage", given.storage, "Its storage directory; default: as configured")
      ->type_name("DIRECTORY");
  auto* show = with_config(root, given, "print-config",
                           "Prints the configuration as it works, defaults in, secrets masked");
  show->add_flag("--reference", given.reference)->group("");
  show->add_flag("--metrics", given.metrics)->group("");
  auto* config = root.add_subcommand("config", "Works on configuration files");
  config->require_subcommand(1);
  auto* convert_it = config->add_subcommand(
      "convert", "Makes one Weir file of a Collector set-up in two tiers (loadbalancing, then "
                 "tail_sampling), on standard output");
  convert_it->add_option("files", given.files, "The Collector's files")
      ->required()
      ->type_name("FILE");
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
  if (convert_it->parsed())
    return convert_files(given, context);
  if (given.configs.empty() && !given.reference && !given.metrics && given.storage.empty())
    return missing_config(context);
  if (run_it->parsed())
    return run(given, context);
  if (again->parsed())
    return reload(given, context);
  return check->parsed() ? validate(given, context) : print_config(given, context);
}

} // namespace weir::app
