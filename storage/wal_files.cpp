#include "storage/wal_files.hpp"

#include <utility>

namespace weir::storage {

namespace {

using rocksdb::FileOptions;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

// So little that no commit waits long behind it.
constexpr std::uint64_t zeros_at_once = 256 << 10;
constexpr std::size_t wanted_ready = 2;
constexpr std::size_t max_used = 4;
constexpr std::string_view ready_ending = ".zeros";
constexpr std::string_view used_ending = ".used";

// A log over blocks that are there, and stay there: RocksDB would ask for more ahead, and cut off
// at the end what was not written.
class log_file final : public rocksdb::FSWritableFileOwnerWrapper {
public:
  using FSWritableFileOwnerWrapper::FSWritableFileOwnerWrapper;
  void PrepareWrite(std::size_t, std::size_t, const IOOptions&, IODebugContext*) override {}
};

// Waits for each step before the next goes out.
FileOptions in_steps() {
  auto options = FileOptions();
  options.strict_bytes_per_sync = true;
  return options;
}

IOStatus fill(FSWritableFile& file, std::uint64_t bytes) {
  const auto zeros = std::string(zeros_at_once, '\0');
  auto status = IOStatus::OK();
  for (std::uint64_t done = 0; status.ok() && done < bytes; done += zeros.size()) {
    status = file.Append(zeros, IOOptions(), nullptr);
    if (status.ok())
      status = file.RangeSync(done, zeros.size(), IOOptions(), nullptr);
  }
  if (status.ok())
    status = file.Fsync(IOOptions(), nullptr);
  return status.ok() ? file.Close(IOOptions(), nullptr) : status;
}

} // namespace

// Spares of an earlier process are as good as old logs: where the power was cut, one that had become
// a log may be back under its old name, with records in it.
wal_files::wal_files(std::shared_ptr<rocksdb::FileSystem> below, std::string spares)
    : FileSystemWrapper(std::move(below)), spares_(std::move(spares)) {
  auto names = std::vector<std::string>();
  (void)target()->GetChildren(spares_, IOOptions(), &names, nullptr);
  for (const auto& name : names) {
    if (name.ends_with(ready_ending) || name.ends_with(used_ending))
      used_.push_back(spares_ + name);
    last_name_ = std::max<std::uint64_t>(last_name_, std::strtoull(name.c_str(), nullptr, 10));
  }
}

std::string wal_files::new_name(std::string_view ending) {
  return spares_ + std::to_string(++last_name_) + std::string(ending);
}

std::string wal_files::take(std::deque<std::string>& from) {
  if (from.empty())
    return {};
  auto result = std::move(from.front());
  from.pop_front();
  return result;
}

// An old log must not come back under its old name once it is written over.
IOStatus wal_files::sync_names() {
  auto directory = std::unique_ptr<rocksdb::FSDirectory>();
  auto status = target()->NewDirectory(spares_, IOOptions(), &directory, nullptr);
  return status.ok() ? directory->Fsync(IOOptions(), nullptr) : status;
}

void wal_files::add_spare(std::uint64_t bytes) {
  auto path = std::string();
  auto old = std::string();
  {
    const std::lock_guard guard(mutex_);
    if (ready_.size() >= wanted_ready)
      return;
    old = take(used_);
    path = new_name(used_ending);
  }
  (void)target()->CreateDirIfMissing(spares_, IOOptions(), nullptr);
  auto file = std::unique_ptr<FSWritableFile>();
  auto status = IOStatus::OK();
  if (old.empty()) {
    status = target()->NewWritableFile(path, in_steps(), &file, nullptr);
  } else {
    auto size = std::uint64_t{0};
    (void)target()->GetFileSize(old, IOOptions(), &size, nullptr);
    bytes = std::max(bytes, size);
    status = target()->ReuseWritableFile(path, old, in_steps(), &file, nullptr);
    if (status.ok())
      status = sync_names();
  }
  if (status.ok())
    status = fill(*file, bytes);
  const auto ready = path.substr(0, path.size() - used_ending.size()) + std::string(ready_ending);
  if (status.ok())
    status = target()->RenameFile(path, ready, IOOptions(), nullptr);
  if (!status.ok()) {
    (void)target()->DeleteFile(path, IOOptions(), nullptr);
    return;
  }
  const std::lock_guard guard(mutex_);
  ready_.push_back(ready);
}

bool wal_files::better_one_ready() {
  const std::lock_guard guard(mutex_);
  return grows_ && !ready_.empty();
}

void wal_files::drop_spares() {
  const std::lock_guard guard(mutex_);
  for (auto* list : {&ready_, &used_})
    for (auto path = take(*list); !path.empty(); path = take(*list))
      (void)target()->DeleteFile(path, IOOptions(), nullptr);
}

IOStatus wal_files::NewWritableFile(const std::string& path, const FileOptions& options,
                                    std::unique_ptr<FSWritableFile>* file, IODebugContext* debug) {
  if (path.ends_with(".log")) {
    const std::lock_guard guard(mutex_);
    const auto spare = take(ready_);
    auto reused = std::unique_ptr<FSWritableFile>();
    if (!spare.empty()
        && target()->ReuseWritableFile(path, spare, options, &reused, debug).ok()) {
      *file = std::make_unique<log_file>(std::move(reused));
      grows_ = false;
      return IOStatus::OK();
    }
    grows_ = true;
  }
  return target()->NewWritableFile(path, options, file, debug);
}

// A log that is linked elsewhere (a salvage reads it) must keep its content.
IOStatus wal_files::DeleteFile(const std::string& path, const IOOptions& options,
                               IODebugContext* debug) {
  auto names = std::uint64_t{0};
  if (path.ends_with(".log") && target()->NumFileLinks(path, options, &names, debug).ok()
      && names == 1) {
    const std::lock_guard guard(mutex_);
    if (used_.size() < max_used && (!ready_.empty() || last_name_ > 0)) {
      const auto name = new_name(used_ending);
      if (target()->RenameFile(path, name, options, debug).ok()) {
        used_.push_back(name);
        return IOStatus::OK();
      }
    }
  }
  return target()->DeleteFile(path, options, debug);
}

} // namespace weir::storage
