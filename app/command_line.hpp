#pragma once

#include "app/process.hpp"

#include <functional>
#include <iosfwd>

namespace weir::app {

/// Where the command line writes, and how it starts a node: handed in, so that tests can look.
struct command_context {
  std::ostream& out;
  std::ostream& err;
  std::function<int(const loaded_config&, const config_reader& again)> run;
};

/// Does what the arguments of `weir` say. Returns the exit code (app/exit_code.hpp).
int command_line(int argc, const char* const* argv, const command_context& context);

} // namespace weir::app
