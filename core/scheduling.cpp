#include "core/scheduling.hpp"

#include <cstdint>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace weir {

namespace {

constexpr std::uint64_t shortest_slice_ns = 100'000;

// A tenth of the CPU time beside one that computes all the time, where both want all of it.
constexpr int low_priority = 10;

// As sched_setattr(2) declares it, which glibc does not, and the kernel's header only where
// <sched.h> is absent.
struct attributes {
  std::uint32_t size = sizeof(attributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime =
      0; ///< For SCHED_OTHER the length of a slice, which decides how early it is due.
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};

} // namespace

void run_soon_when_woken() noexcept {
  attributes wanted;
  wanted.nice = getpriority(PRIO_PROCESS, 0);
  wanted.runtime = shortest_slice_ns;
  (void)syscall(SYS_sched_setattr, 0, &wanted, 0);
}

// A nice value is the thread's own on Linux.
void give_way_to_others() noexcept {
  (void)setpriority(PRIO_PROCESS, 0, low_priority);
}

std::int64_t cpu_time_of_others() noexcept {
  const auto read = [](clockid_t clock) {
    timespec time{};
    (void)clock_gettime(clock, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  };
  return read(CLOCK_PROCESS_CPUTIME_ID) - read(CLOCK_THREAD_CPUTIME_ID);
}

} // namespace weir
