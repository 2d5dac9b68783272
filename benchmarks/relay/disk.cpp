#include "benchmarks/relay/disk.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <rocksdb/convenience.h>
#include <rocksdb/write_batch.h>

namespace weir::relay {

namespace {

constexpr std::uint64_t keys_kept = 4096; // trimmed when twice as many stand

std::string key_of(std::uint64_t number) {
  const auto big_endian = __builtin_bswap64(number);
  return {reinterpret_cast<const char*>(&big_endian), sizeof big_endian};
}

} // namespace

result<std::unique_ptr<disk>> disk::open(const std::string& directory,
                                         std::chrono::milliseconds gather) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kNoCompression;
  options.write_buffer_size = 32 << 20;
  options.max_total_wal_size = 128 << 20;
  options.level0_slowdown_writes_trigger = 64;
  options.level0_stop_writes_trigger = 128;
  rocksdb::DB* database = nullptr;
  const auto status = rocksdb::DB::Open(options, directory, &database);
  if (!status.ok())
    return fail(errc::io, status.ToString());
  return std::unique_ptr<disk>(new disk(std::unique_ptr<rocksdb::DB>(database), gather));
}

disk::disk(std::unique_ptr<rocksdb::DB> database, std::chrono::milliseconds gather)
    : database_(std::move(database)), gather_(gather), thread_([this] { run(); }) {}

disk::~disk() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void disk::put(parcel&& next) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(next));
  if (waiting_.size() == 1)
    changed_.notify_one();
}

void disk::run() {
  std::vector<parcel> group;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty())
        return;
    }
    std::this_thread::sleep_for(gather_);
    {
      const std::lock_guard lock(mutex_);
      group.swap(waiting_);
    }
    write(group);
    group.clear();
  }
}

void disk::write(std::vector<parcel>& group) {
  rocksdb::WriteBatch batch;
  for (const auto& parcel : group)
    batch.Put(key_of(next_key_++), parcel.packed);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  if (const auto status = database_->Write(synced, &batch); !status.ok()) {
    std::fprintf(stderr, "weir-relay: %s\n", status.ToString().c_str());
    std::_Exit(1);
  }
  for (auto& parcel : group)
    parcel.on_durable();
  for (auto& parcel : group) {
    const auto hand_over = std::move(parcel.on_hand_over);
    hand_over(std::move(parcel));
  }
  if (next_key_ - first_key_ < 2 * keys_kept)
    return;
  const auto begin = key_of(first_key_);
  first_key_ = next_key_ - keys_kept;
  const auto end = key_of(first_key_);
  const auto first = rocksdb::Slice(begin), last = rocksdb::Slice(end);
  rocksdb::DeleteFilesInRange(database_.get(), database_->DefaultColumnFamily(), &first, &last);
}

} // namespace weir::relay
