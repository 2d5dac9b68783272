#include "backends/go_text.hpp"

#include "core/utf8.hpp"
#include "otlp/json_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>
#include <fmt/format.h>

namespace weir::backends::go {

namespace {

// From this exponent on %v writes one.
constexpr int v_exponent = 6;

using buffer = std::array<char, 400>; // %f of the largest double has 309 digits before the point.

std::string_view print(buffer& room, double value, std::chars_format format) {
  const auto end = std::to_chars(room.data(), room.data() + room.size(), value, format).ptr;
  return {room.data(), static_cast<std::size_t>(end - room.data())};
}

// The decimal exponent of the shortest form.
int exponent_of(double value) {
  buffer room;
  const auto text = print(room, value, std::chars_format::scientific);
  int exponent = 0;
  auto digits = text.substr(text.find('e') + 1);
  if (digits.starts_with('+'))
    digits.remove_prefix(1);
  std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  return exponent;
}

// What %v and %f make of them.
bool append_special(std::string& out, double value) {
  if (std::isnan(value))
    out += "NaN";
  else if (std::isinf(value))
    out += value > 0 ? "+Inf" : "-Inf";
  else
    return false;
  return true;
}

void append_escaped_ascii(std::string& out, char c) {
  constexpr std::string_view short_forms = "\"\"\\\\\bb\ff\nn\rr\tt";
  for (std::size_t i = 0; i < short_forms.size(); i += 2)
    if (short_forms[i] == c) {
      out += {'\\', short_forms[i + 1]};
      return;
    }
  if (static_cast<unsigned char>(c) < 0x20)
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
  else
    out.push_back(c);
}

} // namespace

void append_v(std::string& out, double value) {
  if (append_special(out, value))
    return;
  buffer room;
  const auto exponent = value == 0 ? 0 : exponent_of(value);
  const bool scientific = exponent < -4 || exponent >= v_exponent;
  out += print(room, value, scientific ? std::chars_format::scientific : std::chars_format::fixed);
}

void append_f(std::string& out, double value) {
  if (!append_special(out, value))
    fmt::format_to(std::back_inserter(out), "{:.6f}", value);
}

void append_json_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "Infinity" : "-Infinity";
    return;
  }
  const auto size = std::abs(value);
  buffer room;
  if (size == 0 || (size >= 1e-6 && size < 1e21)) {
    out += print(room, value, std::chars_format::fixed);
    return;
  }
  std::string text(print(room, value, std::chars_format::scientific));
  if (const auto padded = text.find("e-0"); padded != std::string::npos)
    text.erase(padded + 2, 1);
  out += text;
}

void append_json_text(std::string& out, std::string_view text) {
  out.push_back('"');
  while (!text.empty()) {
    std::size_t size = 1;
    if (static_cast<unsigned char>(text[0]) < 0x80) {
      append_escaped_ascii(out, text[0]);
    } else if (const auto whole = first_utf8(text).length; whole == 0) {
      out += "\\ufffd";
    } else {
      size = whole;
      const auto character = text.substr(0, whole);
      if (character == "\xe2\x80\xa8") // line and paragraph separator: no JavaScript has them
        out += "\\u2028";
      else if (character == "\xe2\x80\xa9")
        out += "\\u2029";
      else
        out += character;
    }
    text.remove_prefix(size);
  }
  out.push_back('"');
}

void append_time(std::string& out, std::uint64_t unix_ns) {
  constexpr std::int64_t second = 1'000'000'000;
  const auto ns = static_cast<std::int64_t>(unix_ns);
  auto seconds = ns / second;
  auto rest = ns % second;
  if (rest < 0) {
    rest += second;
    --seconds;
  }
  const std::time_t time = seconds;
  std::tm t{};
  ::gmtime_r(&time, &t);
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02} {:02}:{:02}:{:02}", t.tm_year + 1900,
                 t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
  if (rest != 0) {
    fmt::format_to(std::back_inserter(out), ".{:09}", rest);
    out.resize(out.find_last_not_of('0') + 1);
  }
  out += " +0000 UTC";
}

void append_id(std::string& out, std::string_view id) {
  if (std::any_of(id.begin(), id.end(), [](char c) { return c != 0; }))
    otlp::append_hex(id, out);
}

} // namespace weir::backends::go
