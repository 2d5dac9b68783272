#include "actors/shard.hpp"

#include "fake_stages.hpp"
#include "stepped_system.hpp"
#include "tests/stages/entries.hpp"

using namespace weir;
using namespace weir::actors;
using stages::shard_pipeline;

namespace {

constexpr pipeline_id traces = 1;
constexpr stages::compressor_number number = 1;

// A shard of a pipeline that keeps everything at once.
struct fixture : stepped_system {
  fixture() {
    origin = system.spawn(fake_origin, &told);
    compressor = system.spawn(fake_compressor, &compressed);
    inbox = system.spawn(fake_inbox, &told_others);
    uut = system.spawn(actors::shard, stages::shard_config{}, plan(true), disk);
    run();
  }
  ~fixture() {
    end(uut);
    end(compressor);
    end(origin);
    end(inbox);
  }

  shard_change plan(bool has_pipeline) {
    shard_change_message message;
    sampling::tail_sampling_config keep_all;
    keep_all.decision_wait_ns = 1;
    keep_all.policies.emplace_back().name = "all";
    if (has_pipeline) {
      message.pipelines.push_back({traces, "traces", keep_all,
                                   *sampling::policy_set::compile(keep_all), number, 256 << 20,
                                   1000, std::make_shared<std::atomic<std::uint64_t>>(0)});
      message.compressors.emplace(number, compressor);
    }
    return std::make_shared<const shard_change_message>(std::move(message));
  }

  // From the origin. Returns its bytes.
  std::uint64_t take(sequence entry, std::size_t noise) {
    const entry_ptr made =
        stages::entry_of({1, 1, entry}, entry, stages::some_spans(1, 1, noise), moment::now());
    caf::send_as(origin, uut, made);
    run();
    return made->unpacked.size();
  }

  // Ticks come by the system's clock, but the stage is told the real time: a millisecond has to
  // pass.
  void await_decided() {
    tell(uut, sent_until_atom_v, disk->node(), std::int64_t{steady_now() + 60 * second_ns},
         std::uint64_t{0});
    BOOST_TEST(compressed.decided.empty());
    for (const auto end_of_patience = steady_now() + 30 * second_ns;
         compressed.decided.empty() && steady_now() < end_of_patience;)
      pass(std::chrono::milliseconds(100));
    BOOST_REQUIRE(compressed.decided.size() == 1U);
  }

  std::shared_ptr<test::model_disk> disk = std::make_shared<test::model_disk>();
  told_origin told;
  told_compressor compressed;
  told_inbox told_others;
  inbox_actor inbox;
  origin_actor origin;
  compressor_actor compressor;
  shard_actor uut;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(shard_test, fixture)

// Scenario: an entry comes, and its compressor answers. Guarantee: its sender has credit at once;
// it is decided with the tick, which comes by itself; then its sender hears of what is settled.
BOOST_AUTO_TEST_CASE(the_sender_of_an_entry_is_answered) {
  const auto bytes = take(1, 10);
  BOOST_TEST(told.credit == bytes);
  await_decided();
  BOOST_TEST(told.settled.empty());
  tell(uut, durable_atom_v, traces, compressed.decided[0]->ticket);
  BOOST_TEST(told.settled.size() == 1U);
}

// Scenario: a pipeline goes in a reload while more than is allowed of it is on its way to the disk,
// and its compressor is ended before it has answered. Guarantee: the shard sees the end by itself,
// and gives the credit that it held back.
BOOST_AUTO_TEST_CASE(the_end_of_a_compressor_is_seen) {
  auto bytes = take(1, 10);
  await_decided();
  for (sequence entry = 2; entry <= 40; ++entry) // Late ones: handed on as they come.
    bytes += take(entry, 1 << 20);
  BOOST_TEST(told.credit < bytes);
  BOOST_TEST(*ask<changed_atom>(uut, plan(false)) == 1);
  BOOST_TEST(told.credit < bytes);
  compressed.decided.clear();
  caf::anon_send_exit(compressor, caf::exit_reason::user_shutdown);
  run();
  BOOST_TEST(told.credit == bytes);
}

// Scenario: in a ring with another node, an entry of that node comes from the inbox, with a trace
// that is this one's; then all is the other's. Guarantee: credit goes to the inbox and not to the
// origin, and so does what is turned away; the compressor hears of both rings, in order.
BOOST_AUTO_TEST_CASE(entries_of_others_are_answered_over_the_inbox) {
  constexpr node_id other = 77;
  auto ring = std::make_shared<cluster::ring_view>();
  ring->ring = 1;
  ring->owners.assign(partition_count, disk->node());
  ring->standbys.assign(partition_count, 0);
  ring->living = {disk->node(), other};
  tell(uut, ring_ptr(ring));
  const entry_ptr entry =
      stages::entry_of({other, 1, 1}, 1, stages::some_spans(1, 1, 10), moment::now());
  caf::send_as(inbox, uut, entry);
  run();
  BOOST_TEST(told_others.credit[other] == entry->unpacked.size());
  BOOST_TEST(told.credit == 0U);
  BOOST_TEST(told_others.turned_away.empty());
  auto next = std::make_shared<cluster::ring_view>(*ring);
  next->ring = 2;
  next->owners.assign(partition_count, other);
  tell(uut, ring_ptr(next));
  BOOST_TEST(told_others.turned_away[other].size() == 1U);
  BOOST_TEST(told.turned_away.empty());
  BOOST_REQUIRE(compressed.rings.size() == 2U);
  BOOST_TEST(compressed.rings[0]->ring == 1U);
  BOOST_TEST(compressed.rings[1]->ring == 2U);
}

// Scenario: an entry is moved, decisions come, it is asked to stop. Guarantee: each is answered.
BOOST_AUTO_TEST_CASE(whoever_asks_is_answered) {
  BOOST_TEST(*ask<moved_atom>(uut, moved_atom_v, entry_id{1, 1, 1}, journal_position{5}) == 1);
  auto none = std::make_shared<stages::recovered_decisions>();
  none->pipeline = traces;
  BOOST_TEST(*ask<bool>(uut, decisions_ptr(none)) == 1);
  BOOST_TEST(*ask<stopped_atom>(uut, stop_atom_v) == 1);
}

BOOST_AUTO_TEST_SUITE_END()
