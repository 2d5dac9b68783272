#include "core/utf8.hpp"

namespace weir {

utf8_sequence first_utf8(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto first = byte(0);
  if (first < 0x80)
    return {1, 0};
  const std::size_t length = first >= 0xc2 && first < 0xe0   ? 2
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xf0 && first < 0xf5 ? 4
                                                             : 0;
  std::size_t good = 1;
  for (; good < length; ++good) {
    // The second byte says most of what is not allowed.
    const bool second = good == 1;
    const std::uint8_t low = second && first == 0xe0 ? 0xa0 : second && first == 0xf0 ? 0x90 : 0x80;
    const std::uint8_t high = second && first == 0xed   ? 0x9f
                              : second && first == 0xf4 ? 0x8f
                                                        : 0xbf;
    if (good >= text.size() || byte(good) < low || byte(good) > high)
      return {0, good};
  }
  return length == 0 ? utf8_sequence{0, 1} : utf8_sequence{length, 0};
}

} // namespace weir
