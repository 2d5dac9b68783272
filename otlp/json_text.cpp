#include "otlp/json_text.hpp"

#include "core/utf8.hpp"
#include "otlp/check.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace weir::otlp {

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd"; // U+FFFD
constexpr int no_digit = -1;

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : no_digit;
}

// The four digits of a \u escape, or -1.
int code_unit(std::string_view digits) noexcept {
  if (digits.size() < 4)
    return no_digit;
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_digit(digits[static_cast<std::size_t>(i)]);
    if (digit == no_digit)
      return no_digit;
    value = value * 16 + digit;
  }
  return value;
}

// Appends what "\uXXXX…" at `raw` means; returns the bytes it took, or 0.
std::size_t append_unicode_escape(std::string_view raw, std::string& out) {
  constexpr std::size_t length = 6;
  const int first = code_unit(raw.substr(2));
  if (first == no_digit)
    return 0;
  const bool high = first >= 0xd800 && first < 0xdc00;
  if (!high && (first < 0xdc00 || first >= 0xe000)) {
    append_utf8(out, static_cast<std::uint32_t>(first));
    return length;
  }
  const bool pair =
      high && raw.size() >= 2 * length && raw[length] == '\\' && raw[length + 1] == 'u';
  const int second = pair ? code_unit(raw.substr(length + 2)) : no_digit;
  if (second < 0xdc00 || second >= 0xe000) {
    out.append(replacement);
    return length;
  }
  append_utf8(out,
              static_cast<std::uint32_t>(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)));
  return 2 * length;
}

// Appends what the escape at `raw` means; returns the bytes it took, or 0.
std::size_t append_escape(std::string_view raw, std::string& out) {
  if (raw.size() < 2)
    return 0;
  switch (raw[1]) {
  case '"':
  case '\\':
  case '/':
    out.push_back(raw[1]);
    return 2;
  case 'b':
    out.push_back('\b');
    return 2;
  case 'f':
    out.push_back('\f');
    return 2;
  case 'n':
    out.push_back('\n');
    return 2;
  case 'r':
    out.push_back('\r');
    return 2;
  case 't':
    out.push_back('\t');
    return 2;
  case 'u':
    return append_unicode_escape(raw, out);
  default:
    return 0;
  }
}

void append_escaped_control(char c, std::string& out) {
  switch (c) {
  case '\n':
    out += "\\n";
    return;
  case '\r':
    out += "\\r";
    return;
  case '\t':
    out += "\\t";
    return;
  default:
    out += "\\u00";
    append_hex({&c, 1}, out);
  }
}

// Appends valid UTF-8, escaped.
void append_escaped(std::string_view text, std::string& out) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<std::uint8_t>(c) >= 0x20 && c != '"' && c != '\\')
      continue;
    out.append(text, begin, i - begin);
    begin = i + 1;
    if (c == '"' || c == '\\')
      out.append({'\\', c});
    else
      append_escaped_control(c, out);
  }
  out.append(text, begin);
}

template <class Number>
void append_number(Number value, std::string& out) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  out.append(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
}

} // namespace

bool append_unescaped(std::string_view raw, std::string& out) {
  while (!raw.empty()) {
    const auto plain = std::min(raw.find('\\'), raw.size());
    out.append(raw.substr(0, plain));
    raw.remove_prefix(plain);
    if (raw.empty())
      break;
    const auto taken = append_escape(raw, out);
    if (taken == 0)
      return false;
    raw.remove_prefix(taken);
  }
  return true;
}

void append_quoted(std::string_view text, std::string& out) {
  out.push_back('"');
  if (is_utf8(text)) {
    append_escaped(text, out);
  } else {
    while (!text.empty()) {
      const auto [length, broken] = first_utf8(text);
      append_escaped(length != 0 ? text.substr(0, length) : replacement, out);
      text.remove_prefix(length != 0 ? length : broken);
    }
  }
  out.push_back('"');
}

std::size_t count_utf8(std::string_view text) noexcept {
  std::size_t count = 0;
  while (count < text.size()) {
    const auto length = first_utf8(text.substr(count)).length;
    if (length == 0)
      break;
    count += length;
  }
  return count;
}

std::size_t find_raw_control(std::string_view document) noexcept {
  bool inside = false;
  for (std::size_t i = 0; i < document.size(); ++i) {
    const char c = document[i];
    if (inside && static_cast<std::uint8_t>(c) < 0x20)
      return i;
    if (inside && c == '\\')
      ++i;
    else if (c == '"')
      inside = !inside;
  }
  return document.size();
}

bool append_from_hex(std::string_view hex, std::string& out) {
  if (hex.size() % 2 != 0)
    return false;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_digit(hex[i]);
    const int low = hex_digit(hex[i + 1]);
    if (high == no_digit || low == no_digit)
      return false;
    out.push_back(static_cast<char>(high << 4 | low));
  }
  return true;
}

void append_hex(std::string_view bytes, std::string& out) {
  static constexpr char digits[] = "0123456789abcdef";
  for (char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
}

void append_double(double value, std::string& out) {
  if (std::isnan(value))
    out += "\"NaN\"";
  else if (std::isinf(value))
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  else if (value == 0 && std::signbit(value))
    out += "-0.0"; // "-0" is an integer to some readers, and those know no negative zero
  else
    append_number(value, out);
}

void append_integer(std::int64_t value, std::string& out) {
  append_number(value, out);
}

void append_integer(std::uint64_t value, std::string& out) {
  append_number(value, out);
}

} // namespace weir::otlp
