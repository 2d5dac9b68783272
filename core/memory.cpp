#include "core/memory.hpp"

#include <cstddef>
#include <fstream>
#include <malloc.h>
#include <string>
#include <unistd.h>

// Of jemalloc, where it was linked or preloaded.
extern "C" int mallctl(const char* name, void* old, std::size_t* old_size, void* now,
                       std::size_t now_size) __attribute__((weak));

namespace weir::memory {

namespace {

// Its numbers are those of the last epoch.
std::uint64_t in_use_of_jemalloc() {
  auto epoch = std::uint64_t{1};
  auto size = sizeof epoch;
  mallctl("epoch", &epoch, &size, &epoch, size);
  std::size_t allocated = 0;
  size = sizeof allocated;
  return mallctl("stats.allocated", &allocated, &size, nullptr, 0) == 0 ? allocated : 0;
}

std::uint64_t in_use_of_glibc() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

} // namespace

std::uint64_t in_use() {
  const auto bytes = mallctl != nullptr ? in_use_of_jemalloc() : in_use_of_glibc();
  return bytes != 0 ? bytes : resident();
}

std::uint64_t resident() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

void give_back() {
  constexpr auto all_arenas = 4096; // MALLCTL_ARENAS_ALL
  if (mallctl != nullptr)
    mallctl(("arena." + std::to_string(all_arenas) + ".purge").c_str(), nullptr, nullptr, nullptr,
            0);
  else
    malloc_trim(0);
}

} // namespace weir::memory
