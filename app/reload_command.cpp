#include "app/reload_command.hpp"

#include "storage/lock.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

namespace weir::app {

namespace {

constexpr auto poll_interval = std::chrono::milliseconds(20);

std::string answer_file(const std::string& directory) {
  return directory + "/reload";
}

/// The answer that is there, if it is to a reload that began at `asked` or later.
std::optional<reload_answer> answer_since(const std::string& directory, unix_ns asked) {
  std::ifstream file(answer_file(directory));
  unix_ns began = 0;
  std::string word, line;
  if (!(file >> began >> word) || began < asked || !std::getline(file, line))
    return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return reload_answer{word == "ok", text.str()};
}

} // namespace

result<void> leave_answer(const std::string& directory, unix_ns began,
                          const reload_answer& answer) {
  const auto path = answer_file(directory);
  const auto made = path + ".new";
  {
    std::ofstream file(made, std::ios::trunc);
    file << began << (answer.good ? " ok\n" : " failed\n") << answer.text;
    if (!file.flush())
      return fail(errc::io, fmt::format("{} cannot be written", made));
  }
  std::error_code problem;
  std::filesystem::rename(made, path, problem);
  if (problem)
    return fail(errc::io, fmt::format("{}: {}", path, problem.message()));
  return {};
}

result<reload_answer> ask_to_reload(const std::string& directory,
                                    std::chrono::milliseconds patience) {
  const auto node = storage::directory_lock::holder(directory);
  if (!node)
    return tl::unexpected(node.error());
  const auto asked = unix_now();
  if (kill(*node, SIGHUP) != 0)
    return fail(errc::io,
                fmt::format("process {} cannot be asked: {}", *node, std::strerror(errno)));
  const auto until = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < until) {
    if (auto answer = answer_since(directory, asked))
      return *std::move(answer);
    if (kill(*node, 0) != 0)
      return fail(errc::unavailable, fmt::format("process {} ended without an answer", *node));
    std::this_thread::sleep_for(poll_interval);
  }
  return fail(errc::unavailable,
              fmt::format("process {} was asked and has not answered yet: see its log", *node));
}

} // namespace weir::app
