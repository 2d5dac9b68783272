#include "processors/actions.hpp"

#include "codec/digest.hpp"

#include <charconv>

// Values made of values: hashed and converted as the Collector does.
namespace weir::processors {

namespace {

std::string_view digest_of(arena& memory, std::string_view bytes) {
  constexpr auto kind = codec::digest_kind::sha256;
  const auto size = 2 * codec::digest_size(kind);
  auto* text = memory.allocate(size);
  codec::put_digest_hex(kind, bytes, text);
  return make_string(memory, {text, size});
}

template <class T>
std::string_view digest_of_number(arena& memory, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  return digest_of(memory, {bytes, sizeof value});
}

// As Go's ParseInt reads base 10.
std::optional<std::int64_t> parse_integer(std::string_view text) {
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-')
    text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

// What Go makes of it where it does not fit: the lowest number.
std::int64_t truncated(double value) noexcept {
  constexpr double limit = 9223372036854775808.0;
  return value >= -limit && value < limit ? static_cast<std::int64_t>(value) : INT64_MIN;
}

std::string_view to_integer(arena& memory, std::string_view any, const otlp::value_ref& value) {
  switch (value.kind) {
  case otlp::value_kind::real:
    return make_integer(memory, truncated(value.real));
  case otlp::value_kind::boolean:
    return make_integer(memory, value.boolean ? 1 : 0);
  case otlp::value_kind::string:
    if (const auto number = parse_integer(value.bytes))
      return make_integer(memory, *number);
    return any;
  default:
    return any;
  }
}

std::string_view to_real(arena& memory, std::string_view any, const otlp::value_ref& value) {
  switch (value.kind) {
  case otlp::value_kind::integer:
    return make_real(memory, static_cast<double>(value.integer));
  case otlp::value_kind::boolean:
    return make_real(memory, value.boolean ? 1 : 0);
  case otlp::value_kind::string:
    if (const auto number = parse_real(value.bytes))
      return make_real(memory, *number);
    return any;
  default:
    return any;
  }
}

} // namespace

std::optional<double> parse_real(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+'))
    text.remove_prefix(1);
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  if (hex)
    text.remove_prefix(2);
  if (text.empty() || text[0] == '-')
    return std::nullopt;
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value,
                      hex ? std::chars_format::hex : std::chars_format::general);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return negative ? -value : value;
}

std::string_view hash_value(arena& memory, std::string_view any) {
  const auto value = otlp::read_value(any);
  switch (value.kind) {
  case otlp::value_kind::string:
    return digest_of(memory, value.bytes);
  case otlp::value_kind::boolean:
    return digest_of_number(memory, static_cast<char>(value.boolean ? 1 : 0));
  case otlp::value_kind::integer:
    return digest_of_number(memory, value.integer);
  case otlp::value_kind::real:
    return digest_of_number(memory, value.real);
  default:
    return make_string(memory, "");
  }
}

std::string_view convert_value(arena& memory, std::string_view any, conversion wanted) {
  const auto value = otlp::read_value(any);
  switch (wanted) {
  case conversion::to_int:
    return to_integer(memory, any, value);
  case conversion::to_double:
    return to_real(memory, any, value);
  case conversion::to_string:
    if (value.kind != otlp::value_kind::string) {
      std::string text;
      append_text(text, any);
      return make_string(memory, text);
    }
    return any;
  case conversion::none:
    break;
  }
  return any;
}

} // namespace weir::processors
