#include "storage/identity.hpp"

#include "codec/hash.hpp"

#include <fmt/format.h>
#include <random>
#include <sstream>

namespace weir::storage {

namespace {

constexpr std::string_view first_line = "weir storage\n";

std::string path_of(const std::string& directory) {
  return directory + "/VERSION";
}

std::optional<identity> parse(std::string_view text) {
  if (!text.starts_with(first_line))
    return {};
  auto input = std::istringstream(std::string(text.substr(first_line.size())));
  auto word = std::string();
  auto result = identity{.format = 0};
  while (input >> word) {
    if (word == "format")
      input >> std::dec >> result.format;
    else if (word == "node")
      input >> std::hex >> result.node;
  }
  return result;
}

} // namespace

std::string with_check(std::string text) {
  text += fmt::format("check {:016x}\n", codec::xxh3(text));
  return text;
}

std::optional<std::string_view> checked_text(std::string_view content) {
  constexpr auto line = std::string_view("check 0123456789abcdef\n").size();
  if (content.size() < line)
    return {};
  const auto text = content.substr(0, content.size() - line);
  if (content.substr(text.size()) != fmt::format("check {:016x}\n", codec::xxh3(text)))
    return {};
  return text;
}

result<std::optional<identity>> read_identity(const files& disk, const std::string& directory) {
  const auto content = disk.read(path_of(directory));
  if (!content)
    return std::optional<identity>();
  const auto text = checked_text(*content);
  const auto found = text ? parse(*text) : std::nullopt;
  if (found && found->format > format_version)
    return fail(
        errc::unsupported,
        fmt::format("{} was written by a newer Weir: its format is version {}, this program knows "
                    "up to version {}",
                    directory, found->format, format_version));
  return found;
}

result<void> write_identity(const files& disk, const std::string& directory,
                            const identity& identity) {
  const auto text =
      fmt::format("{}format {}\nnode {:016x}\n", first_line, identity.format, identity.node);
  return disk.replace(path_of(directory), with_check(text), true);
}

std::uint64_t random_id() {
  auto device = std::random_device();
  auto id = std::uint64_t{0};
  while (id == 0)
    id = std::uint64_t{device()} << 32 | device();
  return id;
}

} // namespace weir::storage
