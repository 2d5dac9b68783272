#include "editing/work.hpp"
#include "ottl/evaluation.hpp"
#include "ottl/functions.hpp"
#include "ottl/xml_document.hpp"

#include <algorithm>

// XML that stays XML.
namespace weir::ottl {

namespace {

using enum parameter_type;

bool finish_text(evaluation& e, std::string_view text, value& out) {
  work().spend(text.size());
  text_builder made(e.in().memory);
  made.append(text);
  return e.finish(made, value_type::string, out);
}

bool finish_xml(evaluation& e, const pugi::xml_document& document, value& out) {
  std::string made;
  append_xml(document, made);
  return finish_text(e, made, out);
}

bool read(evaluation& e, std::string_view text, pugi::xml_document& out) {
  return read_xml(text, xml_reading::to_write, out)
         || e.fail("expected a string that is well-formed XML");
}

bool get_xml_argument(evaluation& e, const argument& a, pugi::xml_document& out) {
  std::string_view text;
  return e.get_text(a, text) && read(e, text, out);
}

// An empty text is an empty document.
bool get_xml_or_nothing(evaluation& e, const argument& a, pugi::xml_document& out) {
  std::string_view text;
  return e.get_text(a, text) && (text.empty() || read(e, text, out));
}

bool get_xml(evaluation& e, const call_info& c, value& out) {
  pugi::xml_document document;
  if (!get_xml_or_nothing(e, c.arguments[0], document))
    return false;
  std::string made;
  for (const auto& found : c.prepared_as<xml_path>().select(document)) {
    const auto type = found.node().type();
    if (found.attribute())
      append_xml_text(found.attribute().value(), made);
    else if (type == pugi::node_element || type == pugi::node_pcdata)
      append_xml(found.node(), true, made);
    else if (type == pugi::node_cdata)
      append_xml_text(found.node().value(), made);
    if (made.size() > scratch_arena::max_bytes)
      return e.fail("the value grew too large");
  }
  return finish_text(e, made, out);
}

void remove(const pugi::xpath_node& found) {
  auto parent = found.parent();
  if (found.attribute()) {
    parent.remove_attribute(found.attribute());
    return;
  }
  switch (found.node().type()) {
  case pugi::node_element:
  case pugi::node_pcdata:
  case pugi::node_cdata:
  case pugi::node_comment:
    parent.remove_child(found.node());
    break;
  default:
    break;
  }
}

bool remove_xml(evaluation& e, const call_info& c, value& out) {
  pugi::xml_document document;
  if (!get_xml_or_nothing(e, c.arguments[0], document))
    return false;
  // From the end, so that what stands inside others goes before them.
  auto selected = c.prepared_as<xml_path>().select(document);
  std::for_each(selected.rbegin(), selected.rend(), &remove);
  return finish_xml(e, document, out);
}

bool insert_xml(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  if (!e.get_text(c.arguments[0], text))
    return false;
  pugi::xml_document document;
  pugi::xml_document inserted;
  if ((!text.empty() && !read(e, text, document)) || !get_xml_argument(e, c.arguments[2], inserted))
    return false;
  std::size_t copies = 0;
  for (const auto& found : c.prepared_as<xml_path>().select(document)) {
    auto target = found.node();
    if (target.type() != pugi::node_element && target.type() != pugi::node_document)
      return e.fail("expected an XPath that selects elements");
    for (const auto& child : inserted.children()) {
      work().spend(1000);
      if (++copies > max_xml_nodes)
        return e.fail("the value grew too large");
      target.append_copy(child);
    }
  }
  return finish_xml(e, document, out);
}

void append_text_element(pugi::xml_node element, const std::string& name, const char* text) {
  element.set_name(name.c_str());
  element.append_child(pugi::node_pcdata).set_value(text);
}

bool attributes_to_elements(evaluation& e, const call_info& c, value& out) {
  pugi::xml_document document;
  if (!get_xml_argument(e, c.arguments[0], document))
    return false;
  for (const auto& found : c.prepared_as<xml_path>().select(document)) {
    auto attribute = found.attribute();
    if (!attribute)
      continue;
    auto parent = found.parent();
    append_text_element(parent.append_child(pugi::node_element),
                        std::string(local_name(attribute.name())), attribute.value());
    parent.remove_attribute(attribute);
  }
  return finish_xml(e, document, out);
}

/// Puts the texts of an element that has several, or elements beside them, into elements of their
/// own; and so in all that it holds.
void texts_to_elements(pugi::xml_node parent, const std::string& name) {
  std::vector<pugi::xml_node> texts;
  std::size_t elements = 0;
  for (const auto& child : parent.children()) {
    if (child.type() == pugi::node_pcdata)
      texts.push_back(child);
    if (child.type() != pugi::node_element)
      continue;
    ++elements;
    texts_to_elements(child, name);
  }
  if (elements + texts.size() <= 1)
    return;
  for (const auto& text : texts) {
    append_text_element(parent.insert_child_before(pugi::node_element, text), name, text.value());
    parent.remove_child(text);
  }
}

bool text_to_elements(evaluation& e, const call_info& c, value& out) {
  pugi::xml_document document;
  if (!get_xml_argument(e, c.arguments[0], document))
    return false;
  std::string name = "value";
  if (c.arguments[2].given() && !e.node(c.arguments[2]).literal.bytes.empty())
    name = e.node(c.arguments[2]).literal.bytes;
  for (const auto& found : c.prepared_as<xml_path>().select(document))
    if (found.node().type() == pugi::node_element || found.node().type() == pugi::node_document)
      texts_to_elements(found.node(), name);
  return finish_xml(e, document, out);
}

std::string prepare_path(std::string_view expression, call_info& c) {
  std::string wrong;
  c.prepared = xml_path::compile(expression, wrong);
  return wrong;
}

std::string prepare_given(const program& code, call_info& c) {
  return prepare_path(code.expressions[c.arguments[1].expression].literal.bytes, c);
}

std::string prepare_or(std::string_view otherwise, const program& code, call_info& c) {
  const auto given = c.arguments[1].given()
                         ? code.expressions[c.arguments[1].expression].literal.bytes
                         : std::string_view();
  return prepare_path(given.empty() ? otherwise : given, c);
}

std::string prepare_or_all_attributes(const program& code, call_info& c) {
  return prepare_or("//@*", code, c);
}

std::string prepare_or_document(const program& code, call_info& c) {
  return prepare_or("/", code, c);
}

} // namespace

std::span<const function_info> xml_functions() {
  static const std::vector<function_info> table{
      {.name = "GetXML",
       .parameters = {{"target", text}, {"xpath", text_literal}},
       .body = &get_xml,
       .prepare = &prepare_given},
      {.name = "RemoveXML",
       .parameters = {{"target", text}, {"xpath", text_literal}},
       .body = &remove_xml,
       .prepare = &prepare_given},
      {.name = "InsertXML",
       .parameters = {{"target", text}, {"xpath", text_literal}, {"sub_document", text}},
       .body = &insert_xml,
       .prepare = &prepare_given},
      {.name = "ConvertAttributesToElementsXML",
       .parameters = {{"target", text}, {"xpath", text_literal, true}},
       .body = &attributes_to_elements,
       .prepare = &prepare_or_all_attributes},
      {.name = "ConvertTextToElementsXML",
       .parameters = {{"target", text},
                      {"xpath", text_literal, true},
                      {"element_name", text_literal, true}},
       .body = &text_to_elements,
       .prepare = &prepare_or_document},
  };
  return table;
}

} // namespace weir::ottl
