#include "app/command_line.hpp"

#include "app/command_tree.hpp"
#include "app/config/convert.hpp"
#include "app/config/load.hpp"
#include "app/exit_code.hpp"
#include "app/reload_command.hpp"
#include "app/version.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"

#include <fmt/format.h>
#include <optional>
#include <ostream>

namespace weir::app {

namespace {

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
  auto loaded =
      load_config(*sources, env, given.strict ? spelling::strict : spelling::lenient, given.seeds);
  if (loaded) {
    got.warnings = lines(loaded->warnings, loaded->sources);
    loaded->config.sources = source_names(given.configs, given.settings);
    got.loaded = std::move(*loaded);
  } else {
    got.warnings = lines(loaded.error().warnings, loaded.error().sources);
    got.errors = lines(loaded.error().errors, loaded.error().sources);
  }
  return got;
}

void print(std::ostream& stream, const std::vector<std::string>& list, std::string_view kind) {
  for (const auto& line : list)
    stream << kind << line << '\n';
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
    return wrong_configuration;
  print(context.err, got.warnings, "Warning: ");
  const auto& config = got.loaded->config;
  context.out << fmt::format(
      "{}: good: {}, {}, {}\n", got.name, count(config.receivers.size(), "receiver"),
      count(config.pipelines.size(), "pipeline"), count(config.exporters.size(), "exporter"));
  return done;
}

/// Reads the same sources again, for a reload.
tl::expected<loaded_config, std::vector<std::string>> read_again(const arguments& given) {
  auto got = read(given, true);
  for (const auto& warning : got.warnings)
    log::warn("{}", warning);
  if (!got.loaded)
    return tl::unexpected(std::move(got.errors));
  return *std::move(got.loaded);
}

int run(const arguments& given, const command_context& context) {
  if (given.dry_run)
    return validate(given, context);
  const auto got = read(given, true);
  if (!is_good(got, context))
    return wrong_configuration;
  log::configure(got.loaded->config.telemetry.logs);
  for (const auto& warning : got.warnings)
    log::warn("{}", warning);
  return context.run(*got.loaded, [given] { return read_again(given); });
}

/// The directory of the node that a configuration belongs to, also where it has errors; "" where
/// they hide it.
std::string directory_of(const arguments& given, const reading& got) {
  if (!given.storage.empty())
    return given.storage;
  if (got.loaded)
    return got.loaded->config.storage.database.directory;
  const auto env = process_environment(false);
  const auto sources = read_sources(given.configs, given.settings, env);
  return sources ? storage_directory(*sources, env) : std::string{};
}

int reload(const arguments& given, const command_context& context) {
  const auto got = given.configs.empty() ? reading{} : read(given, true);
  const auto directory = directory_of(given, got);
  const bool broken = !given.configs.empty() && !got.loaded;
  // A broken configuration goes to the node as well: its log is where somebody will look.
  result<reload_answer> answer = fail(errc::not_found, "no storage directory is known");
  if (!directory.empty())
    answer = ask_to_reload(directory, source_names(given.configs, given.settings));
  if (answer) {
    (answer->good ? context.out : context.err) << answer->text;
    return answer->good ? done : wrong_configuration;
  }
  if (broken) {
    is_good(got, context);
    context.err << "nothing was changed\n";
    return wrong_configuration;
  }
  context.err << "Error: " << answer.error().message << '\n';
  return not_available;
}

int convert_files(const arguments& given, const command_context& context) {
  const auto env = process_environment(false);
  const auto files = read_sources(given.files, {}, env);
  if (!files) {
    context.err << "Error: " << files.error().message << '\n';
    return wrong_configuration;
  }
  const auto made = convert(*files, env);
  if (!made) {
    print(context.err, lines(made.error().errors, made.error().sources), "Error: ");
    return wrong_configuration;
  }
  print(context.err, made->notes.changed, "Changed: ");
  print(context.err, made->notes.not_needed, "Not needed: ");
  print(context.err, made->notes.lost, "Lost: ");
  context.out << made->yaml;
  return made->notes.lost.empty() ? done : not_whole;
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
  if (given.reload) {
    context.out << print_reload_reference();
    return done;
  }
  const auto got = read(given, false);
  if (!is_good(got, context))
    return wrong_configuration;
  context.out << print_document(got.loaded->source);
  return done;
}

int missing_config(const command_context& context) {
  context.err << "Error: no configuration: give one with --config FILE, for example\n"
                 "  weir run --config examples/quickstart.yaml\n";
  return wrong_usage;
}

} // namespace

int command_line(int argc, const char* const* argv, const command_context& context) {
  arguments given;
  command_tree commands(given);
  if (const auto parsed = commands.parse(argc, argv, context.out, context.err); parsed)
    return *parsed;
  const auto is = [&commands](std::string_view name) { return commands.used(name); };
  if (is("help"))
    return commands.help(given.helped, context.out, context.err);
  if (is("version")) {
    context.out << version_text();
    return done;
  }
  if (is("convert"))
    return convert_files(given, context);
  if (auto* command = commands.on_node())
    return run_on_node(*command, given.node, context.out, context.err);
  const bool reads_none = given.reference || given.metrics || given.reload;
  if (given.configs.empty() && !reads_none && given.storage.empty())
    return missing_config(context);
  if (is("run"))
    return run(given, context);
  if (is("reload"))
    return reload(given, context);
  return is("validate") ? validate(given, context) : print_config(given, context);
}

} // namespace weir::app
