// The half of storage/salvage.hpp that puts what was found where it belongs.
#include "storage/salvage.hpp"

#include "storage/frame_finder.hpp"
#include "storage/status.hpp"

#include "core/metrics.hpp"

namespace weir::storage {

namespace {

using keys::kind;

constexpr std::uint64_t held_wals = 4; // How far back a queue is looked through, in logs' sizes.

bool is_small(kind type) {
  return type != kind::entry && type != kind::block && type != kind::time && type != kind::letter;
}

} // namespace

result<void> salvage::written(const rocksdb::Status& status) const {
  if (status.ok())
    return {};
  return tl::unexpected(to_error(status, "writing what was salvaged"));
}

result<void> salvage::take(std::string_view key, std::string_view value, pass now) {
  const auto parsed = keys::parse(key);
  if (!parsed || is_small(parsed->kind) != (now == pass::small))
    return {};
  return now == pass::small ? take_small(key, value) : take_queued(*parsed, key, value);
}

// A log that was needed no more may still be there, with values that are older than the database's.
std::uint64_t salvage::version_in_database(std::string_view key) const {
  auto value = std::string();
  const auto status = store_.data->db().Get(
      rocksdb::ReadOptions(), store_.data->family(small_family(keys::parse(key)->kind)),
      rocksdb::Slice(key.data(), key.size()), &value);
  return status.ok() && value.size() >= version_bytes ? keys::read_u64(value) : 0;
}

result<void> salvage::take_small(std::string_view key, std::string_view value) {
  if (value.size() < version_bytes)
    return {};
  const auto version = keys::read_u64(value);
  auto known = versions_.find(key);
  if (known == versions_.end())
    known = versions_.emplace(key, version_in_database(key)).first;
  if (known->second > version)
    return {};
  known->second = version;
  auto record = rocksdb::WriteBatch();
  (void)store_.put(record, small_family(keys::parse(key)->kind), std::string(key),
                   value.substr(version_bytes));
  return written(store_.write(record, false));
}

result<void> salvage::take_queued(const keys::parsed& parsed, std::string_view key,
                                  std::string_view value) {
  auto* queue = store_.journal.get();
  auto* family = queue->family;
  if (parsed.kind != kind::entry) {
    const auto log = log_for(parsed.pipeline);
    if (!log)
      return tl::unexpected(log.error());
    queue = parsed.kind == kind::letter ? &(*log)->letters : &(*log)->blocks;
    family = parsed.kind == kind::time ? (*log)->index : queue->family;
  }
  if (parsed.number < queue->first)
    return {};
  auto existing = rocksdb::PinnableSlice();
  const auto raw_key = rocksdb::Slice(key.data(), key.size());
  const auto there = store_.data->db().Get(rocksdb::ReadOptions(), family, raw_key, &existing).ok();
  if (const auto sum = frame_checksum(value); sum != 0)
    frames_.insert(sum);
  if (!there || (overwrite_ && existing != rocksdb::Slice(value.data(), value.size()))) {
    const auto status = store_.data->db().Put(rocksdb::WriteOptions(), family, raw_key,
                                              rocksdb::Slice(value.data(), value.size()));
    if (!status.ok())
      return written(status);
  }
  if (parsed.kind == kind::time || there)
    return {};
  queue->extend(parsed.number);
  placed_[queue->prefix] += parsed.number >= before_[queue->prefix];
  store_.report.entries_salvaged += parsed.kind == kind::entry;
  store_.report.blocks_salvaged += parsed.kind == kind::block;
  return {};
}

result<pipeline_log*> salvage::log_for(pipeline_id pipeline) {
  if (auto known = store_.log_of(pipeline))
    return known;
  if (auto made = store_.open_log(pipeline); !made)
    return tl::unexpected(made.error());
  return store_.log_of(pipeline);
}

// The mark is a second witness for the little that everything else depends on: names, heads,
// cursors. Of two places the later is taken.
result<void> salvage::take_mark(const mark& expected) {
  auto records = rocksdb::WriteBatch();
  const auto head = [&](const std::string& prefix, const bounds& bounds) {
    if (!versions_.contains(keys::head(prefix)))
      (void)store_.put(records, "meta", keys::head(prefix), encode(bounds));
  };
  head(keys::prefix(kind::entry), expected.journal);
  for (const auto& [id, log] : expected.logs) {
    auto value = std::string();
    keys::append_u32(value, id);
    if (!log.name.empty() && !versions_.contains(keys::pipeline(log.name)))
      (void)store_.put(records, "meta", keys::pipeline(log.name), value);
    head(keys::prefix(kind::block, id), log.blocks);
    head(keys::prefix(kind::letter, id), log.letters);
  }
  for (const auto& [exporter, place] : expected.cursors) {
    auto value = std::string();
    const auto key = keys::cursor(exporter.first, exporter.second);
    const auto s =
        store_.data->db().Get(rocksdb::ReadOptions(), store_.data->family("cursors"), key, &value);
    if (!s.ok() || value.size() != version_bytes + 12
        || decode_cursor(std::string_view(value).substr(version_bytes)) < place)
      (void)store_.put(records, "cursors", key, encode(place));
  }
  return written(store_.write(records, false));
}

// Names and heads are known: makes the logs and takes the bounds, before the first record goes into
// a queue.
result<void> salvage::prepare_queues(const std::optional<mark>& expected) {
  if (whole_ && expected)
    if (auto ok = take_mark(*expected); !ok)
      return ok;
  if (auto ok = written(store_.load()); !ok)
    return ok;
  for (const auto& [id, name] : store_.names)
    if (auto made = store_.open_log(id); !made)
      return made;
  // Once more: heads of logs that were only now made.
  if (auto ok = written(store_.load()); !ok)
    return ok;
  for (const auto* queue : store_.queues())
    before_.try_emplace(queue->prefix, queue->first);
  return {};
}

// The database may hold an orphan's record: it was in a table already when the log's copy lost its
// key. What a log has is among the newest of its queue.
void salvage::note_held_frames() {
  if (orphans_.empty())
    return;
  for (const auto* queue : store_.queues()) {
    auto left = static_cast<std::int64_t>(held_wals * store_.settings.max_wal_bytes);
    const std::unique_ptr<rocksdb::Iterator> iterator(
        store_.data->db().NewIterator(rocksdb::ReadOptions(), queue->family));
    auto end = queue->prefix;
    keys::append_u64(end, queue->next);
    for (iterator->SeekForPrev(end);
         iterator->Valid() && iterator->key().starts_with(queue->prefix) && left > 0;
         iterator->Prev()) {
      const auto value = std::string_view(iterator->value().data(), iterator->value().size());
      left -= static_cast<std::int64_t>(value.size());
      if (const auto sum = frame_checksum(value); sum != 0)
        frames_.insert(sum);
    }
  }
}

// Where it was, if that is a place of the queue where nothing is; else the end, where nothing can
// be in its way.
result<void> salvage::place_orphan(const orphan& orphan, const found_frame& frame) {
  const auto* block = std::get_if<codec::block_header>(&frame.header);
  auto* queue = store_.journal.get();
  if (block) {
    const auto log = log_for(block->pipeline);
    if (!log)
      return tl::unexpected(log.error());
    queue = &(*log)->blocks;
  }
  auto position = orphan.position.value_or(queue->next);
  if (position < queue->first)
    return {};
  auto held = std::string();
  const auto key = block ? keys::block(block->pipeline, position) : keys::entry(position);
  if (position >= queue->next
      || store_.data->db().Get(rocksdb::ReadOptions(), queue->family, key, &held).ok())
    position = queue->next;
  moved_ += position == queue->next && position != orphan.position ? 1 : 0;
  return put_frame(orphan, frame, position);
}

result<void> salvage::put_frame(const orphan& orphan, const found_frame& frame,
                                std::uint64_t position) {
  const auto* block = std::get_if<codec::block_header>(&frame.header);
  if (!block)
    return take(keys::entry(position), orphan.bytes, pass::queues);
  auto outcome = take(keys::block(block->pipeline, position), orphan.bytes, pass::queues);
  if (outcome)
    outcome = take(keys::time(block->pipeline, block->last_time, position), {}, pass::queues);
  return outcome;
}

result<void> salvage::place_orphans() {
  note_held_frames();
  for (const auto& each : orphans_) {
    if (!frames_.insert(frame_checksum(each.bytes)).second)
      continue;
    auto outcome = result<void>();
    find_frames(each.bytes, [&](const found_frame& frame) {
      if (outcome)
        outcome = place_orphan(each, frame);
    });
    if (!outcome)
      return outcome;
  }
  return {};
}

// Positions go on behind everything that ever was, and what is missing before them is lost.
result<void> salvage::close_bounds(const std::optional<mark>& expected) {
  if (expected)
    store_.extend_to(*expected);
  if (auto ok = place_orphans(); !ok)
    return ok;
  auto missing = std::uint64_t{0};
  auto heads = rocksdb::WriteBatch();
  for (auto* queue : store_.queues()) {
    const auto held = queue->held();
    const auto begin = before_.try_emplace(queue->prefix, held.first).first->second;
    missing += held.next - std::min(begin, held.next) - placed_[queue->prefix];
    (void)store_.put(heads, "meta", keys::head(queue->prefix), encode(held));
  }
  missing -= std::min<std::uint64_t>(missing, moved_);
  store_.report.records_lost += missing;
  return written(store_.write(heads, false));
}

} // namespace weir::storage
