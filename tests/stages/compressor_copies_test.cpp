#include "codec/hash.hpp"
#include "compressor_fixture.hpp"
#include "sampling/decision_cache.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::stages;

namespace {

constexpr node_id self = 1;
constexpr node_id standby = 2;
constexpr std::uint32_t shard = 3;

struct fixture : compressor_tests::fixture {
  // This node owns everything; the standby of all is node 2, but for the trace `alone`: nobody.
  ring_ptr ring_of(std::uint64_t digest, char alone = 0) const {
    cluster::ring_view ring;
    ring.ring = digest;
    ring.owners.assign(partition_count, self);
    ring.standbys.assign(partition_count, standby);
    ring.standbys[codec::partition_of(trace_id::from(std::string(16, alone)))] = 0;
    ring.living = {self, standby};
    return std::make_shared<const cluster::ring_view>(ring);
  }

  // The shard has passed it and handed nothing over: all of the ring is said, and answered.
  void settle_in(const ring_ptr& ring) {
    uut->ring_passed(shard, ring);
    uut->hand_over(std::make_shared<const handed_decisions>(shard, ring, standby, ""));
    while (!away.empty())
      answer(0);
    BOOST_TEST(uut->copied());
  }

  void answer(std::size_t number) {
    const auto [target, message] = away[number];
    away.erase(away.begin() + static_cast<std::ptrdiff_t>(number));
    uut->handed_taken(target, message.ticket, now);
  }

  sequence last = 100;

  // Blocks that exporters may see.
  std::size_t visible() const { return tail->next(); }

  // Slots of an entry that the other node is told are settled.
  static std::uint32_t told(const cluster::handed_over& message, sequence entry) {
    cluster::progress read;
    for (const auto& [id, record] : message.progress)
      BOOST_REQUIRE(read.load(id, record));
    const auto* found = read.find(id(entry));
    return found == nullptr ? 0 : found->count();
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(compressor_copies_test, fixture)

// -- visibility --

// Scenario: there is no cluster, or the traces of a block have no standby. Guarantee: it is visible
// with its commit.
BOOST_AUTO_TEST_CASE(without_a_standby_a_block_is_visible_at_once) {
  decide({{1, 'a', true}});
  flush();
  BOOST_TEST(visible() == 1U);
  settle_in(ring_of(7, 'b'));
  decide({{2, 'b', true}});
  flush();
  BOOST_TEST(visible() == 2U);
  BOOST_TEST(away.empty());
}

// Scenario: a block of traces that have a standby is durable; the standby answers. Guarantee: the
// origin hears of it at once, exporters with the answer; the standby has the decision and progress.
BOOST_AUTO_TEST_CASE(a_block_is_hidden_until_its_standby_answers) {
  settle_in(ring_of(7));
  sampling::decision_cache cache(10);
  cache.insert(sampling::fingerprint_of(trace_id::from(std::string(16, 'a'))), {.keep = true});
  std::string chunk;
  cache.write_chunk(1, chunk);
  decide({{1, 'a', true}}, chunk);
  flush();
  BOOST_TEST(durable.size() == 1U);
  BOOST_TEST(visible() == 0U);
  BOOST_TEST((shows == std::vector<steady_ns>{second_ns}));
  BOOST_REQUIRE(away.size() == 1U);
  const auto& message = away[0].second;
  BOOST_TEST(away[0].first == standby);
  BOOST_TEST(message.pipeline == "traces");
  BOOST_TEST(told(message, 1) == 1U);
  sampling::decision_cache reader(10);
  BOOST_TEST(reader.take_chunk(message.decisions, [](auto) { return true; }).has_value());
  BOOST_TEST(reader.size() == 1U);
  answer(0);
  BOOST_TEST(visible() == 1U);
}

// Scenario: three blocks wait for their standby, a fourth has none; the answers come in another
// order. Guarantee: blocks become visible in their order.
BOOST_AUTO_TEST_CASE(blocks_become_visible_in_order) {
  settle_in(ring_of(7, 'b'));
  for (sequence number = 1; number <= 4; ++number) {
    decide({{number, number == 4 ? 'b' : 'a', true}});
    flush();
  }
  BOOST_TEST(away.size() == 3U);
  answer(2);
  BOOST_TEST(visible() == 0U);
  answer(0);
  BOOST_TEST(visible() == 1U);
  answer(0);
  BOOST_TEST(visible() == 4U);
}

// Scenario: a standby does not answer. Guarantee: a block is hidden for a second, the next for one of
// its own; the answer that comes after that changes nothing.
BOOST_AUTO_TEST_CASE(a_block_is_hidden_for_a_second_at_most) {
  settle_in(ring_of(7));
  decide({{1, 'a', true}});
  flush();
  now = later(second_ns / 2, now);
  decide({{2, 'a', true}});
  flush();
  now = later(second_ns / 2 - 1, now);
  uut->show_blocks(now);
  BOOST_TEST(visible() == 0U);
  now = later(1, now);
  uut->show_blocks(now);
  BOOST_TEST(visible() == 1U);
  now = later(second_ns / 2, now);
  uut->show_blocks(now);
  BOOST_TEST(visible() == 2U);
  answer(0);
  BOOST_TEST(visible() == 2U);
}

// -- what the standby hears --

// Scenario: one slot of an entry is settled in a commit that is on its way, a second in the next,
// which is not written yet; the first becomes durable. Guarantee: the standby hears of the first
// alone: were the power to go now, it would take the second for logged, and it would be lost.
BOOST_AUTO_TEST_CASE(a_standby_hears_of_what_is_durable_alone) {
  settle_in(ring_of(7));
  decide({{1, 'a', true, 0, 2}});
  uut->on_timeout();
  decide({{1, 'b', true, 1, 2}});
  BOOST_REQUIRE(writer.write_one());
  BOOST_REQUIRE(away.size() == 1U);
  BOOST_TEST(told(away[0].second, 1) == 1U);
  flush();
  BOOST_REQUIRE(away.size() == 2U);
  BOOST_TEST(told(away[1].second, 1) == 2U);
}

// -- another ring --

// Scenario: the ring changes while nothing is being written. Guarantee: the new standby gets all
// progress at once, then the word that this is all.
BOOST_AUTO_TEST_CASE(progress_is_handed_over) {
  for (sequence number = 1; number <= 3; ++number)
    decide({{number, 'a', number == 1}});
  flush();
  const auto ring = ring_of(7);
  uut->ring_passed(shard, ring);
  uut->hand_over(std::make_shared<const handed_decisions>(shard, ring, standby, ""));
  BOOST_REQUIRE(away.size() == 1U);
  for (sequence number = 1; number <= 3; ++number)
    BOOST_TEST(told(away[0].second, number) == 1U);
  BOOST_TEST(away[0].second.last_of_ring == 0U);
  BOOST_TEST(!uut->copied());
  answer(0);
  BOOST_REQUIRE(away.size() == 1U);
  BOOST_TEST(away[0].second.last_of_ring == 7U);
  BOOST_TEST(!uut->copied());
  answer(0);
  BOOST_TEST(uut->copied());
}

// Scenario: the ring changes while one slot of an entry is on its way to the disk; another is settled
// before it is there. Guarantee: progress goes once what was decided by the ring before is durable,
// and says that alone.
BOOST_AUTO_TEST_CASE(progress_that_is_handed_over_is_durable) {
  decide({{1, 'a', true, 0, 2}});
  const auto ring = ring_of(7);
  uut->ring_passed(shard, ring);
  BOOST_TEST(away.empty());
  BOOST_TEST(writer.waiting() == 1U);
  decide({{1, 'b', true, 1, 2}});
  BOOST_REQUIRE(writer.write_one());
  BOOST_REQUIRE(!away.empty());
  for (const auto& [target, message] : away)
    BOOST_TEST(told(message, 1) <= 1U);
  flush();
  BOOST_TEST(told(away.back().second, 1) == 2U);
}

// Scenario: a second ring comes while the commit that ends the first is on its way, and something
// was decided by the first in between. Guarantee: that all is handed over by the second is said only
// when that is durable too.
BOOST_AUTO_TEST_CASE(a_ring_ends_with_its_own_commit) {
  decide({{1, 'a', true}});
  uut->ring_passed(shard, ring_of(7));
  decide({{2, 'a', true}});
  const auto second = ring_of(8);
  uut->ring_passed(shard, second);
  uut->hand_over(std::make_shared<const handed_decisions>(shard, second, standby, ""));
  BOOST_TEST(writer.waiting() == 2U);
  const auto answer_all = [&] {
    bool last = false;
    while (!away.empty()) {
      last = last || away[0].second.last_of_ring != 0;
      answer(0);
    }
    return last;
  };
  writer.write_one();
  BOOST_TEST(!answer_all());
  writer.write_one();
  BOOST_TEST(answer_all());
  BOOST_TEST(uut->copied());
}

// -- what others say --

// Scenario: another owner hands over what it settled, twice, and a record that is none. Guarantee:
// it is durable with a commit of its own after the usual time, and answered then, each time; none of
// it is logged again here.
BOOST_AUTO_TEST_CASE(what_others_settled_is_durable_and_not_logged_again) {
  cluster::progress theirs;
  theirs.settle(id(5), 1, 0, true);
  taken_over message;
  message.source = standby;
  message.message.ticket = 9;
  message.message.progress = {{id(5), theirs.encode(id(5))}, {id(6), "x"}};
  uut->take_over(message);
  BOOST_TEST(timers.size() == 1U);
  BOOST_TEST(taken_over_by.empty());
  flush();
  BOOST_TEST(has_progress(5));
  BOOST_TEST(!has_progress(6));
  BOOST_TEST((taken_over_by == std::vector<handed_ticket>{{standby, 9}}));
  uut->take_over(message);
  flush();
  BOOST_TEST(taken_over_by.size() == 2U);
  BOOST_TEST(uut->idle());
  decide({{5, 'a', true}});
  flush();
  BOOST_TEST(logged_spans() == 0U);
}

// Scenario: another owner hands over decisions; the shard's part of them comes later, and the first
// commit is durable before it. Guarantee: the other hears of it once both parts are on the disk.
BOOST_AUTO_TEST_CASE(decisions_of_others_are_answered_when_they_are_durable) {
  taken_over message;
  message.source = standby;
  message.message.ticket = 9;
  message.message.decisions = "chunk";
  uut->take_over(message);
  flush();
  BOOST_TEST(taken_over_by.empty());
  decided kept;
  kept.shard = shard;
  kept.taken_over = {{standby, 9}};
  uut->take(kept, now);
  BOOST_TEST(taken_over_by.empty());
  flush();
  BOOST_TEST((taken_over_by == std::vector<handed_ticket>{{standby, 9}}));
}

// Scenario: progress of a node that goes away, and of one that stays. Guarantee: the former goes
// after the retention time, from the disk too, and not before.
BOOST_AUTO_TEST_CASE(progress_of_who_stays_away_goes_in_the_end) {
  cluster::progress theirs;
  const entry_id foreign{5, 1, 3};
  theirs.settle(foreign, 1, 0, true);
  taken_over message;
  message.source = standby;
  message.message.progress = {{foreign, theirs.encode(foreign)}};
  uut->take_over(message);
  uut->ring_passed(shard, ring_of(7));
  const auto known = [&] { return disk->durable().progress.contains(foreign); };
  const auto commit_after = [&](steady_ns pause) {
    now = later(pause, now);
    decide({{++last, 'a', false}});
    flush();
    disk->maintain();
  };
  const auto retention = config.progress_retention / std::chrono::nanoseconds(1);
  commit_after(0);
  BOOST_TEST(known());
  commit_after(retention - 60 * second_ns);
  BOOST_TEST(known());
  commit_after(60 * second_ns);
  BOOST_TEST(!known());
  BOOST_TEST(has_progress(last));
}

BOOST_AUTO_TEST_SUITE_END()
