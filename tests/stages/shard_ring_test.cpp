#include "codec/hash.hpp"
#include "core/metrics.hpp"
#include "shard_fixture.hpp"

using namespace weir;
using namespace weir::stages;
using weir::stages::shard_tests::keep_all;
using weir::stages::shard_tests::tested_shard;
using weir::stages::shard_tests::traces;
using weir::stages::shard_tests::wait;

namespace {

constexpr node_id self = 1; // The origin of all entries as well.

partition partition_of(char trace) {
  return codec::partition_of(trace_id::from(std::string(16, trace)));
}

sampling::fingerprint print_of(char trace) {
  return sampling::fingerprint_of(trace_id::from(std::string(16, trace)));
}

// A shard among other nodes, which are the test's.
struct fixture : shard_tests::fixture {
  fixture() { start(keep_all()); }

  cluster::ring_view view(std::uint64_t digest, const std::map<char, node_id>& owners,
                          const std::map<char, node_id>& standbys = {}) const {
    cluster::ring_view ring;
    ring.ring = digest;
    ring.owners.resize(partition_count, 0);
    ring.standbys.resize(partition_count, 0);
    for (const auto& [trace, owner] : owners)
      ring.owners[partition_of(trace)] = owner;
    for (const auto& [trace, standby] : standbys)
      ring.standbys[partition_of(trace)] = standby;
    std::set<node_id> living{self};
    for (const auto& nodes : {owners, standbys})
      for (const auto& [trace, node] : nodes)
        living.insert(node);
    ring.living = {living.begin(), living.end()};
    return ring;
  }

  // No others have entries: nobody has to say until when all is sent.
  cluster::ring_view view_alone(std::uint64_t digest, const std::map<char, node_id>& owners) const {
    auto ring = view(digest, owners);
    ring.living = {self};
    return ring;
  }

  ring_ptr change_ring(const cluster::ring_view& ring) {
    auto shared = std::make_shared<const cluster::ring_view>(ring);
    only->uut->change_ring(shared, now);
    return shared;
  }

  ring_ptr change_ring(std::uint64_t digest, const std::map<char, node_id>& owners) {
    return change_ring(view_alone(digest, owners));
  }

  // All that was received before has come, by this ring; ticks come in time.
  void pass(steady_ns passed, std::uint64_t ring) {
    for (; passed > 0; passed -= second_ns) {
      now = later(std::min(passed, second_ns), now);
      only->uut->sent_until(self, now.steady, ring);
      only->uut->tick(now);
    }
  }

  // Traces of the window, decided.
  std::string decided_names() const {
    std::string names;
    for (const auto& message : messages())
      for (const auto& trace : message->traces)
        names += static_cast<char>(trace.id.bytes[0]);
    std::sort(names.begin(), names.end());
    return names;
  }

  std::set<std::pair<sequence, slot>> turned_away() const {
    std::set<std::pair<sequence, slot>> all;
    for (const auto& report : only->turned_away)
      for (const auto& [entry, slots] : report.entries)
        for (const auto s : slots)
          BOOST_TEST(all.emplace(entry.sequence, s).second);
    return all;
  }

  void take_over(std::uint64_t last_of_ring, node_id source, const std::string& decisions = "") {
    taken_over message;
    message.message.ticket = ++last_ticket;
    message.source = source;
    message.pipeline = traces;
    message.message.decisions = decisions;
    message.message.last_of_ring = last_of_ring;
    only->uut->take_over(message, now);
  }

  // What another node decided: these traces are kept, or dropped.
  static std::string decisions_of(const std::string& trace_names, bool keep = true) {
    sampling::decision_cache cache(1000);
    for (const auto trace : trace_names)
      cache.insert(print_of(trace), {.keep = keep});
    std::string chunk;
    cache.write_chunk(1, chunk);
    return chunk;
  }

  // What others are to hear of as durable, with the messages that went to the compressor.
  std::vector<handed_ticket> answered() const {
    std::vector<handed_ticket> all;
    for (const auto& message : messages())
      all.insert(all.end(), message->taken_over.begin(), message->taken_over.end());
    return all;
  }

  // Chunks that are on their way, and words that there are no more.
  std::vector<handed_ptr> sent_chunks() const { return handed_over(false); }
  std::vector<handed_ptr> ends() const { return handed_over(true); }
  std::vector<handed_ptr> handed_over(bool last) const {
    std::vector<handed_ptr> found;
    for (const auto& message : only->handed)
      if (message->chunk.empty() == last)
        found.push_back(message);
    return found;
  }

  std::uint64_t last_ticket = 0;

  // Decisions in chunks for a target.
  std::size_t decisions_for(node_id target) const {
    sampling::decision_cache reader(1 << 20);
    for (const auto& message : only->handed)
      if (message->target == target && !message->chunk.empty())
        BOOST_TEST(reader.take_chunk(message->chunk, [](auto) { return true; }).has_value());
    return reader.size();
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(shard_ring_test, fixture)

// -- ownership --

// Scenario: an entry of four traces: its own by the ring, another's, nobody's, another's that is to
// be left alone. Guarantee: its own is taken; the two in the middle are turned away, with the ring;
// credit is given for all. One that insists is taken whole, and what is not its own counted.
BOOST_AUTO_TEST_CASE(only_what_is_its_own_is_taken) {
  change_ring(7, {{'a', self}, {'b', 2}, {'d', 2}});
  auto entry = std::make_shared<durable_entry>(*make("abcd"));
  entry->settled.insert(3);
  only->uut->take(entry, now);
  BOOST_TEST((turned_away() == std::set<std::pair<sequence, slot>>{{1, 1}, {1, 2}}));
  BOOST_REQUIRE(!only->turned_away.empty());
  BOOST_TEST(only->turned_away[0].ring == 7U);
  BOOST_TEST(only->credit == entry->unpacked.size());
  auto again = std::make_shared<durable_entry>(*make("bc"));
  again->insists = true;
  const auto insisted = metrics::cluster_insisted_slots.with().Value();
  only->uut->take(again, now);
  BOOST_TEST(only->turned_away.size() == 1U);
  BOOST_TEST(metrics::cluster_insisted_slots.with().Value() - insisted == 2);
  pass(wait + second_ns, 7);
  BOOST_TEST(decided_names() == "abc");
}

// Scenario: the ring takes some traces of the window. Guarantee: they are forgotten, and their origin
// is told of each slot; the others are decided. A view of the same ring changes nothing.
BOOST_AUTO_TEST_CASE(what_becomes_anothers_is_dropped_and_turned_away) {
  const std::map<char, node_id> before{{'a', self}, {'b', self}, {'c', self}};
  change_ring(7, before);
  take("abc");
  take("cb");
  auto same = view(7, before);
  same.living = {self, 5};
  change_ring(same);
  BOOST_TEST(turned_away().empty());
  change_ring(8, {{'a', self}, {'b', 2}, {'c', 3}});
  BOOST_TEST(
      (turned_away() == std::set<std::pair<sequence, slot>>{{1, 1}, {1, 2}, {2, 0}, {2, 1}}));
  BOOST_REQUIRE(!only->turned_away.empty());
  BOOST_TEST(only->turned_away[0].ring == 8U);
  pass(wait + second_ns, 8);
  BOOST_TEST(decided_names() == "a");
}

// Scenario: the others took this node for down. Guarantee: everything undecided is forgotten, without
// a word, as everything comes again; what comes again is decided.
BOOST_AUTO_TEST_CASE(a_fresh_ring_begins_with_an_empty_window) {
  change_ring(7, {{'a', self}});
  const auto entry = take("a");
  auto fresh = view(8, {{'a', self}});
  fresh.fresh = true;
  change_ring(fresh);
  BOOST_TEST(turned_away().empty());
  pass(wait + second_ns, 8);
  BOOST_TEST(decided_names() == "");
  only->uut->take(entry, now);
  pass(wait + second_ns, 8);
  BOOST_TEST(decided_names() == "a");
}

// -- the gate --

// Scenario: a member says until when it has sent all, by the ring before and by that of now.
// Guarantee: only the latter opens the gate; each that lives has to say so.
BOOST_AUTO_TEST_CASE(words_of_another_ring_open_nothing) {
  auto ring = view(7, {{'a', self}});
  ring.living = {self, 2};
  change_ring(ring);
  take("a");
  pass(wait + second_ns, 6);
  BOOST_TEST(only->uut->awaited() == 2U);
  BOOST_TEST(decided_names() == "");
  pass(second_ns, 7);
  BOOST_TEST(only->uut->awaited() == 1U);
  BOOST_TEST(decided_names() == "");
  only->uut->sent_until(2, now.steady, 7);
  only->uut->tick(now);
  BOOST_TEST(decided_names() == "a");
}

// Scenario: two others may have decided something of the pipeline; they hand over by an older ring,
// then by that of now; a third goes away. Guarantee: nothing is decided before each that is there
// has handed over by the ring of now.
BOOST_AUTO_TEST_CASE(nothing_is_decided_before_others_have_handed_over) {
  auto ring = view(7, {{'a', self}});
  ring.deciders["traces"] = {2, 3, 4};
  change_ring(ring);
  take("a");
  pass(wait + second_ns, 7);
  BOOST_TEST(only->uut->awaited() == 3U);
  take_over(6, 2);
  BOOST_TEST(only->uut->awaited() == 3U);
  take_over(7, 2);
  take_over(7, 2);
  BOOST_TEST(only->uut->awaited() == 2U);
  auto without = ring;
  without.deciders["traces"] = {2, 3};
  change_ring(without);
  BOOST_TEST(only->uut->awaited() == 1U);
  pass(second_ns, 7);
  BOOST_TEST(decided_names() == "");
  take_over(7, 3);
  only->uut->tick(now);
  BOOST_TEST(decided_names() == "a");
}

// Scenario: others do not hand over for longer than 30 s past the deadline. Guarantee: it is decided
// all the same, and counts as incomplete.
BOOST_AUTO_TEST_CASE(others_are_not_waited_for_for_ever) {
  auto ring = view(7, {{'a', self}});
  ring.deciders["traces"] = {2};
  change_ring(ring);
  take("a");
  pass(wait + 29 * second_ns, 7);
  BOOST_TEST(decided_names() == "");
  pass(2 * second_ns, 7);
  BOOST_REQUIRE(decided_names() == "a");
  BOOST_TEST((messages()[0]->traces[0].flags & sampling::decided_incomplete) != 0);
}

// Scenario: the node is frozen with traces that are due. Guarantee: nothing is decided until it is
// not.
BOOST_AUTO_TEST_CASE(a_frozen_node_decides_nothing) {
  auto ring = view(7, {{'a', self}});
  change_ring(ring);
  take("a");
  ring.frozen = true;
  change_ring(ring);
  pass(wait + 100 * second_ns, 7);
  BOOST_TEST(decided_names() == "");
  ring.frozen = false;
  change_ring(ring);
  pass(second_ns, 7);
  BOOST_TEST(decided_names() == "a");
}

// -- taking over --

// Scenario: another node has decided a trace that is held here, and one whose spans come later.
// Guarantee: both follow; the decisions are written at once, and once, so that they are remembered
// over a restart, with the ticket that the other waits for. What is known already is answered too.
BOOST_AUTO_TEST_CASE(what_others_decided_is_followed_and_kept) {
  change_ring(7, {{'a', self}, {'b', self}});
  take("a");
  take_over(7, 2, decisions_of("ab", false));
  BOOST_REQUIRE(messages().size() == 1U);
  BOOST_TEST((answered() == std::vector<handed_ticket>{{2, 1}}));
  BOOST_TEST(messages()[0]->traces.empty());
  sampling::decision_cache reader(100);
  BOOST_TEST(reader.take_chunk(messages()[0]->decisions, [](auto) { return true; }).has_value());
  BOOST_TEST(reader.size() == 2U);
  pass(second_ns, 7);
  BOOST_TEST(messages().size() == 1U);
  take_over(7, 2, decisions_of("a", false));
  BOOST_TEST((answered() == std::vector<handed_ticket>{{2, 1}, {2, 2}}));
  take("b");
  pass(wait, 7);
  BOOST_TEST(decided_names() == "ab");
  for (const auto& message : messages())
    for (const auto& trace : message->traces)
      BOOST_TEST(!trace.verdict.keep);
}

// Scenario: late spans of a trace that another has decided come while others have not handed over
// all: they may have settled these very spans. Guarantee: they wait, as those of a new trace do, and
// follow the decision then.
BOOST_AUTO_TEST_CASE(late_spans_wait_for_what_others_hand_over) {
  auto ring = view(7, {{'a', self}});
  ring.deciders["traces"] = {2, 3};
  change_ring(ring);
  take_over(7, 2, decisions_of("a", false));
  take("a");
  BOOST_TEST(decided_names() == "");
  take_over(7, 3);
  take("a");
  BOOST_TEST(decided_names() == "a"); // The second at once.
  pass(wait + second_ns, 7);
  BOOST_TEST(decided_names() == "aa");
}

// Scenario: decisions that cannot be read, and of a pipeline that is not here. Guarantee: nothing
// comes of them; who sent the former need not wait.
BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_left) {
  change_ring(7, {{'a', self}});
  take_over(7, 2, "nonsense");
  taken_over other;
  other.pipeline = 99;
  other.message.decisions = decisions_of("a");
  only->uut->take_over(other, now);
  pass(second_ns, 7);
  BOOST_REQUIRE(messages().size() == 1U);
  BOOST_TEST(messages()[0]->decisions.empty());
  BOOST_TEST((answered() == std::vector<handed_ticket>{{2, 1}}));
}

// -- handing over --

// Scenario: 10,000 decisions of an earlier start; by the first ring half of the traces' partitions
// are another's, a fourth a third's; one of them takes nothing at first. Guarantee: each gets its
// own, a chunk at a time, and then the word that this is all, whatever the other does.
BOOST_AUTO_TEST_CASE(decisions_go_to_who_owns_them_a_chunk_at_a_time) {
  constexpr std::size_t count = 10'000;
  auto big = pipeline(keep_all());
  big.decision_cache = 2 * count;
  only.emplace(disk, shard_config{}, std::vector{big});
  sampling::decision_cache earlier(2 * count);
  std::map<node_id, std::size_t> expected;
  cluster::ring_view ring = view(7, {});
  for (std::size_t p = 0; p < partition_count; ++p)
    ring.owners[p] = p % 2 == 0 ? 2 : p % 4 == 1 ? 3 : self;
  ring.living = {self, 2, 3, 4};
  for (std::uint64_t trace = 1; trace <= count; ++trace) {
    const auto print = codec::xxh3(std::to_string(trace));
    earlier.insert(print, {.keep = true});
    ++expected[ring.owners[codec::partition_of(print)]];
  }
  recovered_decisions chunks;
  chunks.pipeline = traces;
  earlier.write_chunk(1, chunks.chunks.emplace_back(1, "").second);
  BOOST_TEST(only->uut->load(chunks));
  const auto shared = change_ring(ring);
  BOOST_TEST((only->rings == std::vector{shared}));
  BOOST_REQUIRE(ends().size() == 1U); // Nothing is for it.
  BOOST_TEST(ends()[0]->target == 4U);
  for (const node_id target : {2, 3}) {
    unsigned rounds = 0;
    for (auto begun = only->handed.size(); ends().size() < target; begun = only->handed.size()) {
      const auto last = std::find_if(only->handed.rbegin(), only->handed.rend(),
                                     [&](const auto& each) { return each->target == target; });
      BOOST_TEST(((*last)->ring == shared));
      only->uut->handed(traces, *std::shared_ptr(*last));
      BOOST_TEST(only->handed.size() == begun + 1); // The next, or the end.
      ++rounds;
    }
    BOOST_TEST(rounds >= 1U);
    BOOST_TEST(ends().back()->target == target);
  }
  BOOST_TEST(sent_chunks().size() == 3U); // 5,000 and 2,500.
  BOOST_TEST(decisions_for(2) == expected[2]);
  BOOST_TEST(decisions_for(3) == expected[3]);
}

// Scenario: the ring changes while chunks are with their targets, one of which stays. Guarantee: what
// is not with anybody goes to the owners of now; answers to what went before count for nothing.
BOOST_AUTO_TEST_CASE(another_ring_begins_anew) {
  BOOST_TEST(only->uut->load(chunk_of(1, "ab")));
  change_ring(view(7, {{'a', 2}, {'b', 4}}));
  BOOST_REQUIRE(sent_chunks().size() == 2U);
  const auto before = std::exchange(only->handed, {});
  change_ring(view(8, {{'a', 2}, {'b', 3}}));
  BOOST_REQUIRE(sent_chunks().size() == 2U);
  BOOST_TEST(decisions_for(2) == 1U);
  BOOST_TEST(decisions_for(3) == 1U);
  const auto now_under_way = sent_chunks();
  for (const auto& each : before)
    only->uut->handed(traces, *each);
  BOOST_TEST(ends().empty());
  for (const auto& each : now_under_way)
    only->uut->handed(traces, *each);
  BOOST_TEST(ends().size() == 2U);
}

// Scenario: what a node knows by a ring has gone to the owner; the next ring has another owner.
// Guarantee: who owned it hands it on; this node does where that one is gone and it is the standby,
// and where somebody is gone that had not handed over all.
BOOST_AUTO_TEST_CASE(what_a_dead_owner_knew_its_standby_hands_on) {
  BOOST_TEST(only->uut->load(chunk_of(1, "ab")));
  const auto settle_in = [&](cluster::ring_view ring) {
    change_ring(ring);
    auto under_way = sent_chunks();
    only->handed.clear();
    for (const auto& each : under_way)
      only->uut->handed(traces, *each);
    only->handed.clear();
  };
  settle_in(view(7, {{'a', 2}, {'b', 2}}, {{'a', self}, {'b', 3}}));
  change_ring(view(8, {{'a', 4}, {'b', 4}}, {{'a', 2}, {'b', 2}}));
  BOOST_TEST(sent_chunks().empty()); // Node 2 is still there.
  settle_in(view(9, {{'a', 2}, {'b', 2}}, {{'a', self}, {'b', 3}}));
  change_ring(view(10, {{'a', 4}, {'b', 4}}, {{'a', 3}, {'b', 3}}));
  BOOST_TEST(decisions_for(4) == 1U);
  auto quiet = view(11, {{'a', 2}, {'b', 2}}, {{'a', self}, {'b', 3}});
  quiet.deciders["traces"] = {2, 3};
  settle_in(quiet);
  quiet.living = {self, 3};
  quiet.deciders["traces"] = {3};
  settle_in(quiet); // Node 2 goes, and has not said that this is all.
  change_ring(view(12, {{'a', 3}, {'b', 3}}, {{'a', self}}));
  BOOST_TEST(decisions_for(3) == 2U);
}

// Scenario: a partition that stays this node's gets another standby. Guarantee: that one has the
// decisions of before; a standby that stays gets nothing again.
BOOST_AUTO_TEST_CASE(a_new_standby_gets_what_was_decided) {
  BOOST_TEST(only->uut->load(chunk_of(1, "ab")));
  change_ring(view(7, {{'a', self}, {'b', self}}, {{'a', 2}, {'b', 2}}));
  BOOST_TEST(decisions_for(2) == 2U);
  only->uut->handed(traces, *std::shared_ptr(only->handed[0]));
  only->handed.clear();
  change_ring(view(8, {{'a', self}, {'b', self}}, {{'a', 3}, {'b', 2}}));
  BOOST_TEST(decisions_for(3) == 1U);
  BOOST_TEST(decisions_for(2) == 0U);
}

// Scenario: a trace is due as the process has stood still for a minute; then ticks come in time
// again. Guarantee: nothing is decided before news of the others can have come, and all is after.
BOOST_AUTO_TEST_CASE(who_stood_still_decides_nothing_at_once) {
  change_ring(7, {{'a', self}});
  take("a");
  now = later(60 * second_ns, now);
  only->uut->sent_until(self, now.steady, 7);
  only->uut->tick(now);
  BOOST_TEST(decided_names() == "");
  pass(3 * second_ns, 7);
  BOOST_TEST(decided_names() == "a");
}

BOOST_AUTO_TEST_SUITE_END()
