#pragma once

namespace CLI {
class App;
}

// The subcommands. Each adds its options to the app; when chosen, it runs and sets the exit status:
// 0 good, 1 the work failed (a check found something missing), 2 could not be done at all.
namespace weir::load {

void add_generate(CLI::App& app, int& status);
void add_play(CLI::App& app, int& status);
void add_sink(CLI::App& app, int& status);
void add_check(CLI::App& app, int& status);

} // namespace weir::load
