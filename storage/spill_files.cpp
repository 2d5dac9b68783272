#include "storage/spill_files.hpp"

#include "codec/hash.hpp"
#include "storage/damage.hpp"
#include "storage/keys.hpp"
#include "storage/status.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::storage {

namespace {

const rocksdb::IOOptions io;

// Each is open.
constexpr std::uint64_t most_files = 64;
// Of a small bound: a file goes as a whole.
constexpr std::uint64_t least_files = 8;

// place | length | xxh3 of the bytes | xxh3 of these three, each u64.
constexpr std::size_t header_bytes = 32;
constexpr std::size_t checked_bytes = 24;

std::uint64_t file_bytes(std::uint64_t least, std::uint64_t most) {
  return std::max(most / most_files, std::min(least, most / least_files));
}

std::string header(std::uint64_t place, std::string_view bytes) {
  auto text = std::string();
  for (const auto number : {place, std::uint64_t{bytes.size()}, codec::xxh3(bytes)})
    keys::append_u64(text, number);
  keys::append_u64(text, codec::xxh3(text));
  return text;
}

rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

tl::unexpected<error> damaged(std::uint64_t place) {
  count_damaged(1);
  return fail(errc::corrupt, fmt::format("spilled bytes at {} are not what was written", place));
}

result<std::string> read_exactly(const rocksdb::FSRandomAccessFile& file, std::uint64_t offset,
                                 std::uint64_t bytes, std::uint64_t place) {
  auto found = std::string(bytes, '\0');
  if (bytes == 0) // RocksDB takes that for an error.
    return found;
  auto read = rocksdb::Slice();
  const auto status = file.Read(offset, bytes, io, &read, found.data(), nullptr);
  if (!status.ok())
    return fail(errc::io, fmt::format("reading spilled bytes at {}: {}", place, status.ToString()));
  if (read.size() != bytes)
    return damaged(place);
  if (read.data() != found.data())
    found.assign(read.data(), read.size());
  return found;
}

} // namespace

struct spill_files::file {
  std::string path;
  std::unique_ptr<rocksdb::FSRandomAccessFile> reader;
  std::unique_ptr<rocksdb::FSWritableFile> writer; ///< Guarded by `writing_`.
  std::uint64_t on_disk = 0;                       ///< The same; counts in `bytes_`.
  // Guarded by `mutex_`:
  std::uint64_t written = 0;
  std::uint64_t held = 0; ///< Pieces.
  bool sealed = false;    ///< Nothing more is written to it.
};

spill_files::spill_files(const files& disk, std::string directory, std::uint64_t least_file_bytes)
    : disk_(disk), directory_(std::move(directory)), least_file_bytes_(least_file_bytes) {}

spill_files::~spill_files() = default;

void spill_files::clear() {
  newest_.reset();
  files_.clear();
  unused_.clear();
  for (const auto& name : disk_.list(directory_))
    (void)disk_.remove(directory_ + '/' + name);
  (void)disk_.remove_empty_directory(directory_);
  bytes_ = 0;
}

result<void> spill_files::begin_file() {
  if (auto made = disk_.make_directory(directory_); !made)
    return made;
  auto next = std::make_shared<file>();
  next->path = fmt::format("{}/{}", directory_, next_);
  const auto options = rocksdb::FileOptions();
  auto status = disk_.system().NewWritableFile(next->path, options, &next->writer, nullptr);
  keep_private(next->path, false);
  if (status.ok())
    status = disk_.system().NewRandomAccessFile(next->path, options, &next->reader, nullptr);
  if (!status.ok()) {
    (void)disk_.remove(next->path);
    return tl::unexpected(to_error(status, "making a file for spilled bytes"));
  }
  newest_ = std::move(next);
  const std::lock_guard guard(mutex_);
  files_.emplace(next_, newest_);
  return {};
}

rocksdb::IOStatus spill_files::append(std::uint64_t place, std::string_view bytes) {
  auto status = newest_->writer->Append(slice(header(place, bytes)), io, nullptr);
  if (status.ok() && !bytes.empty())
    status = newest_->writer->Append(slice(bytes), io, nullptr);
  return status;
}

void spill_files::seal_newest() {
  if (!newest_)
    return;
  newest_->writer.reset();
  const std::lock_guard guard(mutex_);
  std::exchange(newest_, nullptr)->sealed = true;
}

// Where its end lies is not known after a write that failed.
void spill_files::give_up_newest() {
  const auto left = std::max(disk_.size(newest_->path), newest_->on_disk);
  bytes_ += left - std::exchange(newest_->on_disk, left);
  seal_newest();
}

result<std::uint64_t> spill_files::put(std::string_view bytes, std::uint64_t most) {
  const auto whole = header_bytes + bytes.size();
  const std::lock_guard guard(writing_);
  if (bytes_ + whole > most)
    return fail(errc::full, fmt::format("{} bytes are spilled, as many as may be", bytes_.load()));
  if (newest_ && newest_->on_disk >= file_bytes(least_file_bytes_, most))
    seal_newest();
  if (!newest_)
    if (auto begun = begin_file(); !begun)
      return tl::unexpected(begun.error());
  const auto place = next_;
  if (const auto status = append(place, bytes); !status.ok()) {
    next_ += whole; // What is there of it is never taken for another.
    give_up_newest();
    return fail(is_no_space(status) ? errc::full : errc::io,
                fmt::format("spilling {} bytes: {}", bytes.size(), status.ToString()));
  }
  next_ += whole;
  bytes_ += whole;
  newest_->on_disk += whole;
  const std::lock_guard shared(mutex_);
  newest_->written += whole;
  ++newest_->held;
  return place;
}

result<std::string> spill_files::read(std::uint64_t place) const {
  auto found = std::shared_ptr<file>();
  auto offset = std::uint64_t{0};
  auto rest = std::uint64_t{0}; // Of the file.
  {
    const std::lock_guard guard(mutex_);
    auto next = files_.upper_bound(place);
    if (next != files_.begin()) {
      offset = place - (--next)->first;
      rest = next->second->written - std::min(offset, next->second->written);
      found = next->second;
    }
  }
  if (rest < header_bytes)
    return fail(errc::not_found, fmt::format("nothing is spilled at {}", place));
  const auto head = read_exactly(*found->reader, offset, header_bytes, place);
  if (!head)
    return head;
  const auto number = [&](std::size_t index) {
    return keys::read_u64(std::string_view(*head).substr(index * 8));
  };
  const auto length = number(1);
  if (codec::xxh3(std::string_view(*head).substr(0, checked_bytes)) != number(3)
      || number(0) != place || length > rest - header_bytes)
    return damaged(place);
  auto bytes = read_exactly(*found->reader, offset + header_bytes, length, place);
  if (bytes && codec::xxh3(*bytes) != number(2))
    return damaged(place);
  return bytes;
}

void spill_files::drop(std::uint64_t place) {
  const std::lock_guard guard(mutex_);
  auto next = files_.upper_bound(place);
  if (next == files_.begin())
    return;
  auto& holder = *(--next)->second;
  if (place - next->first < holder.written && holder.held > 0)
    --holder.held;
}

void spill_files::remove_unused() {
  // Where somebody writes at the moment, the newest is in use.
  if (const std::unique_lock writing(writing_, std::try_to_lock); writing && newest_) {
    auto in_use = true;
    {
      const std::lock_guard guard(mutex_);
      in_use = newest_->held > 0;
    }
    if (!in_use)
      seal_newest();
  }
  {
    const std::lock_guard guard(mutex_);
    for (const auto& [place, each] : files_)
      if (each->sealed && each->held == 0)
        unused_.push_back(each);
    std::erase_if(files_,
                  [](const auto& each) { return each.second->sealed && each.second->held == 0; });
  }
  std::erase_if(unused_, [&](const auto& each) {
    if (disk_.exists(each->path) && !disk_.remove(each->path))
      return false;
    bytes_ -= each->on_disk;
    return true;
  });
}

} // namespace weir::storage
