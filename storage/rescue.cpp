#include "storage/rescue.hpp"

#include <ctime>
#include <fmt/format.h>
#include <sstream>

namespace weir::storage {

namespace {

std::string now_text() {
  const auto now = std::time(nullptr);
  auto parts = std::tm();
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts);
  return text;
}

// "damaged/<time>", with a number behind it where that is taken.
std::string free_directory(const files& disk, const std::string& below) {
  const auto name = "damaged/" + now_text();
  auto result = name;
  for (int i = 2; disk.exists(below + '/' + result); ++i)
    result = fmt::format("{}-{}", name, i);
  return result;
}

std::string file_of(const std::string& storage_directory) {
  return storage_directory + "/SALVAGE";
}

} // namespace

rescue begin_rescue(const files& disk, const std::string& storage_directory, bool whole) {
  return {.whole = whole, .directory = free_directory(disk, storage_directory)};
}

std::optional<rescue> read_rescue(const files& disk, const std::string& storage_directory) {
  const auto text = disk.read(file_of(storage_directory));
  if (!text)
    return {};
  auto input = std::istringstream(*text);
  auto scope = std::string();
  auto result = rescue();
  input >> scope >> result.directory >> result.attempts;
  result.whole = scope != "log";
  if (!result.directory.starts_with("damaged/"))
    return begin_rescue(disk, storage_directory, true);
  return result;
}

result<void> write_rescue(const files& disk, const std::string& storage_directory,
                          const rescue& rescue) {
  const auto text =
      fmt::format("{} {} {}\n", rescue.whole ? "whole" : "log", rescue.directory, rescue.attempts);
  auto written = disk.replace(file_of(storage_directory), text, true);
  return !written && written.error().code == errc::full ? result<void>() : written;
}

void remove_rescue(const files& disk, const std::string& storage_directory) {
  (void)disk.remove(file_of(storage_directory));
}

} // namespace weir::storage
