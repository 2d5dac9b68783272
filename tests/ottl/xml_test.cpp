#include "tests/ottl/values.hpp"

#include <boost/test/unit_test.hpp>

// XML that becomes maps, and XML that is edited. What the Collector makes of a lot more is compared
// in tests/system/differential.
namespace {

using namespace weir;
using namespace weir::processors;
using namespace weir::ottl::test;

/// A statement on the XML that a span's attribute `x` holds.
ottl_run run_on(const std::string& xml, const std::string& expression) {
  return run_statements("span", {fmt::format(R"(set(attributes["x"], {}))", expression)},
                        shop_span(R"([{"key":"x","value":)" + string_json(xml) + "}]"));
}

std::string repeated(const std::string& text, int times) {
  std::string made;
  for (int i = 0; i < times; ++i)
    made += text;
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(xml_test)

// Scenario: elements with attributes, texts, others inside. Guarantee: maps that name them.
BOOST_AUTO_TEST_CASE(values) {
  check_values({
      {R"(ParseXML("<p:a xmlns:p='u'> x <b k='&#65;'/> <![CDATA[<y>]]></p:a>")["content"])",
       string_json("x<y>")},
      {R"(ParseXML("<a><b k='&#x41;&amp;'/></a>")["children"][0]["attributes"])",
       map_json({{"k", "A&"}})},
      {R"(ParseXML("<a/>"))", map_json({{"tag", "a"}})},
      {R"(ParseSimplifiedXML("<a><b>1</b><c>2</c></a>")["a"])", map_json({{"b", "1"}, {"c", "2"}})},
      {R"(ParseSimplifiedXML("<a><b>1</b><b><c>2</c></b><b/></a>")["a"]["b"])",
       R"({"arrayValue":{"values":[{"stringValue":"1"},)" + map_json({{"c", "2"}}) + "]}}"},
  });
}

// Scenario: documents edited by XPath. Guarantee: what is selected changes, the rest stays, written
// as the Collector does.
BOOST_AUTO_TEST_CASE(editing) {
  check_values({
      {R"(GetXML("<a><b k='1'>x</b><b>y &amp; z</b></a>", "/a/b"))",
       string_json(R"(<b k=\"1\">x</b><b>y &amp; z</b>)")},
      {R"(GetXML("<a><b k='1'>x</b></a>", "//@k"))", string_json("1")},
      {R"x(GetXML("<a>x</a>", "count(//a)"))x", string_json("")},
      {R"(GetXML("", "//a"))", string_json("")},
      {R"(RemoveXML("<a><b><b/></b><!-- c --><d k='1' l='2'/></a>", "//b | //comment() | //@k"))",
       string_json(R"(<a><d l=\"2\"></d></a>)")},
      {R"(InsertXML("<a><b/><b/></a>", "//b", "<c/>t"))",
       string_json("<a><b><c></c>t</b><b><c></c>t</b></a>")},
      {R"(InsertXML("", "/", "<a/>"))", string_json("<a></a>")},
      {R"(ConvertAttributesToElementsXML("<a b='1' c='2'>x</a>"))",
       string_json("<a>x<b>1</b><c>2</c></a>")},
      {R"(ConvertAttributesToElementsXML("<a b='1' c='2'/>", "//@c"))",
       string_json(R"(<a b=\"1\"><c>2</c></a>)")},
      {R"(ConvertTextToElementsXML("<a>x<b/>y</a>", element_name="t"))",
       string_json("<a><t>x</t><b></b><t>y</t></a>")},
      {R"(ConvertTextToElementsXML("<a><b>x</b></a>"))", string_json("<a><b>x</b></a>")},
  });
  check_failures({R"(InsertXML("<a b='1'/>", "//@b", "<c/>"))", R"(InsertXML("<a/>", "/a", "no"))",
                  "GetXML(kind, \"/\")", R"(RemoveXML(attributes["x"], "/"))"});
  check_refused({{R"(GetXML(name, "//["))", "XPath"},
                 {R"(RemoveXML(name, "nope("))", "XPath"},
                 {R"(ConvertTextToElementsXML(name, "a b"))", "XPath"}});
}

// Scenario: texts that are no XML, or none that XML allows. Guarantee: an error.
BOOST_AUTO_TEST_CASE(malformed) {
  for (const auto* xml :
       {"", "text", "<a", "<a>", "<a></b>", "<a b/>", "<a b=c/>", "<a b='<'/>", "<a>&x;</a>",
        "<a>&#0;</a>", "<a>&#x110000;</a>", "<a>&amp</a>", "<a>]]></a>", "<a><!-- -- --></a>",
        "<p:a/>", "<a:b:c/>", "<?xml version='1.1'?><a/>",
        "<!DOCTYPE a [<!ENTITY e 'v'>]><a>&e;</a>", "<?xml version='1.0' encoding='UTF-16'?><a/>"})
    BOOST_TEST(run_on(xml, R"(ParseSimplifiedXML(attributes["x"]))").refusal != "", xml);
  BOOST_TEST(run_on("<a/> ", R"(ParseXML(attributes["x"]))").refusal != "");
}

// Scenario: XML that is deeper, longer and has more nodes than is read. Guarantee: an error, soon.
BOOST_AUTO_TEST_CASE(bounds) {
  const auto refusal = [](const std::string& xml) {
    return run_on(xml, R"(ConvertTextToElementsXML(attributes["x"]))").refusal;
  };
  BOOST_TEST(refusal(repeated("<a>", 60) + repeated("</a>", 60)) == "");
  BOOST_TEST(refusal(repeated("<a>", 100'000) + repeated("</a>", 100'000)) != "");
  BOOST_TEST(refusal("<a>" + repeated("<b/>", 16'000) + "</a>") == "");
  BOOST_TEST(refusal("<a>" + repeated("<b/>", 17'000) + "</a>") != "");
  BOOST_TEST(refusal("<a>" + std::string(1 << 20, 'x') + "</a>") != "");
}

BOOST_AUTO_TEST_SUITE_END()
