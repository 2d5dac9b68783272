// What leaves the disk together, for whoever makes room.
#include "storage/store_impl.hpp"

#include <algorithm>
#include <rocksdb/metadata.h>

namespace weir::storage {

std::vector<segment> store::impl::segments(const queue& held) const {
  const auto bounds = held.held();
  auto meta = rocksdb::ColumnFamilyMetaData();
  data->db().GetColumnFamilyMetaData(held.family, &meta);
  auto found = std::vector<segment>();
  auto end = bounds.first; // Of what is in files.
  for (const auto& level : meta.levels) {
    for (const auto& file : level.files) {
      const auto first = keys::parse(file.smallestkey);
      const auto last = keys::parse(file.largestkey);
      if (!first || !last || last->number < bounds.first)
        continue; // Gone, or about to go.
      end = std::max(end, last->number + 1);
      found.push_back({std::max(first->number, bounds.first), last->number + 1, file.size,
                       file.file_number, false});
    }
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  if (end >= bounds.next)
    return found;
  const auto property = [&](const std::string& name) {
    auto value = std::uint64_t{0};
    (void)data->db().GetIntProperty(held.family, name, &value);
    return value;
  };
  using properties = rocksdb::DB::Properties;
  const auto records = property(properties::kNumEntriesActiveMemTable)
                       + property(properties::kNumEntriesImmMemTables);
  // What was trimmed is in the memtables until they are flushed.
  const auto live = std::min(records, bounds.next - end);
  const auto bytes = records == 0 ? 0 : property(properties::kCurSizeAllMemTables) / records * live;
  found.push_back({end, bounds.next, bytes, ~std::uint64_t{0}, true});
  return found;
}

std::vector<segment> store::log_segments(pipeline_id pipeline) const {
  const auto log = impl_->log_of(pipeline);
  return log ? impl_->segments((*log)->blocks) : std::vector<segment>();
}

std::vector<segment> store::dead_letter_segments(pipeline_id pipeline) const {
  const auto log = impl_->log_of(pipeline);
  return log ? impl_->segments((*log)->letters) : std::vector<segment>();
}

} // namespace weir::storage
