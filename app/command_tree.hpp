#pragma once

#include "app/admin/node_commands.hpp"

#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace weir::app {

/// What the command line said.
struct arguments {
  std::vector<std::string> configs;
  std::vector<std::string> settings;
  bool strict = false;
  bool dry_run = false;
  bool reference = false;
  bool metrics = false;
  bool reload = false;
  std::vector<std::string> seeds; ///< Behind `--join`.
  std::string storage;
  std::vector<std::string> files;
  node_arguments node;
  std::vector<std::string> helped; ///< Behind `help`: the command that it is about.
};

/// The commands of `weir` with their options and examples.
class command_tree {
public:
  /// Parsing fills `given`, which has to live as long.
  explicit command_tree(arguments& given);
  ~command_tree();
  command_tree(const command_tree&) = delete;
  command_tree& operator=(const command_tree&) = delete;

  /// The exit code where parsing is all there was to do: a help, the version, wrong arguments, of
  /// which a misspelt one comes back with the nearest that there is.
  std::optional<int> parse(int argc, const char* const* argv, std::ostream& out,
                           std::ostream& err) const;

  /// Whether this command was given.
  bool used(std::string_view command) const;
  /// The one that asks a node; null: it is another.
  node_command* on_node() const;

  /// `weir help [COMMAND...]`. Returns the exit code.
  int help(const std::vector<std::string>& command, std::ostream& out, std::ostream& err) const;

private:
  void add_node_commands(node_arguments& given);

  std::unique_ptr<CLI::App> root_;
  std::vector<CLI::App*> commands_;
  std::vector<std::pair<CLI::App*, std::unique_ptr<node_command>>> node_commands_;
};

} // namespace weir::app
