#include "cluster/progress.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

using namespace weir;
using namespace weir::cluster;

BOOST_AUTO_TEST_SUITE(progress_test)

// Scenario: the same slot is decided twice (an entry was sent again). Guarantee: settled once.
BOOST_AUTO_TEST_CASE(a_slot_is_settled_once) {
  progress p;
  const entry_id id{1, 2, 3};
  BOOST_TEST(p.settle(id, 70, 69, true));
  BOOST_TEST(!p.settle(id, 70, 69, false));
  BOOST_TEST(p.settled(id, 69));
  BOOST_TEST(!p.settled(id, 68));
}

// Scenario: a record is written, and loaded after a restart. Guarantee: the same slots are settled.
BOOST_AUTO_TEST_CASE(a_record_survives_the_disk) {
  progress before;
  const entry_id id{1, 2, 3};
  for (slot s = 0; s < 130; s += 3)
    before.settle(id, 130, s, s % 2 == 0);
  progress after;
  BOOST_REQUIRE(after.load(id, before.encode(id)));
  for (slot s = 0; s < 130; ++s)
    BOOST_TEST(after.settled(id, s) == (s % 3 == 0));
  BOOST_TEST(after.encode(id) == before.encode(id));
}

// Scenario: damaged and newer records. Guarantee: an error, nothing loaded.
BOOST_AUTO_TEST_CASE(bad_records_are_refused) {
  progress p;
  p.settle({1, 1, 1}, 9, 0, true);
  auto bytes = p.encode({1, 1, 1});
  for (std::size_t n = 0; n < bytes.size(); ++n)
    BOOST_TEST(!progress{}.load({1, 1, 1}, std::string_view(bytes).substr(0, n)));
  bytes[0] = 2;
  BOOST_TEST((progress{}.load({1, 1, 1}, bytes).error().code == errc::unsupported));
}

// Scenario: the origin announces its low-water mark. Guarantee: only that epoch's entries below go.
BOOST_AUTO_TEST_CASE(forgetting_follows_the_mark) {
  progress p;
  p.settle({1, 1, 1}, 1, 0, true);
  p.settle({1, 1, 2}, 1, 0, true);
  p.settle({1, 9, 1}, 1, 0, true);
  p.forget(1, 1, 2);
  BOOST_TEST(!p.settled({1, 1, 1}, 0));
  BOOST_TEST(p.settled({1, 1, 2}, 0));
  BOOST_TEST(p.settled({1, 9, 1}, 0));
}

// Scenario: an entry is forgotten, then what was sent of it before is decided, and another owner says
// what it settled of it. Guarantee: nothing of it is logged or remembered; what is not below the mark
// is. A lower mark that comes late changes nothing.
BOOST_AUTO_TEST_CASE(what_is_forgotten_stays_so) {
  progress other;
  for (sequence number = 1; number <= 4; ++number)
    other.settle({1, 1, number}, 2, 1, true);
  progress p;
  p.forget(1, 1, 3);
  p.forget(1, 1, 2);
  for (sequence number = 1; number <= 4; ++number) {
    const entry_id id{1, 1, number};
    BOOST_TEST(p.merge(id, other.encode(id)).value() == (number >= 3));
    BOOST_TEST(p.settle(id, 2, 0, true) == (number >= 3));
    BOOST_TEST((p.find(id) != nullptr) == (number >= 3));
  }
  BOOST_TEST(p.entries() == 2U);
  BOOST_TEST(p.settle({1, 2, 1}, 1, 0, true));
  BOOST_TEST(p.settle({2, 1, 1}, 1, 0, true));
}

// Scenario: what two owners have settled of an entry is put together, random slots with random
// outcomes (seeds 1 to 200). Guarantee: what either has settled is; of what both have, the own
// outcome counts; there is news exactly where a slot came in.
BOOST_AUTO_TEST_CASE(what_two_owners_settled_is_put_together) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    const entry_id id{1, 2, 3};
    const auto slots = static_cast<std::uint32_t>(1 + random() % 100);
    progress mine, theirs, expected;
    bool news = false;
    for (slot s = 0; s < slots; ++s) {
      const auto own = random() % 3; // 0: not settled, 1: dropped, 2: kept.
      const auto other = random() % 3;
      if (own != 0)
        mine.settle(id, slots, s, own == 2);
      if (other != 0)
        theirs.settle(id, slots, s, other == 2);
      if (own != 0 || other != 0)
        expected.settle(id, slots, s, (own != 0 ? own : other) == 2);
      news = news || (own == 0 && other != 0);
    }
    if (theirs.entries() == 0)
      continue;
    BOOST_REQUIRE_EQUAL(mine.merge(id, theirs.encode(id)).value(), news);
    BOOST_REQUIRE(mine.encode(id) == expected.encode(id));
    BOOST_REQUIRE(!mine.merge(id, theirs.encode(id)).value());
  }
}

// Scenario: a record of another number of slots, one that is none, one of a newer version. Guarantee:
// errors, and what was known stays as it was.
BOOST_AUTO_TEST_CASE(what_cannot_be_of_the_entry_is_not_put_in) {
  const entry_id id{1, 2, 3};
  progress mine, other;
  mine.settle(id, 9, 0, true);
  other.settle(id, 10, 1, true);
  const auto before = mine.encode(id);
  BOOST_TEST((mine.merge(id, other.encode(id)).error().code == errc::corrupt));
  BOOST_TEST((mine.merge(id, "").error().code == errc::corrupt));
  auto newer = before;
  newer[0] = 2;
  BOOST_TEST((mine.merge(id, newer).error().code == errc::unsupported));
  BOOST_TEST(mine.encode(id) == before);
}

// Scenario: an origin notes what others have settled, of an entry that is known and of one that is
// not, and of one with another number of slots. Guarantee: it is in, but for the last.
BOOST_AUTO_TEST_CASE(settled_slots_are_noted) {
  progress p;
  p.settle({1, 1, 1}, 4, 0, true);
  slot_set more(4);
  more.insert(2);
  p.note({1, 1, 1}, more);
  p.note({1, 1, 2}, more);
  slot_set other(9);
  other.insert(3);
  p.note({1, 1, 1}, other);
  for (slot s = 0; s < 4; ++s) {
    BOOST_TEST(p.settled({1, 1, 1}, s) == (s % 2 == 0));
    BOOST_TEST(p.settled({1, 1, 2}, s) == (s == 2));
  }
}

// Scenario: a node starts more often than marks are remembered. Guarantee: they are bounded; a late
// word about the oldest start counts again, of the newest it does not, and goes when it is told so.
BOOST_AUTO_TEST_CASE(marks_of_old_starts_are_forgotten) {
  progress theirs;
  progress p;
  for (epoch each = 1; each <= progress::most_marks + 1; ++each)
    p.forget(1, each, 10);
  const entry_id old{1, 1, 5};
  const entry_id fresh{1, progress::most_marks + 1, 5};
  for (const auto& entry : {old, fresh})
    theirs.settle(entry, 1, 0, true);
  BOOST_TEST(p.merge(old, theirs.encode(old)).value());
  BOOST_TEST(!p.merge(fresh, theirs.encode(fresh)).value());
  const auto known = p.epochs();
  BOOST_REQUIRE(known.size() == 1U);
  BOOST_TEST((known[0] == std::tuple<node_id, epoch, sequence>{1, 1, 6}));
  p.forget(1, 1, 6);
  BOOST_TEST(p.entries() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
