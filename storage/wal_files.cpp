#include "storage/wal_files.hpp"

#include "storage/files.hpp"

#include <map>
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
constexpr std::size_t max_used = 4;
constexpr std::string_view ready_ending = ".zeros";
constexpr std::string_view used_ending = ".used";
constexpr std::string_view log_ending = ".log";

std::uint64_t number(const std::string& name) {
  return std::strtoull(name.c_str(), nullptr, 10);
}

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

// Any file of the database; see failure().
class guarded_file final : public rocksdb::FSWritableFileOwnerWrapper {
public:
  enum class kind { other, log, log_over_blocks };

  guarded_file(std::unique_ptr<FSWritableFile> file, wal_files& owner, kind kind)
      : FSWritableFileOwnerWrapper(std::move(file)), owner_(owner), kind_(kind) {}
  ~guarded_file() override { owner_.forget(*this); }

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  IODebugContext* debug) override {
    return guard([&] { return target()->Append(data, options, debug); });
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& check, IODebugContext* debug) override {
    return guard([&] { return target()->Append(data, options, check, debug); });
  }
  IOStatus Flush(const IOOptions& options, IODebugContext* debug) override {
    return guard([&] { return target()->Flush(options, debug); });
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return guard([&] { return target()->Sync(options, debug); });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return guard([&] { return target()->Fsync(options, debug); });
  }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    const auto status = target()->Close(options, debug);
    return kind_ == kind::other ? status : IOStatus::OK();
  }
  // Blocks that are there stay there: RocksDB would ask for more ahead, and cut off at the end what
  // was not written.
  void PrepareWrite(std::size_t offset, std::size_t length, const IOOptions& options,
                    IODebugContext* debug) override {
    if (kind_ != kind::log_over_blocks)
      target()->PrepareWrite(offset, length, options, debug);
  }

private:
  template <class Work>
  IOStatus guard(Work work) {
    if (owner_.failed())
      return kind_ == kind::other ? IOStatus::IOError("the log has failed before") : IOStatus::OK();
    auto status = work();
    if (status.ok() || kind_ == kind::other)
      return status;
    owner_.fail(status);
    return IOStatus::OK();
  }

  wal_files& owner_;
  const kind kind_;
};

// Spares of an earlier process are as good as old logs: where the power was cut, one that had
// become a log may be back under its old name, with records in it.
wal_files::wal_files(std::shared_ptr<rocksdb::FileSystem> below, std::string spares)
    : FileSystemWrapper(std::move(below)), spares_(std::move(spares)) {
  auto names = std::vector<std::string>();
  (void)target()->GetChildren(spares_, IOOptions(), &names, nullptr);
  for (const auto& name : names) {
    if (name.ends_with(ready_ending) || name.ends_with(used_ending))
      used_.push_back(spares_ + name);
    last_name_ = std::max(last_name_, number(name));
  }
}

std::string wal_files::new_name(std::string_view ending) {
  return spares_ + std::to_string(++last_name_) + std::string(ending);
}

std::string wal_files::take(std::deque<std::string>& files) {
  if (files.empty())
    return {};
  auto result = std::move(files.front());
  files.pop_front();
  return result;
}

// An old log must not come back under its old name once it is written over.
IOStatus wal_files::sync_names() {
  auto directory = std::unique_ptr<rocksdb::FSDirectory>();
  auto status = target()->NewDirectory(spares_, IOOptions(), &directory, nullptr);
  return status.ok() ? directory->Fsync(IOOptions(), nullptr) : status;
}

void wal_files::add_spare(std::uint64_t bytes, std::size_t enough) {
  auto path = std::string();
  auto old = std::string();
  {
    const std::lock_guard guard(mutex_);
    wanted_ = true;
    if (ready_.size() >= enough)
      return;
    old = take(used_);
    path = new_name(used_ending);
  }
  (void)target()->CreateDirIfMissing(spares_, IOOptions(), nullptr);
  keep_private(spares_, true);
  auto file = std::unique_ptr<FSWritableFile>();
  auto status = IOStatus::OK();
  if (old.empty()) {
    status = target()->NewWritableFile(path, in_steps(), &file, nullptr);
    keep_private(path, false);
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
  wanted_ = false;
  for (auto* list : {&ready_, &used_})
    for (auto path = take(*list); !path.empty(); path = take(*list))
      (void)target()->DeleteFile(path, IOOptions(), nullptr);
}

IOStatus wal_files::NewWritableFile(const std::string& path, const FileOptions& options,
                                    std::unique_ptr<FSWritableFile>* file, IODebugContext* debug) {
  if (failed_)
    return IOStatus::IOError("the log has failed before");
  const auto is_log = path.ends_with(log_ending);
  if (is_log && !sync_newest())
    return failure();
  auto type = is_log ? guarded_file::kind::log : guarded_file::kind::other;
  auto inner = std::unique_ptr<FSWritableFile>();
  if (is_log) {
    const std::lock_guard guard(mutex_);
    const auto spare = take(ready_);
    if (!spare.empty() && target()->ReuseWritableFile(path, spare, options, &inner, debug).ok())
      type = guarded_file::kind::log_over_blocks;
    grows_ = type == guarded_file::kind::log;
  }
  if (!inner)
    if (auto status = target()->NewWritableFile(path, options, &inner, debug); !status.ok())
      return status;
  keep_private(path, false);
  auto made = std::make_unique<guarded_file>(std::move(inner), *this, type);
  if (is_log) {
    const std::lock_guard guard(newest_mutex_);
    newest_ = made.get();
  }
  *file = std::move(made);
  return IOStatus::OK();
}

// RocksDB syncs the log before only with the next synced write, or with a flush in the background:
// a power cut before that could keep commits of the new log that came after lost ones of the old.
bool wal_files::sync_newest() {
  const std::lock_guard guard(newest_mutex_);
  if (newest_)
    (void)newest_->Sync(IOOptions(), nullptr);
  return !failed_;
}

void wal_files::forget(const guarded_file& closed) {
  const std::lock_guard guard(newest_mutex_);
  if (newest_ == &closed)
    newest_ = nullptr;
}

IOStatus wal_files::failure() const {
  const std::lock_guard guard(mutex_);
  return failure_;
}

void wal_files::fail(const IOStatus& why) {
  const std::lock_guard guard(mutex_);
  if (failed_.exchange(true))
    return;
  failure_ = why;
}

// RocksDB deletes the newest of the logs it needs no more first. One killed half way would leave
// the oldest behind, and a gap before those it needs: as if some of these were lost.
IOStatus wal_files::DeleteFile(const std::string& path, const IOOptions& options,
                               IODebugContext* debug) {
  if (!path.ends_with(log_ending))
    return target()->DeleteFile(path, options, debug);
  auto logs = std::vector<std::string>();
  auto gone = std::vector<std::string>();
  {
    const std::lock_guard guard(mutex_);
    if (auto status = list_logs_up_to(path, logs); !status.ok())
      return status;
    for (const auto& log : logs)
      if (auto rest = retire(log, options, debug); !rest.empty())
        gone.push_back(std::move(rest));
  }
  // Not under the lock, for which the writer may wait: a large file takes a while. What is not
  // there any more went with a log that came after it.
  auto status = IOStatus::OK();
  for (const auto& each : gone)
    if (auto removed = target()->DeleteFile(each, options, debug); !removed.ok())
      status = removed;
  return status;
}

// The logs beside this one that are no newer, the oldest first.
IOStatus wal_files::list_logs_up_to(const std::string& path, std::vector<std::string>& logs) {
  const auto directory = path.substr(0, path.rfind('/') + 1);
  auto names = std::vector<std::string>();
  if (auto status = target()->GetChildren(directory, IOOptions(), &names, nullptr); !status.ok())
    return status;
  auto found = std::map<std::uint64_t, std::string>();
  for (const auto& name : names)
    if (name.ends_with(log_ending) && number(name) <= number(path.substr(directory.size())))
      found.emplace(number(name), directory + name);
  for (auto& [owner, log] : found)
    logs.push_back(std::move(log));
  return IOStatus::OK();
}

// All leave by the same door, as names that leave a directory in different ways may be back after a
// power cut in any order; by another only where a full disk has no room for a name. A log that is
// linked elsewhere (a salvage reads it) must keep its content.
// @returns what is to be removed; "" where the log is kept for the next ones
std::string wal_files::retire(const std::string& log, const IOOptions& options,
                              IODebugContext* debug) {
  auto links = std::uint64_t{0};
  auto name = new_name(used_ending);
  (void)target()->CreateDirIfMissing(spares_, options, debug);
  if (!target()->NumFileLinks(log, options, &links, debug).ok()
      || !target()->RenameFile(log, name, options, debug).ok())
    return log;
  if (links > 1 || !wanted_ || used_.size() >= max_used)
    return name;
  used_.push_back(std::move(name));
  return {};
}

} // namespace weir::storage
