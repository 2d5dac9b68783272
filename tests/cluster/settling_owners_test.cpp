#include "cluster/settling.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <random>
#include <set>

using namespace weir;
using namespace weir::cluster;

namespace {

constexpr node_id self = 1;
constexpr steady_ns received = 100 * second_ns;

// Partition p of these is p's; the rest is nobody's.
std::vector<node_id> owned(std::vector<node_id> owners) {
  owners.resize(partition_count, 0);
  return owners;
}

open_entry entry(sequence number, std::vector<partition> partitions) {
  open_entry made;
  made.id = {self, 7, number};
  made.position = number;
  made.received = received + static_cast<steady_ns>(number) * second_ns;
  made.settled = slot_set(static_cast<std::uint32_t>(partitions.size()));
  made.partitions = std::move(partitions);
  return made;
}

std::vector<sequence> unsent_to(const settling& uut, node_id owner) {
  std::vector<sequence> found;
  while (const auto* next = uut.next_unsent(owner, found.size()))
    found.push_back(next->id.sequence);
  return found;
}

using numbers = std::vector<sequence>;

} // namespace

BOOST_AUTO_TEST_SUITE(settling_owners_test)

// Scenario: entries come before owners are known, as a cluster has none at its start; then owners
// are. Guarantee: they are unsent to nobody, then to the owners of their slots, the oldest first.
BOOST_AUTO_TEST_CASE(what_nobody_owns_waits_for_an_owner) {
  settling uut(1, self);
  uut.change_owners(owned({}));
  uut.add(entry(1, {0, 1}));
  uut.add(entry(2, {1}));
  BOOST_TEST(uut.unsent() == 0U);
  BOOST_TEST(!uut.oldest_unsent());
  uut.change_owners(owned({self, 2}));
  BOOST_TEST((unsent_to(uut, self) == numbers{1}));
  BOOST_TEST((unsent_to(uut, 2) == numbers{1, 2}));
  BOOST_TEST(uut.unsent() == 3U);
  BOOST_TEST(uut.oldest_unsent(2).value() == received + second_ns);
}

// Scenario: two owners have an entry; one partition goes to a third, and comes back. Guarantee: the
// entry is unsent to the one who has come to own a part of it, each time, and to nobody else.
BOOST_AUTO_TEST_CASE(who_comes_to_own_a_slot_gets_it) {
  settling uut(1, self);
  uut.change_owners(owned({2, 3}));
  uut.add(entry(1, {0, 1}));
  uut.mark_sent({self, 7, 1}, 2);
  uut.mark_sent({self, 7, 1}, 3);
  BOOST_TEST(uut.unsent() == 0U);
  uut.change_owners(owned({2, 4}));
  BOOST_TEST((unsent_to(uut, 4) == numbers{1}));
  BOOST_TEST(uut.unsent() == 1U);
  uut.change_owners(owned({2, 3})); // Before it went to 4.
  BOOST_TEST((unsent_to(uut, 3) == numbers{1}));
  BOOST_TEST(uut.unsent() == 1U);
}

// Scenario: the slot that another one comes to own is settled. Guarantee: it need not have it.
BOOST_AUTO_TEST_CASE(settled_slots_have_no_owner) {
  settling uut(1, self);
  uut.change_owners(owned({2, 3}));
  uut.add(entry(1, {0, 1}));
  uut.mark_sent({self, 7, 1}, 2);
  uut.mark_sent({self, 7, 1}, 3);
  uut.settle({self, 7, 1}, {1});
  uut.change_owners(owned({2, 4}));
  BOOST_TEST(uut.unsent() == 0U);
  uut.send_again(3);
  uut.send_again(4);
  BOOST_TEST(uut.unsent() == 0U);
  uut.send_again(2);
  BOOST_TEST((unsent_to(uut, 2) == numbers{1}));
}

// Scenario: an entry of four slots, two of one owner's, of which one is settled. Guarantee: what each
// is to leave alone is all but its own open ones.
BOOST_AUTO_TEST_CASE(each_owner_takes_its_own_open_slots) {
  settling uut(1, self);
  uut.change_owners(owned({2, 3}));
  uut.add(entry(1, {0, 1, 0, 7}));
  uut.settle({self, 7, 1}, {0});
  const auto* open = uut.find({self, 7, 1});
  const auto takes = [&](node_id owner) {
    std::set<slot> taken;
    for (slot s = 0; s < 4; ++s)
      if (!uut.left_alone(*open, owner).contains(s))
        taken.insert(s);
    return taken;
  };
  BOOST_TEST((takes(2) == std::set<slot>{2}));
  BOOST_TEST((takes(3) == std::set<slot>{1}));
  BOOST_TEST((takes(4) == std::set<slot>{}));
}

// Scenario: an owner turns slots away: of its own; settled, another's, beyond the entry; of an entry
// that is held, or not open. Guarantee: the first alone is unsent again, and counted; the count
// begins anew with other owners.
BOOST_AUTO_TEST_CASE(what_its_owner_turned_away_is_unsent_again) {
  settling uut(1, self);
  uut.change_owners(owned({2, 3}));
  uut.add(entry(1, {0, 1, 0}));
  const entry_id id{self, 7, 1};
  uut.mark_sent(id, 2);
  uut.mark_sent(id, 3);
  uut.settle(id, {2});
  uut.turned_away(id, {1, 2, 9}, 2);
  uut.turned_away({self, 7, 99}, {0}, 2);
  BOOST_TEST(uut.unsent() == 0U);
  BOOST_TEST(uut.find(id)->turned_away == 0U);
  for (unsigned times = 1; times <= 3; ++times) {
    uut.turned_away(id, {0, 1}, 2);
    BOOST_TEST((unsent_to(uut, 2) == numbers{1}));
    BOOST_TEST(uut.unsent() == 1U);
    BOOST_TEST(uut.find(id)->turned_away == times);
    uut.mark_sent(id, 2);
  }
  uut.hold(0);
  uut.turned_away(id, {0}, 2);
  BOOST_TEST(uut.unsent() == 0U);
  uut.change_owners(owned({2, 3}));
  BOOST_TEST(uut.find(id)->turned_away == 3U); // Held: not looked at.
  uut.resend(0, 0);
  uut.change_owners(owned({2, 3}));
  BOOST_TEST(uut.find(id)->turned_away == 0U);
}

// Scenario: a pipeline is held while owners change and links break; then it is back. Guarantee:
// nothing of it is unsent before; then it is, to the owners of now.
BOOST_AUTO_TEST_CASE(what_is_held_goes_to_the_owners_of_when_it_is_back) {
  settling uut(1, self);
  uut.change_owners(owned({2}));
  uut.add(entry(1, {0}));
  uut.hold(0);
  uut.change_owners(owned({3}));
  uut.send_again(3);
  BOOST_TEST(uut.unsent() == 0U);
  uut.resend(0, 0);
  BOOST_TEST((unsent_to(uut, 3) == numbers{1}));
  BOOST_TEST(uut.unsent() == 1U);
}

// Scenario: random entries of two pipelines, with slots of eight partitions; they are sent, settled,
// moved, turned away, held and back; owners change, links break, against a model that knows of each
// open slot who has it (seeds 1 to 200). Guarantee: invariant 5 of settling.hpp after every step:
// whoever owns an open slot has it, or the entry is unsent to it; nothing that is held is unsent;
// what is next is what was received first.
BOOST_AUTO_TEST_CASE(each_open_slot_is_with_its_owner_or_on_its_way) {
  constexpr node_id nodes = 4; // 0: nobody.
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    struct known_entry {
      open_entry info;
      std::map<slot, std::set<node_id>> open; ///< Who has it, since it last came to own it.
    };
    std::map<entry_id, known_entry> model;
    std::vector<node_id> owners(8, 0);
    journal_position next = 1;
    settling uut(1, self);
    const auto owner_of = [&](const known_entry& entry, slot s) {
      return owners[entry.info.partitions[s]];
    };
    uut.change_owners(owned(owners));
    for (int step = 0; step < 200; ++step) {
      const auto dice = random() % 12;
      auto chosen = model.empty() ? model.end() : std::next(model.begin(), random() % model.size());
      if (dice < 3 || chosen == model.end()) {
        std::vector<partition> partitions(1 + random() % 4);
        for (auto& each : partitions)
          each = static_cast<partition>(random() % 8);
        auto made = entry(next++, partitions);
        made.pipeline = random() % 2;
        made.received = received + static_cast<steady_ns>(random() % 50);
        auto& known = model[made.id];
        known.info = made;
        for (slot s = 0; s < partitions.size(); ++s)
          known.open[s];
        uut.add(made);
      } else if (dice == 3) {
        const auto s = static_cast<slot>(random() % 4);
        chosen->second.open.erase(s);
        BOOST_REQUIRE_EQUAL(uut.settle(chosen->first, {s}), chosen->second.open.empty());
        if (chosen->second.open.empty())
          model.erase(chosen);
      } else if (dice < 7) { // To whom something waits.
        const node_id owner = 1 + random() % nodes;
        if (const auto* sent = uut.next_unsent(owner, random() % 2)) {
          auto& known = model.at(sent->id);
          const auto alone = uut.left_alone(*sent, owner);
          for (auto& [s, holders] : known.open)
            if (!alone.contains(s))
              holders.insert(owner);
          uut.mark_sent(known.info.id, owner);
        }
      } else if (dice == 7) {
        for (auto& each : owners)
          if (random() % 3 == 0)
            each = random() % (nodes + 1);
        for (auto& [id, known] : model)
          for (auto& [s, holders] : known.open) // Who owns it no more has dropped it.
            std::erase_if(holders, [&](node_id each) { return each != owner_of(known, s); });
        uut.change_owners(owned(owners));
      } else if (dice == 8) {
        const node_id lost = 1 + random() % nodes;
        for (auto& [id, known] : model)
          for (auto& [s, holders] : known.open)
            holders.erase(lost);
        uut.send_again(lost);
      } else if (dice == 9) {
        const auto s = static_cast<slot>(random() % 4);
        const node_id owner = 1 + random() % nodes;
        if (const auto found = chosen->second.open.find(s); found != chosen->second.open.end())
          found->second.erase(owner);
        uut.turned_away(chosen->first, {s}, owner);
      } else if (dice == 10) {
        uut.move(chosen->first, next++);
      } else {
        const auto pipeline = static_cast<pipeline_id>(random() % 2);
        const bool hold = random() % 2 == 0;
        for (auto& [id, known] : model)
          if (known.info.pipeline == pipeline) {
            known.info.held = hold;
            for (auto& [s, holders] : known.open)
              holders.clear();
          }
        hold ? uut.hold(pipeline) : uut.resend(pipeline, 0);
      }
      std::map<node_id, std::set<entry_id>> unsent;
      for (node_id owner = 0; owner <= nodes; ++owner) {
        steady_ns before = 0;
        for (std::size_t skipped = 0; const auto* each = uut.next_unsent(owner, skipped);
             ++skipped) {
          BOOST_REQUIRE_LE(before, each->received);
          before = each->received;
          unsent[owner].insert(each->id);
        }
        BOOST_REQUIRE_EQUAL(uut.oldest_unsent(owner).has_value(), unsent.contains(owner));
      }
      BOOST_REQUIRE(!unsent.contains(0));
      std::map<node_id, std::set<entry_id>> wanted;
      for (const auto& [id, known] : model)
        for (const auto& [s, holders] : known.open)
          if (const auto owner = owner_of(known, s);
              !known.info.held && owner != 0 && !holders.contains(owner))
            wanted[owner].insert(id);
      for (const auto& [owner, entries] : wanted)
        for (const auto& id : entries)
          BOOST_REQUIRE_MESSAGE(unsent[owner].contains(id), "seed " << seed << " step " << step);
      for (const auto& [owner, entries] : unsent)
        for (const auto& id : entries)
          BOOST_REQUIRE_MESSAGE(!model.at(id).info.held, "seed " << seed << " step " << step);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
