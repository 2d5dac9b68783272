#include "app/config/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

namespace weir::app {

namespace {

using std::chrono::nanoseconds;

struct named_factor {
  std::string_view name;
  double factor;
};

constexpr std::array duration_units{
    named_factor{"ns", 1},     named_factor{"us", 1e3},     named_factor{"µs", 1e3},
    named_factor{"ms", 1e6},   named_factor{"s", 1e9},      named_factor{"m", 60e9},
    named_factor{"h", 3600e9}, named_factor{"d", 86'400e9},
};

constexpr std::array size_units{
    named_factor{"B", 1},        named_factor{"KiB", 0x1p10}, named_factor{"MiB", 0x1p20},
    named_factor{"GiB", 0x1p30}, named_factor{"TiB", 0x1p40}, named_factor{"KB", 1e3},
    named_factor{"kB", 1e3},     named_factor{"MB", 1e6},     named_factor{"GB", 1e9},
    named_factor{"TB", 1e12},
};

/// Takes digits with at most one point off the front of `text`.
bool take_decimal(std::string_view& text, double& out) noexcept {
  const auto end = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto digits = text.substr(0, end);
  const auto [stop, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), out, std::chars_format::fixed);
  if (digits.empty() || error != std::errc{} || stop != digits.data() + digits.size())
    return false;
  text.remove_prefix(end);
  return true;
}

/// Takes the unit, as long as letters last, off the front of `text`: its factor, or 0.
template <std::size_t N>
double take_unit(std::string_view& text, const std::array<named_factor, N>& units) noexcept {
  const auto end = std::min(text.find_first_of("0123456789. "), text.size());
  for (const auto& [name, factor] : units)
    if (text.substr(0, end) == name) {
      text.remove_prefix(end);
      return factor;
    }
  return 0;
}

bool is_plain(const yaml_value& value, scalar_type type) {
  return value.is_scalar() && value.plain && type_of(plain_text(value)) == type;
}

bool is_plain_number(const yaml_value& value) {
  return is_plain(value, scalar_type::integer) || is_plain(value, scalar_type::number);
}

std::string flow(const std::vector<std::string>& parts, char open, char close) {
  return fmt::format("{}{}{}", open, fmt::join(parts, ", "), close);
}

/// One {name, value} of a list that stands for a map.
bool read_pair(const yaml_value& value, text_map& out) {
  const auto* name = value.find("name");
  const auto* text = value.find("value");
  if (value.entries.size() != 2 || name == nullptr || text == nullptr || !is_text(name->value)
      || !is_text(text->value))
    return false;
  out[name->value.text] = text->value.text;
  return true;
}

} // namespace

bool parse_duration(std::string_view text, nanoseconds& out) noexcept {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+'))
    text.remove_prefix(1);
  if (text == "0") {
    out = nanoseconds{0};
    return true;
  }
  double total = 0;
  do {
    double amount = 0;
    if (!take_decimal(text, amount))
      return false;
    const auto factor = take_unit(text, duration_units);
    if (factor == 0)
      return false;
    total += amount * factor;
  } while (!text.empty());
  if (!(total < 9.2e18))
    return false;
  out = nanoseconds{static_cast<std::int64_t>(std::llround(negative ? -total : total))};
  return true;
}

std::string print_duration(nanoseconds value) {
  auto rest = value.count();
  if (rest == 0)
    return "0s";
  if (rest < 0)
    return "-"
           + print_duration(nanoseconds{rest == std::numeric_limits<std::int64_t>::min()
                                            ? std::numeric_limits<std::int64_t>::max()
                                            : -rest});
  std::string text;
  const auto take = [&](std::int64_t factor, std::string_view name) {
    if (rest >= factor)
      text += fmt::format("{}{}", rest / factor, name);
    rest %= factor;
  };
  take(3'600'000'000'000, "h");
  take(60'000'000'000, "m");
  if (rest % 1'000'000'000 == 0 || text.empty())
    take(1'000'000'000, "s");
  take(1'000'000, "ms");
  take(1'000, "us");
  take(1, "ns");
  return text;
}

bool parse_size(std::string_view text, std::uint64_t& out) noexcept {
  double amount = 0;
  if (!take_decimal(text, amount))
    return false;
  if (text.starts_with(' '))
    text.remove_prefix(1);
  const auto factor = text.empty() ? 1.0 : take_unit(text, size_units);
  if (factor == 0 || !text.empty() || !(amount * factor < 0x1p62))
    return false;
  out = static_cast<std::uint64_t>(std::llround(amount * factor));
  return true;
}

std::string print_size(std::uint64_t value) {
  for (const auto& [shift, name] : {std::pair{40, "TiB"}, {30, "GiB"}, {20, "MiB"}, {10, "KiB"}})
    if (value != 0 && value % (1ULL << shift) == 0)
      return fmt::format("{}{}", value >> shift, name);
  return std::to_string(value);
}

bool is_text(const yaml_value& value) {
  if (value.substituted && !value.is_null())
    return true;
  return value.is_scalar() && (!value.plain || type_of(value.text) == scalar_type::text);
}

std::string_view plain_text(const yaml_value& value) {
  return value.substituted ? without_blanks(value.text) : std::string_view(value.text);
}

bool is_list_text(const yaml_value& item, const rule& terms) {
  return is_text(item) || (terms.numbers && is_plain(item, scalar_type::integer));
}

bool read_value(const yaml_value& value, const rule&, bool& out) {
  if (!is_plain(value, scalar_type::boolean))
    return false;
  const auto text = plain_text(value);
  out = text[0] == 't' || text[0] == 'T';
  return true;
}

bool read_value(const yaml_value& value, const rule&, double& out) {
  return is_plain_number(value) && parse_number(plain_text(value), out);
}

bool read_value(const yaml_value& value, const rule&, std::string& out) {
  if (!is_text(value) && !(value.is_null() && value.substituted))
    return false;
  out = value.text;
  return true;
}

bool read_value(const yaml_value& value, const rule& terms, text_list& out) {
  text_list read;
  if (value.is_list()) {
    for (const auto& item : value.items) {
      if (!is_list_text(item, terms))
        return false;
      read.push_back(item.text);
    }
  } else if (is_text(value)) {
    for (std::size_t start = 0; start <= value.text.size();) {
      const auto comma = std::min(value.text.find(',', start), value.text.size());
      read.emplace_back(without_blanks(std::string_view(value.text).substr(start, comma - start)));
      start = comma + 1;
    }
  } else {
    return false;
  }
  out = std::move(read);
  return true;
}

bool read_value(const yaml_value& value, const rule&, text_map& out) {
  text_map read;
  if (!value.is_map() && !value.is_list())
    return false;
  for (const auto& item : value.items)
    if (!read_pair(item, read))
      return false;
  for (const auto& entry : value.entries) {
    if (!is_text(entry.value) && !entry.value.is_null())
      return false;
    read[entry.key] = entry.value.text;
  }
  out = std::move(read);
  return true;
}

bool read_whole(const yaml_value& value, const rule& terms, std::int64_t& out) {
  if (terms.unit == unit::nanoseconds) {
    nanoseconds exact{0};
    if (!read_duration(value, exact))
      return false;
    out = exact.count();
    return true;
  }
  if (terms.unit == unit::size) {
    if (is_plain_number(value) && parse_whole(plain_text(value), out))
      return out >= 0;
    std::uint64_t bytes = 0;
    if (!value.is_scalar() || !parse_size(plain_text(value), bytes))
      return false;
    out = static_cast<std::int64_t>(bytes);
    return true;
  }
  if (!is_plain_number(value) || !parse_whole(plain_text(value), out))
    return false;
  constexpr std::int64_t mib = 1 << 20;
  if (terms.unit == unit::mib && (out < 0 || out > (std::int64_t{1} << 40)))
    return false;
  if (terms.unit == unit::mib)
    out *= mib;
  return true;
}

bool read_duration(const yaml_value& value, nanoseconds& out) {
  return value.is_scalar() && parse_duration(plain_text(value), out) && out.count() >= 0;
}

std::string print_value(bool value, const rule&) {
  return value ? "true" : "false";
}
std::string print_value(double value, const rule&) {
  return fmt::format("{}", value);
}
std::string print_value(const std::string& value, const rule&) {
  return value;
}
std::string print_value(const text_list& value, const rule&) {
  return flow(value, '[', ']');
}

std::string print_value(const text_map& value, const rule&) {
  text_list pairs;
  for (const auto& [name, text] : value)
    pairs.push_back(fmt::format("{}: {}", name, text));
  return flow(pairs, '{', '}');
}

std::string print_whole(std::int64_t value, const rule& terms) {
  switch (terms.unit) {
  case unit::size:
    return print_size(static_cast<std::uint64_t>(value));
  case unit::mib:
    return std::to_string(value >> 20);
  case unit::nanoseconds:
    return print_duration(nanoseconds{value});
  case unit::none:
    break;
  }
  return std::to_string(value);
}

std::string_view number_type(const rule& terms) noexcept {
  switch (terms.unit) {
  case unit::size:
    return "a size such as `256MiB`";
  case unit::mib:
    return "a whole number of MiB";
  case unit::nanoseconds:
    return "a duration such as `5s`";
  case unit::none:
    break;
  }
  return "a whole number";
}

} // namespace weir::app
