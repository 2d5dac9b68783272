#include "stages/disk_plan.hpp"

#include <boost/test/unit_test.hpp>
#include <numeric>
#include <ostream>
#include <random>

namespace weir::stages {

std::ostream& operator<<(std::ostream& out, const cut& c) {
  return out << "pipeline " << c.id << " reason " << static_cast<int>(c.why) << " below "
             << c.below;
}

} // namespace weir::stages

using namespace weir;
using namespace weir::stages;

BOOST_AUTO_TEST_SUITE(disk_plan_test)

namespace {

// Tables of ten records each; ages as given.
std::vector<storage::segment> tables(std::vector<std::uint64_t> ages, std::uint64_t bytes = 100) {
  std::vector<storage::segment> all;
  for (std::size_t i = 0; i < ages.size(); ++i)
    all.push_back({i * 10, i * 10 + 10, bytes, ages[i], false});
  return all;
}

std::vector<storage::segment> with_memory(std::vector<storage::segment> all, std::uint64_t bytes) {
  const auto end = all.empty() ? 0 : all.back().next;
  all.push_back({end, end + 10, bytes, ~std::uint64_t{0}, true});
  return all;
}

const std::vector<held_letters> none;

} // namespace

// Scenario: room is wanted, and two logs have delivered blocks of different ages. Guarantee: the
// oldest go first over both logs, no more than needed, none that somebody is owed.
BOOST_AUTO_TEST_CASE(delivered_blocks_go_oldest_first) {
  const std::vector<held_log> logs{{1, 25, 25, tables({1, 4, 5})}, {2, 30, 30, tables({2, 3, 6})}};
  BOOST_TEST((make_room(logs, none, 100, 0) == std::vector<cut>{{1, cut_reason::delivered, 10}}));
  BOOST_TEST((make_room(logs, none, 350, 0)
              == std::vector<cut>{{1, cut_reason::delivered, 20}, {2, cut_reason::delivered, 20}}));
  BOOST_TEST((make_room(logs, none, 9999, 0)
              == std::vector<cut>{{1, cut_reason::delivered, 20}, {2, cut_reason::delivered, 30}}));
}

// Scenario: delivered blocks are not enough. Guarantee: dead letters go next, then what is owed to
// exporters that are gone; what is owed to others stays, however much is wanted.
BOOST_AUTO_TEST_CASE(what_is_owed_goes_last) {
  const std::vector<held_log> logs{{1, 10, 20, tables({1, 2, 3})}};
  const std::vector<held_letters> letters{{1, tables({9})}, {2, tables({8})}};
  BOOST_TEST(
      (make_room(logs, letters, 150, 0)
       == std::vector<cut>{{1, cut_reason::delivered, 10}, {2, cut_reason::dead_letters, 10}}));
  BOOST_TEST((make_room(logs, letters, 9999, 0)
              == std::vector<cut>{{1, cut_reason::delivered, 10},
                                  {2, cut_reason::dead_letters, 10},
                                  {1, cut_reason::dead_letters, 10},
                                  {1, cut_reason::orphaned, 20}}));
}

// Scenario: undelivered blocks may be dropped; one log has many small ones, one few large ones.
// Guarantee: whatever else there is goes first; then the log with the most bytes gives, not the one
// with the most blocks, until both have as much.
BOOST_AUTO_TEST_CASE(too_much_is_dropped_by_bytes) {
  const std::vector<held_log> logs{{1, 10, 10, tables({1, 2, 3, 4, 5}, 100)},
                                   {2, 0, 0, tables({6, 7, 8}, 400)}};
  BOOST_TEST((make_room(logs, none, 100, 100) == std::vector<cut>{{1, cut_reason::delivered, 10}}));
  BOOST_TEST((make_room(logs, none, 100, 600)
              == std::vector<cut>{{1, cut_reason::delivered, 10}, {2, cut_reason::overflow, 20}}));
  BOOST_TEST((make_room(logs, none, 100, 1200)
              == std::vector<cut>{{1, cut_reason::delivered, 10},
                                  {2, cut_reason::overflow, 30},
                                  {1, cut_reason::overflow, 20}}));
}

// Scenario: everything is in the write-ahead log alone. Guarantee: nothing is given up for nothing.
BOOST_AUTO_TEST_CASE(what_frees_nothing_stays) {
  const std::vector<held_log> logs{{1, 10, 10, with_memory({}, 500)}};
  BOOST_TEST(make_room(logs, {{1, with_memory({}, 500)}}, 400, 400).empty());
}

// Scenario: dead letters are over their quota. Guarantee: the oldest go until they are not; those
// in memory by their share.
BOOST_AUTO_TEST_CASE(dead_letters_are_bounded) {
  const std::vector<held_letters> letters{{1, with_memory(tables({1, 3}), 50)},
                                          {2, with_memory(tables({2}), 50)}};
  BOOST_TEST(bound_letters(letters, 400).empty());
  BOOST_TEST(
      (bound_letters(letters, 250)
       == std::vector<cut>{{1, cut_reason::dead_letters, 10}, {2, cut_reason::dead_letters, 10}}));
  BOOST_TEST(
      (bound_letters(letters, 75)
       == std::vector<cut>{{1, cut_reason::dead_letters, 25}, {2, cut_reason::dead_letters, 10}}));
}

// Scenario: random logs and wishes. Guarantee: a cut is at the end of a table; nothing is cut for a
// reason that does not hold; nothing owed goes while anything else is left; what may go is enough
// where there is enough; logs that give are at most a table above the others.
BOOST_AUTO_TEST_CASE(any_plan_keeps_the_order) {
  std::mt19937_64 random(7);
  const auto draw = [&](std::uint64_t below) { return random() % below; };
  for (int round = 0; round < 2000; ++round) {
    std::vector<held_log> logs;
    auto age = std::uint64_t{0};
    for (pipeline_id id = 1; id <= 1 + draw(4); ++id) {
      held_log log{id, 0, 0, {}};
      auto index = draw(50);
      for (auto n = draw(8); n > 0; --n) {
        const auto next = index + 1 + draw(20);
        log.segments.push_back({index, next, 1 + draw(500), age += 1 + draw(9), false});
        index = next;
      }
      log.delivered = draw(index + 1);
      log.wanted = log.delivered + draw(index + 1 - log.delivered);
      logs.push_back(std::move(log));
    }
    const auto excess = draw(3000);
    const auto over = draw(2) == 0 ? 0 : draw(excess + 1);
    const auto cuts = make_room(logs, none, excess, over);
    auto freed = std::uint64_t{0};
    auto free_of_loss = std::uint64_t{0};
    auto all = std::uint64_t{0};
    auto lost = false;
    for (const auto& log : logs) {
      auto below = std::uint64_t{0};
      for (const auto& c : cuts) {
        if (c.id != log.id)
          continue;
        below = std::max(below, c.below);
        lost |= c.why == cut_reason::overflow;
        BOOST_TEST((c.why != cut_reason::delivered || c.below <= log.delivered));
        BOOST_TEST((c.why != cut_reason::orphaned || c.below <= log.wanted));
      }
      for (const auto& each : log.segments) {
        BOOST_TEST((below <= each.first || below >= each.next));
        freed += each.next <= below ? each.bytes : 0;
        free_of_loss += each.next <= log.wanted ? each.bytes : 0;
        all += each.bytes;
      }
    }
    BOOST_TEST(freed >= std::min({excess, free_of_loss}));
    BOOST_TEST(freed >= std::min(over, all));
    if (lost)
      BOOST_TEST(free_of_loss < over);
  }
}

BOOST_AUTO_TEST_SUITE_END()
