#include "storage/mark.hpp"

#include <fmt/format.h>
#include <sstream>

namespace weir::storage {

namespace {

constexpr std::string_view first_line = "weir mark 1\n";

// The rest of the line: names may hold spaces.
std::string rest(std::istream& input) {
  auto text = std::string();
  input.get();
  std::getline(input, text);
  return text;
}

mark parse(std::string_view text) {
  auto input = std::istringstream(std::string(text.substr(first_line.size())));
  auto result = mark();
  auto word = std::string();
  while (input >> word) {
    if (word == "node") {
      input >> std::hex >> result.node >> std::dec;
    } else if (word == "sequence") {
      input >> result.sequence;
    } else if (word == "wal") {
      input >> result.wal;
    } else if (word == "manifest") {
      input >> result.manifest_bytes;
      result.manifest = rest(input);
    } else if (word == "journal") {
      input >> result.journal.first >> result.journal.next;
    } else if (word == "pipeline") {
      auto id = pipeline_id{0};
      auto bounds = mark::log_bounds();
      input >> id >> bounds.blocks.first >> bounds.blocks.next >> bounds.letters.first
          >> bounds.letters.next;
      bounds.name = rest(input);
      result.logs.emplace(id, std::move(bounds));
    } else if (word == "cursor") {
      auto id = pipeline_id{0};
      auto place = log_place();
      input >> id >> place.position >> place.item;
      result.cursors.emplace(std::pair(id, rest(input)), place);
    }
  }
  return result;
}

} // namespace

std::string encode(const mark& mark) {
  auto text = fmt::format("{}node {:016x}\nsequence {}\nwal {}\nmanifest {} {}\njournal {} {}\n",
                          first_line, mark.node, mark.sequence, mark.wal, mark.manifest_bytes,
                          mark.manifest, mark.journal.first, mark.journal.next);
  for (const auto& [id, bounds] : mark.logs)
    text += fmt::format("pipeline {} {} {} {} {} {}\n", id, bounds.blocks.first, bounds.blocks.next,
                        bounds.letters.first, bounds.letters.next, bounds.name);
  for (const auto& [exporter, place] : mark.cursors)
    text += fmt::format("cursor {} {} {} {}\n", exporter.first, place.position, place.item,
                        exporter.second);
  return with_check(std::move(text));
}

std::optional<mark> read_mark(const files& disk, const std::string& directory) {
  const auto content = disk.read(mark_path(directory));
  const auto text = content ? checked_text(*content) : std::nullopt;
  if (!text || !text->starts_with(first_line))
    return {};
  return parse(*text);
}

} // namespace weir::storage
