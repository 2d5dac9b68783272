#include "core/utf8.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;

BOOST_AUTO_TEST_SUITE(utf8_test)

// Scenario: every code point but the surrogates. Guarantee: it is written as RFC 3629 says (of the
// length that its table gives), and read back whole; its bytes but the first go on with it.
BOOST_AUTO_TEST_CASE(code_points) {
  for (std::uint32_t point = 0; point <= 0x10ffff; ++point) {
    if (point >= 0xd800 && point <= 0xdfff)
      continue;
    std::string text;
    append_utf8(text, point);
    const std::size_t length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    BOOST_REQUIRE(text.size() == length);
    BOOST_REQUIRE(first_utf8(text + "x").length == length);
    BOOST_REQUIRE(!continues_utf8(text[0]));
    for (std::size_t i = 1; i < length; ++i)
      BOOST_REQUIRE(continues_utf8(text[i]));
  }
}

// Scenario: what is not well-formed: lone and missing bytes, overlong forms, surrogates, beyond the
// last code point. Guarantee: no length, and how many bytes looked like a beginning.
BOOST_AUTO_TEST_CASE(broken_sequences) {
  struct row {
    std::string_view text;
    std::size_t broken;
  };
  for (const auto& r :
       {row{"\x80", 1}, row{"\xc1\xbf", 1}, row{"\xe0\x9f\xbf", 1}, row{"\xed\xa0\x80", 1},
        row{"\xf0\x8f\xbf\xbf", 1}, row{"\xf4\x90\x80\x80", 1}, row{"\xf5\x80\x80\x80", 1},
        row{"\xff", 1}, row{"\xc3", 1}, row{"\xc3x", 1}, row{"\xe2\x82", 2}, row{"\xe2\x82x", 2},
        row{"\xf0\x9f\x98", 3}}) {
    const auto found = first_utf8(r.text);
    BOOST_TEST(found.length == 0U);
    BOOST_TEST(found.broken == r.broken);
  }
}

BOOST_AUTO_TEST_SUITE_END()
