#include "core/ids.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(ids_test)

// Scenario: raw id bytes are shown to a person. Guarantee: lower-case hex, two digits a byte.
BOOST_AUTO_TEST_CASE(hex_is_lower_case_and_padded) {
  BOOST_TEST(weir::to_hex(std::string("\x00\xAB\x0f", 3)) == "00ab0f");
}

// Scenario: a trace id is read from the wire. Guarantee: the bytes keep their order.
BOOST_AUTO_TEST_CASE(trace_id_keeps_wire_order) {
  const std::string raw = "0123456789abcdef";
  BOOST_TEST(weir::trace_id::from(raw).view() == raw);
}

BOOST_AUTO_TEST_SUITE_END()
