// Preloaded into a node by bad_start_test.py: its wall clock is off by the seconds (int64) that
// stand in the file $WEIR_CLOCK_SHIFT. The steady clock is left alone, as by a person or NTP who
// sets the clock.
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

const volatile std::int64_t* shift() {
  static const auto* const seconds = [] {
    static constexpr std::int64_t none = 0;
    const char* path = std::getenv("WEIR_CLOCK_SHIFT");
    const int file = path != nullptr ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void* mapped = mmap(nullptr, sizeof none, PROT_READ, MAP_SHARED, file, 0);
    return mapped != MAP_FAILED ? static_cast<const std::int64_t*>(mapped) : &none;
  }();
  return seconds;
}

} // namespace

extern "C" int clock_gettime(clockid_t which, timespec* now) noexcept {
  const auto failed = syscall(SYS_clock_gettime, which, now);
  if (failed == 0 && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
    now->tv_sec += *shift();
  return static_cast<int>(failed);
}
