#include "benchmarks/load/commands.hpp"

#include <CLI/CLI.hpp>

// Makes, plays, takes in and checks OTLP traces: see --help of each subcommand.
int main(int argc, char** argv) {
  CLI::App app("Load for OTLP servers: generate, play, sink, check", "weir-load");
  app.require_subcommand(1);
  int status = 0;
  weir::load::add_generate(app, status);
  weir::load::add_play(app, status);
  weir::load::add_sink(app, status);
  weir::load::add_check(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& why) {
    constexpr int wrong_usage = 2;
    return app.exit(why) == 0 ? 0 : wrong_usage;
  }
  return status;
}
