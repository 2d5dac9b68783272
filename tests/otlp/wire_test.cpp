#include "otlp/wire.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

namespace {

using namespace weir::otlp;

} // namespace

BOOST_AUTO_TEST_SUITE(wire_test)

// Scenario: numbers around every length of a varint.
// Guarantee: size, bytes and value agree.
BOOST_AUTO_TEST_CASE(varints_come_back) {
  for (int bit = 0; bit < 64; ++bit)
    for (const std::int64_t around : {-1, 0, 1}) {
      const auto value = (std::uint64_t{1} << bit) + static_cast<std::uint64_t>(around);
      std::string out;
      wire::append_varint(out, value);
      BOOST_TEST(out.size() == wire::varint_size(value));
      std::uint64_t back = 0;
      BOOST_TEST(wire::read_varint(out.data(), out.data() + out.size(), back)
                 == out.data() + out.size());
      BOOST_TEST(back == value);
      BOOST_TEST(wire::read_varint(out.data(), out.data() + out.size() - 1, back) == nullptr);
    }
}

// Scenario: the zig-zag numbers of protobuf's documentation, and the extremes.
// Guarantee: the numbers given there, both ways.
BOOST_AUTO_TEST_CASE(zigzag_numbers_come_back) {
  BOOST_TEST(wire::zigzag(0) == 0U);
  BOOST_TEST(wire::zigzag(-1) == 1U);
  BOOST_TEST(wire::zigzag(1) == 2U);
  BOOST_TEST(wire::zigzag(0x7fff'ffff) == 0xffff'fffeU);
  BOOST_TEST(wire::zigzag(-0x8000'0000LL) == 0xffff'ffffU);
  for (const auto n : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-12345},
                       std::numeric_limits<std::int64_t>::max()})
    BOOST_TEST(wire::unzigzag(wire::zigzag(n)) == n);
}

// Scenario: a message with a field of each wire type, whole and with a group behind.
// Guarantee: the reader gives each in turn, then the end, or says that what follows is malformed.
BOOST_AUTO_TEST_CASE(the_reader_walks_over_fields) {
  std::string message;
  wire::append_varint_field(message, 1, 300);
  wire::append_fixed64_field(message, 2, 7);
  wire::append_bytes_field(message, 3, "abc");
  wire::append_fixed32_field(message, 4, 9);
  for (const bool group : {false, true}) {
    const auto bytes = group ? message + "\x0b" : message;
    wire::reader fields{bytes};
    BOOST_TEST(fields.next()->value == 300U);
    BOOST_TEST(fields.next()->value == 7U);
    BOOST_TEST(fields.next()->bytes == "abc");
    BOOST_TEST(fields.next()->value == 9U);
    BOOST_TEST(!fields.next());
    BOOST_TEST(fields.malformed() == group);
    BOOST_TEST(fields.at() == bytes.data() + message.size());
  }
}

BOOST_AUTO_TEST_SUITE_END()
