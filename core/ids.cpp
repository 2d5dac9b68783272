#include "core/ids.hpp"

namespace weir {

std::string to_hex(std::string_view raw) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string result;
  result.reserve(raw.size() * 2);
  for (unsigned char byte : raw) {
    result.push_back(digits[byte >> 4]);
    result.push_back(digits[byte & 15]);
  }
  return result;
}

} // namespace weir
