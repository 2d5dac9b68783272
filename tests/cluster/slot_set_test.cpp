#include "cluster/slot_set.hpp"

#include <boost/test/unit_test.hpp>
#include <random>
#include <set>

using namespace weir;
using namespace weir::cluster;

namespace {

slot_set some_of(std::uint32_t slots, std::mt19937_64& random) {
  slot_set made(slots);
  for (slot s = 0; s < slots; ++s)
    if (random() % 3 == 0)
      made.insert(s);
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(slot_set_test)

// Scenario: random slots, of the entry and beyond it, are put in, against a plain set (seeds 1 to
// 100). Guarantee: the same are in; only the first time counts, and none beyond.
BOOST_AUTO_TEST_CASE(follows_the_model) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    std::mt19937_64 random(seed);
    const auto slots = static_cast<std::uint32_t>(random() % 200);
    slot_set uut(slots);
    std::set<slot> model;
    for (int i = 0; i < 300; ++i) {
      const auto s = static_cast<slot>(random() % 220);
      BOOST_REQUIRE_EQUAL(uut.insert(s), s < slots && model.insert(s).second);
      BOOST_REQUIRE_EQUAL(uut.contains(s), model.contains(s));
      BOOST_REQUIRE_EQUAL(uut.count(), model.size());
      BOOST_REQUIRE_EQUAL(uut.all(), model.size() == slots);
    }
  }
}

// Scenario: two random sets of as many slots are put together. Guarantee: what was in either is in.
BOOST_AUTO_TEST_CASE(all_of_another_are_put_in) {
  std::mt19937_64 random(1);
  for (std::uint32_t slots = 0; slots < 150; ++slots) {
    const auto one = some_of(slots, random);
    const auto other = some_of(slots, random);
    auto both = one;
    both.insert_all(other);
    std::uint32_t count = 0;
    for (slot s = 0; s < slots; ++s) {
      BOOST_REQUIRE_EQUAL(both.contains(s), one.contains(s) || other.contains(s));
      count += both.contains(s) ? 1 : 0;
    }
    BOOST_REQUIRE_EQUAL(both.count(), count);
  }
}

// Scenario: sets of 0 to 200 slots go to the disk and come back. Guarantee: they are the same, and
// take a bit a slot behind a head of five bytes.
BOOST_AUTO_TEST_CASE(what_is_encoded_is_decoded) {
  std::mt19937_64 random(2);
  for (std::uint32_t slots = 0; slots <= 200; ++slots) {
    const auto before = some_of(slots, random);
    const auto record = encode(before);
    BOOST_REQUIRE_EQUAL(record.size(), 5 + (slots + 7) / 8);
    const auto after = decode_slots(record);
    BOOST_REQUIRE(after);
    BOOST_REQUIRE((*after == before));
  }
}

// Scenario: records that are cut at each place, have bytes behind them, say that they hold four
// billion slots, or are of a newer version. Guarantee: errors that say which it is.
BOOST_AUTO_TEST_CASE(what_is_no_record_is_refused) {
  slot_set set(20);
  set.insert(7);
  const auto good = encode(set);
  for (std::size_t size = 0; size < good.size(); ++size)
    BOOST_TEST(
        (decode_slots(std::string_view(good).substr(0, size)).error().code == errc::corrupt));
  BOOST_TEST((decode_slots(good + "x").error().code == errc::corrupt));
  auto huge = good;
  huge.replace(1, 4, "\xff\xff\xff\xff");
  BOOST_TEST((decode_slots(huge).error().code == errc::corrupt));
  auto newer = good;
  newer[0] = 2;
  BOOST_TEST((decode_slots(newer).error().code == errc::unsupported));
}

// Scenario: bits behind the last slot are set in a record. Guarantee: they count for nothing.
BOOST_AUTO_TEST_CASE(bits_behind_the_last_slot_count_for_nothing) {
  auto record = encode(slot_set(3));
  record.back() = static_cast<char>(0xff);
  const auto read = decode_slots(record);
  BOOST_REQUIRE(read);
  BOOST_TEST(read->count() == 3U);
  BOOST_TEST(read->all());
  BOOST_TEST(!read->contains(3));
}

BOOST_AUTO_TEST_SUITE_END()
