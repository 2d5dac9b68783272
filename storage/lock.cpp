#include "storage/lock.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace weir::storage {

namespace {

pid_t written_pid(int descriptor) {
  char text[32] = {};
  const auto length = pread(descriptor, text, sizeof text - 1, 0);
  return length > 0 ? static_cast<pid_t>(std::strtol(text, nullptr, 10)) : 0;
}

tl::unexpected<error> in_use(const std::string& directory, pid_t holder) {
  return fail(errc::unavailable,
              fmt::format("the storage directory {} is in use by {}", directory,
                          holder > 0 ? fmt::format("process {}", holder) : "another process"));
}

/// Whether a process has this file open: numbers of processes that died come back.
bool has_open(pid_t pid, const struct stat& file) {
  std::error_code problem;
  const auto directory = fmt::format("/proc/{}/fd", pid);
  for (const auto& entry : std::filesystem::directory_iterator(directory, problem)) {
    struct stat one {};
    if (stat(entry.path().c_str(), &one) == 0 && one.st_dev == file.st_dev
        && one.st_ino == file.st_ino)
      return true;
  }
  return false;
}

} // namespace

result<directory_lock> directory_lock::take(const std::string& directory) {
  const auto path = directory + "/LOCK";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0)
    return fail(errc::io, fmt::format("{}: {}", path, std::strerror(errno)));
  auto lock = directory_lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0)
    return in_use(directory, written_pid(descriptor));
  // Only for the message above; the lock does not depend on it (the disk may be full).
  const auto pid = fmt::format("{}\n", getpid());
  if (ftruncate(descriptor, 0) == 0)
    (void)!pwrite(descriptor, pid.data(), pid.size(), 0);
  return lock;
}

result<void> directory_lock::expect_free(const std::string& directory) {
  if (const auto pid = holder(directory))
    return in_use(directory, *pid);
  return {};
}

result<pid_t> directory_lock::holder(const std::string& directory) {
  const auto path = directory + "/LOCK";
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return fail(errc::not_found, fmt::format("{}: {}", path, std::strerror(errno)));
  struct stat file {};
  const auto pid = fstat(descriptor, &file) == 0 ? written_pid(descriptor) : 0;
  ::close(descriptor);
  if (pid <= 0 || !has_open(pid, file))
    return fail(errc::not_found,
                fmt::format("no node works in the storage directory {}", directory));
  return pid;
}

directory_lock::directory_lock(directory_lock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

directory_lock& directory_lock::operator=(directory_lock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

directory_lock::~directory_lock() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
}

} // namespace weir::storage
