#include "storage/crc32c.hpp"

#include <array>
#include <cstring>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace weir::storage {

namespace {

constexpr auto table = [] {
  auto result = std::array<std::uint32_t, 256>();
  for (std::uint32_t i = 0; i < 256; ++i) {
    auto value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = (value >> 1) ^ (value & 1 ? 0x82f63b78u : 0);
    result[i] = value;
  }
  return result;
}();

std::uint32_t by_table(std::uint32_t sum, std::string_view bytes) noexcept {
  for (const char c : bytes)
    sum = (sum >> 8) ^ table[(sum ^ static_cast<unsigned char>(c)) & 0xff];
  return sum;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_processor(std::uint32_t sum,
                                                             std::string_view bytes) noexcept {
  auto wide = std::uint64_t{sum};
  while (bytes.size() >= 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    wide = _mm_crc32_u64(wide, word);
    bytes.remove_prefix(8);
  }
  sum = static_cast<std::uint32_t>(wide);
  for (const char c : bytes)
    sum = _mm_crc32_u8(sum, static_cast<unsigned char>(c));
  return sum;
}
#endif

} // namespace

std::uint32_t crc32c(std::string_view bytes) noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2"))
    return ~by_processor(~0u, bytes);
#endif
  return ~by_table(~0u, bytes);
}

} // namespace weir::storage
