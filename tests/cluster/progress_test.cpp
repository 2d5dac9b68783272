#include "cluster/progress.hpp"
#include "cluster/watermark.hpp"

#include <boost/test/unit_test.hpp>

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

// Scenario: members report until when they have sent everything; one falls silent, one is behind.
// Guarantee: all counts as there only while each has said so of a moment at most a second ago;
// then up to what the last of them said; nothing before each has reported.
BOOST_AUTO_TEST_CASE(the_gate_waits_for_every_member) {
  watermark w;
  w.expect(1);
  w.expect(2);
  w.report(1, 11 * second_ns);
  BOOST_TEST(w.complete_until(11 * second_ns) < 0);
  w.report(2, 10 * second_ns);
  BOOST_TEST(w.complete_until(11 * second_ns) == 11 * second_ns);
  BOOST_TEST(w.complete_until(11 * second_ns + 1) == 10 * second_ns);
  w.report(2, 11 * second_ns);
  w.report(1, 20 * second_ns);
  BOOST_TEST(w.complete_until(20 * second_ns) == 11 * second_ns);
  w.remove(2);
  BOOST_TEST(w.complete_until(21 * second_ns) == 21 * second_ns);
  BOOST_TEST(w.complete_until(21 * second_ns + 1) == 20 * second_ns);
}

BOOST_AUTO_TEST_SUITE_END()
