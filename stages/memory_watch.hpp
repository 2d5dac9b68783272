#pragma once

#include <cstdint>

namespace weir::stages {

/// Decides, from what the process's memory looks like once a second, when clients are refused and
/// when the allocator is to give back what it keeps. No clock, no system call.
class memory_watch {
public:
  struct reading {
    bool refuse = false;    ///< More is in use than may be.
    bool give_back = false; ///< What is free is not needed, or the limit is near.
  };

  /// `limit`: bytes in use above which clients are refused; 0 = none.
  reading look(std::uint64_t limit, std::uint64_t in_use, std::uint64_t resident);

private:
  /// Free memory that is worth giving back, and looks for which nobody wanted it.
  static constexpr std::uint64_t worth = 32 << 20;
  static constexpr unsigned unwanted_looks = 15;
  /// Looks between two times under a limit that giving back does not reach.
  static constexpr unsigned pause = 5;

  std::uint64_t least_free_ = ~std::uint64_t{0}; ///< Since memory was last given back.
  unsigned looks_ = 0;
};

} // namespace weir::stages
