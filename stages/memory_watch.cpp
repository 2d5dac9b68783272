#include "stages/memory_watch.hpp"

#include <algorithm>

namespace weir::stages {

memory_watch::reading memory_watch::look(std::uint64_t limit, std::uint64_t in_use,
                                         std::uint64_t resident) {
  const auto free = resident - std::min(resident, in_use);
  least_free_ = std::min(least_free_, free);
  ++looks_;
  reading said;
  said.refuse = limit != 0 && in_use > limit;
  const bool near = limit != 0 && std::max(in_use, resident) > limit;
  said.give_back = (near && looks_ >= pause && free >= worth / 8)
                   || (looks_ >= unwanted_looks && least_free_ >= std::max(worth, in_use / 8));
  if (said.give_back || looks_ >= unwanted_looks) {
    least_free_ = ~std::uint64_t{0};
    looks_ = 0;
  }
  return said;
}

} // namespace weir::stages
