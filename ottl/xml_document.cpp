#include "ottl/xml_document.hpp"

#include "editing/work.hpp"
#include "otlp/json_text.hpp"
#include "ottl/xml_text.hpp"

#include <algorithm>
#include <array>

namespace weir::ottl {

namespace {

bool is_declared(std::string_view prefix, pugi::xml_node node) {
  if (prefix == "xml")
    return true;
  const auto name = "xmlns:" + std::string(prefix);
  for (; node; node = node.parent())
    if (node.attribute(name.c_str()))
      return true;
  return false;
}

/// Whether texts can be read that say to be in that encoding: all are taken for UTF-8.
bool is_readable(std::string_view encoding, std::string_view text, xml_reading reading) {
  std::string name;
  for (const char c : encoding)
    name += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  if (name.empty() || name == "utf-8")
    return true;
  constexpr std::array<std::string_view, 4> ascii_and_more{"us-ascii", "iso-8859-", "windows-125",
                                                           "utf8"};
  const bool is_ascii = std::all_of(text.begin(), text.end(),
                                    [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return reading == xml_reading::to_write && is_ascii
         && std::any_of(ascii_and_more.begin(), ascii_and_more.end(),
                        [&](auto known) { return name.starts_with(known); });
}

/// Looks at what the parser lets pass, and resolves references.
class checker {
public:
  checker(std::string_view text, xml_reading reading) : text_(text), reading_(reading) {}

  bool check_children(const pugi::xml_node& node, int depth) {
    if (depth > max_xml_depth)
      return false;
    for (auto child : node.children())
      if (++nodes_ > max_xml_nodes || !check(child, depth))
        return false;
    return true;
  }

private:
  bool check(pugi::xml_node& node, int depth) {
    const std::string_view content = node.value();
    switch (node.type()) {
    case pugi::node_element:
      return check_name(node) && check_attributes(node) && check_children(node, depth + 1);
    case pugi::node_pcdata:
      return content.find("]]>") == content.npos
             && resolve(content, [&](const std::string& made) { node.set_value(made.c_str()); });
    case pugi::node_comment:
      return content.find("--") == content.npos && !content.ends_with('-');
    case pugi::node_declaration: {
      const std::string_view version = node.attribute("version").value();
      return (version.empty() || version == "1.0")
             && is_readable(node.attribute("encoding").value(), text_, reading_);
    }
    default:
      return true;
    }
  }

  bool check_name(const pugi::xml_node& node) const {
    const std::string_view name = node.name();
    const auto prefix = name.substr(0, name.size() - local_name(name).size());
    return std::count(name.begin(), name.end(), ':') <= 1
           && (reading_ == xml_reading::as_values || prefix.empty()
               || is_declared(prefix.substr(0, prefix.size() - 1), node));
  }

  bool check_attributes(pugi::xml_node& node) {
    for (auto attribute : node.attributes()) {
      const std::string_view name = attribute.name();
      const std::string_view content = attribute.value();
      if (++nodes_ > max_xml_nodes || std::count(name.begin(), name.end(), ':') > 1
          || content.find('<') != content.npos
          || !resolve(content, [&](const std::string& made) { attribute.set_value(made.c_str()); }))
        return false;
    }
    return true;
  }

  template <class F>
  static bool resolve(std::string_view content, F&& set) {
    if (content.find('&') == content.npos)
      return true;
    const auto made = resolve_references(content);
    if (made)
      set(*made);
    return made.has_value();
  }

  std::string_view text_;
  xml_reading reading_;
  std::size_t nodes_ = 0;
};

void leave_out_beginning(pugi::xml_document& document) {
  for (auto first = document.first_child(); first && first.type() != pugi::node_element;
       first = document.first_child()) {
    const bool is_instruction =
        first.type() == pugi::node_pi || first.type() == pugi::node_declaration;
    document.remove_child(first);
    if (is_instruction)
      return;
  }
}

bool has_element(const pugi::xml_document& document) {
  const auto children = document.children();
  return std::any_of(children.begin(), children.end(),
                     [](const auto& child) { return child.type() == pugi::node_element; });
}

bool is_space(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == text.npos;
}

} // namespace

bool read_xml(std::string_view text, xml_reading reading, pugi::xml_document& out) {
  constexpr unsigned flags = pugi::parse_pi | pugi::parse_comments | pugi::parse_cdata
                             | pugi::parse_ws_pcdata | pugi::parse_eol | pugi::parse_declaration
                             | pugi::parse_doctype | pugi::parse_fragment;
  if (text.size() > max_xml_bytes || !has_xml_characters_alone(text))
    return false;
  editing::work().spend(20 * text.size());
  if (!out.load_buffer(text.data(), text.size(), flags, pugi::encoding_utf8) || !has_element(out)
      || !checker(text, reading).check_children(out, 0))
    return false;
  if (reading == xml_reading::to_write && !text.starts_with("<?xml"))
    leave_out_beginning(out);
  return true;
}

std::string_view local_name(std::string_view name) noexcept {
  const auto colon = name.find(':');
  const bool has_prefix = colon != name.npos && colon != 0 && colon + 1 < name.size();
  return has_prefix ? name.substr(colon + 1) : name;
}

std::shared_ptr<const xml_path> xml_path::compile(std::string_view expression, std::string& wrong) {
  try {
    return std::shared_ptr<const xml_path>(new xml_path(std::string(expression).c_str()));
  } catch (const pugi::xpath_exception& e) {
    wrong = "found an XPath that is malformed: " + std::string(e.what());
    return nullptr;
  }
}

std::vector<pugi::xpath_node> xml_path::select(const pugi::xml_document& document) const {
  std::vector<pugi::xpath_node> selected;
  if (query_.return_type() != pugi::xpath_type_node_set)
    return selected;
  auto nodes = query_.evaluate_node_set(document);
  nodes.sort();
  for (const auto& found : nodes)
    if (found.attribute() || found.node().type() != pugi::node_pcdata
        || !found.node().previous_sibling() || !is_space(found.node().value()))
      selected.push_back(found);
  return selected;
}

} // namespace weir::ottl
