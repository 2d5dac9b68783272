#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace weir::app {

/// `--node`, of commands that ask the whole cluster.
inline void add_scope(CLI::App& command, std::string& scope) {
  command.add_option("--node", scope, "Of this member alone, by its name or id; absent: of all")
      ->type_name("NODE");
}

} // namespace weir::app
