#include "app/last_stop.hpp"

#include <filesystem>
#include <fstream>

namespace weir::app {

namespace {

constexpr std::string_view running = "running";
constexpr std::string_view stopped = "stopped";

std::string state_file(const std::string& directory) {
  return directory + "/state";
}

void note(const std::string& directory, std::string_view state) {
  std::ofstream(state_file(directory), std::ios::trunc) << state << '\n';
  using std::filesystem::perms;
  std::error_code ignored;
  std::filesystem::permissions(state_file(directory), perms::owner_read | perms::owner_write,
                               ignored);
}

} // namespace

std::string_view to_string(last_stop stop) noexcept {
  switch (stop) {
  case last_stop::none:
    return "none, the directory is new";
  case last_stop::clean:
    return "clean";
  case last_stop::unclean:
    return "unclean: what was not finished is read back";
  case last_stop::unknown:
    break;
  }
  return "unknown";
}

last_stop read_last_stop(const std::string& directory) {
  std::error_code ignored;
  if (!std::filesystem::exists(directory, ignored) || std::filesystem::is_empty(directory, ignored))
    return last_stop::none;
  std::ifstream file(state_file(directory));
  std::string state;
  if (!(file >> state))
    return last_stop::unknown;
  return state == stopped   ? last_stop::clean
         : state == running ? last_stop::unclean
                            : last_stop::unknown;
}

void note_running(const std::string& directory) {
  note(directory, running);
}

void note_stopped(const std::string& directory) {
  note(directory, stopped);
}

} // namespace weir::app
