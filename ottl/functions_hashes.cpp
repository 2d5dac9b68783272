#include "codec/hash.hpp"
#include "codec/murmur3.hpp"
#include "otlp/json_text.hpp"
#include "ottl/evaluation.hpp"
#include "ottl/functions.hpp"

#include <string>

// Hashes that are no digests, as hexadecimal.
namespace weir::ottl {

namespace {

using enum parameter_type;

enum class order : std::uint8_t { highest_first, lowest_first };

/// Hexadecimal digits of the `size` low bytes of a number.
void append_hex(std::uint64_t number, std::size_t size, order bytes, std::string& out) {
  std::string raw;
  for (std::size_t i = 0; i < size; ++i)
    raw += static_cast<char>(number >> 8 * (bytes == order::lowest_first ? i : size - 1 - i));
  otlp::append_hex(raw, out);
}

void hash_xxh3(std::string_view text, std::string& out) {
  append_hex(codec::xxh3(text), 8, order::highest_first, out);
}

void hash_xxh128(std::string_view text, std::string& out) {
  const auto made = codec::xxh3_128(text);
  append_hex(made.high, 8, order::highest_first, out);
  append_hex(made.low, 8, order::highest_first, out);
}

void hash_murmur3(std::string_view text, std::string& out) {
  append_hex(codec::murmur3_32(text), 4, order::lowest_first, out);
}

void hash_murmur3_128(std::string_view text, std::string& out) {
  const auto made = codec::murmur3_128(text);
  append_hex(made.low, 8, order::lowest_first, out);
  append_hex(made.high, 8, order::lowest_first, out);
}

template <void (*Append)(std::string_view, std::string&)>
bool hash(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  if (!e.get_text(c.arguments[0], text))
    return false;
  std::string hex;
  Append(text, hex);
  text_builder made(e.in().memory);
  made.append(hex);
  return e.finish(made, value_type::string, out);
}

} // namespace

std::span<const function_info> hash_functions() {
  constexpr auto any_value = result_type::any;
  static const std::vector<function_info> table{
      {"Murmur3Hash", any_value, {{"target", text}}, &hash<&hash_murmur3>},
      {"Murmur3Hash128", any_value, {{"target", text}}, &hash<&hash_murmur3_128>},
      {"XXH3", any_value, {{"target", text}}, &hash<&hash_xxh3>},
      {"XXH128", any_value, {{"target", text}}, &hash<&hash_xxh128>},
  };
  return table;
}

} // namespace weir::ottl
