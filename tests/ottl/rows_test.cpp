#include "tests/ottl/values.hpp"

#include <boost/test/unit_test.hpp>

// Converters that take texts apart, hash them, or read addresses.
namespace {

using namespace weir;
using namespace weir::processors;
using namespace weir::ottl::test;

} // namespace

BOOST_AUTO_TEST_SUITE(rows_test)

// Scenario: known texts, among them the empty one and one longer than a block. Guarantee: the
// hashes of the published algorithms; other types have none.
BOOST_AUTO_TEST_CASE(hashes) {
  check_values({
      {R"(XXH3("hello world"))", string_json("d447b1ea40e6988b")},
      {R"(XXH3(""))", string_json("2d06800538d394c2")},
      {R"(XXH128("hello world"))", string_json("df8d09e93f874900a99b8775cc15b6c7")},
      {R"(Murmur3Hash("Hello World"))", string_json("ce837619")},
      {R"(Murmur3Hash(""))", string_json("00000000")},
      {R"(Murmur3Hash128("Hello World"))", string_json("dbc2a0c1ab26631a27b4c09fcf1fe683")},
      {R"(Murmur3Hash128(""))", string_json("00000000000000000000000000000000")},
  });
  check_failures({R"(XXH3(attributes["x"]))", "Murmur3Hash(end_time)"});
}

// Scenario: pairs with quotes, escapes, several delimiters. Guarantee: the last value of a key
// counts; what is no pair is an error.
BOOST_AUTO_TEST_CASE(pairs) {
  check_values({
      {R"x(ParseKeyValue("a=1 b=\"x y\"  c='it is' a=2"))x",
       map_json({{"a", "2"}, {"b", "x y"}, {"c", "it is"}})},
      {R"(ParseKeyValue("a:1;;b: 2 ;", ":", ";"))", map_json({{"a", "1"}, {"b", "2"}})},
      {R"(ParseKeyValue("a!!1||b!!", "!!", "||"))", map_json({{"a", "1"}, {"b", ""}})},
      {R"(ParseKeyValue("a==1"))", map_json({{"a", "=1"}})},
  });
  check_failures({R"(ParseKeyValue(""))", R"(ParseKeyValue("a=1 b"))", R"(ParseKeyValue("a=\"1"))",
                  R"(ParseKeyValue(attributes["x"]))", "ParseKeyValue(kind)"});
  check_refused({{R"(ParseKeyValue("a", "=", "="))", "same delimiter"},
                 {R"(ParseKeyValue("a", ""))", "empty delimiter"}});
}

// Scenario: rows with quotes, line breaks and other delimiters, in each mode. Guarantee: fields
// under their headers; rows that are malformed or have other numbers of fields are errors.
BOOST_AUTO_TEST_CASE(rows) {
  check_values({
      {R"(ParseCSV("1,\"2,x\"\"y\",", "a,b,c"))",
       map_json({{"a", "1"}, {"b", R"(2,x\"y)"}, {"c", ""}})},
      {R"(ParseCSV("1|2", "a,b", "|", ","))", map_json({{"a", "1"}, {"b", "2"}})},
      {R"(ParseCSV("1,2\n3,4", "a,b,c"))", map_json({{"a", "1"}, {"b", R"(2\n3)"}, {"c", "4"}})},
      {R"(ParseCSV("a \"b\",c", "a,b", mode="lazyQuotes"))",
       map_json({{"a", R"(a \"b\")"}, {"b", "c"}})},
      {R"(ParseCSV("\"a,b", "a,b", mode="ignoreQuotes"))", map_json({{"a", R"(\"a)"}, {"b", "b"}})},
  });
  check_failures({R"(ParseCSV("1,2", "a"))", R"(ParseCSV("", "a"))", R"(ParseCSV("1", ""))",
                  R"(ParseCSV("a\"b", "a"))", R"(ParseCSV("\"1,2", "a,b"))",
                  R"(ParseCSV(kind, "a"))"});
  check_refused({{R"(ParseCSV("1", "a", "ab"))", "one character"},
                 {R"(ParseCSV("1", "a", "\""))", "is a quote"},
                 {R"(ParseCSV("1", "a", mode="other"))", "lazyQuotes"}});
}

// Scenario: texts and numbers against a mapping. Guarantee: the first level that has them; a
// mapping that makes no sense is refused at start.
BOOST_AUTO_TEST_CASE(severities) {
  const std::string mapping =
      R"({"error": [{"equals": ["err"]}, {"range": "5xx"}], "info": [{"range": {"min": 1, "max": 9}}]})";
  check_values({{"ParseSeverity(\"err\", " + mapping + ")", string_json("error")},
                {"ParseSeverity(503, " + mapping + ")", string_json("error")},
                {"ParseSeverity(9, " + mapping + ")", string_json("info")}});
  check_failures({"ParseSeverity(10, " + mapping + ")", "ParseSeverity(1.5, " + mapping + ")",
                  "ParseSeverity(attributes[\"x\"], " + mapping + ")"});
  check_refused({{R"(ParseSeverity(1, {"a": "b"}))", "list"},
                 {R"(ParseSeverity(1, {"a": [1]}))", "criterion"},
                 {R"(ParseSeverity(1, {"a": [{"equals": [1]}]}))", "string"},
                 {R"(ParseSeverity(1, {"a": [{"range": "9xx"}]}))", "5xx"},
                 {R"(ParseSeverity(1, {"a": [{"range": {"min": 1}}]}))", "max"},
                 {"ParseSeverity(1, attributes)", "literal"}});
}

// Scenario: addresses of both families, mapped ones, and texts that are none. Guarantee: in a
// network by its bits; a text that is no address is in none; networks are checked at start.
BOOST_AUTO_TEST_CASE(networks) {
  const auto truth = [](bool b) { return fmt::format(R"({{"boolValue":{}}})", b); };
  check_values({
      {R"(IsInCIDR("10.1.2.3", ["192.168.0.0/16", "10.1.2.0/30"]))", truth(true)},
      {R"(IsInCIDR("10.1.2.4", ["10.1.2.0/30"]))", truth(false)},
      {R"(IsInCIDR("::ffff:10.1.2.3", ["10.0.0.0/8"]))", truth(true)},
      {R"(IsInCIDR("10.1.2.3", ["::/0"]))", truth(false)},
      {R"(IsInCIDR("2001:db8:8000::1", ["2001:db8::/33"]))", truth(false)},
      {R"(IsInCIDR("10.1.2.3", [Concat(["10.0.0.0", "8"], "/")]))", truth(true)},
      {R"(IsInCIDR("none", ["0.0.0.0/0"]))", truth(false)},
      {R"(IsInCIDR("fe80::1%eth0", ["fe80::/10"]))", truth(false)},
  });
  check_failures({R"(IsInCIDR(kind, ["0.0.0.0/0"]))", R"(IsInCIDR("10.1.2.3", [name]))"});
  check_refused({{R"(IsInCIDR(name, ["10.0.0.0/33"]))", "10.0.0.0/8"},
                 {R"(IsInCIDR(name, ["10.0.0.0"]))", "10.0.0.0/8"},
                 {"IsInCIDR(name, attributes[\"l\"])", "brackets"}});
}

// Scenario: a flow from either end. Guarantee: the same identifier, that of the published examples.
BOOST_AUTO_TEST_CASE(flows) {
  const auto id = string_json("1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
  check_values({{R"(CommunityID("128.232.110.120", 34855, "66.35.250.204", 80))", id},
                {R"(CommunityID("66.35.250.204", 80, "128.232.110.120", 34855, "TCP", 0))", id}});
  check_failures({R"(CommunityID("x", 1, "10.0.0.1", 1))",
                  R"(CommunityID("10.0.0.1", -1, "10.0.0.1", 1))",
                  R"(CommunityID("10.0.0.1", 1, "10.0.0.1", 1, "tcp"))",
                  R"(CommunityID("10.0.0.1", 1, "10.0.0.1", 1, seed=65536))"});
}

// Scenario: URLs with all parts and with few, queries alone, texts that are none. Guarantee: the
// parts under the names of the conventions.
BOOST_AUTO_TEST_CASE(urls) {
  check_values({
      {R"x(URL("https://bob:p%40@h.example/a/b.txt?q=1#f"))x",
       map_json({{"url.original", "https://bob:p%40@h.example/a/b.txt?q=1#f"},
                 {"url.domain", "h.example"},
                 {"url.scheme", "https"},
                 {"url.path", "/a/b.txt"},
                 {"url.fragment", "f"},
                 {"url.user_info", "bob:p%40"},
                 {"url.username", "bob"},
                 {"url.password", "p@"},
                 {"url.query", "q=1"},
                 {"url.extension", "txt"}})},
      {R"(URL("/a b"))", map_json({{"url.original", "/a%20b"},
                                   {"url.domain", ""},
                                   {"url.scheme", ""},
                                   {"url.path", "/a b"}})},
      {R"(URL("http://h:81")["url.port"])", R"({"intValue":"81"})"},
      {R"(URL("?a=1&b=x+y&a=2")["query"]["a"][1])", string_json("2")},
  });
  check_failures({R"(URL(""))", R"(URL("http://h:x/"))", R"(URL("http://h/%zz"))", R"(URL("://x"))",
                  R"(URL("http://[::1"))", R"(URL("?a;b"))", R"(URL("?a=%z"))", "URL(kind)",
                  R"(URL("http://a b/"))", R"(URL("http://h/\x01"))"});
}

BOOST_AUTO_TEST_SUITE_END()
