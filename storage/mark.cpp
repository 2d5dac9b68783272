#include "storage/mark.hpp"

#include <fmt/format.h>
#include <sstream>

namespace weir::storage {

namespace {

constexpr std::string_view first_line = "weir mark 1\n";

// The rest of the line: names may hold spaces.
std::string rest(std::istream& in) {
  auto text = std::string();
  in.get();
  std::getline(in, text);
  return text;
}

mark parse(std::string_view text) {
  auto in = std::istringstream(std::string(text.substr(first_line.size())));
  auto result = mark();
  auto word = std::string();
  while (in >> word) {
    if (word == "node") {
      in >> std::hex >> result.node >> std::dec;
    } else if (word == "sequence") {
      in >> result.sequence;
    } else if (word == "wal") {
      in >> result.wal;
    } else if (word == "manifest") {
      in >> result.manifest_bytes;
      result.manifest = rest(in);
    } else if (word == "journal") {
      in >> result.journal.first >> result.journal.next;
    } else if (word == "pipeline") {
      auto id = pipeline_id{0};
      auto of = mark::log_bounds();
      in >> id >> of.blocks.first >> of.blocks.next >> of.letters.first >> of.letters.next;
      of.name = rest(in);
      result.logs.emplace(id, std::move(of));
    } else if (word == "cursor") {
      auto id = pipeline_id{0};
      auto place = cursor();
      in >> id >> place.position >> place.item;
      result.cursors.emplace(std::pair(id, rest(in)), place);
    }
  }
  return result;
}

} // namespace

std::string encode(const mark& what) {
  auto text = fmt::format("{}node {:016x}\nsequence {}\nwal {}\nmanifest {} {}\njournal {} {}\n",
                          first_line, what.node, what.sequence, what.wal, what.manifest_bytes,
                          what.manifest, what.journal.first, what.journal.next);
  for (const auto& [id, of] : what.logs)
    text += fmt::format("pipeline {} {} {} {} {} {}\n", id, of.blocks.first, of.blocks.next,
                        of.letters.first, of.letters.next, of.name);
  for (const auto& [of, place] : what.cursors)
    text += fmt::format("cursor {} {} {} {}\n", of.first, place.position, place.item, of.second);
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
