#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace weir::fuzz {

/// Ends the process where a property does not hold, whatever the build type.
inline void check(bool holds, const char* reason) {
  if (holds)
    return;
  std::fprintf(stderr, "does not hold: %s\n", reason);
  std::abort();
}

inline std::string_view view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

} // namespace weir::fuzz
