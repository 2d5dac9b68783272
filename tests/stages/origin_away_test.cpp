#include "codec/hash.hpp"
#include "origin_fixture.hpp"

#include <random>

using namespace weir;
using namespace weir::stages;
using weir::stages::origin_tests::id;
using weir::stages::origin_tests::traces;
using weir::stages::origin_tests::wait;

namespace {

constexpr node_id self = 1;
using numbers = std::vector<sequence>;
using slots = std::set<slot>;

partition partition_of(char trace) {
  return codec::partition_of(trace_id::from(std::string(16, trace)));
}

// An origin among others; the test is all of them.
struct fixture : origin_tests::fixture {
  fixture() {
    config.pipelines = {{traces, wait, "traces"}};
    config.clustered = true;
  }

  // Who owns each trace; others are nobody's.
  void change_ring(std::uint64_t digest, const std::map<char, node_id>& owners,
                   bool fresh = false) {
    cluster::ring_view ring;
    ring.ring = digest;
    ring.fresh = fresh;
    ring.owners.resize(partition_count, 0);
    for (const auto& [trace, owner] : owners)
      ring.owners[partition_of(trace)] = owner;
    uut->change_ring(ring, now);
    go_on();
  }

  void link_up(node_id owner) {
    uut->link_up(owner, now);
    go_on();
  }

  /// What the intake hands over of an entry: its spans, its bytes as in the journal, nothing.
  enum class handed { spans, bytes, nothing };

  // An entry with a span of each of these traces comes from the intake.
  void take(sequence number, const std::string& trace_names, handed content = handed::spans) {
    take_of(traces, number, trace_names, content);
  }

  void take_of(pipeline_id pipeline, sequence number, const std::string& trace_names,
               handed content = handed::spans) {
    std::string message;
    for (const auto trace : trace_names)
      message += some_spans(number, 1, 100, trace);
    auto entry = entry_of(id(number), number - 1, std::move(message), now);
    entry->header.pipeline = pipeline;
    storage::batch batch;
    batch.put_entry(entry->position, journal_bytes(*entry));
    disk->commit(batch, true);
    for (const auto& trace : entry->index.traces)
      entry->partitions.push_back(codec::partition_of(trace));
    if (content != handed::nothing) {
      entry->handed_bytes = 100;
      BOOST_REQUIRE(config.handed->take(100));
    }
    if (content == handed::bytes)
      entry->to_send = shared_bytes(journal_bytes(*entry));
    if (content != handed::spans) {
      entry->packed = {};
      entry->unpacked.clear();
      entry->index = {};
    }
    uut->stored(entry, now);
    go_on();
  }

  // What went to another node since the last call, and what it is to take of it.
  std::vector<std::pair<sequence, slots>> taken_by(node_id owner) {
    std::vector<std::pair<sequence, slots>> found;
    std::erase_if(away, [&](const auto& each) {
      const auto* message = std::get_if<cluster::sent_entry>(&each.second);
      if (message == nullptr || each.first != owner)
        return false;
      const auto view = codec::read_entry(message->entry.view());
      BOOST_REQUIRE(view);
      auto& [number, mine] = found.emplace_back(view->header.id.sequence, slots{});
      for (slot s = 0; s < view->header.slots; ++s)
        if (!message->left_alone.contains(s))
          mine.insert(s);
      return true;
    });
    return found;
  }

  numbers sent_to(node_id owner) {
    numbers found;
    for (const auto& [number, mine] : taken_by(owner))
      found.push_back(number);
    return found;
  }

  // What an owner was told last.
  std::optional<cluster::sent_until> told(node_id owner) const {
    std::optional<cluster::sent_until> last;
    for (const auto& [target, message] : away)
      if (const auto* until = std::get_if<cluster::sent_until>(&message); until && target == owner)
        last = *until;
    return last;
  }

  void turn_away(node_id owner, sequence number, std::vector<slot> refused) {
    uut->turned_away(owner, {0, {{id(number), std::move(refused)}}}, now);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(origin_away_test, fixture)

// Scenario: entries come before the node has a ring, one of them of three nodes' traces. Guarantee:
// nothing is sent; with the ring each owner whose link stands gets what is its own, and no more.
BOOST_AUTO_TEST_CASE(each_owner_gets_its_own) {
  start();
  take(1, "abc");
  take(2, "b");
  link_up(2);
  BOOST_TEST(entries.empty());
  BOOST_TEST(away.empty());
  change_ring(7, {{'a', self}, {'b', 2}, {'c', 3}});
  BOOST_TEST((sent() == std::vector{id(1)}));
  BOOST_TEST((taken_by(2) == std::vector<std::pair<sequence, slots>>{{1, {1}}, {2, {0}}}));
  BOOST_TEST(sent_to(3).empty());
  link_up(3);
  BOOST_TEST((taken_by(3) == std::vector<std::pair<sequence, slots>>{{1, {2}}}));
  BOOST_TEST(config.handed->used() == 0U);
}

// Scenario: two pipelines, one of which not all members sample; then that one is sampled by all.
// Guarantee: the entries of each go to its own owners, by both rings.
BOOST_AUTO_TEST_CASE(each_pipeline_has_its_owners) {
  constexpr pipeline_id other = traces + 1;
  config.pipelines.push_back({other, wait, "other"});
  start();
  link_up(2);
  link_up(3);
  cluster::ring_view ring;
  ring.ring = 7;
  ring.owners.assign(partition_count, 2);
  ring.differing["other"].owners.assign(partition_count, 3);
  uut->change_ring(ring, now);
  take(1, "a");
  take_of(other, 2, "a");
  BOOST_TEST(sent_to(2) == numbers{1}, boost::test_tools::per_element());
  BOOST_TEST(sent_to(3) == numbers{2}, boost::test_tools::per_element());
  ring.ring = 8;
  ring.differing.clear();
  uut->change_ring(ring, now);
  go_on();
  BOOST_TEST(sent_to(2) == numbers{2}, boost::test_tools::per_element());
}

// Scenario: an entry was cut for another node, and belongs to this one by the ring that came meanwhile,
// while one before it waits for credit or none does. Guarantee: the shards get its spans, out of the
// journal.
BOOST_AUTO_TEST_CASE(what_was_cut_for_another_is_read_for_this_one) {
  for (const bool behind : {false, true}) {
    fixture one;
    one.config.credit = 1;
    one.start();
    one.change_ring(7, {{'a', self}});
    if (behind) {
      one.take(1, "a");
      one.take(2, "a");
    }
    one.take(3, "a", handed::bytes);
    for (const auto& entry : one.entries)
      one.uut->taken(entry->unpacked.size());
    one.go_on();
    for (const auto& entry : one.entries)
      one.uut->taken(entry->unpacked.size());
    one.go_on();
    BOOST_REQUIRE(!one.entries.empty());
    const auto& last = *one.entries.back();
    BOOST_TEST((last.header.id == id(3)));
    BOOST_TEST(last.index.spans.size() == 1U);
    BOOST_TEST(one.config.handed->used() == 0U);
  }
}

// Scenario: an entry goes to another node from memory, in either form, and one from the journal.
// Guarantee: all are as in the journal, with the pipeline's name and when they were received.
BOOST_AUTO_TEST_CASE(entries_go_as_they_lie_in_the_journal) {
  start();
  change_ring(7, {{'a', 2}});
  link_up(2);
  const auto received = now.steady;
  take(1, "a");
  take(2, "a", handed::nothing);
  take(3, "a", handed::bytes);
  BOOST_REQUIRE(away.size() == 3U);
  for (journal_position position = 0; position < 3; ++position) {
    const auto& message = std::get<cluster::sent_entry>(away[position].second);
    BOOST_TEST(message.entry.view() == disk->read_entry(position).value());
    BOOST_TEST(message.pipeline == "traces");
    BOOST_TEST(message.received == received);
    BOOST_TEST(!message.insists);
  }
  BOOST_TEST(config.handed->used() == 0U);
}

// Scenario: two other owners, one of which gives no credit back. Guarantee: it gets what there was
// credit for, and an entry; the other and this node get all, at once; with credit it gets the rest, in
// order.
BOOST_AUTO_TEST_CASE(a_slow_owner_holds_up_nobody_else) {
  config.link_credit = 3 * origin_tests::entry_bytes;
  start();
  change_ring(7, {{'a', self}, {'b', 2}, {'c', 3}});
  link_up(2);
  link_up(3);
  numbers slow, quick;
  for (sequence number = 1; number <= 30; ++number) {
    take(number, std::string(1, "abc"[number % 3]));
    for (const auto each : sent_to(3)) {
      quick.push_back(each);
      uut->taken_away(3, origin_tests::entry_bytes);
    }
  }
  BOOST_TEST(quick.size() == 10U);
  BOOST_TEST(entries.size() == 10U);
  slow = sent_to(2);
  BOOST_TEST(slow.size() == 3U);
  BOOST_TEST(uut->bytes_in_flight(2) == config.link_credit);
  BOOST_TEST(uut->bytes_in_flight(3) == 0U);
  BOOST_TEST(config.handed->used() == 0U);
  while (uut->bytes_in_flight(2) > 0) {
    uut->taken_away(2, origin_tests::entry_bytes);
    go_on();
    for (const auto each : sent_to(2))
      slow.push_back(each);
    BOOST_TEST(uut->bytes_in_flight(2) <= config.link_credit + origin_tests::entry_bytes);
  }
  BOOST_TEST(slow.size() == 10U);
  BOOST_TEST(std::is_sorted(slow.begin(), slow.end()));
}

// Scenario: a link breaks with entries on their way, of which some slots are settled; another one
// stands. Guarantee: meanwhile nothing goes there and nothing is in flight; then come the marks of
// what is forgotten, and what is open, without what is settled.
BOOST_AUTO_TEST_CASE(over_a_new_link_comes_what_is_open) {
  start();
  change_ring(7, {{'a', 2}, {'b', 2}});
  link_up(2);
  for (sequence number = 1; number <= 3; ++number)
    take(number, "ab");
  BOOST_TEST((sent_to(2) == numbers{1, 2, 3}));
  uut->settled_away({{{id(1), {0, 1}}, {id(2), {1}}}});
  tick(); // The journal is trimmed.
  disk->maintain();
  tick();
  writer.write_all();
  uut->link_lost(2);
  BOOST_TEST(uut->bytes_in_flight(2) == 0U);
  away.clear();
  take(4, "a");
  tick();
  BOOST_TEST(away.empty());
  link_up(2);
  BOOST_REQUIRE(!away.empty());
  BOOST_TEST((std::get<cluster::forgotten>(away[0].second) == cluster::forgotten{1, 2}));
  BOOST_TEST(
      (taken_by(2) == std::vector<std::pair<sequence, slots>>{{2, {0}}, {3, {0, 1}}, {4, {0}}}));
}

// Scenario: another owner settles an entry in part; the node starts again. Guarantee: that was
// written, without a sync of its own; what is read back goes without what is settled.
BOOST_AUTO_TEST_CASE(what_others_settled_is_known_after_a_restart) {
  start();
  change_ring(7, {{'a', 2}, {'b', 2}});
  link_up(2);
  take(1, "ab");
  take(2, "ab");
  uut->settled_away({{{id(1), {0}}, {id(99), {0}}}});
  tick();
  BOOST_TEST(writer.waiting() == 1U);
  BOOST_TEST(!writer.syncs());
  writer.write_all();
  tick();
  BOOST_TEST(writer.waiting() == 0U); // Once.
  away.clear();
  start();
  change_ring(7, {{'a', 2}, {'b', 2}});
  link_up(2);
  BOOST_TEST((taken_by(2) == std::vector<std::pair<sequence, slots>>{{1, {1}}, {2, {0, 1}}}));
}

// Scenario: an owner turns away what it was sent, again and again. Guarantee: it gets it again an
// eighth, a quarter and half a second later, then a second, and not before; after 15 times it is to take it whatever its ring says; until it
// has it, nothing received later counts as all.
BOOST_AUTO_TEST_CASE(what_is_turned_away_comes_again_and_insists) {
  start();
  change_ring(7, {{'a', 2}});
  link_up(2);
  const auto received = now.steady;
  take(1, "a");
  for (unsigned times = 0; times <= 20; ++times) {
    const auto found = std::find_if(away.begin(), away.end(), [](const auto& each) {
      return std::holds_alternative<cluster::sent_entry>(each.second);
    });
    BOOST_REQUIRE(found != away.end());
    BOOST_TEST(std::get<cluster::sent_entry>(found->second).insists == (times >= 15));
    away.clear();
    turn_away(2, 1, {0});
    const auto pause = second_ns >> (3 - std::min(times, 3U));
    tick(pause - 1);
    BOOST_TEST(sent_to(2).empty());
    BOOST_TEST(told(2)->moment == received);
    tick(1);
  }
}

// Scenario: what an owner turned away is another's by the next ring, before the second is over.
// Guarantee: it goes there at once, and not to the first again.
BOOST_AUTO_TEST_CASE(what_is_turned_away_goes_where_the_next_ring_says) {
  start();
  change_ring(7, {{'a', 2}});
  link_up(2);
  link_up(3);
  take(1, "a");
  BOOST_TEST((sent_to(2) == numbers{1}));
  turn_away(2, 1, {0});
  change_ring(8, {{'a', 3}});
  BOOST_TEST((sent_to(3) == numbers{1}));
  tick(2 * second_ns);
  BOOST_TEST(sent_to(2).empty());
  BOOST_TEST(sent_to(3).empty());
}

// Scenario: owners with and without anything unsent, and one whose link does not stand; the ring
// changes. Guarantee: each is told until when it has all, by the ring of now: the tick before, or
// when the oldest of its own was received.
BOOST_AUTO_TEST_CASE(each_owner_is_told_until_when_it_has_all) {
  config.link_credit = 1;
  start();
  change_ring(7, {{'b', 2}, {'c', 3}, {'d', 4}});
  link_up(2);
  link_up(3);
  take(1, "b"); // Uses up the credit.
  now = later(second_ns / 2, now);
  const auto received = now.steady;
  take(2, "b");
  take(3, "d");
  tick();
  const auto heard = now.steady;
  tick();
  BOOST_TEST((told(2) == cluster::sent_until{received, 7}));
  BOOST_TEST((told(3) == cluster::sent_until{heard, 7}));
  BOOST_TEST(!told(4));
  BOOST_TEST(sent_until == heard);
  change_ring(8, {{'b', 3}, {'c', 2}, {'d', 4}});
  const auto before = now.steady;
  tick();
  BOOST_TEST((told(2) == cluster::sent_until{before, 8}));
  BOOST_TEST((told(3) == cluster::sent_until{received, 8})); // Of 1 and 2, one had credit.
}

// Scenario: nothing is open for two seconds; another link; another ring; then an entry comes. Guarantee:
// another owner hears once a second until when it has all, and at once over a new link, of a new ring
// and once there is something; the shards here hear it with each tick.
BOOST_AUTO_TEST_CASE(who_has_nothing_says_so_seldom) {
  start();
  change_ring(7, {{'b', 2}, {'c', 3}});
  link_up(2);
  const auto words = [&](node_id owner) {
    return std::erase_if(away, [&](const auto& each) {
      return each.first == owner && std::holds_alternative<cluster::sent_until>(each.second);
    });
  };
  tick(second_ns / 5);
  for (int i = 1; i < 10; ++i) {
    tick(second_ns / 5);
    BOOST_TEST(sent_until >= now.steady - second_ns / 5);
  }
  BOOST_TEST(words(2) == 2U);
  link_up(3);
  tick(second_ns / 5);
  BOOST_TEST(words(3) == 1U);
  change_ring(8, {{'b', 2}, {'c', 3}});
  tick(second_ns / 5);
  BOOST_TEST(words(3) == 1U);
  take(1, "b");
  BOOST_TEST(words(2) == 2U);
  for (int i = 0; i < 5; ++i)
    tick(second_ns / 5);
  BOOST_TEST(words(2) == 5U);
}

// Scenario: the others took this node for down: its shards have dropped all. Guarantee: what is open
// and this node's own comes again.
BOOST_AUTO_TEST_CASE(of_a_fresh_ring_everything_here_comes_again) {
  start();
  change_ring(7, {{'a', self}, {'b', 2}});
  link_up(2);
  take(1, "ab");
  take(2, "a");
  change_ring(8, {{'a', self}, {'b', 2}});
  BOOST_TEST((sent() == std::vector{id(1), id(2)}));
  change_ring(9, {{'a', self}, {'b', 2}}, true);
  BOOST_TEST((sent() == std::vector{id(1), id(2), id(1), id(2)}));
  BOOST_TEST((sent_to(2) == numbers{1}));
}

// Scenario: what an owner's entries stand in cannot be read at the moment, or is damaged. Guarantee:
// the first is tried again a second later, others overtake it; the second is given up.
BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_tried_again) {
  start();
  change_ring(7, {{'a', 2}});
  for (sequence number = 1; number <= 3; ++number)
    take(number, "a", handed::nothing);
  disk->damage_entry(1);
  disk->refuse_one_read();
  link_up(2);
  BOOST_TEST((sent_to(2) == numbers{3}));
  BOOST_TEST(disk->set_aside().size() == 1U);
  tick(second_ns);
  BOOST_TEST((sent_to(2) == numbers{1}));
  BOOST_TEST(uut->settling().entries() == 2U);
}

// Scenario: random entries; owners change, links break and stand again, owners give credit, settle,
// and turn away what is not their own by their last ring (seeds 1 to 100); then all links stand and
// credit flows. Guarantee: each open slot is with its owner, and never more than the credit and an
// entry is on its way.
BOOST_AUTO_TEST_CASE(in_the_end_everything_is_with_its_owner) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    std::mt19937 random(seed);
    fixture one;
    one.config.link_credit = one.config.credit = 4 * origin_tests::entry_bytes;
    one.start();
    std::map<char, node_id> owners;
    std::map<node_id, std::set<std::pair<sequence, slot>>> held;
    std::set<node_id> linked;
    std::map<std::pair<sequence, slot>, char> open;
    sequence last = 0;
    const auto receive = [&] {
      for (node_id owner = 2; owner <= 4; ++owner) {
        std::vector<std::pair<sequence, slot>> refused;
        for (const auto& [number, mine] : one.taken_by(owner))
          for (const auto s : mine) {
            const auto found = open.find({number, s});
            if (found == open.end())
              continue;
            if (owners.at(found->second) == owner)
              held[owner].insert(found->first);
            else
              refused.push_back(found->first);
          }
        for (const auto& [number, s] : refused)
          one.turn_away(owner, number, {s});
      }
      for (const auto& entry : std::exchange(one.entries, {}))
        for (slot s = 0; s < entry->header.slots; ++s) {
          const auto found = open.find({entry->header.id.sequence, s});
          if (found != open.end() && owners.at(found->second) == self)
            held[self].insert(found->first);
        }
    };
    for (int step = 0; step < 150; ++step) {
      const node_id other = 2 + random() % 3;
      switch (random() % 8) {
      case 0:
        for (char trace = 'a'; trace < 'g'; ++trace)
          if (const auto owner = node_id(1 + random() % 4); owners[trace] != owner && random() % 2)
            owners[trace] = owner;
          else if (owners[trace] == 0)
            owners[trace] = self;
        for (auto& [owner, slots] : held)
          std::erase_if(slots, [&](const auto& each) {
            return !open.contains(each) || owners.at(open.at(each)) != owner;
          });
        one.change_ring(static_cast<std::uint64_t>(step + 1), owners);
        break;
      case 1:
        if (linked.erase(other) > 0) {
          one.uut->link_lost(other);
          held[other].clear();
        } else {
          linked.insert(other);
          one.link_up(other);
        }
        break;
      case 2:
        one.uut->taken_away(other, random() % 2000);
        one.uut->taken(random() % 2000);
        one.go_on();
        break;
      case 3:
        if (!held[other].empty()) {
          const auto [number, s] = *held[other].begin();
          one.uut->settled_away({{{id(number), {s}}}});
          open.erase({number, s});
          held[other].erase({number, s});
        }
        break;
      case 4:
        one.tick();
        one.writer.write_all();
        break;
      default:
        std::string names;
        for (char trace = 'a'; trace < 'g'; ++trace)
          if (random() % 3 == 0)
            names += trace;
        if (names.empty() || owners.empty())
          break;
        ++last;
        for (slot s = 0; s < names.size(); ++s)
          open[{last, s}] = names[s];
        one.take(last, names, static_cast<fixture::handed>(random() % 3));
      }
      receive();
      for (const auto owner : linked)
        BOOST_REQUIRE_LT(one.uut->bytes_in_flight(owner), 10 * origin_tests::entry_bytes);
    }
    for (node_id owner = 2; owner <= 4; ++owner)
      if (!linked.contains(owner))
        one.link_up(owner);
    for (int round = 0; round < 200; ++round) {
      for (node_id owner = 2; owner <= 4; ++owner)
        one.uut->taken_away(owner, 1 << 20);
      one.uut->taken(1 << 20);
      one.go_on();
      receive();
      if (round % 20 == 0)
        one.tick(second_ns);
    }
    for (const auto& [which, trace] : open)
      BOOST_REQUIRE_MESSAGE(held[owners.at(trace)].contains(which),
                            "seed " << seed << ": slot " << which.second << " of entry "
                                    << which.first << " is not with " << owners.at(trace));
  }
}

BOOST_AUTO_TEST_SUITE_END()
