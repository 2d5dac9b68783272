#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::ottl {

/// Whether all are characters that XML has, in UTF-8.
bool has_xml_characters_alone(std::string_view text) noexcept;

/// The text with `&lt;`, `&#65;`, `&#x41;` as what they stand for; nothing where an entity is
/// another than the five that XML knows, or a character none of XML's.
std::optional<std::string> resolve_references(std::string_view text);

} // namespace weir::ottl
