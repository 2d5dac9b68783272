#include "model.hpp"

#include <fmt/format.h>

namespace weir::storage {

namespace {

const std::string commit_key = "commit";

log_place cursor_of(std::uint64_t number) {
  return {number, static_cast<std::uint32_t>(number % 7)};
}

template <class Key>
std::string name(const Key& key) {
  if constexpr (std::is_same_v<Key, entry_id>)
    return std::to_string(key.sequence);
  else
    return fmt::format("{}", key);
}

// Compares two maps; keys below `optional_below` may be missing in `is`.
template <class Key, class Value, class Optional>
std::optional<std::string> compare(std::string_view text, const std::map<Key, Value>& is,
                                   const std::map<Key, Value>& should, Optional may_miss) {
  for (const auto& [key, value] : should) {
    const auto found = is.find(key);
    if (found == is.end() && !may_miss(key))
      return fmt::format("{} {} is missing", text, name(key));
    if (found != is.end() && found->second != value)
      return fmt::format("{} {} is not what was written", text, name(key));
  }
  for (const auto& [key, value] : is)
    if (!should.contains(key))
      return fmt::format("{} {} should not be there", text, name(key));
  return {};
}

// What must be there: everything from the trim on, or from the head that the store states, if that
// is lower.
auto below(std::uint64_t head, std::uint64_t trim) {
  return [floor = std::min(head, trim)](std::uint64_t key) { return key < floor; };
}

} // namespace

void change::apply(contents& contents) const {
  switch (form) {
  case kind::entry:
    contents.entries[number] = value;
    break;
  case kind::erase:
    contents.entries.erase(number);
    break;
  case kind::progress:
    contents.progress[{model_node, model_epoch, number}] = value;
    break;
  case kind::settled:
    contents.settled[{model_node, model_epoch, number}] = value;
    break;
  case kind::decisions:
    contents.decisions[number] = value;
    break;
  case kind::block:
    contents.blocks[number] = value;
    break;
  case kind::letter:
    contents.letters[number] = value;
    break;
  case kind::cursor:
    contents.cursors[value] = cursor_of(number);
    break;
  }
}

void change::add_to(batch& batch) const {
  switch (form) {
  case kind::entry:
    return batch.put_entry(number, value);
  case kind::erase:
    return batch.erase_entry(number);
  case kind::progress:
    return batch.put_progress({model_node, model_epoch, number}, value);
  case kind::settled:
    return batch.put_settled({model_node, model_epoch, number}, value);
  case kind::decisions:
    return batch.put_decisions(1, number, value);
  case kind::block:
    return batch.append_block(1, number, 1000 + number, value);
  case kind::letter:
    return batch.put_dead_letter(1, number, value);
  case kind::cursor:
    return batch.put_cursor(value, 1, cursor_of(number));
  }
}

void commit_record::apply(contents& contents) const {
  for (const auto& c : changes)
    c.apply(contents);
  contents.commit = number;
}

batch commit_record::make_batch() const {
  auto result = batch();
  for (const auto& c : changes)
    c.add_to(result);
  result.put_meta(commit_key, std::to_string(number));
  return result;
}

std::uint64_t last_commit(const store& store) {
  return std::strtoull(store.meta(commit_key).value().value_or("0").c_str(), nullptr, 10);
}

std::optional<std::string> difference(const store& is, const contents& should,
                                      const trims& trimmed) {
  auto found = contents();
  auto order = journal_position{0};
  auto in_order = true;
  auto ok = is.scan_journal(0, [&](journal_position position, std::string_view entry) {
    in_order &= found.entries.empty() || position > order;
    order = position;
    found.entries.emplace(position, entry);
    return true;
  });
  if (!ok || !in_order)
    return ok ? "the journal is out of order" : ok.error().message;
  (void)is.scan_progress([&](const entry_id& id, std::string_view value) {
    found.progress.emplace(id, value);
    return true;
  });
  (void)is.scan_settled([&](const entry_id& id, std::string_view value) {
    found.settled.emplace(id, value);
    return true;
  });
  (void)is.scan_decisions(1, [&](std::uint64_t chunk, std::string_view value) {
    found.decisions.emplace(chunk, value);
    return true;
  });
  const auto log = is.log(1);
  for (auto p = log.first; p < log.next; ++p)
    if (auto block = is.read_block(1, p))
      found.blocks.emplace(p, *block);
  const auto letters = is.dead_letters(1);
  for (auto p = letters.first; p < letters.next; ++p)
    if (auto letter = is.read_dead_letter(1, p))
      found.letters.emplace(p, *letter);
  found.cursors = is.cursors(1).value();

  const auto trim_only = [](std::uint64_t trim) {
    return [trim](std::uint64_t k) { return k < trim; };
  };
  if (auto d = compare("entry", found.entries, should.entries,
                       below(is.journal().first, trimmed.journal)))
    return d;
  if (auto d = compare("block", found.blocks, should.blocks, below(log.first, trimmed.log)))
    return d;
  if (auto d =
          compare("letter", found.letters, should.letters, below(letters.first, trimmed.letters)))
    return d;
  if (auto d =
          compare("decisions", found.decisions, should.decisions, trim_only(trimmed.decisions)))
    return d;
  const auto forgotten = [&](const entry_id& id) { return id.sequence < trimmed.progress; };
  if (auto d = compare("progress", found.progress, should.progress, forgotten))
    return d;
  if (auto d = compare("settled", found.settled, should.settled, forgotten))
    return d;
  return compare("cursor", found.cursors, should.cursors, [](const std::string&) { return false; });
}

} // namespace weir::storage
