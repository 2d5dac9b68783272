#include "core/base64.hpp"

#include <array>
#include <cstdint>

namespace weir {

namespace {

constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::int8_t no_digit = -1;

constexpr auto values = [] {
  std::array<std::int8_t, 256> made{};
  made.fill(no_digit);
  for (std::size_t i = 0; i < digits.size(); ++i)
    made[static_cast<std::uint8_t>(digits[i])] = static_cast<std::int8_t>(i);
  made['-'] = made['+'];
  made['_'] = made['/'];
  return made;
}();

std::string_view unpadded(std::string_view text) noexcept {
  return text.substr(0, text.find_last_not_of('=') + 1);
}

} // namespace

void append_base64(std::string_view bytes, std::string& out) {
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto group = bytes.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (k < group.size() ? static_cast<std::uint8_t>(group[k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      out.push_back(k <= group.size() ? digits[bits >> (18 - 6 * k) & 63] : '=');
  }
}

std::string encode_base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  append_base64(bytes, out);
  return out;
}

std::string encode_unpadded_base64(std::string_view bytes) {
  auto out = encode_base64(bytes);
  out.resize(unpadded(out).size());
  return out;
}

std::optional<std::string> decode_base64(std::string_view text) {
  std::string bytes;
  return append_from_base64(text, bytes) ? std::optional(std::move(bytes)) : std::nullopt;
}

bool append_from_base64(std::string_view text, std::string& out) {
  text = unpadded(text);
  if (text.size() % 4 == 1)
    return false;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = values[static_cast<std::uint8_t>(c)];
    if (value == no_digit)
      return false;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(bits >> count & 0xff));
    }
  }
  return true;
}

} // namespace weir
