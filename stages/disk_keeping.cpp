#include "stages/disk_keeping.hpp"

#include "codec/block.hpp"
#include "codec/dead_letter.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"
#include "stages/housekeeper.hpp"

#include <algorithm>

namespace weir::stages {

namespace {

// Rounds of making room at a time: what was being moved as it was cut is found in the next.
constexpr int rounds = 4;

// Bytes of dead letters that are looked at for their age at a time.
constexpr std::uint64_t letters_at_once = 64 << 20;

std::uint64_t items_between(const storage::disk& store, pipeline_id id, log_position first,
                            log_position below) {
  std::uint64_t items = 0;
  for (auto position = first; position < below; ++position)
    if (const auto bytes = store.read_block(id, position))
      if (const auto block = codec::read_block(*bytes))
        items += block->header.items;
  return items;
}

unix_ns ago(unix_ns now, std::int64_t span_ns) {
  return now - std::min<unix_ns>(now, static_cast<unix_ns>(span_ns));
}

} // namespace

void disk_keeper::keep(const housekeeper_config& config, unix_ns now) {
  trimmed_ = false;
  now_ = now;
  look(config);
  expire(config, now);
  bound_dead_letters(config.dead_letter_bytes > 0 ? config.dead_letter_bytes
                                                  : store_->room().max_bytes / 10);
  if (trimmed_)
    store_->give_back();
  make_room(config.drop_oldest);
}

bool disk_keeper::keep_room(const housekeeper_config& config) {
  if (store_->room().excess == 0)
    return false;
  look(config);
  make_room(config.drop_oldest);
  return true;
}

// Who needs what. Where cursors cannot be read, everything is needed.
void disk_keeper::look(const housekeeper_config& config) {
  configured_exporters configured;
  for (const auto& log : config.logs)
    configured[log.id] = {log.exporters.begin(), log.exporters.end()};
  const auto found = find_orphans(*store_, configured, now_, config.cursor_retention_ns);
  if (found)
    orphans_ = *found;
  logs_.clear();
  for (const auto& [id, name] : store_->pipelines()) {
    const auto bounds = store_->log(id);
    const auto cursors = store_->cursors(id);
    auto& known = logs_[id];
    known.name = name;
    known.held = {id, bounds.next, bounds.next, {}};
    auto& wanted = known.held.wanted;
    if (!found || !cursors)
      wanted = bounds.first;
    else
      for (const auto& exporter : configured[id]) {
        const auto found = cursors->find(exporter);
        wanted = std::min(wanted, found == cursors->end() ? bounds.first : found->second.position);
      }
    known.held.delivered = known.kept = wanted;
  }
  for (const auto& orphan : orphans_) {
    auto& log = logs_[orphan.pipeline];
    log.held.delivered = std::min(log.held.delivered, orphan.first);
    if (!orphan.is_over)
      log.kept = std::min(log.kept, orphan.first);
  }
}

void disk_keeper::expire(const housekeeper_config& config, unix_ns now) {
  for (const auto& [id, log] : logs_) {
    expire_letters(id, log.name, ago(now, config.dead_letter_retention_ns));
    const auto first = store_->log(id).first;
    if (log.held.wanted <= first)
      continue;
    const auto young = store_->find_time(id, ago(now, config.retention_ns));
    if (!young)
      continue;
    const auto below = std::min(*young, log.kept);
    if (below > first)
      cut_log(
          {id, below > log.held.delivered ? cut_reason::orphaned : cut_reason::delivered, below},
          false);
  }
}

void disk_keeper::expire_letters(pipeline_id id, const std::string& name, unix_ns horizon) {
  const auto held = store_->dead_letters(id);
  auto& oldest = oldest_letters_[id];
  if (oldest.first == held.first && oldest.second >= horizon)
    return;
  std::uint64_t looked_at = 0;
  std::uint64_t items = 0;
  auto below = held.first;
  for (; below < held.next && looked_at < letters_at_once; ++below) {
    const auto bytes = store_->read_dead_letter(id, below);
    if (!bytes && bytes.error().code != errc::corrupt)
      break;
    const auto letter = bytes ? codec::read_dead_letter(*bytes) : tl::unexpected(bytes.error());
    if (letter && letter->time >= horizon) {
      oldest = {below, letter->time};
      break;
    }
    looked_at += bytes ? bytes->size() : 0;
    items += letter ? letter->items : 0;
  }
  if (below == held.first || !store_->trim_dead_letters(id, below))
    return;
  trimmed_ = true;
  metrics::dead_letters_dropped_items.with({{"pipeline", name}})
      .Increment(static_cast<double>(items));
  log::info({{"pipeline", name}, {"items", items}},
            "{} dead letters of pipeline {} with {} items were older than "
            "storage.dead_letters.retention: they are gone",
            below - held.first, name, items);
}

std::vector<held_letters> disk_keeper::letters() const {
  std::vector<held_letters> all;
  for (const auto& [id, log] : logs_)
    if (const auto held = store_->dead_letters(id); held.first < held.next)
      all.push_back({id, store_->dead_letter_segments(id)});
  return all;
}

void disk_keeper::bound_dead_letters(std::uint64_t max_bytes) {
  std::uint64_t held = 0;
  for (const auto& [part, bytes] : store_->usage())
    held += part.starts_with("dead_letters/") ? bytes : 0;
  if (held > max_bytes)
    apply(bound_letters(letters(), max_bytes), false);
}

void disk_keeper::make_room(bool drop_oldest) {
  for (int round = 0; round < rounds; ++round) {
    const auto room = store_->room();
    if (room.excess == 0)
      return;
    std::vector<held_log> logs;
    for (const auto& [id, log] : logs_)
      logs.push_back({id, log.held.delivered, log.held.wanted, store_->log_segments(id)});
    const auto over = drop_oldest && room.why != storage::refusal::none ? room.over : 0;
    const auto cuts = stages::make_room(std::move(logs), letters(), room.excess, over);
    if (cuts.empty())
      return;
    apply(cuts, true);
    store_->give_back();
  }
}

void disk_keeper::apply(const std::vector<cut>& cuts, bool for_room) {
  for (const auto& cut : cuts)
    if (cut.why == cut_reason::dead_letters)
      cut_letters(cut);
    else
      cut_log(cut, for_room);
}

void disk_keeper::cut_log(const cut& cut, bool for_room) {
  const auto& log = logs_[cut.id];
  const auto first = store_->log(cut.id).first;
  const auto lost =
      cut.why == cut_reason::delivered
          ? 0
          : items_between(*store_, cut.id, std::max(first, log.held.delivered), cut.below);
  if (cut.below <= first || !store_->trim_log(cut.id, cut.below))
    return;
  trimmed_ = true;
  const metrics::labels pipeline{{"pipeline", log.name}};
  if (for_room && cut.why == cut_reason::delivered)
    metrics::log_early_trimmed_blocks.with(pipeline).Increment(
        static_cast<double>(cut.below - first));
  metrics::log_dropped_items.with(pipeline).Increment(static_cast<double>(lost));
  if (lost == 0)
    return;
  if (cut.why == cut_reason::orphaned)
    log::warn(
        {{"pipeline", log.name}, {"items", lost}},
        "the oldest {} items of pipeline {} were owed to exporters that are not configured any "
        "more, and went {}",
        lost, log.name, for_room ? "for room" : "after storage.cursor_retention");
  else if (log::permit("drop-oldest"))
    log::error(
        {{"pipeline", log.name}, {"items", lost}},
        "storage.max_bytes is reached: dropped the oldest {} items of pipeline {} (overflow: "
        "drop_oldest)",
        lost, log.name);
}

void disk_keeper::cut_letters(const cut& cut) {
  const auto& name = logs_[cut.id].name;
  const auto first = store_->dead_letters(cut.id).first;
  std::uint64_t items = 0;
  for (auto position = first; position < cut.below; ++position)
    if (const auto bytes = store_->read_dead_letter(cut.id, position))
      if (const auto letter = codec::read_dead_letter(*bytes))
        items += letter->items;
  if (cut.below <= first || !store_->trim_dead_letters(cut.id, cut.below))
    return;
  trimmed_ = true;
  metrics::dead_letters_dropped_items.with({{"pipeline", name}})
      .Increment(static_cast<double>(items));
  if (log::permit("drop-letters " + name))
    log::warn({{"pipeline", name}, {"items", items}},
              "the oldest {} dead letters of pipeline {} with {} items went: storage.max_bytes, or "
              "what they may have of it (storage.dead_letters.max_bytes), is used up",
              cut.below - first, name, items);
}

} // namespace weir::stages
