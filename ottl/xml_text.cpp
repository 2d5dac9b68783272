#include "ottl/xml_text.hpp"

#include "core/utf8.hpp"
#include "otlp/json_text.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace weir::ottl {

namespace {

bool is_xml_character(std::uint32_t c) noexcept {
  return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0xd7ff)
         || (c >= 0xe000 && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff);
}

/// What stands between `&#` and `;`.
bool append_numbered(std::string_view digits, std::string& out) {
  const bool is_hex = digits.starts_with('x');
  digits.remove_prefix(is_hex ? 1 : 0);
  std::uint32_t character = 0;
  const auto* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, character, is_hex ? 16 : 10);
  if (character >= 0xd800 && character <= 0xdfff)
    character = 0xfffd; // half a surrogate pair, as the Collector has it
  if (read.ec != std::errc{} || read.ptr != end || !is_xml_character(character))
    return false;
  append_utf8(out, character);
  return true;
}

bool append_named(std::string_view name, std::string& out) {
  constexpr std::array<std::pair<std::string_view, char>, 5> known{
      {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"apos", '\''}, {"quot", '"'}}};
  for (const auto& [entity, character] : known) {
    if (entity != name)
      continue;
    out += character;
    return true;
  }
  return false;
}

} // namespace

bool has_xml_characters_alone(std::string_view text) noexcept {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r')
      return false;
  return otlp::count_utf8(text) == text.size() && text.find("\ufffe") == text.npos
         && text.find("\uffff") == text.npos;
}

std::optional<std::string> resolve_references(std::string_view text) {
  std::string made;
  while (true) {
    const auto begin = text.find('&');
    made += text.substr(0, begin);
    if (begin == text.npos)
      return made;
    const auto end = text.find(';', begin);
    if (end == text.npos)
      return std::nullopt;
    const auto name = text.substr(begin + 1, end - begin - 1);
    if (!(name.starts_with('#') ? append_numbered(name.substr(1), made) : append_named(name, made)))
      return std::nullopt;
    text.remove_prefix(end + 1);
  }
}

} // namespace weir::ottl
