#include "cluster/settling.hpp"

#include <boost/test/unit_test.hpp>
#include <random>
#include <set>

using namespace weir;
using namespace weir::cluster;

namespace {

open_entry entry(sequence seq, journal_position position, std::uint32_t slots, epoch epoch = 7) {
  open_entry e;
  e.id = {1, epoch, seq};
  e.position = position;
  e.received = static_cast<steady_ns>(position) * second_ns;
  e.settled = slot_set(slots);
  return e;
}

} // namespace

BOOST_AUTO_TEST_SUITE(settling_test)

// Scenario: the slots of an entry are settled one by one. Guarantee: it is forgotten with the last
// one, and only then does the head of the journal move.
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

// Scenario: a stuck head entry is written again at the tail. Guarantee: the head jumps over the
// settled ones behind it, the low-water mark of the epoch stays below the moved entry.
BOOST_AUTO_TEST_CASE(a_moved_entry_frees_the_head_but_not_the_low_water_mark) {
  settling s(1);
  for (sequence i = 1; i <= 100; ++i)
    s.add(entry(i, i, 1));
  for (sequence i = 2; i <= 99; ++i)
    s.settle({1, 7, i}, {0});
  const auto stuck = s.stuck(50 * second_ns, 10, 5);
  BOOST_REQUIRE(stuck.size() == 1U);
  BOOST_TEST(stuck[0].id.sequence == 1U);
  s.move(stuck[0].id, 101);
  BOOST_TEST(s.head() == 100U);
  const auto marks = s.take_low_water_marks(100);
  BOOST_REQUIRE(marks.size() == 1U);
  BOOST_TEST(marks[0].below == 1U);
  s.settle({1, 7, 1}, {0});
  s.settle({1, 7, 100}, {0});
  BOOST_TEST(s.head() == 102U);
  BOOST_TEST(s.take_low_water_marks(102).at(0).below == 101U);
  BOOST_TEST(s.take_low_water_marks(102).empty());
}

// Scenario: an old epoch's entry stays open at the head, those of the new epoch behind it are
// settled; then the journal's trim is asked for, and then synced. Guarantee: the new epoch's mark
// waits until its entries are gone from the journal, and that is synced: a restart before would
// read them back, and an owner that had dropped its progress would log them again.
BOOST_AUTO_TEST_CASE(marks_wait_until_the_journal_is_gone) {
  settling s(1);
  s.add(entry(1, 1, 1, 7));
  s.add(entry(1, 2, 1, 8));
  s.add(entry(2, 3, 1, 8));
  s.settle({1, 8, 1}, {0});
  s.settle({1, 8, 2}, {0});
  for (const auto& mark : s.take_low_water_marks(1))
    BOOST_TEST(mark.below == 1U);
  s.settle({1, 7, 1}, {0});
  BOOST_TEST(s.head() == 4U);
  BOOST_TEST(s.take_low_water_marks(1).empty());
  const auto marks = s.take_low_water_marks(3);
  BOOST_REQUIRE(marks.size() == 2U);
  BOOST_TEST(marks[0].below == 2U);
  BOOST_TEST(marks[1].below == 2U);
  BOOST_TEST(s.take_low_water_marks(4).at(0).below == 3U);
}

// Scenario: an entry is settled while it is being written again at the tail.
// Guarantee: the mark reaches it only when the copy is gone too.
BOOST_AUTO_TEST_CASE(an_entry_settled_on_its_move_keeps_its_progress) {
  settling s(1);
  s.add(entry(1, 1, 1));
  s.begin_move({1, 7, 1}, 2);
  s.settle({1, 7, 1}, {0});
  BOOST_TEST(s.head() == 2U);
  BOOST_TEST(s.take_low_water_marks(2).at(0).below == 1U);
  s.move({1, 7, 1}, 2);
  BOOST_TEST(s.head() == 3U);
  BOOST_TEST(s.take_low_water_marks(3).at(0).below == 2U);
}

// Scenario: a position was given out to an entry that is still on its way to the disk when one with
// a higher position, a moved one, is written and settled. Guarantee: the head stays below the one
// on its way: a trim up to it must not take what is not there yet.
BOOST_AUTO_TEST_CASE(the_head_stays_below_what_is_on_its_way) {
  settling s(1);
  s.add(entry(1, 1, 1));
  s.move({1, 7, 1}, 3);
  s.settle({1, 7, 1}, {0});
  BOOST_TEST(s.head() == 2U);
  s.add(entry(2, 2, 1));
  BOOST_TEST(s.head() == 2U);
  s.settle({1, 7, 2}, {0});
  BOOST_TEST(s.head() == 4U);
}

// Scenario: progress of an earlier start is on disk, the journal holds nothing of that epoch any
// more. Guarantee: its mark is announced, so that the progress goes too.
BOOST_AUTO_TEST_CASE(progress_without_entries_is_forgotten) {
  settling s(5);
  s.has_progress({1, 7, 3});
  s.has_progress({1, 7, 2});
  const auto marks = s.take_low_water_marks(5);
  BOOST_REQUIRE(marks.size() == 1U);
  BOOST_TEST(marks[0].epoch == 7U);
  BOOST_TEST(marks[0].below == 4U);
}

// Scenario: a pipeline comes back whose entries have lain in the journal for longer than their
// wait. Guarantee: they count as received when they are told to, so that their traces come together
// again; what is younger keeps its time.
BOOST_AUTO_TEST_CASE(a_pipeline_that_is_back_waits_again) {
  settling s(1);
  for (sequence i = 1; i <= 2; ++i) {
    auto e = entry(i, i, 1);
    e.pipeline = 4;
    e.held = true;
    e.received = i == 1 ? 10 * second_ns : 100 * second_ns;
    s.add(e);
  }
  s.resend(4, 60 * second_ns);
  BOOST_TEST(s.find({1, 7, 1})->received == 60 * second_ns);
  BOOST_TEST(s.find({1, 7, 2})->received == 100 * second_ns);
  BOOST_TEST(s.oldest_unsent().value() == 60 * second_ns);
}

// Scenario: ten entries of a pipeline that is gone stand before a thousand that are settled.
// Guarantee: they are stuck, as many as asked for at a time; none is before that much lies behind
// them.
BOOST_AUTO_TEST_CASE(many_may_be_stuck) {
  settling s(1);
  for (sequence i = 1; i <= 1000; ++i) {
    s.add(entry(i, i, 1));
    if (i > 10)
      s.settle({1, 7, i}, {0});
    if (i < 80)
      BOOST_TEST(s.stuck(50 * second_ns, 8, 4).empty());
  }
  BOOST_TEST(s.stuck(50 * second_ns, 8, 4).size() == 4U);
  BOOST_TEST(s.stuck(50 * second_ns, 8, 100).size() == 10U);
  BOOST_TEST(s.stuck(3 * second_ns, 8, 100).size() == 2U);
}

// Scenario: entries are read back after a restart, one of them twice (it had been moved).
// Guarantee: it is open once, at the later position.
BOOST_AUTO_TEST_CASE(an_entry_read_back_twice_is_open_once) {
  settling s(10);
  s.add(entry(1, 1, 1));
  s.add(entry(1, 9, 1));
  BOOST_TEST(s.entries() == 1U);
  BOOST_TEST(s.head() == 9U);
  BOOST_TEST(s.next_unsent(0)->position == 9U);
}

// Scenario: a hundred entries wait for credit; the first is written again at the tail meanwhile.
// Guarantee: it is still the oldest unsent and the next to go: nothing received after it counts as
// all there is, and nothing overtakes it.
BOOST_AUTO_TEST_CASE(a_moved_entry_that_was_not_sent_stays_the_oldest) {
  settling s(1);
  for (sequence i = 1; i <= 100; ++i)
    s.add(entry(i, i, 1));
  s.begin_move({1, 7, 1}, 101);
  s.move({1, 7, 1}, 101);
  BOOST_TEST(s.oldest_unsent().value() == second_ns);
  BOOST_REQUIRE(s.next_unsent(0) != nullptr);
  BOOST_TEST(s.next_unsent(0)->id.sequence == 1U);
  BOOST_TEST(s.next_unsent(0)->position == 101U);
  s.mark_sent({1, 7, 1}, 0);
  BOOST_TEST(s.oldest_unsent().value() == 2 * second_ns);
}

// Scenario: random adds, settles, moves and sends from several epochs, against a plain model.
// Guarantee: the four invariants of settling.hpp hold after every step. Seeds 1 to 200.
BOOST_AUTO_TEST_CASE(random_operations_keep_the_invariants) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    settling s(1);
    std::map<entry_id, std::pair<journal_position, std::set<slot>>> model;
    std::map<journal_position, entry_id> journal; // What a restart would read back.
    journal_position next = 1;
    std::map<epoch, sequence> sequences;
    std::map<epoch, sequence> announced;
    std::map<entry_id, steady_ns> unsent;
    for (int step = 0; step < 300; ++step) {
      const auto dice = random() % 10;
      if (dice < 4) {
        const epoch epoch = 1 + random() % 3;
        const auto slots = 1 + random() % 5;
        auto e = entry(++sequences[epoch], next++, slots, epoch);
        auto& open = model[e.id];
        open.first = e.position;
        for (slot i = 0; i < slots; ++i)
          open.second.insert(i);
        journal.emplace(e.position, e.id);
        unsent.emplace(e.id, e.received);
        s.add(e);
      } else if (!model.empty()) {
        auto it = std::next(model.begin(), random() % model.size());
        if (dice < 8) {
          const slot which = random() % 5;
          const bool last = it->second.second.erase(which) > 0 && it->second.second.empty();
          BOOST_REQUIRE_EQUAL(s.settle(it->first, {which}), last);
          if (last) {
            unsent.erase(it->first);
            model.erase(it);
          }
        } else if (dice == 8) {
          s.move(it->first, next);
          journal.emplace(next, it->first);
          it->second.first = next++;
        } else {
          s.mark_sent(it->first, 0);
          unsent.erase(it->first);
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
      std::optional<steady_ns> oldest;
      for (const auto& [id, received] : unsent)
        oldest = std::min(oldest.value_or(received), received);
      BOOST_REQUIRE_MESSAGE(s.oldest_unsent() == oldest, "seed " << seed << " step " << step);
      // The trim is synced now and then, up to a head of before.
      const auto gone = s.head() - std::min<journal_position>(s.head(), random() % 20);
      journal.erase(journal.begin(), journal.lower_bound(gone));
      for (const auto& mark : s.take_low_water_marks(gone))
        announced[mark.epoch] = mark.below;
      for (const auto& [position, id] : journal)
        BOOST_REQUIRE_MESSAGE(id.sequence >= announced[id.epoch],
                              "seed " << seed << " step " << step);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
