#include "storage/queue.hpp"

#include <algorithm>

namespace weir::storage {

std::string encode(const bounds& bounds) {
  auto value = std::string();
  keys::append_u64(value, bounds.first);
  keys::append_u64(value, bounds.next);
  return value;
}

bounds decode_bounds(std::string_view value) {
  return {keys::read_u64(value), keys::read_u64(value.substr(8))};
}

rocksdb::Status queue::load(rocksdb::DB& db, const bounds& floor) {
  const auto end = keys::end_of(prefix);
  const auto upper = rocksdb::Slice(end);
  auto options = rocksdb::ReadOptions();
  options.iterate_upper_bound = &upper;
  options.fill_cache = false;
  const auto found = std::unique_ptr<rocksdb::Iterator>(db.NewIterator(options, family));
  first = floor.first;
  durable_first = floor.first;
  next = std::max(floor.first, floor.next);
  found->SeekToLast();
  if (!found->Valid())
    return found->status();
  const auto parsed = keys::parse(found->key().ToStringView());
  if (!parsed)
    return rocksdb::Status::Corruption("a key that is none of this format");
  extend(parsed->number);
  return rocksdb::Status::OK();
}

std::string queue::key(std::uint64_t position) const {
  auto result = prefix;
  keys::append_u64(result, position);
  return result;
}

void queue::trim(std::uint64_t below) noexcept {
  below = std::min(below, next.load());
  auto now = first.load();
  while (now < below && !first.compare_exchange_weak(now, below)) {
  }
}

void queue::extend(std::uint64_t position) noexcept {
  auto now = next.load();
  while (now <= position && !next.compare_exchange_weak(now, position + 1)) {
  }
}

pipeline_log::pipeline_log(pipeline_id pipeline, rocksdb::ColumnFamilyHandle* blocks,
                           rocksdb::ColumnFamilyHandle* index, rocksdb::ColumnFamilyHandle* letters)
    : pipeline(pipeline), blocks(blocks, keys::prefix(keys::kind::block, pipeline)),
      letters(letters, keys::prefix(keys::kind::letter, pipeline)), index(index) {}

} // namespace weir::storage
