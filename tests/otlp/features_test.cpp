#include "otlp/features.hpp"

#include "build.hpp"

#include <boost/test/unit_test.hpp>
#include <map>

namespace {

using namespace weir;
using namespace weir::otlp;
using namespace weir::otlp::test;

} // namespace

BOOST_AUTO_TEST_SUITE(features_test)

// Scenario: a span with every field that sampling asks for.
// Guarantee: each is read, with and without a look at the attributes.
BOOST_AUTO_TEST_CASE(the_fields_of_a_span_are_read) {
  std::string body = span('a', '1', "GET") + field(3, "ot=th:8") + field(4, id('p')) + varint(6, 3)
                     + fixed64(7, 100) + fixed64(8, 250) + field(15, field(2, "m") + varint(3, 2));
  wire::append_fixed32_field(body, 16, 0x101);
  body += field(9, attribute("k", "v"));
  int attributes = 0;
  const auto made = read_span(body, [&](std::string_view, const value_ref&) { ++attributes; });
  BOOST_TEST(attributes == 1);
  for (const auto& s : {read_span(body), made}) {
    BOOST_TEST(s.name == "GET");
    BOOST_TEST(s.trace_state == "ot=th:8");
    BOOST_TEST(!s.is_root);
    BOOST_TEST(s.kind == 3);
    BOOST_TEST(s.start_ns == 100U);
    BOOST_TEST(s.end_ns == 250U);
    BOOST_TEST(s.status_code == 2);
    BOOST_TEST(s.flags == 0x101U);
  }
}

// Scenario: no parent, an empty one, one of zeros.
// Guarantee: a root each time.
BOOST_AUTO_TEST_CASE(a_span_without_parent_is_a_root) {
  for (const auto& parent : {std::string{}, field(4, ""), field(4, std::string(8, '\0'))})
    BOOST_TEST(read_span(span('a', '1') + parent).is_root);
  BOOST_TEST(read_span("").status_code == 0);
}

// Scenario: attributes of every sort, one without value, one with its value first, one with two
// members. Guarantee: key and value of each, in wire order; of two members the last.
BOOST_AUTO_TEST_CASE(attributes_of_every_sort_are_read) {
  std::string real;
  wire::append_double_field(real, 4, 2.5);
  const auto made = [](std::string_view key, std::string_view any) {
    return field(9, field(1, key) + field(2, any));
  };
  const auto body = made("s", field(1, "text")) + made("b", varint(2, 1))
                    + made("i", varint(3, static_cast<std::uint64_t>(-3))) + made("d", real)
                    + made("a", field(5, "array")) + made("m", field(6, "map"))
                    + made("y", field(7, "bytes")) + made("n", "") + field(9, field(1, "none"))
                    + field(9, field(2, varint(3, 1)) + field(1, "late key"))
                    + made("two", field(1, "text") + varint(3, 9));
  std::map<std::string, value_ref, std::less<>> found;
  std::string order;
  read_span(body, [&](std::string_view key, const value_ref& value) {
    found[std::string{key}] = value;
    order += key.substr(0, 1);
  });
  BOOST_TEST(order == "sbidamynnlt");
  BOOST_TEST((found["s"].kind == value_kind::string && found["s"].bytes == "text"));
  BOOST_TEST((found["b"].kind == value_kind::boolean && found["b"].boolean));
  BOOST_TEST((found["i"].kind == value_kind::integer && found["i"].integer == -3));
  BOOST_TEST((found["d"].kind == value_kind::real && found["d"].real == 2.5));
  BOOST_TEST((found["a"].kind == value_kind::array && found["a"].bytes == "array"));
  BOOST_TEST((found["m"].kind == value_kind::map && found["m"].bytes == "map"));
  BOOST_TEST((found["y"].kind == value_kind::bytes && found["y"].bytes == "bytes"));
  BOOST_TEST((found["n"].kind == value_kind::none && found["none"].kind == value_kind::none));
  BOOST_TEST(found["late key"].integer == 1);
  BOOST_TEST((found["two"].kind == value_kind::integer && found["two"].integer == 9));
}

// Scenario: a resource envelope with a schema url and unknown fields around the resource.
// Guarantee: the resource's attributes only.
BOOST_AUTO_TEST_CASE(attributes_of_a_resource_are_read) {
  const auto resource =
      field(1, attribute("service.name", "shop")) + varint(2, 4) + field(1, attribute("host", "h"));
  std::string found;
  read_resource_attributes(field(77, "?") + field(1, resource) + field(3, "url"),
                           [&](std::string_view key, const value_ref& value) {
                             found += std::string{key} + "=" + std::string{value.bytes} + ";";
                           });
  BOOST_TEST(found == "service.name=shop;host=h;");
}

BOOST_AUTO_TEST_SUITE_END()
