#include "actors/inbox.hpp"

#include "fake_session.hpp"
#include "fake_stages.hpp"
#include "stepped_system.hpp"
#include "tests/stages/entries.hpp"

using namespace weir;
using namespace weir::actors;

namespace {

constexpr pipeline_id traces = 4;
constexpr node_id peer = 9;

// An inbox in front of two shards and a compressor of the test.
struct fixture : stepped_system {
  fixture() {
    for (auto& each : told)
      shards.push_back(system.spawn(fake_shard, &each));
    compressor = system.spawn(fake_compressor, &compressed);
    uut = system.spawn(actors::inbox, plan(), shards, disk);
    run();
  }
  ~fixture() {
    end(uut);
    end(compressor);
    for (auto& each : shards)
      end(each);
  }

  inbox_change plan(bool with_pipeline = true) const {
    inbox_change_message message;
    message.config.shards = shards.size();
    if (with_pipeline)
      message.config.pipelines = {{"traces", traces}};
    message.compressors.emplace(traces, compressor);
    return std::make_shared<const inbox_change_message>(std::move(message));
  }

  void send(const session_ptr& session, cluster::link_message message) {
    tell(uut, std::make_shared<peer_message>(
                  peer_message{session, std::move(message), std::make_shared<int>()}));
  }

  static cluster::sent_entry some_entry(node_id node = peer) {
    const auto entry =
        stages::entry_of({node, 7, 1}, 0, stages::some_spans(1, 1, 50), moment::now());
    cluster::sent_entry message;
    message.pipeline = "traces";
    message.entry = shared_bytes(stages::journal_bytes(*entry));
    message.received = steady_now();
    return message;
  }

  std::shared_ptr<test::model_disk> disk = std::make_shared<test::model_disk>();
  std::array<told_shard, 2> told;
  told_compressor compressed;
  std::vector<shard_actor> shards;
  compressor_actor compressor;
  std::shared_ptr<fake_session> link = std::make_shared<fake_session>();
  session_ptr session = session_of(1, peer, link);
  inbox_actor uut;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(inbox_test, fixture)

// Scenario: another node sends an entry, a word and what it hands over; the shards take the entry
// over. Guarantee: each shard has the entry and the word; the credit goes back over the link with
// the next word, once both shards have given it; what is handed over is answered there once the
// compressor says that it is durable, and not before.
BOOST_AUTO_TEST_CASE(what_comes_over_a_link_is_answered_over_it) {
  send(session, some_entry());
  send(session, cluster::sent_until{steady_now(), 3});
  for (const auto& each : told) {
    BOOST_REQUIRE(each.entries.size() == 1U);
    BOOST_TEST(each.entries[0]->header.pipeline == traces);
    BOOST_TEST(each.sent_until.size() == 1U);
  }
  const auto bytes = told[0].entries[0]->unpacked.size();
  tell(uut, taken_atom_v, peer, std::uint64_t{bytes});
  tell(uut, taken_atom_v, peer, std::uint64_t{bytes});
  send(session, cluster::sent_until{steady_now(), 3});
  cluster::handed_over handed;
  handed.pipeline = "traces";
  handed.ticket = 8;
  send(session, handed);
  std::uint64_t credit = 0;
  for (const auto& each : link->answers)
    if (const auto* given = std::get_if<cluster::taken>(&each))
      credit += given->bytes;
  BOOST_TEST(credit == bytes);
  BOOST_TEST(!std::holds_alternative<cluster::handed_taken>(link->answers.back()));
  tell(uut, handed_atom_v, peer, std::uint64_t{8});
  BOOST_TEST((std::get<cluster::handed_taken>(link->answers.back()).ticket == 8U));
}

// Scenario: the room that a message takes of its session's is held while it waits in the mailbox.
// Guarantee: it is given back once it was taken, whatever it was.
BOOST_AUTO_TEST_CASE(a_message_gives_its_room_back) {
  auto room = std::make_shared<int>();
  const std::weak_ptr<int> held = room;
  const auto message =
      std::make_shared<peer_message>(peer_message{session, some_entry(), std::move(room)});
  caf::anon_send(uut, peer_message_ptr(message));
  BOOST_TEST(!held.expired());
  run();
  BOOST_TEST(held.expired());
}

// Scenario: a peer makes its link again; what still comes over the earlier one, and its end, come
// after that. Guarantee: answers go over the newest, also then; after its end nobody is answered.
BOOST_AUTO_TEST_CASE(the_newest_link_of_a_peer_is_answered) {
  const auto again = std::make_shared<fake_session>();
  const auto second = session_of(2, peer, again);
  send(session, cluster::sent_until{});
  send(second, cluster::sent_until{});
  send(session, cluster::sent_until{});
  tell(uut, closed_atom_v, cluster::session_number{1});
  tell(uut, peer, std::make_shared<const stages::settled_report>());
  BOOST_TEST(link->answers.empty());
  BOOST_TEST(again->answers.size() == 1U);
  tell(uut, closed_atom_v, cluster::session_number{2});
  tell(uut, peer, std::make_shared<const stages::settled_report>());
  BOOST_TEST(again->answers.size() == 1U);
}

// Scenario: a peer sends an entry that is another node's. Guarantee: its link is closed with the
// reason, no shard hears of it.
BOOST_AUTO_TEST_CASE(what_cannot_be_closes_the_link) {
  send(session, some_entry(77));
  BOOST_REQUIRE(link->ends.size() == 1U);
  BOOST_TEST(link->ends[0].find("another node's") != std::string::npos);
  BOOST_TEST(told[0].entries.empty());
}

// Scenario: a shard turns slots away; a reload takes the pipeline; the node stops. Guarantee: the peer
// hears of the slots; an entry of the pipeline is turned away; who asks is answered, and after the
// stop nothing is taken.
BOOST_AUTO_TEST_CASE(reloads_and_the_end_are_answered) {
  send(session, cluster::sent_until{});
  tell(uut, peer, std::make_shared<const cluster::wrong_owner>());
  BOOST_TEST(std::holds_alternative<cluster::wrong_owner>(link->answers.back()));
  BOOST_TEST(*ask<changed_atom>(uut, plan(false)) == 1);
  link->answers.clear();
  send(session, some_entry());
  BOOST_TEST(told[0].entries.empty());
  BOOST_TEST(std::holds_alternative<cluster::wrong_owner>(link->answers.back()));
  BOOST_TEST(*ask<changed_atom>(uut, plan()) == 1);
  BOOST_TEST(*ask<stopped_atom>(uut, stop_atom_v) == 1);
  send(session, some_entry());
  BOOST_TEST(told[0].entries.empty());
}

BOOST_AUTO_TEST_SUITE_END()
