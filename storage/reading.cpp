// The reading half of the store (storage/store_impl.hpp).
#include "storage/damage.hpp"
#include "storage/status.hpp"
#include "storage/store_impl.hpp"

#include <fmt/format.h>

namespace weir::storage {

namespace {

rocksdb::ReadOptions scan_options(const rocksdb::Slice& upper) {
  auto options = rocksdb::ReadOptions();
  options.iterate_upper_bound = &upper;
  options.fill_cache = false;
  options.readahead_size = 1 << 20;
  return options;
}

} // namespace

result<void> store::impl::scan(rocksdb::ColumnFamilyHandle* family, const std::string& begin,
                               const std::string& end, const record_visitor& each) const {
  const auto upper = rocksdb::Slice(end);
  const auto options = scan_options(upper);
  const auto iterator = std::unique_ptr<rocksdb::Iterator>(data->db().NewIterator(options, family));
  auto last = begin; // Ahead of it, when the first block is damaged.
  iterator->Seek(begin);
  for (;;) {
    if (!iterator->Valid()) {
      if (iterator->status().ok())
        return {};
      if (!is_damage(iterator->status()))
        return tl::unexpected(to_error(iterator->status(), "reading the database"));
      count_damaged(1);
      if (!pass_damage(*iterator, last))
        return {};
    }
    last = iterator->key().ToString();
    if (!each(last, iterator->value().ToStringView()))
      return {};
    iterator->Next();
  }
}

// An iterator stops at damage anywhere it looks, also in files that hold none of what comes next,
// and in RocksDB 7.8.3 it may stop or jump over a damaged file without a word. A Get only looks
// where its key would be. So an iterator is believed as long as positions come one after the other;
// the rest is asked for.
result<void>
store::impl::scan_queue(const queue& queue, std::uint64_t begin,
                        const std::function<bool(std::uint64_t, std::string_view)>& each) const {
  const auto end = keys::end_of(queue.prefix);
  const auto upper = rocksdb::Slice(end);
  const auto held = queue.held();
  auto next = std::max(begin, held.first);
  auto outcome = result<void>();
  // False: the caller has had enough, or nothing can be read any more.
  const auto ask_until = [&](std::uint64_t position) {
    for (; next < position; ++next) {
      const auto value = read(queue, next, "record");
      if (value && !each(next, *value))
        return false;
      if (!value && value.error().code != errc::corrupt && value.error().code != errc::not_found) {
        outcome = tl::unexpected(value.error());
        return false;
      }
    }
    return true;
  };
  const auto index =
      std::unique_ptr<rocksdb::Iterator>(data->db().NewIterator(scan_options(upper), queue.family));
  for (index->Seek(queue.key(next)); index->Valid(); index->Next()) {
    const auto position = keys::read_u64(index->key().ToStringView().substr(queue.prefix.size()));
    if (position > next && !ask_until(position))
      return outcome;
    if (!each(position, index->value().ToStringView()))
      return {};
    next = position + 1;
  }
  if (!index->status().ok() && !is_damage(index->status()))
    return tl::unexpected(to_error(index->status(), "reading the database"));
  ask_until(held.next);
  return outcome;
}

result<std::string> store::impl::read(const queue& queue, std::uint64_t position,
                                      std::string_view name) const {
  const auto held = queue.held();
  if (position < held.first || position >= held.next)
    return fail(errc::not_found, fmt::format("{} {} is not held", name, position));
  auto value = std::string();
  const auto status =
      data->db().Get(rocksdb::ReadOptions(), queue.family, queue.key(position), &value);
  if (status.ok())
    return value;
  if (status.IsNotFound() && position < queue.held().first)
    return fail(errc::not_found, fmt::format("{} {} was trimmed", name, position));
  if (status.IsNotFound())
    return fail(errc::corrupt, fmt::format("{} {} is lost", name, position));
  if (is_damage(status))
    count_damaged(1);
  return tl::unexpected(to_error(status, fmt::format("reading {} {}", name, position)));
}

result<pipeline_log*> store::impl::log_of(pipeline_id pipeline) const {
  const std::shared_lock guard(mutex);
  const auto found = logs.find(pipeline);
  if (found == logs.end())
    return fail(errc::invalid_argument,
                fmt::format("the log of pipeline {} was not opened", pipeline));
  return found->second.get();
}

std::vector<queue*> store::impl::queues() const {
  auto all = std::vector<queue*>{journal.get()};
  const std::shared_lock guard(mutex);
  for (const auto& [id, log] : logs) {
    all.push_back(&log->blocks);
    all.push_back(&log->letters);
  }
  return all;
}

// -- journal --

bounds store::journal() const {
  return impl_->journal->held();
}

result<std::string> store::read_entry(journal_position position) const {
  return impl_->read(*impl_->journal, position, "entry");
}

result<void>
store::scan_journal(journal_position begin,
                    const std::function<bool(journal_position, std::string_view)>& each) const {
  const auto erased = [&] {
    const std::shared_lock guard(impl_->mutex);
    return impl_->erased;
  }();
  return impl_->scan_queue(*impl_->journal, begin,
                           [&](std::uint64_t position, std::string_view entry) {
                             return erased.contains(position) || each(position, entry);
                           });
}

result<void> store::trim_journal(journal_position below) {
  impl_->journal->trim(below);
  return {};
}

journal_position store::journal_gone() const noexcept {
  return impl_->journal->durable_first;
}

// -- progress --

result<void> store::impl::scan_by_entry(
    keys::kind type, const std::function<bool(const entry_id&, std::string_view)>& each) const {
  const auto floors = [&] {
    const std::shared_lock guard(mutex);
    return progress_floor;
  }();
  const auto prefix = keys::prefix(type);
  const auto visit = [&](std::string_view key, std::string_view value) {
    const auto parsed = keys::parse(key);
    if (!parsed || value.size() < version_bytes)
      return true;
    const auto floor = floors.find({parsed->id.node, parsed->id.epoch});
    if (floor != floors.end() && parsed->id.sequence < floor->second)
      return true;
    return each(parsed->id, value.substr(version_bytes));
  };
  return scan(data->family(small_family(type)), prefix, keys::end_of(prefix), visit);
}

result<void>
store::scan_progress(const std::function<bool(const entry_id&, std::string_view)>& each) const {
  return impl_->scan_by_entry(keys::kind::progress, each);
}

result<void>
store::scan_settled(const std::function<bool(const entry_id&, std::string_view)>& each) const {
  return impl_->scan_by_entry(keys::kind::settled, each);
}

result<void> store::trim_progress(node_id node, weir::epoch epoch, sequence below) {
  const std::unique_lock guard(impl_->mutex);
  auto& floor = impl_->progress_floor[{node, epoch}];
  floor = std::max(floor, below);
  return {};
}

// -- decisions --

result<std::vector<std::uint64_t>> store::decision_chunks(pipeline_id pipeline) const {
  auto floor = std::uint64_t{0};
  {
    const std::shared_lock guard(impl_->mutex);
    if (const auto found = impl_->decisions_floor.find(pipeline);
        found != impl_->decisions_floor.end())
      floor = found->second;
  }
  auto chunks = std::vector<std::uint64_t>();
  const auto end = keys::end_of(keys::prefix(keys::kind::decisions, pipeline));
  auto listed = impl_->scan(impl_->data->family("decisions"), keys::decisions(pipeline, floor), end,
                            [&](std::string_view key, std::string_view) {
                              chunks.push_back(keys::read_u64(key.substr(5)));
                              return true;
                            });
  if (!listed)
    return tl::unexpected(listed.error());
  return chunks;
}

result<std::string> store::read_decisions(pipeline_id pipeline, std::uint64_t chunk) const {
  auto value = std::string();
  const auto status =
      impl_->data->db().Get(rocksdb::ReadOptions(), impl_->data->family("decisions"),
                            keys::decisions(pipeline, chunk), &value);
  if (status.ok() && value.size() < version_bytes)
    return fail(errc::corrupt, fmt::format("chunk {} of decisions is empty", chunk));
  if (status.ok())
    return value.substr(version_bytes);
  if (is_damage(status))
    count_damaged(1);
  return tl::unexpected(to_error(status, fmt::format("reading chunk {} of decisions", chunk)));
}

result<void> store::scan_decisions(
    pipeline_id pipeline,
    const std::function<bool(std::uint64_t chunk, std::string_view)>& each) const {
  // Forwards first, for the numbers alone, as only that direction steps over damage.
  const auto chunks = decision_chunks(pipeline);
  if (!chunks)
    return tl::unexpected(chunks.error());
  for (auto chunk = chunks->rbegin(); chunk != chunks->rend(); ++chunk) {
    const auto value = read_decisions(pipeline, *chunk);
    if (value && !each(*chunk, *value))
      break;
    if (!value && value.error().code != errc::corrupt && value.error().code != errc::not_found)
      return tl::unexpected(value.error());
  }
  return {};
}

result<void> store::trim_decisions(pipeline_id pipeline, std::uint64_t below) {
  const std::unique_lock guard(impl_->mutex);
  auto& floor = impl_->decisions_floor[pipeline];
  floor = std::max(floor, below);
  return {};
}

// -- log --

bounds store::log(pipeline_id pipeline) const {
  const auto log = impl_->log_of(pipeline);
  return log ? (*log)->blocks.held() : bounds{};
}

result<std::string> store::read_block(pipeline_id pipeline, log_position position) const {
  const auto log = impl_->log_of(pipeline);
  if (!log)
    return tl::unexpected(log.error());
  return impl_->read((*log)->blocks, position, "block");
}

result<log_position> store::find_time(pipeline_id pipeline, unix_ns begin) const {
  const auto log = impl_->log_of(pipeline);
  if (!log)
    return tl::unexpected(log.error());
  // Behind the last block that is older. Times rise with positions but where a clock was set back,
  // and what is missing in a damaged index is not found: too early does no harm.
  const auto held = (*log)->blocks.held();
  auto found = held.first;
  auto ok = impl_->scan((*log)->index, keys::time(pipeline, 0, 0), keys::time(pipeline, begin, 0),
                        [&](std::string_view key, std::string_view) {
                          found = std::max(found, keys::parse(key)->number + 1);
                          return true;
                        });
  if (!ok)
    return tl::unexpected(ok.error());
  return std::min(found, held.next);
}

result<void> store::scan_times(pipeline_id pipeline, unix_ns begin,
                               const std::function<bool(unix_ns, log_position)>& each) const {
  const auto log = impl_->log_of(pipeline);
  if (!log)
    return tl::unexpected(log.error());
  const auto held = (*log)->blocks.held();
  return impl_->scan((*log)->index, keys::time(pipeline, begin, 0),
                     keys::end_of(keys::prefix(keys::kind::time, pipeline)),
                     [&](std::string_view key, std::string_view) {
                       const auto parsed = keys::parse(key);
                       return !parsed || parsed->number < held.first || parsed->number >= held.next
                              || each(parsed->time, parsed->number);
                     });
}

result<void> store::trim_log(pipeline_id pipeline, log_position below) {
  const auto log = impl_->log_of(pipeline);
  if (!log)
    return tl::unexpected(log.error());
  (*log)->blocks.trim(below);
  return {};
}

rocksdb::Status store::impl::scan_cursors(
    const std::string& prefix,
    const std::function<void(const keys::parsed&, const log_place&)>& each) const {
  const auto end = keys::end_of(prefix);
  const auto upper = rocksdb::Slice(end);
  const auto options = scan_options(upper);
  const auto index =
      std::unique_ptr<rocksdb::Iterator>(data->db().NewIterator(options, data->family("cursors")));
  for (index->Seek(prefix); index->Valid(); index->Next()) {
    const auto parsed = keys::parse(index->key().ToStringView());
    const auto value = index->value().ToStringView();
    if (!parsed || value.size() != version_bytes + 12)
      return rocksdb::Status::Corruption("a cursor that is none of this format");
    each(*parsed, decode_cursor(value.substr(version_bytes)));
  }
  return index->status();
}

result<std::map<std::string, log_place>> store::cursors(pipeline_id pipeline) const {
  auto result = std::map<std::string, log_place>();
  const auto status = impl_->scan_cursors(
      keys::prefix(keys::kind::cursor, pipeline),
      [&](const keys::parsed& key, const log_place& place) { result.emplace(key.text, place); });
  if (!status.ok())
    return tl::unexpected(to_error(status, "reading the cursors"));
  return result;
}

// -- dead letters --

bounds store::dead_letters(pipeline_id pipeline) const {
  const auto log = impl_->log_of(pipeline);
  return log ? (*log)->letters.held() : bounds{};
}

result<std::string> store::read_dead_letter(pipeline_id pipeline, log_position position) const {
  const auto log = impl_->log_of(pipeline);
  if (!log)
    return tl::unexpected(log.error());
  return impl_->read((*log)->letters, position, "dead letter");
}

result<void> store::trim_dead_letters(pipeline_id pipeline, log_position below) {
  const auto log = impl_->log_of(pipeline);
  if (!log)
    return tl::unexpected(log.error());
  (*log)->letters.trim(below);
  return {};
}

result<std::optional<std::string>> store::meta(std::string_view key) const {
  auto value = std::string();
  const auto status = impl_->data->db().Get(rocksdb::ReadOptions(), impl_->data->family("meta"),
                                            keys::meta(key), &value);
  if (status.IsNotFound() || (status.ok() && value.size() < version_bytes))
    return std::optional<std::string>();
  if (!status.ok())
    return tl::unexpected(to_error(status, fmt::format("reading {}", key)));
  return value.substr(version_bytes);
}

} // namespace weir::storage
