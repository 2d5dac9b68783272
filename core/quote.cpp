#include "core/quote.hpp"

#include <fmt/format.h>

namespace weir {

namespace {

/// Length of the UTF-8 sequence at the front of `text`; 0: not UTF-8.
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = at(0);
  const std::size_t length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || text.size() < length)
    return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((at(i) & 0xc0) != 0x80)
      return 0;
  const bool overlong = (first == 0xe0 && at(1) < 0xa0) || (first == 0xf0 && at(1) < 0x90);
  const bool surrogate = first == 0xed && at(1) >= 0xa0;
  const bool beyond = first == 0xf4 && at(1) >= 0x90;
  return overlong || surrogate || beyond ? 0 : length;
}

} // namespace

std::string quote_json(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto length = utf8_length(text);
    const auto c = static_cast<unsigned char>(text.front());
    if (length == 0)
      out += "\\ufffd";
    else if (c == '"' || c == '\\')
      out.append({'\\', static_cast<char>(c)});
    else if (c < 0x20)
      out += fmt::format("\\u{:04x}", c);
    else
      out.append(text.substr(0, length));
    text.remove_prefix(length ? length : 1);
  }
  return out + "\"";
}

} // namespace weir
