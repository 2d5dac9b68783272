#pragma once

#include "app/admin/node_session.hpp"

#include <memory>
#include <span>
#include <string_view>

namespace CLI {
class App;
}

// The commands that ask a running node, each in a file of its own: <name>_command.cpp.
namespace weir::app {

/// What one of them does, with its own options.
class node_command {
public:
  virtual ~node_command() = default;

  /// Adds its options, which it fills when the command line is parsed.
  virtual void add_options(CLI::App&) {}
  /// Returns the exit code.
  virtual int run(node_session& session) = 0;
};

std::unique_ptr<node_command> make_status_command();
std::unique_ptr<node_command> make_members_command();
std::unique_ptr<node_command> make_leave_command();
std::unique_ptr<node_command> make_exporters_list_command();
std::unique_ptr<node_command> make_replay_command();
std::unique_ptr<node_command> make_replay_list_command();
std::unique_ptr<node_command> make_replay_pause_command();
std::unique_ptr<node_command> make_replay_resume_command();
std::unique_ptr<node_command> make_replay_cancel_command();
std::unique_ptr<node_command> make_logs_cat_command();
std::unique_ptr<node_command> make_trace_command();

struct command_row {
  std::string_view
      path; ///< With blanks between its words; one that others begin with stands first.
  std::string_view text; ///< A sentence.
  std::string_view examples;
  std::unique_ptr<node_command> (*make)();
};

/// All of them, in the order of the help.
std::span<const command_row> node_commands();

/// The sentence of a word that commands begin with.
std::string_view text_of_group(std::string_view word);

/// Connects, runs it. Returns the exit code.
int run_on_node(node_command& command, const node_arguments& given, std::ostream& out,
                std::ostream& err);

} // namespace weir::app
