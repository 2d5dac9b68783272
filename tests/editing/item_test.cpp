#include "editing/item.hpp"

#include "otlp/json.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

namespace {

using namespace weir;
using namespace weir::editing;
namespace wire = otlp::wire;

std::string field(std::uint32_t number, std::string_view content) {
  std::string out;
  wire::append_bytes_field(out, number, content);
  return out;
}

std::string varint(std::uint32_t number, std::uint64_t value) {
  std::string out;
  wire::append_varint_field(out, number, value);
  return out;
}

std::string attribute(std::string_view key, std::string_view text) {
  return field(9, field(1, key) + field(2, field(1, text)));
}

// A span with fields between and behind its attributes, and one that nobody knows.
std::string body() {
  return field(1, std::string(16, 't')) + field(2, std::string(8, 's')) + attribute("a", "1")
         + field(5, "name") + attribute("b", "2") + varint(6, 2) + field(777, "unknown")
         + attribute("c", "3");
}

std::string written(const item& i) {
  std::string out = "before";
  i.write(out);
  BOOST_TEST(out.size() == 6 + i.size());
  BOOST_TEST(out.substr(6) == i.write());
  return out.substr(6);
}

struct fixture {
  arena memory;
  item uut{memory};

  std::string text(std::string_view key) const {
    const auto any = uut.get(key);
    return any ? std::string(string_of(*any)) : "(none)";
  }
  std::string_view str(std::string_view s) { return make_string(memory, s); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(item_test, fixture)

// Scenario: a span is opened, read, and set to what it holds already.
// Guarantee: nothing counts as changed, and its own bytes are given back.
BOOST_AUTO_TEST_CASE(what_is_set_to_itself_is_not_changed) {
  const auto bytes = body();
  uut.open(otlp::message_id::span, bytes);
  uut.set("a", str("1"));
  uut.set_bytes(5, "name");
  uut.set_varint(6, 2);
  BOOST_TEST(!uut.changed());
  BOOST_TEST(uut.write().data() == bytes.data());
  BOOST_TEST(uut.attributes() == 3U);
}

// Scenario: one attribute is changed, one erased, one added, the name set.
// Guarantee: the rest is there bit by bit, in its order, the unknown field too; new ones stand
// behind.
BOOST_AUTO_TEST_CASE(untouched_fields_keep_bytes_and_order) {
  const auto bytes = body();
  uut.open(otlp::message_id::span, bytes);
  uut.set("b", str("two"));
  BOOST_TEST(uut.erase("a"));
  BOOST_TEST(!uut.erase("nowhere"));
  uut.set("d", str("4"));
  uut.set_bytes(5, "other");
  BOOST_TEST(uut.changed());
  BOOST_TEST(written(uut)
             == field(1, std::string(16, 't')) + field(2, std::string(8, 's')) + field(5, "other")
                    + attribute("b", "two") + varint(6, 2) + field(777, "unknown")
                    + attribute("c", "3") + attribute("d", "4"));
}

// Scenario: a key that stands three times is read, updated, set, hashed over, erased, renamed.
// Guarantee: the first counts for reading; one stays after an update, none after erasing.
BOOST_AUTO_TEST_CASE(a_key_that_stands_twice_leaves_no_copy_behind) {
  const auto bytes =
      attribute("k", "1") + attribute("x", "y") + attribute("k", "2") + attribute("k", "3");
  uut.open(otlp::message_id::span, bytes);
  BOOST_TEST(text("k") == "1");
  uut.update("k", str("new"));
  BOOST_TEST(written(uut) == attribute("k", "new") + attribute("x", "y"));
  uut.open(otlp::message_id::span, bytes);
  BOOST_TEST(uut.erase("k"));
  BOOST_TEST(written(uut) == attribute("x", "y"));
  uut.open(otlp::message_id::span, bytes);
  BOOST_TEST(uut.rename("k", "x"));
  BOOST_TEST(written(uut) == attribute("x", "1"));
  uut.open(otlp::message_id::span, bytes);
  uut.for_each_attribute([&](item::attribute a) {
    if (a.key() == "k")
      a.set(str("h" + std::string(string_of(a.any()))));
  });
  BOOST_TEST(written(uut)
             == attribute("k", "h1") + attribute("x", "y") + attribute("k", "h2")
                    + attribute("k", "h3"));
}

// Scenario: insert and update of keys that are there and not.
// Guarantee: insert only where it is not, update only where it is.
BOOST_AUTO_TEST_CASE(insert_and_update_look_first) {
  const auto bytes = attribute("k", "1");
  uut.open(otlp::message_id::span, bytes);
  BOOST_TEST(!uut.insert("k", str("2")));
  BOOST_TEST(!uut.update("l", str("2")));
  BOOST_TEST(!uut.changed());
  BOOST_TEST(uut.insert("l", str("2")));
  BOOST_TEST(uut.update("l", str("3")));
  BOOST_TEST(written(uut) == attribute("k", "1") + attribute("l", "3"));
  uut.erase_attributes();
  BOOST_TEST(written(uut) == "");
}

// Scenario: a field that stands twice is read and set; numbers of every wire type are.
// Guarantee: the last counts and one stays.
BOOST_AUTO_TEST_CASE(fields_are_read_and_set_by_number) {
  const auto bytes = field(5, "first") + varint(6, 1) + field(5, "last");
  uut.open(otlp::message_id::span, bytes);
  BOOST_TEST(uut.bytes(5) == "last");
  BOOST_TEST(uut.number(6) == 1U);
  BOOST_TEST(uut.number(7) == 0U);
  uut.set_bytes(5, "new");
  uut.set_fixed64(7, 70);
  uut.set_fixed32(16, 3);
  uut.set_real(99, 2.5);
  uut.erase_field(6);
  item again{memory};
  const auto bytes_again = written(uut);
  again.open(otlp::message_id::span, bytes_again);
  BOOST_TEST(again.count(5) == 1U);
  BOOST_TEST(again.bytes(5) == "new");
  BOOST_TEST(again.number(7) == 70U);
  BOOST_TEST(again.number(16) == 3U);
  BOOST_TEST(again.real(99) == 2.5);
  BOOST_TEST(!again.has_field(6));
}

// Scenario: one of three events is edited, one dropped; the status, which is not there, is set.
// Guarantee: messages inside are put back in their places.
BOOST_AUTO_TEST_CASE(messages_inside_are_edited) {
  const auto bytes = field(11, field(2, "one")) + field(5, "n") + field(11, field(2, "two"))
                     + field(11, field(2, "three"));
  uut.open(otlp::message_id::span, bytes);
  item event{memory};
  uut.for_each_message(11, otlp::message_id::span_event, event, [&](item& e) {
    if (e.bytes(2) == "two")
      e.set("k", str("v"));
    return e.bytes(2) != "three";
  });
  item status{memory};
  uut.open_message(15, otlp::message_id::status, status);
  uut.put_message(15, status);
  BOOST_TEST(!uut.has_field(15));
  status.set_varint(3, 2);
  uut.put_message(15, status);
  BOOST_TEST(written(uut)
             == field(11, field(2, "one")) + field(5, "n")
                    + field(11, field(2, "two") + field(3, field(1, "k") + field(2, field(1, "v"))))
                    + field(15, varint(3, 2)));
}

// Scenario: a nested map is edited as attributes are; all attributes are taken as a map and put
// back. Guarantee: the entries are those.
BOOST_AUTO_TEST_CASE(maps_are_edited_as_attributes_are) {
  const std::pair<std::string_view, std::string_view> entries[] = {
      {"x", make_integer(memory, -7)}, {"y", make_boolean(memory, true)}};
  const auto map = otlp::read_value(make_map(memory, entries));
  BOOST_TEST((map.kind == otlp::value_kind::map));
  item inner{memory};
  inner.open(otlp::message_id::key_value_list, map.bytes);
  BOOST_TEST(otlp::read_value(*inner.get("x")).integer == -7);
  inner.set("x", make_real(memory, 0.5));
  BOOST_TEST(otlp::read_value(*find_entry(inner.write(), "x")).real == 0.5);

  const auto bytes = body();
  uut.open(otlp::message_id::span, bytes);
  const auto all = uut.attributes_as_map();
  BOOST_TEST(string_of(*find_entry(all, "b")) == "2");
  uut.set_attributes(inner.write());
  BOOST_TEST(uut.attributes() == 2U);
  BOOST_TEST(otlp::read_value(*uut.get("y")).boolean);
}

// Scenario: values of every kind as text.
// Guarantee: what the Collector's AsString gives.
BOOST_AUTO_TEST_CASE(values_are_written_as_the_collector_does) {
  const auto text = [](std::string_view any) {
    std::string scratch;
    return std::string(text_of(any, scratch));
  };
  BOOST_TEST(text(str("as it \"is\"")) == "as it \"is\"");
  BOOST_TEST(text(make_boolean(memory, false)) == "false");
  BOOST_TEST(text(make_integer(memory, INT64_MIN)) == "-9223372036854775808");
  BOOST_TEST(text(make_real(memory, 100)) == "100");
  BOOST_TEST(text(make_real(memory, 1.5)) == "1.5");
  BOOST_TEST(text(make_real(memory, 1e21)) == "1e+21");
  BOOST_TEST(text(make_real(memory, 1e-7)) == "1e-7");
  BOOST_TEST(text(make_real(memory, 1.25e-10)) == "1.25e-10");
  BOOST_TEST(text(make_bytes(memory, "abcd")) == "YWJjZA==");
  BOOST_TEST(text("") == "");
  const std::string_view items[] = {str("a<b\n"), "", make_bytes(memory, "abc")};
  const std::pair<std::string_view, std::string_view> entries[] = {{"z", make_array(memory, items)},
                                                                   {"a", make_integer(memory, 1)}};
  BOOST_TEST(text(make_map(memory, entries)) == R"({"a":1,"z":["a<b\n",null,"YWJj"]})");
  std::string escaped;
  append_text(escaped, make_map(memory, entries), true);
  BOOST_TEST(escaped == R"({"a":1,"z":["a\u003cb\n",null,"YWJj"]})");
  BOOST_TEST(text(make_real(memory, -HUGE_VAL)) == "-Infinity");
  const std::string_view no_json[] = {make_real(memory, HUGE_VAL)};
  BOOST_TEST(text(make_array(memory, no_json)) == "");
}

BOOST_AUTO_TEST_SUITE_END()
