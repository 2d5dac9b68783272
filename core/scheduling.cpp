#include "core/scheduling.hpp"

#include <cstdint>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace weir {

namespace {

constexpr std::uint64_t shortest_slice_ns = 100'000;

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

} // namespace weir
