// The node with one promise broken, named by WEIR_BROKEN: what the system tests have to notice.
// With WEIR_STALL a stage, by the name of its actor, that does no work from SIGUSR1 to SIGUSR2.
// With WEIR_THROW one that throws from SIGUSR1 on.

#include "app/command_line.hpp"
#include "app/process.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace {

std::atomic<bool> stalling{false};
static_assert(std::atomic<bool>::is_always_lock_free);

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

} // namespace

int main(int argc, char** argv) {
  const auto which = variable("WEIR_BROKEN");
  weir::stages::sabotage broken;
  broken.answer_before_commit = which == "answer_before_commit";
  broken.forget_progress = which == "forget_progress";
  if (const auto stage = variable("WEIR_STALL"); !stage.empty()) {
    std::signal(SIGUSR1, [](int) { stalling = true; });
    std::signal(SIGUSR2, [](int) { stalling = false; });
    broken.before_work = [stage](std::string_view string_view) {
      while (string_view == stage && stalling)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    };
  }
  if (const auto stage = variable("WEIR_THROW"); !stage.empty()) {
    std::signal(SIGUSR1, [](int) { stalling = true; });
    broken.before_work = [stage](std::string_view string_view) {
      if (string_view == stage && stalling)
        throw std::runtime_error("broken on purpose");
    };
  }
  return weir::app::command_line(argc, argv,
                                 {std::cout, std::cerr, [&](const auto& config, const auto& again) {
                                    return weir::app::run_node(config, again, broken);
                                  }});
}
