#include "storage/salvage.hpp"

#include "storage/damage.hpp"
#include "storage/frame_finder.hpp"
#include "storage/info_log.hpp"
#include "storage/status.hpp"
#include "storage/wal_reader.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table_properties.h>

namespace weir::storage {

namespace {

using keys::kind;

// Entries and blocks found in damaged places wait in memory, up to this.
constexpr std::size_t max_orphan_bytes = 256 << 20;

// The smallest key that a family's table could begin with, for damage right there.
std::string first_key_of(const std::string& family) {
  if (family == "journal")
    return keys::entry(0);
  if (family == "progress")
    return keys::progress({});
  const auto dot = family.find('.');
  if (dot == family.npos)
    return {};
  const auto id = static_cast<pipeline_id>(std::strtoul(&family[dot + 1], nullptr, 10));
  if (family.starts_with("log."))
    return keys::block(id, 0);
  return family.starts_with("index.") ? keys::time(id, 0, 0) : keys::letter(id, 0);
}

// The puts of an intact record, in order.
class puts final : public rocksdb::WriteBatch::Handler {
public:
  using visitor = std::function<void(std::string_view, std::string_view)>;
  explicit puts(visitor each) : each_(std::move(each)) {}

  rocksdb::Status PutCF(std::uint32_t, const rocksdb::Slice& key,
                        const rocksdb::Slice& value) override {
    each_(key.ToStringView(), value.ToStringView());
    return rocksdb::Status::OK();
  }
  // What was deleted lies below a head, or comes to no harm when it is there again.
  rocksdb::Status DeleteCF(std::uint32_t, const rocksdb::Slice&) override {
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteRangeCF(std::uint32_t, const rocksdb::Slice&,
                                const rocksdb::Slice&) override {
    return rocksdb::Status::OK();
  }
  void LogData(const rocksdb::Slice&) override {}

private:
  visitor each_;
};

} // namespace

std::vector<std::string> numbered_files(const files& disk, const std::string& directory,
                                        std::string_view ending) {
  auto names = disk.list(directory);
  std::erase_if(names, [&](const std::string& name) { return !name.ends_with(ending); });
  // Numbers, of at least six digits.
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return std::pair(a.size(), a) < std::pair(b.size(), b);
  });
  return names;
}

salvage::salvage(store::impl& store, std::string directory, bool whole)
    : store_(store), directory_(std::move(directory)), whole_(whole) {}

result<void> salvage::run(const std::optional<mark>& expected) {
  const auto logs = numbered_files(store_.disk, directory_, ".log");
  const auto tables = numbered_files(store_.disk, directory_, ".sst");
  if (!whole_) // Now: the heads in the log say more.
    for (const auto* queue : store_.queues())
      before_.emplace(queue->prefix, queue->next);
  for (const auto now : {pass::small, pass::queues}) {
    if (auto ok = read_logs(logs, now); !ok)
      return ok;
    for (const auto& name : tables) {
      if (auto ok = read_table(name, now); !ok)
        return ok;
      if (now == pass::queues)
        if (auto ok = finish_files({name}); !ok)
          return ok;
    }
    if (now == pass::small)
      if (auto ok = prepare_queues(expected); !ok)
        return ok;
  }
  if (auto ok = close_bounds(expected); !ok)
    return ok;
  return finish_files(logs);
}

// -- reading --

result<void> salvage::read_logs(const std::vector<std::string>& names, pass now) {
  overwrite_ = true;
  for (const auto& name : names)
    if (auto ok = read_log(name, now); !ok)
      return ok;
  overwrite_ = false;
  return {};
}

result<void> salvage::read_log(const std::string& name, pass now) {
  auto reader = wal_reader(store_.disk, directory_ + '/' + name);
  auto outcome = result<void>();
  while (const auto record = reader.next()) {
    auto intact = record->is_batch();
    if (intact) {
      const auto batch = rocksdb::WriteBatch(record->bytes);
      auto visit = puts([&](std::string_view key, std::string_view value) {
        if (outcome)
          outcome = take(key, value, now);
      });
      intact = batch.Iterate(&visit).ok();
    }
    if (!intact) {
      damaged_.insert(name);
      if (now == pass::queues)
        outcome = take_frames(record->bytes);
    }
    if (!outcome)
      return outcome;
  }
  return {};
}

result<void> salvage::read_table(const std::string& name, pass now) {
  const auto path = directory_ + '/' + name;
  auto options = rocksdb::Options();
  options.env = store_.env.get();
  options.info_log = std::make_shared<info_log>();
  auto reader = rocksdb::SstFileReader(options);
  auto outcome = result<void>();
  auto damaged = !reader.Open(path).ok();
  if (!damaged) {
    const auto family = reader.GetTableProperties()->column_family_name;
    const auto iterator =
        std::unique_ptr<rocksdb::Iterator>(reader.NewIterator(rocksdb::ReadOptions()));
    auto last = first_key_of(family);
    for (iterator->SeekToFirst();; iterator->Next()) {
      if (!iterator->Valid()) {
        if (iterator->status().ok())
          break;
        damaged = true;
        if (!pass_damage(*iterator, last))
          break;
      }
      last = iterator->key().ToString();
      if (outcome = take(last, iterator->value().ToStringView(), now); !outcome)
        return outcome;
    }
  }
  if (!damaged)
    return {};
  damaged_.insert(name);
  if (now == pass::small)
    return {};
  count_damaged(1);
  const auto bytes = store_.disk.read(path);
  return bytes ? take_frames(*bytes) : result<void>();
}

// Where damage is, keys may be what is damaged: what is found there waits until all that is sound
// has been read, as far as there is room.
result<void> salvage::take_frames(std::string_view bytes) {
  auto outcome = result<void>();
  find_frames(bytes, [&](const found_frame& frame) {
    if (!outcome || frames_.contains(frame_checksum(frame.bytes)))
      return;
    auto found = orphan{std::string(frame.bytes), frame.position};
    if (orphan_bytes_ + found.bytes.size() <= max_orphan_bytes) {
      orphan_bytes_ += found.bytes.size();
      orphans_.push_back(std::move(found));
    } else if (found.position) {
      outcome = put_frame(found, frame, *found.position);
    }
  });
  return outcome;
}

// Removes files that were read without any damage, once what was in them is safe.
result<void> salvage::finish_files(const std::vector<std::string>& names) {
  if (auto ok = written(store_.sync()); !ok)
    return ok;
  for (const auto& name : names)
    if (!damaged_.contains(name))
      (void)store_.disk.remove(directory_ + '/' + name);
  return {};
}

} // namespace weir::storage
