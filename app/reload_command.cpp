#include "app/reload_command.hpp"

#include "storage/lock.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <sys/stat.h>
#include <thread>

namespace weir::app {

namespace {

constexpr auto poll_interval = std::chrono::milliseconds(20);

std::string answer_file(const std::string& directory) {
  return directory + "/reload";
}

std::string request_file(const std::string& directory) {
  return directory + "/reload.request";
}

/// Writes a file as a whole, or not at all.
result<void> replace_file(const std::string& path, const std::string& text) {
  const auto made = path + ".new";
  if (std::ofstream file(made, std::ios::trunc); !(file << text) || !file.flush())
    return fail(errc::io, fmt::format("{} cannot be written", made));
  using std::filesystem::perms;
  std::error_code problem;
  std::filesystem::permissions(made, perms::owner_read | perms::owner_write, problem);
  std::filesystem::rename(made, path, problem);
  if (problem)
    return fail(errc::io, fmt::format("{}: {}", path, problem.message()));
  return {};
}

std::string digest(const std::string& text) {
  return fmt::format("{:016x}", std::hash<std::string>{}(text));
}

constexpr std::string_view file_scheme = "file ";

bool same_source(const std::string& a, const std::string& b) {
  std::error_code ignored;
  return a == b
         || (a.starts_with(file_scheme) && b.starts_with(file_scheme)
             && std::filesystem::equivalent(a.substr(file_scheme.size()),
                                            b.substr(file_scheme.size()), ignored));
}

std::string in_words(const std::vector<std::string>& sources) {
  std::string words;
  for (const auto& source : sources)
    words += (words.empty() ? "" : ", ")
             + (source.starts_with(file_scheme) ? source.substr(file_scheme.size()) : source);
  return words;
}

// Left, empty, where the disk has no room for an answer.
std::string full_file(const std::string& directory) {
  return directory + "/reload.full";
}

bool changed_since(const std::string& path, unix_ns moment) {
  struct stat found {};
  return stat(path.c_str(), &found) == 0
         && static_cast<unix_ns>(found.st_mtim.tv_sec) * second_ns
                    + static_cast<unix_ns>(found.st_mtim.tv_nsec)
                >= moment;
}

/// The answer that is there, if it is to a reload that began at `asked` or later.
std::optional<reload_answer> answer_since(const std::string& directory, unix_ns asked) {
  std::ifstream file(answer_file(directory));
  unix_ns began = 0;
  std::string word, line;
  if (changed_since(full_file(directory), asked))
    return reload_answer{false, "the disk is full, there is no room for an answer even: the node's "
                                "log has it\n"};
  if (!(file >> began >> word) || began < asked || !std::getline(file, line))
    return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return reload_answer{word == "ok", text.str()};
}

} // namespace

std::vector<std::string> source_names(const std::vector<std::string>& configs,
                                      const std::vector<std::string>& settings) {
  std::vector<std::string> names;
  for (const auto& uri : configs) {
    constexpr std::string_view file = "file:";
    if (uri.starts_with("env:"))
      names.push_back(uri);
    else if (uri.starts_with("yaml:"))
      names.push_back("yaml text " + digest(uri));
    else
      names.push_back(
          std::string(file_scheme)
          + std::filesystem::absolute(uri.substr(uri.starts_with(file) ? file.size() : 0))
                .lexically_normal()
                .string());
  }
  for (const auto& setting : settings)
    names.push_back(
        fmt::format("--set {} {}", setting.substr(0, setting.find('=')), digest(setting)));
  return names;
}

std::optional<std::vector<std::string>> take_request(const std::string& directory) {
  const auto path = request_file(directory);
  std::vector<std::string> sources;
  {
    std::ifstream file(path);
    if (!file)
      return std::nullopt;
    for (std::string line; std::getline(file, line);)
      sources.push_back(line);
  }
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  return sources;
}

std::string other_sources(const std::vector<std::string>& own,
                          const std::vector<std::string>& asked) {
  if (std::equal(own.begin(), own.end(), asked.begin(), asked.end(), same_source))
    return {};
  return fmt::format(
      "this node runs {}, and was asked to reload {}: it reads its own sources again "
      "and no others. Change those, or start it with the others",
      in_words(own), in_words(asked));
}

result<void> leave_answer(const std::string& directory, unix_ns began,
                          const reload_answer& answer) {
  const auto written =
      replace_file(answer_file(directory),
                   fmt::format("{} {}\n{}", began, answer.good ? "ok" : "failed", answer.text));
  std::error_code ignored;
  if (written) {
    std::filesystem::remove(full_file(directory), ignored);
    return {};
  }
  // Said by a file whose time counts, of its own: the clock of the file system is a little behind.
  std::filesystem::rename(answer_file(directory) + ".new", full_file(directory), ignored);
  std::filesystem::last_write_time(full_file(directory),
                                   std::filesystem::file_time_type::clock::now(), ignored);
  return written;
}

result<reload_answer> ask_to_reload(const std::string& directory,
                                    const std::vector<std::string>& sources,
                                    std::chrono::milliseconds patience) {
  const auto node = storage::directory_lock::holder(directory);
  if (!node)
    return tl::unexpected(node.error());
  // A full disk takes no request: the node is then asked to read its own sources, which is what a reload
  // that makes room wants.
  const bool said =
      sources.empty()
      || replace_file(request_file(directory), fmt::format("{}\n", fmt::join(sources, "\n")));
  const auto asked = unix_now();
  if (kill(*node, SIGHUP) != 0)
    return fail(errc::io,
                fmt::format("process {} cannot be asked: {}", *node, std::strerror(errno)));
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (auto answer = answer_since(directory, asked)) {
      if (!said)
        answer->text += "which sources were meant could not be said to the node, which read its "
                        "own: the disk is "
                        "full\n";
      return *std::move(answer);
    }
    if (kill(*node, 0) != 0)
      return fail(errc::unavailable, fmt::format("process {} ended without an answer", *node));
    std::this_thread::sleep_for(poll_interval);
  }
  return fail(errc::unavailable,
              fmt::format("process {} was asked and has not answered yet: see its log", *node));
}

} // namespace weir::app
