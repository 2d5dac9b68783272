#include "storage/files.hpp"

#include "storage/status.hpp"

#include <algorithm>
#include <limits>
#include <sys/stat.h>

namespace weir::storage {

namespace {

const rocksdb::IOOptions io;

result<void> checked(const rocksdb::IOStatus& status, std::string_view doing,
                     const std::string& path) {
  if (status.ok())
    return {};
  return tl::unexpected(to_error(status, std::string(doing) + " " + path));
}

} // namespace

// Where it fails (a file system without modes, or of the tests) the directory above still does it.
void keep_private(const std::string& path, bool directory) {
  (void)!chmod(path.c_str(), directory ? S_IRWXU : S_IRUSR | S_IWUSR);
}

bool files::exists(const std::string& path) const {
  return system_->FileExists(path, io, nullptr).ok();
}

result<std::string> files::read(const std::string& path) const {
  auto content = std::string();
  // Not ReadFileToString: its answer to a missing file is not a plain NotFound.
  if (!exists(path))
    return fail(errc::not_found, path + " does not exist");
  const auto status = rocksdb::ReadFileToString(system_.get(), path, &content);
  if (auto ok = checked(status, "reading", path); !ok)
    return tl::unexpected(ok.error());
  return content;
}

result<void> files::replace(const std::string& path, std::string_view content, bool lasting) const {
  const auto beside = path + ".new";
  auto status = rocksdb::WriteStringToFile(
      system_.get(), rocksdb::Slice(content.data(), content.size()), beside, true);
  keep_private(beside, false);
  if (status.ok())
    status = system_->RenameFile(beside, path, io, nullptr);
  if (auto ok = checked(status, "writing", path); !ok)
    return ok;
  return lasting ? sync_directory(path.substr(0, path.rfind('/'))) : result<void>();
}

result<void> files::remove(const std::string& path) const {
  return checked(system_->DeleteFile(path, io, nullptr), "removing", path);
}

result<void> files::rename(const std::string& source, const std::string& target) const {
  return checked(system_->RenameFile(source, target, io, nullptr), "moving", source);
}

result<void> files::link(const std::string& source, const std::string& target) const {
  return checked(system_->LinkFile(source, target, io, nullptr), "linking", source);
}

result<void> files::truncate(const std::string& path, std::uint64_t bytes) const {
  return checked(system_->Truncate(path, bytes, io, nullptr), "cutting", path);
}

result<void> files::make_directory(const std::string& path) const {
  if (exists(path))
    return checked(system_->CreateDirIfMissing(path, io, nullptr), "making the directory", path);
  for (auto end = path.find('/', 1); end != path.npos; end = path.find('/', end + 1)) {
    const auto parent = path.substr(0, end);
    if (!exists(parent))
      if (auto made = checked(system_->CreateDirIfMissing(parent, io, nullptr),
                              "making the directory", parent);
          !made)
        return made;
  }
  auto made = checked(system_->CreateDirIfMissing(path, io, nullptr), "making the directory", path);
  if (made)
    keep_private(path, true);
  return made;
}

bool files::remove_empty_directory(const std::string& path) const {
  return system_->DeleteDir(path, io, nullptr).ok();
}

std::uint64_t files::modified(const std::string& path) const {
  auto seconds = std::uint64_t{0};
  return system_->GetFileModificationTime(path, io, &seconds, nullptr).ok() ? seconds : 0;
}

result<void> files::sync(const std::string& path) const {
  auto file = std::unique_ptr<rocksdb::FSWritableFile>();
  auto status = system_->ReopenWritableFile(path, rocksdb::FileOptions(), &file, nullptr);
  if (status.ok())
    status = file->Sync(io, nullptr);
  if (status.ok())
    status = file->Close(io, nullptr);
  return checked(status, "syncing", path);
}

result<void> files::sync_directory(const std::string& path) const {
  auto directory = std::unique_ptr<rocksdb::FSDirectory>();
  auto status = system_->NewDirectory(path, io, &directory, nullptr);
  if (status.ok())
    status = directory->Fsync(io, nullptr);
  return checked(status, "syncing the directory", path);
}

std::vector<std::string> files::list(const std::string& directory) const {
  auto names = std::vector<std::string>();
  if (!system_->GetChildren(directory, io, &names, nullptr).ok())
    return {};
  std::erase_if(names, [](const std::string& name) { return name == "." || name == ".."; });
  std::sort(names.begin(), names.end());
  return names;
}

std::uint64_t files::size(const std::string& path) const {
  auto bytes = std::uint64_t{0};
  return system_->GetFileSize(path, io, &bytes, nullptr).ok() ? bytes : 0;
}

std::uint64_t files::free_space(const std::string& path) const {
  auto bytes = std::uint64_t{0};
  if (!system_->GetFreeSpace(path, io, &bytes, nullptr).ok())
    return std::numeric_limits<std::uint64_t>::max(); // Unknown: the first failed write will tell.
  return bytes;
}

result<void> files::preallocate(const std::string& path, std::uint64_t bytes) const {
  auto file = std::unique_ptr<rocksdb::FSWritableFile>();
  auto options = rocksdb::FileOptions();
  options.fallocate_with_keep_size = false;
  auto status = system_->NewWritableFile(path, options, &file, nullptr);
  if (status.ok())
    status = file->Allocate(0, bytes, io, nullptr);
  keep_private(path, false);
  if (status.ok())
    status = file->Sync(io, nullptr);
  if (status.ok())
    status = file->Close(io, nullptr);
  return checked(status, "preallocating", path);
}

} // namespace weir::storage
