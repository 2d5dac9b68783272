// Preloaded into a node by cluster_disks_test.py: each sync takes so many milliseconds more as stand
// (int64) in the file $WEIR_SLOW_SYNC.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace {

void wait() {
  static const volatile std::int64_t* const milliseconds = [] {
    static constexpr std::int64_t none = 0;
    const char* path = std::getenv("WEIR_SLOW_SYNC");
    const int file = path != nullptr ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void* mapped = mmap(nullptr, sizeof none, PROT_READ, MAP_SHARED, file, 0);
    return mapped != MAP_FAILED ? static_cast<const std::int64_t*>(mapped) : &none;
  }();
  if (*milliseconds > 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(*milliseconds));
}

} // namespace

extern "C" int fdatasync(int file) {
  wait();
  return static_cast<int>(syscall(SYS_fdatasync, file));
}

extern "C" int fsync(int file) {
  wait();
  return static_cast<int>(syscall(SYS_fsync, file));
}
