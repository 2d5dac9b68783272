#include "codec/digest.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

namespace {

std::string hex(weir::codec::digest_kind kind, std::string_view bytes, std::string_view key = {}) {
  std::string out(2 * weir::codec::digest_size(kind), '?');
  weir::codec::put_digest_hex(kind, bytes, out.data(), key);
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(digest_test)

// Scenario: the examples of the standards (RFC 1321, RFC 3174, FIPS 180-4, FIPS 202, RFC 4231).
// Guarantee: their digests, in lower case.
BOOST_AUTO_TEST_CASE(digests_are_those_of_the_standards) {
  using enum weir::codec::digest_kind;
  BOOST_TEST(hex(md5, "abc") == "900150983cd24fb0d6963f7d28e17f72");
  BOOST_TEST(hex(sha1, "abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
  BOOST_TEST(hex(sha256, "abc")
             == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  BOOST_TEST(hex(sha256, "") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  BOOST_TEST(hex(sha512, "abc").substr(0, 32) == "ddaf35a193617abacc417349ae204131");
  BOOST_TEST(hex(sha3_256, "abc")
             == "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
  BOOST_TEST(hex(hmac_sha256, "what do ya want for nothing?", "Jefe")
             == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  BOOST_TEST(hex(hmac_sha512, "what do ya want for nothing?", "Jefe").substr(0, 32)
             == "164b7a7bfcf819e2e395fbe73b56e0a3");
}

BOOST_AUTO_TEST_SUITE_END()
