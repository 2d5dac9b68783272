#include "faulty_file_system.hpp"

#include <filesystem>
#include <fstream>
#include <set>

namespace weir::storage {

namespace fs = std::filesystem;
using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

namespace {

std::string directory_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

IOStatus no_space() {
  auto status = IOStatus::NoSpace("the disk of this test is full");
  status.SetRetryable(true); // As RocksDB's own file system has it.
  return status;
}

} // namespace

class faulty_writable_file final : public rocksdb::FSWritableFileOwnerWrapper {
public:
  faulty_writable_file(std::unique_ptr<rocksdb::FSWritableFile> file, faulty_file_system& disk,
                       std::string path, std::shared_ptr<faulty_file_system::content> content,
                       std::uint64_t place)
      : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), path_(std::move(path)),
        content_(std::move(content)), place_(place) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    const std::lock_guard guard(disk_.mutex_);
    const auto over = std::min<std::uint64_t>(content_->size - place_, data.size());
    if (auto s = disk_.may_change(data.size() - over); !s.ok())
      return s;
    if (over > 0) {
      auto old = std::string(over, '\0');
      auto input = std::ifstream(path_, std::ios::binary);
      input.seekg(static_cast<std::streamoff>(place_));
      input.read(old.data(), static_cast<std::streamsize>(over));
      content_->before.emplace_back(place_, std::move(old));
    }
    auto s = target()->Append(data, options, debug);
    if (s.ok()) {
      place_ += data.size();
      content_->size = std::max(content_->size, place_);
    }
    return s;
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions& options, IODebugContext* debug) override {
    const std::lock_guard guard(disk_.mutex_);
    if (auto s = disk_.may_change(0); !s.ok())
      return s;
    content_->size = place_ = size;
    content_->synced = std::min(content_->synced, size);
    return target()->Truncate(size, options, debug);
  }
  IOStatus Sync(const IOOptions&, IODebugContext*) override {
    const std::lock_guard guard(disk_.mutex_);
    if (auto s = disk_.before_sync(); !s.ok())
      return s;
    content_->synced = content_->size;
    content_->before.clear();
    return IOStatus::OK(); // Nobody cuts the real power.
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Sync(options, debug);
  }
  IOStatus RangeSync(std::uint64_t, std::uint64_t, const IOOptions&, IODebugContext*) override {
    return IOStatus::OK(); // Promises nothing.
  }
  IOStatus Allocate(std::uint64_t offset, std::uint64_t length, const IOOptions& options,
                    IODebugContext* debug) override {
    const std::lock_guard guard(disk_.mutex_);
    if (auto s = disk_.may_change(length); !s.ok())
      return s;
    auto s = target()->Allocate(offset, length, options, debug);
    auto ignored = std::error_code();
    content_->size = std::max<std::uint64_t>(content_->size, fs::file_size(path_, ignored));
    return s;
  }
  bool IsSyncThreadSafe() const override { return true; }

private:
  faulty_file_system& disk_;
  const std::string path_;
  const std::shared_ptr<faulty_file_system::content> content_;
  std::uint64_t place_; ///< Where the next bytes go.
};

class faulty_random_access_file final : public rocksdb::FSRandomAccessFileOwnerWrapper {
public:
  faulty_random_access_file(std::unique_ptr<rocksdb::FSRandomAccessFile> file,
                            faulty_file_system& disk)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), disk_(disk) {}

  IOStatus Read(std::uint64_t offset, std::size_t n, const IOOptions& options, Slice* result,
                char* scratch, IODebugContext* debug) const override {
    if (auto s = disk_.before_read(); !s.ok())
      return s;
    return FSRandomAccessFileOwnerWrapper::Read(offset, n, options, result, scratch, debug);
  }

private:
  faulty_file_system& disk_;
};

class faulty_directory final : public rocksdb::FSDirectoryWrapper {
public:
  faulty_directory(std::unique_ptr<rocksdb::FSDirectory> directory, faulty_file_system& disk,
                   std::string path)
      : FSDirectoryWrapper(std::move(directory)), disk_(disk), path_(std::move(path)) {
    while (path_.ends_with('/'))
      path_.pop_back();
  }

  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    const std::lock_guard guard(disk_.mutex_);
    if (auto s = disk_.before_sync(); !s.ok())
      return s;
    disk_.forget_undo(path_);
    return IOStatus::OK();
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions&) override {
    return Fsync(options, debug);
  }

private:
  faulty_file_system& disk_;
  std::string path_;
};

faulty_file_system::faulty_file_system(std::string root)
    : FileSystemWrapper(FileSystem::Default()), root_(std::move(root)) {
  fs::create_directories(root_ + "/.deleted");
}

// -- faults --

void faulty_file_system::cut_power() {
  const std::lock_guard guard(mutex_);
  powered_ = false;
}

void faulty_file_system::restore_power(std::mt19937_64* torn) {
  const std::lock_guard guard(mutex_);
  auto done = std::set<content*>();
  for (const auto& [path, node] : files_) {
    if (!done.insert(node.get()).second)
      continue;
    take_back(path, *node, torn);
    if (node->size == node->synced)
      continue;
    auto size = node->synced;
    if (torn)
      size += std::uniform_int_distribution<std::uint64_t>(0, node->size - node->synced)(*torn);
    auto ignored = std::error_code();
    fs::resize_file(path, size, ignored);
    node->size = node->synced = size;
  }
  auto ignored = std::error_code();
  for (auto u = undos_.rbegin(); u != undos_.rend(); ++u) {
    if (!u->remove.empty()) {
      fs::remove(u->remove, ignored);
      files_.erase(u->remove);
    } else {
      fs::rename(u->source, u->restore, ignored);
      if (auto node = files_.extract(u->source)) {
        files_.erase(u->restore);
        node.key() = u->restore;
        files_.insert(std::move(node));
      }
    }
  }
  undos_.clear();
  until_write_ = until_sync_ = until_read_ = 0;
  powered_ = true;
}

// Takes back what was written over, from a random write on where it is torn.
void faulty_file_system::take_back(const std::string& path, content& content,
                                   std::mt19937_64* torn) {
  if (content.before.empty())
    return;
  const auto first =
      torn ? std::uniform_int_distribution<std::size_t>(0, content.before.size())(*torn) : 0;
  auto out = std::fstream(path, std::ios::in | std::ios::out | std::ios::binary);
  for (auto i = content.before.size(); i-- > first;) {
    const auto& [place, bytes] = content.before[i];
    out.seekp(static_cast<std::streamoff>(place));
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  content.before.clear();
}

void faulty_file_system::fail_write(std::uint64_t n) {
  const std::lock_guard guard(mutex_);
  until_write_ = n;
}

void faulty_file_system::fail_sync(std::uint64_t n) {
  const std::lock_guard guard(mutex_);
  until_sync_ = n;
  sync_thread_ = std::this_thread::get_id();
}

void faulty_file_system::fail_read(std::uint64_t n) {
  const std::lock_guard guard(mutex_);
  until_read_ = n;
}

void faulty_file_system::set_quota(std::uint64_t bytes) {
  const std::lock_guard guard(mutex_);
  quota_ = bytes;
}

std::uint64_t faulty_file_system::used() const {
  const std::lock_guard guard(mutex_);
  return used_locked();
}

std::uint64_t faulty_file_system::faults() const {
  const std::lock_guard guard(mutex_);
  return faults_;
}

std::uint64_t faulty_file_system::used_locked() const {
  auto sum = std::uint64_t{0};
  for (const auto& [path, node] : files_)
    if (!path.starts_with(root_ + "/.deleted"))
      sum += node->size;
  return sum;
}

IOStatus faulty_file_system::strike(std::uint64_t& countdown) {
  if (!powered_)
    return IOStatus::IOError("the power is off");
  if (countdown == 0 || --countdown > 0)
    return IOStatus::OK();
  ++faults_;
  return IOStatus::IOError("an error of this test's disk");
}

IOStatus faulty_file_system::may_change(std::uint64_t bytes) {
  if (auto s = strike(until_write_); !s.ok())
    return s;
  if (bytes == 0 || used_locked() + bytes <= quota_)
    return IOStatus::OK();
  ++faults_;
  return no_space();
}

IOStatus faulty_file_system::before_sync() {
  auto never = std::uint64_t{0};
  return strike(std::this_thread::get_id() == sync_thread_ ? until_sync_ : never);
}

IOStatus faulty_file_system::before_read() {
  const std::lock_guard guard(mutex_);
  return powered_ ? strike(until_read_) : IOStatus::OK();
}

// -- files --

IOStatus faulty_file_system::NewWritableFile(const std::string& path, const FileOptions& options,
                                             std::unique_ptr<rocksdb::FSWritableFile>* file,
                                             IODebugContext* debug) {
  const std::lock_guard guard(mutex_);
  if (auto s = may_change(0); !s.ok())
    return s;
  const auto replaced = files_.contains(path) ? bury(path) : std::string();
  auto inner = std::unique_ptr<rocksdb::FSWritableFile>();
  if (auto s = target()->NewWritableFile(path, options, &inner, debug); !s.ok())
    return s;
  auto part = std::make_shared<content>();
  files_[path] = part;
  if (replaced.empty())
    undos_.push_back({directory_of(path), path, {}, {}});
  else
    undos_.push_back({directory_of(path), {}, replaced, path});
  *file = std::make_unique<faulty_writable_file>(std::move(inner), *this, path, std::move(part), 0);
  return IOStatus::OK();
}

IOStatus faulty_file_system::ReuseWritableFile(const std::string& path, const std::string& old_path,
                                               const FileOptions& options,
                                               std::unique_ptr<rocksdb::FSWritableFile>* file,
                                               IODebugContext* debug) {
  const std::lock_guard guard(mutex_);
  if (auto s = rename(old_path, path, IOOptions(), debug); !s.ok())
    return s;
  auto inner = std::unique_ptr<rocksdb::FSWritableFile>();
  if (auto s = target()->ReuseWritableFile(path, path, options, &inner, debug); !s.ok())
    return s;
  auto part = known(path);
  *file = std::make_unique<faulty_writable_file>(std::move(inner), *this, path, std::move(part), 0);
  return IOStatus::OK();
}

std::shared_ptr<faulty_file_system::content> faulty_file_system::known(const std::string& path) {
  auto& part = files_[path];
  if (!part) {
    auto ignored = std::error_code();
    const auto size = fs::file_size(path, ignored);
    part = std::make_shared<content>(content{size, size, {}});
  }
  return part;
}

IOStatus faulty_file_system::ReopenWritableFile(const std::string& path, const FileOptions& options,
                                                std::unique_ptr<rocksdb::FSWritableFile>* file,
                                                IODebugContext* debug) {
  const std::lock_guard guard(mutex_);
  if (auto s = may_change(0); !s.ok())
    return s;
  auto inner = std::unique_ptr<rocksdb::FSWritableFile>();
  if (auto s = target()->ReopenWritableFile(path, options, &inner, debug); !s.ok())
    return s;
  auto part = known(path);
  const auto end = part->size;
  *file =
      std::make_unique<faulty_writable_file>(std::move(inner), *this, path, std::move(part), end);
  return IOStatus::OK();
}

IOStatus faulty_file_system::NewRandomAccessFile(const std::string& path,
                                                 const FileOptions& options,
                                                 std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                                 IODebugContext* debug) {
  auto inner = std::unique_ptr<rocksdb::FSRandomAccessFile>();
  if (auto s = target()->NewRandomAccessFile(path, options, &inner, debug); !s.ok())
    return s;
  *file = std::make_unique<faulty_random_access_file>(std::move(inner), *this);
  return IOStatus::OK();
}

IOStatus faulty_file_system::NewDirectory(const std::string& path, const IOOptions& options,
                                          std::unique_ptr<rocksdb::FSDirectory>* directory,
                                          IODebugContext* debug) {
  auto inner = std::unique_ptr<rocksdb::FSDirectory>();
  if (auto s = target()->NewDirectory(path, options, &inner, debug); !s.ok())
    return s;
  *directory = std::make_unique<faulty_directory>(std::move(inner), *this, path);
  return IOStatus::OK();
}

// -- names --

std::string faulty_file_system::bury(const std::string& path) {
  const auto grave = root_ + "/.deleted/" + std::to_string(++buried_);
  auto ignored = std::error_code();
  fs::rename(path, grave, ignored);
  if (auto node = files_.extract(path)) {
    node.key() = grave;
    files_.insert(std::move(node));
  }
  return grave;
}

void faulty_file_system::forget_undo(const std::string& directory) {
  std::erase_if(undos_, [&](const undo& u) {
    if (u.directory != directory && directory_of(u.restore) != directory)
      return false;
    if (u.source.starts_with(root_ + "/.deleted/")) {
      auto ignored = std::error_code();
      fs::remove(u.source, ignored);
      files_.erase(u.source);
    }
    return true;
  });
}

IOStatus faulty_file_system::DeleteFile(const std::string& path, const IOOptions&,
                                        IODebugContext*) {
  const std::lock_guard guard(mutex_);
  if (auto s = may_change(0); !s.ok())
    return s;
  auto ignored = std::error_code();
  if (!fs::exists(path, ignored))
    return IOStatus::PathNotFound(path);
  undos_.push_back({directory_of(path), {}, bury(path), path});
  return IOStatus::OK();
}

IOStatus faulty_file_system::RenameFile(const std::string& source, const std::string& new_name,
                                        const IOOptions& options, IODebugContext* debug) {
  const std::lock_guard guard(mutex_);
  return rename(source, new_name, options, debug);
}

IOStatus faulty_file_system::rename(const std::string& source, const std::string& new_name,
                                    const IOOptions& options, IODebugContext* debug) {
  if (auto s = may_change(0); !s.ok())
    return s;
  auto ignored = std::error_code();
  const auto whole_directory = fs::is_directory(source, ignored);
  const auto replaced = files_.contains(new_name) ? bury(new_name) : std::string();
  if (auto s = target()->RenameFile(source, new_name, options, debug); !s.ok())
    return s;
  if (whole_directory) {
    // What happened in it before counts as synced: a directory's name is no place to remember it
    // by.
    std::erase_if(undos_, [&](const undo& u) { return u.directory.starts_with(source); });
    auto moved = std::map<std::string, std::shared_ptr<content>>();
    for (const auto& [path, node] : files_)
      moved[path.starts_with(source + '/') ? new_name + path.substr(source.size()) : path] = node;
    files_ = std::move(moved);
    return IOStatus::OK();
  }
  if (!replaced.empty())
    undos_.push_back({directory_of(new_name), {}, replaced, new_name});
  undos_.push_back({directory_of(new_name), {}, new_name, source});
  if (auto node = files_.extract(source)) {
    node.key() = new_name;
    files_.insert(std::move(node));
  }
  return IOStatus::OK();
}

IOStatus faulty_file_system::LinkFile(const std::string& source, const std::string& new_name,
                                      const IOOptions& options, IODebugContext* debug) {
  const std::lock_guard guard(mutex_);
  if (auto s = may_change(0); !s.ok())
    return s;
  if (auto s = target()->LinkFile(source, new_name, options, debug); !s.ok())
    return s;
  if (const auto found = files_.find(source); found != files_.end())
    files_[new_name] = found->second;
  undos_.push_back({directory_of(new_name), new_name, {}, {}});
  return IOStatus::OK();
}

IOStatus faulty_file_system::Truncate(const std::string& path, std::size_t size,
                                      const IOOptions& options, IODebugContext* debug) {
  const std::lock_guard guard(mutex_);
  if (auto s = may_change(0); !s.ok())
    return s;
  if (const auto found = files_.find(path); found != files_.end()) {
    found->second->size = size;
    found->second->synced = std::min<std::uint64_t>(found->second->synced, size);
  }
  return target()->Truncate(path, size, options, debug);
}

IOStatus faulty_file_system::GetFreeSpace(const std::string&, const IOOptions&,
                                          std::uint64_t* bytes, IODebugContext*) {
  const std::lock_guard guard(mutex_);
  const auto used = used_locked();
  *bytes = quota_ > used ? quota_ - used : 0;
  return IOStatus::OK();
}

} // namespace weir::storage
