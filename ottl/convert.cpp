#include "ottl/convert.hpp"

#include "core/utf8.hpp"
#include <array>
#include <charconv>
#include <cmath>
#include <cwctype>
#include <limits>
#include <locale.h>
#include <string>

namespace weir::ottl {

namespace {

template <class T>
std::optional<T> parse_number(std::string_view text) noexcept {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-'))
      return std::nullopt;
  }
  T value{};
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (text.empty() || read.ec != std::errc{} || read.ptr != end)
    return std::nullopt;
  return value;
}

struct time_unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
// Longer names first: "ms" is not "m".
constexpr std::array<time_unit, 8> time_units{{{"ns", 1},
                                               {"us", 1'000},
                                               {"\xc2\xb5s", 1'000},
                                               {"\xce\xbcs", 1'000},
                                               {"ms", 1'000'000},
                                               {"s", 1'000'000'000},
                                               {"m", 60'000'000'000},
                                               {"h", 3'600'000'000'000}}};

/// One UTF-8 character at the beginning of `text`; nothing where it is none.
std::optional<char32_t> decode(std::string_view text, std::size_t& size) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = byte(0);
  size = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (size > text.size() || (lead >= 0x80 && lead < 0xc2)) {
    size = 1;
    return std::nullopt;
  }
  char32_t point = size == 1 ? lead : lead & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i)
    point = point << 6 | (byte(i) & 0x3fU);
  return point;
}

/// Letters of all scripts, where the system has its UTF-8 locale; else of ASCII alone.
locale_t letters() {
  static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return utf8;
}

char32_t cased(char32_t point, bool upper) {
  if (point < 0x80) {
    if (upper && point >= 'a' && point <= 'z')
      return point - 'a' + 'A';
    return !upper && point >= 'A' && point <= 'Z' ? point - 'A' + 'a' : point;
  }
  if (letters() == nullptr)
    return point;
  const auto wide = static_cast<wint_t>(point);
  return static_cast<char32_t>(upper ? towupper_l(wide, letters()) : towlower_l(wide, letters()));
}

} // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) noexcept {
  return parse_number<std::int64_t>(text);
}

std::optional<double> parse_real(std::string_view text) noexcept {
  return parse_number<double>(text);
}

std::optional<bool> parse_boolean(std::string_view text) noexcept {
  for (const std::string_view yes : {"1", "t", "T", "true", "True", "TRUE"})
    if (text == yes)
      return true;
  for (const std::string_view no : {"0", "f", "F", "false", "False", "FALSE"})
    if (text == no)
      return false;
  return std::nullopt;
}

std::optional<std::int64_t> parse_duration(std::string_view text) noexcept {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+'))
    text.remove_prefix(1);
  if (text == "0")
    return 0;
  double total = 0;
  if (text.empty())
    return std::nullopt;
  while (!text.empty()) {
    const auto digits = text.find_first_not_of("0123456789.");
    if (digits == 0 || digits == std::string_view::npos)
      return std::nullopt;
    auto number = text.substr(0, digits);
    const auto amount = number.starts_with('.') && number.size() > 1
                            ? parse_real("0" + std::string(number))
                            : parse_real(number);
    if (!amount)
      return std::nullopt;
    text.remove_prefix(digits);
    const time_unit* unit = nullptr;
    for (const auto& u : time_units)
      if (unit == nullptr && text.starts_with(u.name))
        unit = &u;
    if (unit == nullptr)
      return std::nullopt;
    text.remove_prefix(unit->name.size());
    total += *amount * static_cast<double>(unit->nanoseconds);
  }
  if (total > 9.2e18)
    return std::nullopt;
  const auto whole = static_cast<std::int64_t>(std::round(total));
  return negative ? -whole : whole;
}

std::int64_t to_integer(double real) noexcept {
  if (std::isnan(real))
    return 0;
  if (real >= 9223372036854775807.0)
    return std::numeric_limits<std::int64_t>::max();
  if (real <= -9223372036854775808.0)
    return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(real);
}

void append_cased(text_builder& out, std::string_view text, bool upper) {
  while (!text.empty()) {
    std::size_t size = 1;
    if (const auto point = decode(text, size))
      encode_utf8(cased(*point, upper), [&out](char byte) { out.append(byte); });
    else
      out.append(text.substr(0, 1));
    text.remove_prefix(size);
  }
}

} // namespace weir::ottl
