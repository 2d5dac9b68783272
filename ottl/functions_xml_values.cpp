#include "ottl/evaluation.hpp"
#include "ottl/functions.hpp"
#include "ottl/text_map.hpp"
#include "ottl/xml_document.hpp"

#include <optional>
#include <unordered_map>
#include <vector>

// XML that becomes maps.
namespace weir::ottl {

namespace {

using enum parameter_type;

/// An element as {"tag", "content", "attributes", "children"}, of which the last three are there
/// where there is something in them.
class element_reader {
public:
  explicit element_reader(evaluation& e) : e_(e) {}

  value read(const pugi::xml_node& element) {
    text_builder map(e_.in().memory);
    append_pair(map, "tag", value::of_string(local_name(element.name())));
    std::string content;
    for (const auto& child : element.children())
      if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata)
        content += trim_space(child.value());
    if (!content.empty())
      append_pair(map, "content", value::of_string(content));
    if (const auto made = attributes(element); !made.bytes.empty())
      append_pair(map, "attributes", made);
    if (const auto made = children(element); !made.bytes.empty())
      append_pair(map, "children", made);
    return finish(map, value_type::map);
  }

  bool ok() const noexcept { return ok_; }

private:
  value attributes(const pugi::xml_node& element) {
    text_map made;
    for (const auto& attribute : element.attributes())
      made.put(local_name(attribute.name()), attribute.value());
    value map;
    ok_ = made.finish(e_, map) && ok_;
    return map;
  }

  value children(const pugi::xml_node& element) {
    text_builder list(e_.in().memory);
    for (const auto& child : element.children())
      if (child.type() == pugi::node_element)
        append_element(list, read(child));
    return finish(list, value_type::list);
  }

  value finish(const text_builder& made, value_type type) {
    ok_ = made.ok() && ok_;
    return value::of_bytes(type, made.view());
  }

  evaluation& e_;
  bool ok_ = true;
};

bool get_xml_text(evaluation& e, const call_info& c, xml_reading reading, pugi::xml_document& out) {
  std::string_view text;
  return e.get_text(c.arguments[0], text)
         && (read_xml(text, reading, out) || e.fail("expected a string that is well-formed XML"));
}

bool parse_xml(evaluation& e, const call_info& c, value& out) {
  pugi::xml_document document;
  if (!get_xml_text(e, c, xml_reading::as_values, document))
    return false;
  auto root = document.first_child();
  while (root.type() != pugi::node_element)
    root = root.next_sibling();
  if (root.next_sibling())
    return e.fail("expected nothing behind the XML's root");
  element_reader reader(e);
  out = reader.read(root);
  return reader.ok() || e.fail("the value grew too large");
}

/// The first text in an element that holds no others.
std::string_view leaf_text(const pugi::xml_node& element) {
  std::string_view text;
  bool found = false;
  for (const auto& child : element.children()) {
    if (child.type() == pugi::node_element)
      return {};
    const bool is_text = child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata;
    if (is_text && !found)
      text = child.value();
    found = found || is_text;
  }
  return text;
}

/// Elements as a map from their names: to a text, to a map of the elements inside, or to a list of
/// those where a name comes several times. Attributes, and texts beside elements, are left out.
class simplified_reader {
public:
  explicit simplified_reader(evaluation& e) : e_(e) {}

  value read(const pugi::xml_node& parent) {
    std::unordered_map<std::string_view, member> members;
    for (const auto& child : parent.children())
      if (child.type() == pugi::node_element)
        ++members[local_name(child.name())].count;
    std::vector<member*> in_order;
    for (const auto& child : parent.children()) {
      if (child.type() != pugi::node_element || !child.first_child())
        continue;
      auto& m = members[local_name(child.name())];
      if (!m.list && m.count > 1) {
        m.list.emplace(e_.in().memory);
        m.name = local_name(child.name());
        in_order.push_back(&m);
      }
      const auto made = value_of(child);
      if (made.bytes.empty())
        continue;
      if (m.list) {
        append_element(*m.list, made);
      } else {
        m.name = local_name(child.name());
        m.only = made;
        in_order.push_back(&m);
      }
    }
    return finish(in_order);
  }

  bool ok() const noexcept { return ok_; }

private:
  struct member {
    std::size_t count = 0;
    std::string_view name;
    std::optional<text_builder> list;
    value only;
  };

  value value_of(const pugi::xml_node& element) {
    const auto text = leaf_text(element);
    return text.empty() ? read(element) : value::of_string(text);
  }

  value finish(const std::vector<member*>& members) {
    text_builder map(e_.in().memory);
    for (const auto* m : members) {
      ok_ = ok_ && (!m->list || m->list->ok());
      append_pair(map, m->name,
                  m->list ? value::of_bytes(value_type::list, m->list->view()) : m->only);
    }
    ok_ = ok_ && map.ok();
    return value::of_bytes(value_type::map, map.view());
  }

  evaluation& e_;
  bool ok_ = true;
};

bool parse_simplified_xml(evaluation& e, const call_info& c, value& out) {
  pugi::xml_document document;
  if (!get_xml_text(e, c, xml_reading::to_write, document))
    return false;
  simplified_reader reader(e);
  out = reader.read(document);
  return reader.ok() || e.fail("the value grew too large");
}

} // namespace

std::span<const function_info> xml_value_functions() {
  static const std::vector<function_info> table{
      {"ParseXML", result_type::any, {{"target", text}}, &parse_xml},
      {"ParseSimplifiedXML", result_type::any, {{"target", text}}, &parse_simplified_xml},
  };
  return table;
}

} // namespace weir::ottl
