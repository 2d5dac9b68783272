// The writing half of the store (storage/store_impl.hpp).
#include "storage/status.hpp"
#include "storage/store_impl.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"

#include <fmt/format.h>
#include <thread>

namespace weir::storage {

namespace {

using keys::kind;

// How long a commit waits for memtables to be flushed before it says so.
constexpr auto stall_pause = std::chrono::milliseconds(2);
constexpr int stall_attempts = 500;

// Blocks are a little out of order; beyond that a clock was ahead, and is right again.
unix_ns index_time(unix_ns last, unix_ns time) {
  return time < last && last - time <= index_slack ? last : time;
}

rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

struct instruments {
  prometheus::Histogram& fsync = metrics::storage_fsync_seconds.with();
  prometheus::Counter& commits = metrics::storage_commits.with();
  prometheus::Counter& bytes = metrics::storage_committed_bytes.with();
  prometheus::Counter& full = metrics::storage_refused_commits.with({{"reason", "full"}});
  prometheus::Counter& stalled = metrics::storage_refused_commits.with({{"reason", "stalled"}});
};

instruments& seen() {
  static instruments all;
  return all;
}

} // namespace

std::string_view small_family(kind type) {
  switch (type) {
  case kind::progress:
  case kind::settled:
    return "progress";
  case kind::decisions:
    return "decisions";
  case kind::cursor:
    return "cursors";
  default:
    return "meta";
  }
}

rocksdb::Status store::impl::put(rocksdb::WriteBatch& batch, std::string_view family,
                                 const std::string& key, std::string_view value) {
  auto version = std::string();
  keys::append_u64(version, data->db().GetLatestSequenceNumber() + 1);
  const rocksdb::Slice parts[] = {version, slice(value)};
  const auto whole_key = rocksdb::Slice(key);
  return batch.Put(data->family(family), rocksdb::SliceParts(&whole_key, 1),
                   rocksdb::SliceParts(parts, 2));
}

rocksdb::Status store::impl::write(rocksdb::WriteBatch& batch, bool sync) {
  if (failed || data->broken() || wal->failed())
    return rocksdb::Status::IOError("the disk has failed before");
  if (!space.make_room_for(batch.GetDataSize()))
    return rocksdb::Status::NoSpace();
  auto options = rocksdb::WriteOptions();
  options.sync = sync && settings.fsync && !settings.broken.skip_sync;
  auto status = data->db().Write(options, &batch);
  if (wal->failed())
    status = wal->failure();
  if (wal->failed() || (!status.ok() && !is_no_space(status)))
    (void)refuse(status);
  return status;
}

result<void> store::impl::encode_batch(const batch& batch) {
  scratch.Clear();
  auto last_times = std::map<pipeline_id, unix_ns>();
  for (const auto& o : batch.operations()) {
    const auto value = slice(o.value.view());
    if (o.kind == kind::entry) {
      (void)scratch.Put(journal->family, o.key, value);
    } else if (o.kind == kind::block || o.kind == kind::letter) {
      const auto log = log_of(o.pipeline);
      if (!log)
        return tl::unexpected(log.error());
      auto& queue = **log;
      (void)scratch.Put(o.kind == kind::block ? queue.blocks.family : queue.letters.family, o.key,
                        value);
      if (o.kind == kind::block) {
        auto& last = last_times.try_emplace(o.pipeline, queue.last_time.load()).first->second;
        last = index_time(last, o.time);
        (void)scratch.Put(queue.index, keys::time(o.pipeline, last, o.number), {});
      }
    } else {
      (void)put(scratch, small_family(o.kind), o.key, o.value.view());
    }
  }
  return {};
}

void store::impl::applied(const batch& batch) {
  for (const auto& o : batch.operations()) {
    if (o.kind == kind::entry) {
      journal->extend(o.number);
    } else if (o.kind == kind::erased) {
      const std::unique_lock guard(mutex);
      erased.insert(o.number);
    } else if (o.kind == kind::block || o.kind == kind::letter) {
      auto& log = **log_of(o.pipeline);
      (o.kind == kind::block ? log.blocks : log.letters).extend(o.number);
      if (o.kind == kind::block)
        log.last_time = index_time(log.last_time, o.time);
    }
  }
  space.wrote(batch.bytes());
  commits.fetch_add(1);
  bytes_committed.fetch_add(batch.bytes());
  seen().commits.Increment();
  seen().bytes.Increment(static_cast<double>(batch.bytes()));
}

// Sorts a failed write: no room, no time, or the end.
result<void> store::impl::refuse(const rocksdb::Status& why) {
  if (is_no_space(why) && !wal->failed()) {
    seen().full.Increment();
    space.ran_out(); // maintain() sees to it that writing goes on.
    return fail(errc::full, fmt::format("the disk under {} is full", settings.directory));
  }
  if (why.IsIncomplete()) {
    seen().stalled.Increment();
    return fail(errc::unavailable, "the disk does not keep up with what is written");
  }
  if (data->corrupt() || why.IsCorruption()) {
    // The next start moves the database aside and salvages it.
    (void)disk.replace(path("SALVAGE"), {}, true);
    return fail_for_good(fmt::format(
        "the database is damaged and is salvaged at the next start: {}", why.ToString()));
  }
  return fail_for_good(fmt::format("the disk failed: {}", why.ToString()));
}

result<void> store::impl::fail_for_good(std::string why) {
  const std::lock_guard guard(failure_mutex);
  if (!failed.exchange(true))
    why_failed = why;
  return fail(errc::fatal, std::move(why));
}

result<void> store::impl::commit(batch& changes, bool sync) {
  if (!failed && (data->broken() || wal->failed()))
    return refuse(rocksdb::Status::IOError("an error in the background"));
  if (failed)
    return fail(errc::fatal, "the disk has failed before");
  if (changes.empty() && !sync)
    return {};
  // Before RocksDB finds out: a log that could not be written aborts the process in Debian's build,
  // when a flush syncs it later.
  if (!space.make_room_for(changes.bytes()))
    return refuse(rocksdb::Status::NoSpace());
  if (auto ok = encode_batch(changes); !ok)
    return ok;
  auto options = rocksdb::WriteOptions();
  options.sync = sync && settings.fsync && !settings.broken.skip_sync;
  options.no_slowdown = true;
  const auto begin = steady_now();
  auto status = data->db().Write(options, &scratch);
  for (int i = 0; status.IsIncomplete() && i < stall_attempts; ++i) {
    std::this_thread::sleep_for(stall_pause);
    status = data->db().Write(options, &scratch);
  }
  if (wal->failed())
    status = wal->failure();
  if (!status.ok())
    return refuse(status);
  if (options.sync)
    seen().fsync.Observe(static_cast<double>(steady_now() - begin) / second_ns);
  applied(changes);
  changes = batch();
  return {};
}

// Refused early: a disk that gets full for what another node has as well would stop what it alone
// has.
result<std::uint64_t> store::impl::spill(std::string_view bytes) {
  static auto& refused = metrics::storage_refused_spills.with();
  static auto& written = metrics::storage_spilled_bytes.with();
  if (failed)
    return fail(errc::fatal, "the disk has failed before");
  const auto most =
      settings.max_spill_bytes > 0 ? settings.max_spill_bytes : space.room().max_bytes / 4;
  auto place = result<std::uint64_t>(fail(errc::full, "there is too little room to spill"));
  if (space.has_room_to_spare(bytes.size()))
    place = spilled.put(bytes, most);
  if (!place) {
    refused.Increment();
    return place;
  }
  written.Increment(static_cast<double>(bytes.size()));
  space.wrote(bytes.size());
  return place;
}

} // namespace weir::storage
