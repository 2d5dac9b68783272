#include "app/command_line.hpp"
#include "app/process.hpp"

#include <iostream>

int main(int argc, char** argv) {
  return weir::app::command_line(argc, argv,
                                 {std::cout, std::cerr, [](const auto& config, const auto& again) {
                                    return weir::app::run_node(config, again);
                                  }});
}
