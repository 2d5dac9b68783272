#include "stages/cursor_moves.hpp"

#include "backends/finished_ranges.hpp"
#include "backends/unread_ranges.hpp"
#include "codec/block.hpp"
#include "codec/dead_letter.hpp"
#include "stages/exporter_records.hpp"
#include "stages/ledger.hpp"
#include "stages/orphans.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::stages {

namespace {

using backends::place_range;

/// Where one exporter is: its cursor, and what is finished beyond it.
struct standing {
  log_place cursor;
  std::vector<place_range> ahead;
};

result<standing> standing_of(const storage::disk& store, const named_log& log,
                             const std::string& exporter) {
  const auto cursors = store.cursors(log.id);
  if (!cursors)
    return tl::unexpected(cursors.error());
  const auto found = cursors->find(exporter);
  if (found == cursors->end())
    return fail(errc::not_found,
                fmt::format("exporter {} has no place in the log of {}", exporter, log.name));
  const auto bytes = store.meta(finished_key(log.name, exporter));
  if (!bytes)
    return tl::unexpected(bytes.error());
  const auto held = store.log(log.id);
  return standing{std::max(found->second, log_place{held.first, 0}),
                  backends::decode_finished(bytes->value_or(""), {held.next, 0})};
}

result<log_position> target_of(const storage::disk& store, pipeline_id log,
                               const backends::start_config& target) {
  using place = backends::start_config::place;
  const auto held = store.log(log);
  switch (target.where) {
  case place::beginning:
    return held.first;
  case place::time:
    return store.find_time(log, target.time);
  case place::end:
    break;
  }
  return held.next;
}

// Items of a block; what cannot be read has none.
result<std::uint32_t> items_of(const storage::disk& store, pipeline_id log, log_position position) {
  const auto bytes = store.read_block(log, position);
  if (!bytes) {
    if (bytes.error().code == errc::io)
      return tl::unexpected(bytes.error());
    return 0;
  }
  const auto block = codec::read_block(*bytes);
  return block ? block->header.items : 0;
}

// What is owed from a place on, but for `finished`, and before `below`.
result<std::uint64_t> owed_items(const storage::disk& store, pipeline_id log,
                                 const log_place& place, const std::vector<place_range>& finished,
                                 log_position below) {
  backends::unread_ranges unread(place, finished);
  std::uint64_t items = 0;
  while (const auto position = unread.next(0, below)) {
    const auto held = items_of(store, log, *position);
    if (!held)
      return tl::unexpected(held.error());
    for (const auto& range : unread.take(*position, *held))
      items += range.last - range.first;
  }
  return items;
}

void put_standing(const named_log& log, const std::string& exporter, const standing& now,
                  storage::batch& changes) {
  changes.put_cursor(exporter, log.id, now.cursor);
  changes.put_meta(finished_key(log.name, exporter), backends::encode_finished(now.ahead));
}

// Copies of requests that `old` had set aside. @returns their items
result<std::uint64_t> hand_over_copies(const storage::disk& store, const named_log& log,
                                       const std::string& old, const std::string& heir,
                                       storage::batch& changes) {
  std::uint64_t items = 0;
  std::uint64_t free = 1;
  for (std::uint64_t copy = 1; copy <= max_copies; ++copy) {
    const auto bytes = store.meta(aside_key(log.name, old, copy));
    if (!bytes)
      return tl::unexpected(bytes.error());
    if (!*bytes || (*bytes)->empty())
      continue;
    for (;; ++free) {
      if (free > max_copies)
        return fail(errc::full,
                    fmt::format("exporters {} and {} have set too many requests aside", old, heir));
      const auto taken = store.meta(aside_key(log.name, heir, free));
      if (!taken)
        return tl::unexpected(taken.error());
      if (!*taken || (*taken)->empty())
        break;
    }
    if (const auto record = codec::read_dead_letter(**bytes))
      items += record->items;
    changes.put_meta(aside_key(log.name, heir, free++), **bytes);
    changes.put_meta(aside_key(log.name, old, copy), "");
  }
  return items;
}

} // namespace

void place_exporter(const storage::disk& store, const named_log& log, const std::string& exporter,
                    const backends::start_config& start, storage::batch& changes) {
  const auto or_throw = [](const auto& read) {
    if (!read)
      throw std::runtime_error(read.error().message);
    return *read;
  };
  const auto first = or_throw(target_of(store, log.id, start));
  const auto owed = or_throw(owed_items(store, log.id, {first, 0}, {}, store.log(log.id).next));
  const ledger_page logged(store, ledger_key(log.name, "log"), log_counts);
  put_standing(log, exporter, {{first, 0}, {}}, changes);
  ledger_page page(store, ledger_key(log.name, exporter), exporter_counts);
  page = page.fresh();
  page[before_items] = logged[appended_items] - std::min(logged[appended_items], owed);
  page.write(changes);
}

result<std::int64_t> seek_exporter(const storage::disk& store, const named_log& log,
                                   const std::string& exporter,
                                   const backends::start_config& target, storage::batch& changes) {
  const auto now = standing_of(store, log, exporter);
  if (!now)
    return tl::unexpected(now.error());
  const auto first = target_of(store, log.id, target);
  if (!first)
    return tl::unexpected(first.error());
  const auto next = store.log(log.id).next;
  const auto before = owed_items(store, log.id, now->cursor, now->ahead, next);
  if (!before)
    return tl::unexpected(before.error());
  const auto after = owed_items(store, log.id, {*first, 0}, {}, next);
  if (!after)
    return tl::unexpected(after.error());
  put_standing(log, exporter, {{*first, 0}, {}}, changes);
  ledger_page page(store, ledger_key(log.name, exporter), exporter_counts);
  page[moved_items] += *before - *after;
  page.write(changes);
  return static_cast<std::int64_t>(*before - *after);
}

result<std::uint64_t> adopt_exporter(const storage::disk& store, const named_log& log,
                                     const std::string& old, const std::string& heir,
                                     storage::batch& changes) {
  auto source = standing_of(store, log, old);
  if (!source)
    return tl::unexpected(source.error());
  auto now = standing_of(store, log, heir);
  if (!now)
    return tl::unexpected(now.error());
  // What came once `old` was gone was never owed to it.
  const auto debt = owed_below(store, log.id, old);
  if (!debt)
    return tl::unexpected(debt.error());
  const auto next = store.log(log.id).next;
  const auto below = std::min(next, debt->value_or(next));
  const auto is_owed_by_old = [&](const log_place& place) { return place < log_place{below, 0}; };
  std::vector<place_range> ahead;
  const auto add = [&](log_place first, const log_place& last) {
    first = std::max(first, source->cursor);
    if (!ahead.empty() && first <= ahead.back().last)
      ahead.back().last = std::max(ahead.back().last, last);
    else if (first < last)
      ahead.push_back({first, last});
  };
  for (const auto& range : source->ahead)
    if (is_owed_by_old(range.first))
      add(range.first, std::min(range.last, log_place{below, 0}));
  if (is_owed_by_old(now->cursor))
    return fail(errc::invalid_argument,
                fmt::format("exporter {} is itself owed what {} is", heir, old));
  add({below, 0}, now->cursor);
  for (const auto& range : now->ahead)
    add(range.first, range.last);
  const auto owed = owed_items(store, log.id, source->cursor, ahead, below);
  if (!owed)
    return tl::unexpected(owed.error());
  const auto copies = hand_over_copies(store, log, old, heir, changes);
  if (!copies)
    return tl::unexpected(copies.error());
  put_standing(log, heir, {source->cursor, ahead}, changes);
  put_standing(log, old, {{next, 0}, {}}, changes);
  const auto items = *owed + *copies;
  ledger_page page(store, ledger_key(log.name, heir), exporter_counts);
  page[moved_items] -= items;
  page.write(changes);
  ledger_page old_page(store, ledger_key(log.name, old), exporter_counts);
  old_page[moved_items] += items;
  old_page.write(changes);
  return items;
}

} // namespace weir::stages
