#include "stages/copies.hpp"

#include "codec/hash.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::stages;

namespace {

constexpr node_id self = 1;

partition partition_of(char trace) {
  return codec::partition_of(trace_id::from(std::string(16, trace)));
}

struct fixture : copies_ports {
  void send_away(node_id target, cluster::handed_over message) override {
    away.emplace_back(target, std::move(message));
  }
  void send_handed(std::uint32_t, const handed_ptr& message) override { handed.push_back(message); }

  // Everything is this node's at first; `standbys` of some traces.
  static ring_ptr ring_of(std::uint64_t digest, const std::map<char, node_id>& standbys,
                          std::vector<node_id> living = {self, 2, 3},
                          const std::map<char, node_id>& owners = {}) {
    auto ring = std::make_shared<cluster::ring_view>();
    ring->ring = digest;
    ring->owners.assign(partition_count, self);
    ring->standbys.assign(partition_count, 0);
    for (const auto& [trace, standby] : standbys)
      ring->standbys[partition_of(trace)] = standby;
    for (const auto& [trace, owner] : owners)
      ring->owners[partition_of(trace)] = owner;
    ring->living = std::move(living);
    return ring;
  }

  // All shards have passed it.
  bool pass(const ring_ptr& ring) {
    const bool first = uut.ring_passed(0, ring);
    return uut.ring_passed(1, ring) || first;
  }

  void end(const ring_ptr& ring) {
    for (const auto target : ring->living)
      for (std::uint32_t shard = 0; shard < 2; ++shard)
        uut.take(std::make_shared<const handed_decisions>(shard, ring, target, ""));
  }

  // A commit that settles a slot of one trace of each of these.
  std::set<std::uint64_t> commit(const std::string& trace_names) {
    decided message;
    for (const auto trace : trace_names) {
      const auto number = static_cast<std::uint32_t>(message.traces.size());
      message.traces.emplace_back().id = trace_id::from(std::string(16, trace));
      message.entries.push_back({{5, 1, ++last}, 1});
      message.slots.push_back({number, 0, number});
      progress.settle({5, 1, last}, 1, 0, true);
    }
    auto made = uut.gather(message);
    made.take_records(progress);
    return uut.send(std::move(made));
  }

  bool answer(std::size_t number) {
    const auto [target, message] = away[number];
    away.erase(away.begin() + static_cast<std::ptrdiff_t>(number));
    return uut.taken(target, message.ticket);
  }

  std::vector<std::uint64_t> tickets_to(node_id target) const {
    std::vector<std::uint64_t> all;
    for (const auto& [owner, message] : away)
      if (owner == target)
        all.push_back(message.ticket);
    return all;
  }

  std::size_t lasts() const {
    return static_cast<std::size_t>(std::count_if(
        away.begin(), away.end(), [](const auto& each) { return each.second.last_of_ring != 0; }));
  }

  std::vector<std::pair<node_id, cluster::handed_over>> away;
  std::vector<handed_ptr> handed;
  cluster::progress progress;
  sequence last = 0;
  copies uut{"traces", self, 1, 2, *this};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(copies_test, fixture)

// -- to the standbys --

// Scenario: commits of traces with one standby, two, this node itself, none; before there is a ring.
// Guarantee: a message to each standby, with a ticket of its own, of the entries that are its; the
// same answer counts once, and from nobody else.
BOOST_AUTO_TEST_CASE(each_standby_gets_its_own) {
  BOOST_TEST(commit("ab").empty());
  pass(ring_of(7, {{'a', 2}, {'b', 3}, {'c', self}}));
  BOOST_TEST(commit("cd").empty());
  const auto tickets = commit("abad");
  BOOST_TEST(tickets.size() == 2U);
  BOOST_REQUIRE(away.size() == 2U);
  BOOST_TEST(away[0].first == 2U);
  BOOST_TEST(away[0].second.progress.size() == 2U);
  BOOST_TEST(away[1].first == 3U);
  BOOST_TEST(away[1].second.progress.size() == 1U);
  const auto ticket = away[0].second.ticket;
  BOOST_TEST(!uut.taken(3, ticket));
  BOOST_TEST(uut.outstanding(ticket));
  BOOST_TEST(answer(0));
  BOOST_TEST(!uut.outstanding(ticket));
  BOOST_TEST(!uut.taken(2, ticket));
}

// Scenario: a standby answers nothing, for more commits than may be on their way. Guarantee: the
// oldest are given up, and nobody waits for them; over a new link the others come again, in order.
BOOST_AUTO_TEST_CASE(the_oldest_copies_are_given_up) {
  pass(ring_of(7, {{'a', 2}}));
  std::vector<std::uint64_t> tickets;
  for (std::size_t i = 0; i < copies::most_copies + 10; ++i)
    tickets.push_back(*commit("a").begin());
  for (std::size_t i = 0; i < tickets.size(); ++i)
    BOOST_TEST(uut.outstanding(tickets[i]) == (i >= 10));
  away.clear();
  uut.link_up(3);
  BOOST_TEST(away.empty());
  uut.link_up(2);
  tickets.erase(tickets.begin(), tickets.begin() + 10);
  BOOST_TEST(tickets_to(2) == tickets, boost::test_tools::per_element());
}

// -- another ring --

// Scenario: the ring takes a partition away and gives another a new standby; 10,000 entries have
// progress. Guarantee: both targets get all of it, a piece of bounded size at a time; the last word
// goes to each who lives, once that is answered and the shards are done with it.
BOOST_AUTO_TEST_CASE(progress_goes_in_pieces) {
  constexpr sequence count = 10'000;
  for (sequence number = 1; number <= count; ++number)
    progress.settle({5, 1, number}, 100, 0, true);
  const auto before = ring_of(6, {});
  pass(before);
  uut.begin(before, all_records(progress));
  end(before);
  away.clear();
  const auto ring = ring_of(7, {{'b', 3}}, {self, 2, 3, 4}, {{'a', 2}});
  BOOST_TEST(!uut.ring_passed(0, ring));
  BOOST_TEST(uut.ring_passed(1, ring));
  uut.begin(ring, all_records(progress));
  BOOST_TEST(!uut.idle());
  std::map<node_id, std::set<entry_id>> come;
  unsigned pieces = 0;
  while (!away.empty()) {
    BOOST_TEST(away.size() <= 2U); // One to each.
    std::size_t bytes = 0;
    for (const auto& [entry, record] : away[0].second.progress) {
      bytes += sizeof entry + record.size();
      BOOST_TEST(come[away[0].first].insert(entry).second);
    }
    BOOST_TEST(bytes < 130U << 10);
    BOOST_TEST(lasts() == 0U);
    ++pieces;
    answer(0);
  }
  BOOST_TEST(pieces >= 6U);
  BOOST_TEST(come.size() == 2U);
  BOOST_TEST(come[2].size() == count);
  BOOST_TEST(come[3].size() == count);
  BOOST_TEST(!uut.idle());
  end(ring);
  BOOST_TEST(away.size() == 3U);
  BOOST_TEST(lasts() == 3U);
  end(ring);
  BOOST_TEST(away.size() == 3U); // Once.
  while (!away.empty())
    answer(0);
  BOOST_TEST(uut.idle());
}

// Scenario: a shard hands over a chunk, of the ring of now and of one before. Guarantee: the first
// goes to its target, and the shard hears when it is there; of the second nothing comes.
BOOST_AUTO_TEST_CASE(chunks_go_to_their_targets) {
  const auto old = ring_of(6, {});
  const auto ring = ring_of(7, {});
  pass(old);
  pass(ring);
  const auto chunk = std::make_shared<const handed_decisions>(0, ring, 2, "chunk");
  uut.take(std::make_shared<const handed_decisions>(0, old, 2, "old"));
  BOOST_TEST(away.empty());
  uut.take(chunk);
  BOOST_REQUIRE(away.size() == 1U);
  BOOST_TEST(away[0].first == 2U);
  BOOST_TEST(away[0].second.decisions == "chunk");
  BOOST_TEST(handed.empty());
  uut.link_up(2); // It comes twice, and is answered twice.
  answer(0);
  BOOST_TEST((handed == std::vector{chunk}));
  BOOST_TEST(!answer(0));
  BOOST_TEST(handed.size() == 1U);
}

// Scenario: a target of everything is gone with the next ring. Guarantee: nothing is waited for from
// it, its copies give up their places; copies to others are still waited for.
BOOST_AUTO_TEST_CASE(nothing_is_waited_for_from_who_is_gone) {
  const auto first = ring_of(7, {{'a', 2}, {'b', 3}});
  progress.settle({5, 9, 1}, 1, 0, true);
  pass(first);
  uut.begin(first, all_records(progress));
  const auto lost = *commit("a").begin();
  const auto kept = *commit("b").begin();
  away.clear();
  const auto second = ring_of(8, {}, {self, 3});
  pass(second);
  BOOST_TEST(!uut.outstanding(lost));
  BOOST_TEST(uut.outstanding(kept));
  uut.link_up(2);
  BOOST_TEST(away.empty());
  end(second);
  uut.begin(second, all_records(progress));
  while (lasts() == 0 && !away.empty())
    answer(0);
  BOOST_TEST(lasts() == 1U);
  answer(0);
  BOOST_TEST(!uut.idle());
  BOOST_TEST(uut.taken(3, kept));
  BOOST_TEST(uut.idle());
}

BOOST_AUTO_TEST_SUITE_END()
