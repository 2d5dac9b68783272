#include "ottl/url_escape.hpp"

#include <algorithm>

namespace weir::ottl {

namespace {

bool is_one_of(char c, std::string_view characters) {
  return characters.find(c) != characters.npos;
}

bool has_to_be_escaped(char c, url_part part) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
      || is_one_of(c, "-_.~"))
    return false;
  switch (part) {
  case url_part::host:
  case url_part::zone:
    return !is_one_of(c, "!$&'()*+,;=:[]<>\"");
  case url_part::path:
    return !is_one_of(c, "$&+,/:;=@");
  case url_part::user:
    return !is_one_of(c, "$&+,;=");
  case url_part::fragment:
    return !is_one_of(c, "$&+,/:;=?@!()*");
  case url_part::query_parameter:
    return true;
  }
  return true;
}

int digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  const auto lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Hosts escape only what is not ASCII, and a percent sign; zones also what may stand in a host.
bool is_escape_allowed(char byte, url_part part) {
  if (part == url_part::host)
    return static_cast<unsigned char>(byte) >= 0x80 || byte == '%';
  return part != url_part::zone || byte == '%' || byte == ' '
         || !has_to_be_escaped(byte, url_part::host);
}

} // namespace

std::string escaped(std::string_view text, url_part part) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string made;
  for (const char c : text) {
    if (!has_to_be_escaped(c, part)) {
      made += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    made.append({'%', digits[byte >> 4], digits[byte & 0xf]});
  }
  return made;
}

std::optional<std::string> unescaped(std::string_view text, url_part part) {
  const bool in_host = part == url_part::host || part == url_part::zone;
  std::string made;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0)
        return std::nullopt;
      const auto byte = static_cast<char>(digit(text[i + 1]) << 4 | digit(text[i + 2]));
      if (!is_escape_allowed(byte, part))
        return std::nullopt;
      made += byte;
      i += 2;
    } else if (in_host && static_cast<unsigned char>(c) < 0x80 && has_to_be_escaped(c, part)) {
      return std::nullopt;
    } else {
      made += c == '+' && part == url_part::query_parameter ? ' ' : c;
    }
  }
  return made;
}

bool is_escaped(std::string_view text, url_part part) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_one_of(c, "!$&'()*+,;=:@[]%") || !has_to_be_escaped(c, part);
  });
}

} // namespace weir::ottl
