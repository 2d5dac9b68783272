#include "app/config/memory_limit.hpp"

#include <algorithm>
#include <fstream>
#include <unistd.h>

namespace weir::app {

namespace {

// The cgroup's limit where there is one, else the machine's memory.
std::uint64_t total_memory() {
  const auto machine = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES))
                       * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  std::ifstream file("/sys/fs/cgroup/memory.max");
  std::uint64_t limit = 0;
  return file >> limit ? std::min(limit, machine) : machine;
}

} // namespace

std::uint64_t soft_limit(const memory_limiter_config& limiter) {
  auto hard = limiter.limit_bytes;
  auto spike = limiter.spike_limit_bytes;
  if (hard == 0) {
    hard = total_memory() / 100 * limiter.limit_percentage;
    spike = total_memory() / 100 * limiter.spike_limit_percentage;
  }
  if (spike == 0)
    spike = hard / 5;
  return hard - std::min(hard, spike);
}

} // namespace weir::app
