#include "app/command_tree.hpp"

#include "app/config/diagnostics.hpp"
#include "app/exit_code.hpp"
#include "app/version.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <ostream>

namespace weir::app {

namespace {

constexpr auto root_footer = R"(Examples:
  weir validate --config examples/quickstart.yaml
  weir run --config examples/quickstart.yaml
  weir help run

Exit codes:
  0   done
  1   the configuration is wrong, or what was asked for could not be done
  2   the command line is wrong
  3   done, but not whole: a node of the cluster did not answer, or `config convert` lost a part of
      what it was given; it says which
  69  at run time: a port or a directory is taken or cannot be used, no node to ask, or one
      that refuses
  70  at run time: no promise can be kept any more, such as after a failed write

docs/configuration.md lists every option.)";

constexpr auto run_footer = R"(Examples:
  weir run --config examples/quickstart.yaml
  weir run --config base.yaml --config site.yaml --set exporters.otlp.endpoint=tempo:4317
  OTLP_PORT=4317 weir run --config weir.yaml     # weir.yaml says ${env:OTLP_PORT}
  weir run --dry-run --config weir.yaml
  weir run --config weir.yaml --join 10.0.0.1:4320 --join dns://weir:4320)";

constexpr auto validate_footer = R"(Examples:
  weir validate --config examples/quickstart.yaml
  weir validate --strict-config --config collector.yaml)";

constexpr auto reload_footer = R"(Examples:
  weir reload --config weir.yaml                 # with the arguments that the node was started with
  weir reload --storage /var/lib/weir)";

constexpr auto print_footer = R"(Examples:
  weir print-config --config examples/quickstart.yaml
  weir print-config --config base.yaml --config site.yaml)";

constexpr auto convert_footer = R"(Examples:
  weir config convert gateway.yaml sampler.yaml > weir.yaml
  weir config convert operator-resources.yaml > weir.yaml)";

/// How a node is reached.
void add_node_options(CLI::App& command, node_arguments& given) {
  command.add_option("--endpoint", given.endpoint, "The node's admin API")
      ->capture_default_str()
      ->type_name("HOST:PORT");
  command
      .add_option("--token", given.token,
                  "What the node wants to hear; others see it in the "
                  "list of processes")
      ->type_name("TOKEN");
  command.add_option("--token-file", given.token_file, "The same, the first line of a file")
      ->type_name("FILE");
  command.add_flag("--tls", given.tls, "TLS; so it is with any of the following");
  command.add_option("--ca-file", given.ca_file, "Who signed the node's certificate, PEM")
      ->type_name("FILE");
  command.add_option("--cert-file", given.cert_file, "Our own certificate, PEM")->type_name("FILE");
  command.add_option("--key-file", given.key_file, "Its private key, PEM")->type_name("FILE");
  command.add_option("--server-name", given.server_name, "The name in the node's certificate")
      ->type_name("NAME");
  command.add_option("--output", given.output, "`table` for people, `json` for programs")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
}

/// A subcommand that reads a configuration.
CLI::App* with_config(CLI::App& root, arguments& given, const std::string& name,
                      const std::string& text, const char* footer) {
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
  command->footer(footer);
  return command;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const auto* option : command.get_options())
    for (const auto& name : option->get_lnames())
      names.push_back("--" + name);
  return names;
}

std::vector<std::string> command_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const auto* sub : command.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(sub->get_name());
  return names;
}

std::string meant(const std::string& written, const std::vector<std::string>& known) {
  const std::vector<std::string_view> names(known.begin(), known.end());
  return did_you_mean(written, names);
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// A line about the first argument that no command knows, where another one is near; else "".
std::string misspelt(const CLI::App& root, int argc, const char* const* argv) {
  const auto* parent = &root;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    std::string hint;
    if (argument.starts_with("--")) {
      const auto name = argument.substr(0, argument.find('='));
      if (const auto names = option_names(*parent); !contains(names, name))
        hint = meant(name, names);
    } else if (const auto names = command_names(*parent);
               !argument.starts_with('-') && !names.empty()) {
      if (contains(names, argument))
        parent = parent->get_subcommand(argument);
      else
        hint = meant(argument, names);
    }
    if (!hint.empty())
      return fmt::format("found {}{}\n", app::quoted(argument), hint);
  }
  return {};
}

} // namespace

command_tree::command_tree(arguments& given)
    : root_(std::make_unique<CLI::App>(
        "Weir takes OpenTelemetry data, keeps it safe on disk, decides trace by trace what to "
        "keep, and delivers it.",
        "weir")) {
  auto& root = *root_;
  auto text = version_text();
  text.pop_back();
  root.set_version_flag("--version,-V", text);
  root.require_subcommand(1);
  root.footer(root_footer);
  auto* run = with_config(root, given, "run", "Runs a node until SIGTERM or SIGINT", run_footer);
  run->add_option("--join", given.seeds,
                  "A node of the cluster to join, over those of `cluster.join`; makes the block "
                  "where there is none")
      ->type_name("HOST:PORT")
      ->allow_extra_args(false);
  run->add_flag("--dry-run", given.dry_run, "Only checks the configuration; opens nothing");
  auto* check = with_config(root, given, "validate", "Checks a configuration; opens nothing",
                            validate_footer);
  auto* again = with_config(root, given, "reload",
                            "Makes the running node read its configuration again (as SIGHUP does)",
                            reload_footer);
  again->add_option("--storage", given.storage, "Its storage directory; default: as configured")
      ->type_name("DIRECTORY");
  auto* show = with_config(root, given, "print-config",
                           "Prints the configuration as it works, defaults in, secrets masked",
                           print_footer);
  show->add_flag("--reference", given.reference)->group("");
  show->add_flag("--metrics", given.metrics)->group("");
  show->add_flag("--reload", given.reload)->group("");
  add_node_commands(given.node);
  auto* config = root.add_subcommand("config", "Works on configuration files");
  config->require_subcommand(1);
  auto* convert = config->add_subcommand(
      "convert", "Makes one Weir file of a Collector set-up in two tiers (loadbalancing, then "
                 "tail_sampling), on standard output");
  convert
      ->add_option("files", given.files,
                   "The Collector's files, or Kubernetes manifests that hold them")
      ->required()
      ->type_name("FILE");
  convert->footer(convert_footer);
  auto* version = root.add_subcommand("version", "Prints version, commit and formats");
  auto* help = root.add_subcommand("help", "Says how a command is used");
  help->add_option("command", given.helped, "The command; absent: all of them")
      ->type_name("COMMAND");
  commands_ = {run, check, again, show, convert, version, help};
}

command_tree::~command_tree() = default;

void command_tree::add_node_commands(node_arguments& given) {
  for (const auto& row : node_commands()) {
    CLI::App* parent = root_.get();
    auto rest = row.path;
    for (auto blank = rest.find(' '); blank != rest.npos; blank = rest.find(' ')) {
      const std::string word(rest.substr(0, blank));
      rest.remove_prefix(blank + 1);
      if (!contains(command_names(*parent), word))
        parent->add_subcommand(word, std::string(text_of_group(word)))->require_subcommand(1);
      parent = parent->get_subcommand(word);
    }
    auto* command = parent->add_subcommand(std::string(rest), std::string(row.text));
    command->footer(fmt::format("Examples:\n{}", row.examples));
    auto made = row.make();
    made->add_options(*command);
    add_node_options(*command, given);
    node_commands_.emplace_back(command, std::move(made));
  }
}

node_command* command_tree::on_node() const {
  // `replay list` is a `replay` too, and stands behind it.
  for (auto each = node_commands_.rbegin(); each != node_commands_.rend(); ++each)
    if (each->first->parsed())
      return each->second.get();
  return nullptr;
}

std::optional<int> command_tree::parse(int argc, const char* const* argv, std::ostream& out,
                                       std::ostream& err) const {
  try {
    root_->parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& problem) {
    if (root_->exit(problem, out, err) == 0)
      return done;
    err << misspelt(*root_, argc, argv);
    return wrong_usage;
  }
}

bool command_tree::used(std::string_view command) const {
  return std::any_of(commands_.begin(), commands_.end(), [command](const CLI::App* known) {
    return known->get_name() == command && known->parsed();
  });
}

int command_tree::help(const std::vector<std::string>& command, std::ostream& out,
                       std::ostream& err) const {
  const CLI::App* parent = root_.get();
  std::string path = "weir";
  for (const auto& name : command) {
    const auto names = command_names(*parent);
    if (!contains(names, name)) {
      err << fmt::format("Error: found {}, expected one of the commands of `{}`{}\n",
                         app::quoted(name), path, meant(name, names));
      return wrong_usage;
    }
    parent = parent->get_subcommand(name);
    path += " " + name;
  }
  // Not at->help(): that would go on to the command in use, which is `help`.
  out << parent->get_formatter()->make_help(parent, path, CLI::AppFormatMode::Normal);
  return done;
}

} // namespace weir::app
