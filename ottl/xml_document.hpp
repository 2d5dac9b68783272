#pragma once

#include <memory>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace weir::ottl {

/// Bounds on one document; beyond, it is not read. XPath may look at each node once for each other.
inline constexpr std::size_t max_xml_bytes = 1 << 20;
inline constexpr std::size_t max_xml_nodes = 16'384;
inline constexpr int max_xml_depth = 64;

/// Who reads: functions that write XML again ask for declared namespaces.
enum class xml_reading : std::uint8_t { as_values, to_write };

/// Reads a document, which may have several roots. False where it is malformed, has none or is over
/// the bounds. References to characters are resolved, entities are not declared: there is nothing
/// that could grow. `to_write`: without a declaration at its beginning, what stands before the
/// first element or processing instruction is left out, and that instruction too.
bool read_xml(std::string_view text, xml_reading reading, pugi::xml_document& out);

/// Appends all that stands in a document.
void append_xml(const pugi::xml_document& document, std::string& out);
/// Appends a node; elements always with an end tag.
void append_xml(const pugi::xml_node& node, bool keeps_spaces, std::string& out);
/// Appends a text as it stands in XML.
void append_xml_text(std::string_view text, std::string& out);

/// A name without its prefix.
std::string_view local_name(std::string_view name) noexcept;

/// A compiled XPath 1.0 expression. Immutable; any thread.
class xml_path {
public:
  /// Null with `wrong` where it is malformed.
  static std::shared_ptr<const xml_path> compile(std::string_view expression, std::string& wrong);

  /// The nodes that it selects, in the order of the document: none where it is worth something else
  /// than nodes. Texts of white space count only where they are an element's first node.
  std::vector<pugi::xpath_node> select(const pugi::xml_document& document) const;

private:
  explicit xml_path(const char* expression) : query_(expression) {}

  pugi::xpath_query query_;
};

} // namespace weir::ottl
