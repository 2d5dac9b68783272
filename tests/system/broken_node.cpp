// The node with one promise broken, named by WEIR_BROKEN: what the system tests have to notice.

#include "app/command_line.hpp"
#include "app/node.hpp"

#include <cstdlib>
#include <iostream>
#include <string_view>

int main(int argc, char** argv) {
  const char* name = std::getenv("WEIR_BROKEN");
  const std::string_view which = name == nullptr ? "" : name;
  weir::actors::sabotage broken;
  broken.answer_before_commit = which == "answer_before_commit";
  broken.forget_progress = which == "forget_progress";
  return weir::app::command_line(
    argc, argv,
    {std::cout, std::cerr, [&](const auto& config) { return weir::app::run_node(config, broken); }});
}
