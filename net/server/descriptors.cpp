#include "net/server/descriptors.hpp"

#include <limits>
#include <sys/resource.h>

namespace weir::net {

std::uint64_t descriptor_limit() noexcept {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return std::numeric_limits<std::uint32_t>::max();
  return limit.rlim_cur;
}

} // namespace weir::net
