#include "build.hpp"
#include "otlp/json.hpp"
#include "otlp/scan.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir;
using namespace weir::otlp;
using namespace weir::otlp::test;

parse_error error_of(std::string_view message) {
  span_index index;
  const auto r = scan_traces(message, 0, {}, index);
  BOOST_REQUIRE(!r);
  BOOST_TEST(index.spans.empty());
  return r.error();
}

// The bytes of a request with one span that ends with `tail`.
std::string with_tail(std::string_view tail) {
  return request({span('a', '1') + std::string{tail}});
}

std::string_view bytes(const char* literal, std::size_t n) {
  return {literal, n};
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

// AnyValues of lists inside each other.
std::string nested_value(int levels) {
  std::string value = field(1, "x");
  for (int i = 0; i < levels; ++i)
    value = field(5, field(1, value));
  return value;
}

} // namespace

BOOST_AUTO_TEST_SUITE(malformed_test)

// Scenario: one fault in the last field of a span, of each sort that bytes can have.
// Guarantee: an error that says what, at the byte of that field, with its path.
BOOST_AUTO_TEST_CASE(faults_name_byte_path_and_reason) {
  struct {
    std::string_view tail;
    std::string_view path;
    std::string_view reason;
  } const faults[] = {
      {"\x2a\x28xy", "spans[0].name", "length 40 runs past the end"},
      {bytes("\x30\x80", 2), "spans[0].kind", "varint"},
      {"\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "spans[0].kind", "varint"},
      {"\x39\x01\x02", "spans[0].start_time_unix_nano", "64-bit"},
      {"\x85\x01\x02", "spans[0].flags", "32-bit"},
      {"\x38\x01", "spans[0].start_time_unix_nano", "wire type 0"},
      {"\x28\x01", "spans[0].name", "wire type 0"},
      {"\x13", "spans[0].span_id", "group"},
      {"\x14", "spans[0].span_id", "group"},
      {"\xf3\x03", "spans[0]", "group"},
      {"\x16", "spans[0].span_id", "wire type 6"},
      {"\xf7\x03", "spans[0]", "wire type 7"},
      {bytes("\x00\x01", 2), "spans[0]", "tag"},
      {"\x80", "spans[0]", "tag"},
      {"\xff\xff\xff\xff\x7f\x01", "spans[0]", "tag"},
      {"\xf8\xff\xff\xff\xff\x01\x01", "spans[0]", "tag"},
      {"\x2a\xff\xff\xff\xff\x0f", "spans[0].name", "length 4294967295"},
      {"\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "spans[0].name",
       "length 18446744073709551615 runs past the end of what holds it (0 bytes left"},
      {"\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x80\x01", "spans[0].name", "over 10 bytes"},
      {"\x2a\x80\x80\x80\x80\x80\x01", "spans[0].name", "length 34359738368"},
      {"\x2a", "spans[0].name", "a length runs past the end"},
  };
  for (const auto& f : faults) {
    const auto message = with_tail(f.tail);
    const auto e = error_of(message);
    BOOST_TEST_CONTEXT(to_string(e)) {
      BOOST_TEST(e.offset == message.size() - f.tail.size());
      BOOST_TEST(e.path.ends_with(f.path));
      BOOST_TEST(contains(e.reason, f.reason));
    }
  }
}

// Scenario: faults in other places: resource, outer lengths, packed numbers, attribute values.
// Guarantee: paths lead there, with the numbers of list elements.
BOOST_AUTO_TEST_CASE(paths_lead_to_the_fault) {
  BOOST_TEST(
      to_string(error_of("\x0a\x28"))
      == "at byte 0, resource_spans[0]: length 40 runs past the end of what holds it (0 bytes left "
         "in all)");
  BOOST_TEST(error_of(request({}) + field(1, "\x0a\x10")).path == "resource_spans[1].resource");
  const auto value =
      field(9, attribute("a", "b")) + field(9, field(1, "k") + field(2, "\x0a\x05x"));
  BOOST_TEST(error_of(request({span('a', '0'), span('a', '1') + value})).path
             == "resource_spans[0].scope_spans[0].spans[1].attributes[1].value.string_value");
  const auto bad_resource = field(1, field(1, field(1, attribute("k", "\xfe"))));
  BOOST_TEST(error_of(bad_resource).path
             == "resource_spans[0].resource.attributes[0].value.string_value");

  const auto point = field(6, "1234567");
  const auto metric = field(9, field(1, point));
  const auto r = check_items(signal::metrics, field(1, field(2, field(2, metric))), {});
  BOOST_REQUIRE(!r);
  BOOST_TEST(r.error().path
             == "resource_metrics[0].scope_metrics[0].metrics[0].histogram.data_points[0]."
                "bucket_counts[0]");
}

// Scenario: what looks odd and is right: unknown fields of every wire type, 10-byte varints, padded
// tags and lengths, an empty length, packed and unpacked numbers. Guarantee: taken.
BOOST_AUTO_TEST_CASE(odd_but_right_bytes_are_taken) {
  const std::string_view tails[] = {
      "\xf8\x03\x01", // unknown varint
      "\xf9\x03"
      "12345678",       // unknown 64-bit
      "\xfa\x03\x02hi", // unknown bytes
      "\xfd\x03"
      "1234",                                         // unknown 32-bit
      "\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", // kind -1
      bytes("\xb0\x80\x80\x80\x00\x02", 6),           // kind, padded tag
      bytes("\x2a\x81\x80\x80\x80\x00x", 7),          // name, padded length
      bytes("\x4a\x00", 2),                           // an empty attribute
      bytes("\xf8\xff\xff\xff\x0f\x01", 6),           // the largest field number
  };
  for (const auto tail : tails) {
    span_index index;
    const auto r = scan_traces(with_tail(tail), 0, {}, index);
    BOOST_TEST((r && r->total() == 0), (r ? std::string{} : to_string(r.error())));
    BOOST_TEST(index.spans.size() == 1U);
  }
  std::string unpacked;
  for (int i = 0; i < 3; ++i)
    unpacked += fixed64(6, 1);
  const auto point = unpacked + field(6, std::string(16, '\1'));
  const auto message = field(1, field(2, field(2, field(9, field(1, point)))));
  BOOST_TEST(check_items(signal::metrics, message, {}).value() == 1U);
}

// Scenario: values nested 40, 60 and 10,000 deep.
// Guarantee: up to 100 messages inside each other are taken, more is an error, never a stack
// overflow.
BOOST_AUTO_TEST_CASE(deep_nesting_is_refused) {
  const auto nested = [](int levels) {
    return request({span('a', '1') + field(9, field(1, "k") + field(2, nested_value(levels)))});
  };
  span_index index;
  BOOST_TEST(scan_traces(nested(40), 0, {}, index).has_value());
  BOOST_TEST(contains(error_of(nested(60)).reason, "deeper"));
  BOOST_TEST(contains(error_of(nested(10'000)).reason, "deeper"));
  std::string json;
  BOOST_TEST(!to_json(signal::traces, nested(10'000), json));
  BOOST_TEST(json.empty());
}

// Scenario: a message that would need offsets of more than 32 bits.
// Guarantee: a clean error.
BOOST_AUTO_TEST_CASE(offsets_stay_within_32_bits) {
  span_index index;
  const auto r = scan_traces(request({span('a', '1')}), 0xffff'fff0, {}, index);
  BOOST_REQUIRE(!r);
  BOOST_TEST(contains(r.error().reason, "32-bit"));
  BOOST_TEST(!index_traces(request({span('a', '1')}), 0xffff'fff0, index));
}

// Scenario: bytes that were not checked are only indexed: cut off, without ids.
// Guarantee: false, and the index as it was.
BOOST_AUTO_TEST_CASE(index_traces_says_no_to_corrupt_bytes) {
  span_index index;
  const auto good = request({span('a', '1')});
  BOOST_REQUIRE(index_traces(good, 0, index));
  for (const auto& bad : {good + "\x0a\x09", request({span('b', '1'), field(1, "short")}),
                          request({""}), good.substr(0, good.size() - 1)}) {
    BOOST_TEST(!index_traces(bad, 0, index));
    BOOST_TEST(index.spans.size() == 1U);
    BOOST_TEST(index.traces.size() == 1U);
  }
}

BOOST_AUTO_TEST_SUITE_END()
