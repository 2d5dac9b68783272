// The writing half of ottl/xml_document.hpp.
#include "ottl/text_map.hpp"
#include "ottl/xml_document.hpp"

namespace weir::ottl {

namespace {

void append_attributes(const pugi::xml_node& node, std::string& out) {
  for (const auto& attribute : node.attributes()) {
    out.append(" ").append(attribute.name()).append("=\"");
    append_xml_text(attribute.value(), out);
    out += '"';
  }
}

void append_element(const pugi::xml_node& node, bool keeps_spaces, std::string& out) {
  if (const std::string_view space = node.attribute("xml:space").value(); space == "preserve")
    keeps_spaces = true;
  else if (space == "default")
    keeps_spaces = false;
  out.append("<").append(node.name());
  append_attributes(node, out);
  out += '>';
  for (const auto& child : node.children())
    append_xml(child, keeps_spaces, out);
  out.append("</").append(node.name()).append(">");
}

} // namespace

void append_xml_text(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
    case '&':
      out += "&amp;";
      break;
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '"':
      out += "&#34;";
      break;
    case '\'':
      out += "&#39;";
      break;
    default:
      out += c;
    }
  }
}

void append_xml(const pugi::xml_node& node, bool keeps_spaces, std::string& out) {
  const std::string_view content = node.value();
  switch (node.type()) {
  case pugi::node_element:
    append_element(node, keeps_spaces, out);
    break;
  case pugi::node_pcdata:
    append_xml_text(keeps_spaces ? content : trim_space(content), out);
    break;
  case pugi::node_cdata:
    out.append("<![CDATA[").append(content).append("]]>");
    break;
  case pugi::node_comment:
    out.append("<!--").append(content).append("-->");
    break;
  case pugi::node_doctype:
    out.append("<!DOCTYPE ").append(content).append(">");
    break;
  case pugi::node_declaration:
    out.append("<?").append(node.name());
    append_attributes(node, out);
    out += "?>";
    break;
  case pugi::node_pi:
    out.append("<?").append(node.name());
    if (const auto inside = trim_space(content); !inside.empty())
      out.append(" ").append(inside);
    out += "?>";
    break;
  default:
    break;
  }
}

void append_xml(const pugi::xml_document& document, std::string& out) {
  for (const auto& child : document.children())
    append_xml(child, true, out);
}

} // namespace weir::ottl
