#include "storage/salvage.hpp"

#include "storage/frame_finder.hpp"
#include "storage/status.hpp"

#include "core/metrics.hpp"

namespace weir::storage {

namespace {

using keys::kind;

constexpr std::uint64_t held_wals = 4; // How far back a queue is looked through, in logs' sizes.

bool is_small(kind of) {
  return of != kind::entry && of != kind::block && of != kind::time && of != kind::letter;
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
  const auto status = into_.data->db().Get(rocksdb::ReadOptions(),
                                           into_.data->family(small_family(keys::parse(key)->kind)),
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
  (void)into_.put(record, small_family(keys::parse(key)->kind), std::string(key),
                  value.substr(version_bytes));
  return written(into_.write(record, false));
}

result<void> salvage::take_queued(const keys::parsed& of, std::string_view key,
                                  std::string_view value) {
  auto* to = into_.journal.get();
  auto* family = to->family;
  if (of.kind != kind::entry) {
    const auto log = log_for(of.pipeline);
    if (!log)
      return tl::unexpected(log.error());
    to = of.kind == kind::letter ? &(*log)->letters : &(*log)->blocks;
    family = of.kind == kind::time ? (*log)->index : to->family;
  }
  if (of.number < to->first)
    return {};
  auto existing = rocksdb::PinnableSlice();
  const auto raw_key = rocksdb::Slice(key.data(), key.size());
  const auto there = into_.data->db().Get(rocksdb::ReadOptions(), family, raw_key, &existing).ok();
  if (const auto sum = frame_checksum(value); sum != 0)
    frames_.insert(sum);
  if (!there || (overwrite_ && existing != rocksdb::Slice(value.data(), value.size()))) {
    const auto status = into_.data->db().Put(rocksdb::WriteOptions(), family, raw_key,
                                             rocksdb::Slice(value.data(), value.size()));
    if (!status.ok())
      return written(status);
  }
  if (of.kind == kind::time || there)
    return {};
  to->extend(of.number);
  placed_[to->prefix] += of.number >= before_[to->prefix];
  into_.report.entries_salvaged += of.kind == kind::entry;
  into_.report.blocks_salvaged += of.kind == kind::block;
  return {};
}

result<pipeline_log*> salvage::log_for(pipeline_id pipeline) {
  if (auto known = into_.log_of(pipeline))
    return known;
  if (auto made = into_.open_log(pipeline); !made)
    return tl::unexpected(made.error());
  return into_.log_of(pipeline);
}

// The mark is a second witness for the little that everything else depends on: names, heads,
// cursors. Of two places the later is taken.
result<void> salvage::take_mark(const mark& expected) {
  auto records = rocksdb::WriteBatch();
  const auto head = [&](const std::string& prefix, const bounds& of) {
    if (!versions_.contains(keys::head(prefix)))
      (void)into_.put(records, "meta", keys::head(prefix), encode(of));
  };
  head(keys::prefix(kind::entry), expected.journal);
  for (const auto& [id, of] : expected.logs) {
    auto value = std::string();
    keys::append_u32(value, id);
    if (!of.name.empty() && !versions_.contains(keys::pipeline(of.name)))
      (void)into_.put(records, "meta", keys::pipeline(of.name), value);
    head(keys::prefix(kind::block, id), of.blocks);
    head(keys::prefix(kind::letter, id), of.letters);
  }
  for (const auto& [of, place] : expected.cursors) {
    auto value = std::string();
    const auto key = keys::cursor(of.first, of.second);
    const auto s =
        into_.data->db().Get(rocksdb::ReadOptions(), into_.data->family("cursors"), key, &value);
    if (!s.ok() || value.size() != version_bytes + 12
        || decode_cursor(std::string_view(value).substr(version_bytes)) < place)
      (void)into_.put(records, "cursors", key, encode(place));
  }
  return written(into_.write(records, false));
}

// Names and heads are known: makes the logs and takes the bounds, before the first record goes into
// a queue.
result<void> salvage::prepare_queues(const std::optional<mark>& expected) {
  if (whole_ && expected)
    if (auto ok = take_mark(*expected); !ok)
      return ok;
  if (auto ok = written(into_.load()); !ok)
    return ok;
  for (const auto& [id, name] : into_.names)
    if (auto made = into_.open_log(id); !made)
      return made;
  // Once more: heads of logs that were only now made.
  if (auto ok = written(into_.load()); !ok)
    return ok;
  for (const auto* of : into_.queues())
    before_.try_emplace(of->prefix, of->first);
  return {};
}

// The database may hold an orphan's record: it was in a table already when the log's copy lost its
// key. What a log has is among the newest of its queue.
void salvage::note_held_frames() {
  if (orphans_.empty())
    return;
  for (const auto* of : into_.queues()) {
    auto left = static_cast<std::int64_t>(held_wals * into_.how.max_wal_bytes);
    const std::unique_ptr<rocksdb::Iterator> at(
        into_.data->db().NewIterator(rocksdb::ReadOptions(), of->family));
    auto end = of->prefix;
    keys::append_u64(end, of->next);
    for (at->SeekForPrev(end); at->Valid() && at->key().starts_with(of->prefix) && left > 0;
         at->Prev()) {
      const auto value = std::string_view(at->value().data(), at->value().size());
      left -= static_cast<std::int64_t>(value.size());
      if (const auto sum = frame_checksum(value); sum != 0)
        frames_.insert(sum);
    }
  }
}

// Where it was, if that is a place of the queue where nothing is; else the end, where nothing can
// be in its way.
result<void> salvage::place_orphan(const orphan& what, const found_frame& frame) {
  const auto* block = std::get_if<codec::block_header>(&frame.header);
  auto* to = into_.journal.get();
  if (block) {
    const auto log = log_for(block->pipeline);
    if (!log)
      return tl::unexpected(log.error());
    to = &(*log)->blocks;
  }
  auto at = what.position.value_or(to->next);
  if (at < to->first)
    return {};
  auto held = std::string();
  const auto key = block ? keys::block(block->pipeline, at) : keys::entry(at);
  if (at >= to->next || into_.data->db().Get(rocksdb::ReadOptions(), to->family, key, &held).ok())
    at = to->next;
  moved_ += at == to->next && at != what.position ? 1 : 0;
  return put_frame(what, frame, at);
}

result<void> salvage::put_frame(const orphan& what, const found_frame& frame, std::uint64_t at) {
  const auto* block = std::get_if<codec::block_header>(&frame.header);
  if (!block)
    return take(keys::entry(at), what.bytes, pass::queues);
  auto outcome = take(keys::block(block->pipeline, at), what.bytes, pass::queues);
  if (outcome)
    outcome = take(keys::time(block->pipeline, block->last_time, at), {}, pass::queues);
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
    into_.extend_to(*expected);
  if (auto ok = place_orphans(); !ok)
    return ok;
  auto missing = std::uint64_t{0};
  auto heads = rocksdb::WriteBatch();
  for (auto* of : into_.queues()) {
    const auto held = of->held();
    const auto begin = before_.try_emplace(of->prefix, held.first).first->second;
    missing += held.next - std::min(begin, held.next) - placed_[of->prefix];
    (void)into_.put(heads, "meta", keys::head(of->prefix), encode(held));
  }
  missing -= std::min<std::uint64_t>(missing, moved_);
  into_.report.records_lost += missing;
  return written(into_.write(heads, false));
}

} // namespace weir::storage
