#include "cluster/settling.hpp"

#include <boost/test/unit_test.hpp>
#include <random>
#include <set>

using namespace weir;
using namespace weir::cluster;

namespace {

open_entry entry(sequence seq, journal_position position, std::uint32_t slots, epoch of = 7) {
  open_entry e;
  e.id = {1, of, seq};
  e.position = position;
  e.received = static_cast<steady_ns>(position) * second_ns;
  e.settled = slot_set(slots);
  return e;
}

} // namespace

BOOST_AUTO_TEST_SUITE(settling_test)

// Scenario: the slots of an entry are settled one by one. Guarantee: it is forgotten with the last one,
// and only then does the head of the journal move.
BOOST_AUTO_TEST_CASE(entry_is_forgotten_with_its_last_slot) {
  settling s(1);
  s.add(entry(1, 1, 2));
  s.add(entry(2, 2, 1));
  BOOST_TEST(!s.settle({1, 7, 1}, {0}));
  BOOST_TEST(s.head() == 1U);
  BOOST_TEST(s.settle({1, 7, 2}, {0}));
  BOOST_TEST(s.head() == 1U);
  BOOST_TEST(s.settle({1, 7, 1}, {0, 1}));
  BOOST_TEST(s.head() == 3U);
  BOOST_TEST(s.open_slots() == 0U);
}

// Scenario: a stuck head entry is written again at the tail. Guarantee: the head jumps over the settled
// ones behind it, the low-water mark of the epoch stays below the moved entry.
BOOST_AUTO_TEST_CASE(a_moved_entry_frees_the_head_but_not_the_low_water_mark) {
  settling s(1);
  for (sequence i = 1; i <= 100; ++i)
    s.add(entry(i, i, 1));
  for (sequence i = 2; i <= 99; ++i)
    s.settle({1, 7, i}, {0});
  const auto head = s.stuck(50 * second_ns, 10);
  BOOST_REQUIRE(head.has_value());
  BOOST_TEST(head->id.sequence == 1U);
  s.move(head->id, 101);
  BOOST_TEST(s.head() == 100U);
  const auto marks = s.take_low_water_marks();
  BOOST_REQUIRE(marks.size() == 1U);
  BOOST_TEST(marks[0].below == 1U);
  s.settle({1, 7, 1}, {0});
  s.settle({1, 7, 100}, {0});
  BOOST_TEST(s.head() == 102U);
  BOOST_TEST(s.take_low_water_marks().at(0).below == 101U);
  BOOST_TEST(s.take_low_water_marks().empty());
}

// Scenario: entries are read back after a restart, one of them twice (it had been moved).
// Guarantee: it is open once, at the later position.
BOOST_AUTO_TEST_CASE(an_entry_read_back_twice_is_open_once) {
  settling s(1);
  s.add(entry(1, 1, 1));
  s.add(entry(1, 9, 1));
  BOOST_TEST(s.entries() == 1U);
  BOOST_TEST(s.head() == 9U);
  BOOST_TEST(s.next_unsent()->position == 9U);
}

// Scenario: random adds, settles, moves and sends from several epochs, against a plain model.
// Guarantee: the four invariants of settling.hpp hold after every step. Seeds 1 to 200.
BOOST_AUTO_TEST_CASE(random_operations_keep_the_invariants) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    settling s(1);
    std::map<entry_id, std::pair<journal_position, std::set<slot>>> model;
    journal_position next = 1;
    std::map<epoch, sequence> sequences;
    std::map<epoch, sequence> announced;
    for (int step = 0; step < 300; ++step) {
      const auto dice = random() % 10;
      if (dice < 4) {
        const epoch of = 1 + random() % 3;
        const auto slots = 1 + random() % 5;
        auto e = entry(++sequences[of], next++, slots, of);
        auto& open = model[e.id];
        open.first = e.position;
        for (slot i = 0; i < slots; ++i)
          open.second.insert(i);
        s.add(e);
      } else if (!model.empty()) {
        auto it = std::next(model.begin(), random() % model.size());
        if (dice < 8) {
          const slot which = random() % 5;
          const bool last = it->second.second.erase(which) > 0 && it->second.second.empty();
          BOOST_REQUIRE_EQUAL(s.settle(it->first, {which}), last);
          if (last)
            model.erase(it);
        } else if (dice == 8) {
          s.move(it->first, next);
          it->second.first = next++;
        } else {
          s.mark_sent(it->first);
        }
      }
      journal_position lowest = next;
      std::uint64_t open_slots = 0;
      for (const auto& [id, open] : model) {
        lowest = std::min(lowest, open.first);
        open_slots += open.second.size();
      }
      BOOST_REQUIRE_MESSAGE(s.head() == lowest, "seed " << seed << " step " << step);
      BOOST_REQUIRE_EQUAL(s.entries(), model.size());
      BOOST_REQUIRE_EQUAL(s.open_slots(), open_slots);
      for (const auto& mark : s.take_low_water_marks())
        announced[mark.epoch] = mark.below;
      for (const auto& [id, open] : model)
        BOOST_REQUIRE_MESSAGE(id.sequence >= announced[id.epoch], "seed " << seed << " step " << step);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
