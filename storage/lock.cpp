#include "storage/lock.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace weir::storage {

namespace {

std::string holder(int descriptor) {
  char text[32] = {};
  const auto length = pread(descriptor, text, sizeof text - 1, 0);
  const auto pid = length > 0 ? std::strtol(text, nullptr, 10) : 0;
  return pid > 0 ? fmt::format("process {}", pid) : "another process";
}

} // namespace

result<directory_lock> directory_lock::take(const std::string& directory) {
  const auto path = directory + "/LOCK";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0)
    return fail(errc::io, fmt::format("{}: {}", path, std::strerror(errno)));
  auto lock = directory_lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0)
    return fail(errc::unavailable, fmt::format("the storage directory {} is in use by {}",
                                               directory, holder(descriptor)));
  // Only for the message above; the lock does not depend on it (the disk may be full).
  const auto pid = fmt::format("{}\n", getpid());
  if (ftruncate(descriptor, 0) == 0)
    (void)!pwrite(descriptor, pid.data(), pid.size(), 0);
  return lock;
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
