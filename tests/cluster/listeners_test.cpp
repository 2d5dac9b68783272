#include "cluster/listeners.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::cluster;

namespace {

constexpr node_id self = 1;
constexpr std::size_t watched = 77; // The other partitions are nobody's.

partition_owners owners(node_id owner, node_id standby, node_id zone_standby = 0) {
  partition_owners made;
  for (auto* nodes : {&made.owners, &made.standbys, &made.zone_standbys})
    nodes->resize(partition_count);
  made.owners[watched] = owner;
  made.standbys[watched] = standby;
  made.zone_standbys[watched] = zone_standby;
  return made;
}

struct change {
  partition_owners before;
  partition_owners now;
  std::vector<node_id> living = {self, 2, 3, 4, 5};
  listeners owed = {};
  std::set<node_id> silent = {};
};

std::set<node_id> told(const change& change) {
  std::vector<listeners> owed;
  if (change.owed != listeners{}) {
    owed.resize(partition_count);
    owed[watched] = change.owed;
  }
  const auto all =
      listeners_of({self, change.before, change.now, change.living, owed, change.silent});
  if (all.empty())
    return {};
  std::set<node_id> found(all[watched].begin(), all[watched].end());
  found.erase(0);
  return found;
}

using nodes = std::set<node_id>;

} // namespace

BOOST_AUTO_TEST_SUITE(listeners_test)

// Scenario: the owner goes on, goes over to another one, gets another standby. Guarantee: the next
// owner hears all, and whoever had no part in the partition; nobody else.
BOOST_AUTO_TEST_CASE(an_owner_tells_who_is_new) {
  BOOST_TEST((told({owners(self, 2, 3), owners(self, 2, 3)}) == nodes{}));
  BOOST_TEST((told({owners(self, 2, 3), owners(self, 4, 3)}) == nodes{4}));
  BOOST_TEST((told({owners(self, 2, 3), owners(self, 4, 5)}) == nodes{4, 5}));
  BOOST_TEST((told({owners(self, 2, 3), owners(2, 3, self)}) == nodes{2}));
  BOOST_TEST((told({owners(self, 2, 3), owners(4, 5, 2)}) == nodes{4, 5}));
}

// Scenario: another one owned it, that is still there, or gone. Guarantee: the first who is left of
// owner, standby, standby of another zone tells who is new.
BOOST_AUTO_TEST_CASE(a_standby_speaks_for_who_is_gone) {
  const change next{owners(2, self, 3), owners(4, 5, 3)};
  BOOST_TEST((told(next) == nodes{}));
  auto gone = next;
  gone.living = {self, 3, 4, 5};
  BOOST_TEST((told(gone) == nodes{4, 5}));
  gone.before = owners(2, 3, self);
  BOOST_TEST((told(gone) == nodes{}));
  gone.living = {self, 4, 5};
  gone.now = owners(4, 5);
  BOOST_TEST((told(gone) == nodes{4, 5}));
  gone.before = owners(2, 3, 2); // None of them is left: whoever knows something says it.
  BOOST_TEST((told(gone) == nodes{4, 5}));
}

// Scenario: somebody has not said yet that it has handed over all, and is there, or gone. Guarantee:
// in the latter case all hear from everybody.
BOOST_AUTO_TEST_CASE(whoever_goes_in_the_middle_makes_all_speak) {
  change next{owners(2, 3), owners(3, 2)};
  next.silent = {4};
  BOOST_TEST((told(next) == nodes{}));
  next.living = {self, 2, 3};
  BOOST_TEST((told(next) == nodes{2, 3}));
}

// Scenario: who should speak has not said that it has passed the ring before. Guarantee: it may never
// have seen it; whoever knows something says it to who is new.
BOOST_AUTO_TEST_CASE(who_may_not_have_seen_the_ring_is_not_relied_on) {
  change next{owners(2, 3), owners(4, 3)};
  BOOST_TEST((told(next) == nodes{}));
  next.silent = {3};
  BOOST_TEST((told(next) == nodes{}));
  next.silent = {2};
  BOOST_TEST((told(next) == nodes{4}));
}

// Scenario: somebody is still owed what this node knows, and stays, goes, or is none of those who
// have a part in it now. Guarantee: it hears it where it has one; and those who are new hear it.
BOOST_AUTO_TEST_CASE(what_is_owed_stays_owed) {
  change next{owners(2, 3), owners(2, 3)};
  next.owed = {2};
  BOOST_TEST((told(next) == nodes{2}));
  next.now = owners(4, 3);
  BOOST_TEST((told(next) == nodes{4}));
  next.living = {self, 2, 3};
  BOOST_TEST((told(next) == nodes{}));
}

// Scenario: the first ring of a start. Guarantee: owner and standbys hear what is known from before.
BOOST_AUTO_TEST_CASE(after_a_start_all_hear) {
  BOOST_TEST((told({{}, owners(2, self, 3)}) == nodes{2, 3}));
  BOOST_TEST((told({owners(0, 0), owners(self, 2)}) == nodes{2}));
  BOOST_TEST((told({owners(self, 2), owners(0, 0)}) == nodes{}));
}

BOOST_AUTO_TEST_SUITE_END()
