#include "codec/dead_letter.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::codec;

BOOST_AUTO_TEST_SUITE(dead_letter_test)

// Scenario: a letter is written and read. Guarantee: nothing changed.
BOOST_AUTO_TEST_CASE(a_letter_survives_the_disk) {
  const dead_letter_record letter{signal::logs, 42, 7, "otlp/a", "refused: bad", "message"};
  const auto back = read_dead_letter(encode(letter));
  BOOST_REQUIRE(back);
  BOOST_TEST((back->signal == signal::logs));
  BOOST_TEST(back->time == 42U);
  BOOST_TEST(back->items == 7U);
  BOOST_TEST(back->exporter == "otlp/a");
  BOOST_TEST(back->reason == "refused: bad");
  BOOST_TEST(back->message == "message");
}

// Scenario: any byte is flipped, any tail is cut. Guarantee: an error, no crash.
BOOST_AUTO_TEST_CASE(damage_is_found) {
  const auto good = encode({signal::traces, 1, 2, "e", "r", "m"});
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x40);
    BOOST_TEST(!read_dead_letter(bad));
    BOOST_TEST(!read_dead_letter(std::string_view(good).substr(0, i)));
  }
}

BOOST_AUTO_TEST_SUITE_END()
