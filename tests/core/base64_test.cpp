#include "core/base64.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

using namespace weir;

BOOST_AUTO_TEST_SUITE(base64_test)

// Scenario: the test vectors of RFC 4648, section 10, and bytes that need the last two digits.
// Guarantee: padded and unpadded as it says; each is read back.
BOOST_AUTO_TEST_CASE(vectors) {
  struct vector {
    std::string_view bytes, padded, bare;
  };
  for (const auto& v : {vector{"", "", ""}, vector{"f", "Zg==", "Zg"}, vector{"fo", "Zm8=", "Zm8"},
                        vector{"foo", "Zm9v", "Zm9v"}, vector{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
                        vector{"\xff\xfe", "//4=", "//4"}, vector{"\xfb\xf0", "+/A=", "+/A"}}) {
    BOOST_TEST(encode_base64(v.bytes) == v.padded);
    BOOST_TEST(encode_unpadded_base64(v.bytes) == v.bare);
    BOOST_TEST((decode_base64(v.padded) == std::string(v.bytes)));
    BOOST_TEST((decode_base64(v.bare) == std::string(v.bytes)));
  }
}

// Scenario: the alphabet for URLs; characters of neither; a length that no bytes have.
// Guarantee: the first is read, the others are not.
BOOST_AUTO_TEST_CASE(other_texts) {
  BOOST_TEST((decode_base64("-_A=") == "\xfb\xf0"));
  for (const auto* text : {"a", "Zm9vY", "Zm 9v", "Zm9v\n", "Zg=v", "\xff\xff\xff\xff"})
    BOOST_TEST(!decode_base64(text), text);
}

// Scenario: random bytes of every length up to 200 (seed 1).
// Guarantee: what was encoded is decoded, behind what already stood there.
BOOST_AUTO_TEST_CASE(round_trip) {
  auto random = std::mt19937(1);
  for (std::size_t size = 0; size <= 200; ++size) {
    std::string bytes(size, '\0');
    for (auto& byte : bytes)
      byte = static_cast<char>(random());
    std::string text = "before";
    append_base64(bytes, text);
    std::string back = "kept";
    BOOST_TEST(append_from_base64(std::string_view(text).substr(6), back));
    BOOST_TEST(back == "kept" + bytes);
  }
}

BOOST_AUTO_TEST_SUITE_END()
