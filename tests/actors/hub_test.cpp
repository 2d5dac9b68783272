#include "actors/hub.hpp"

#include "fake_session.hpp"
#include "fake_stages.hpp"
#include "stepped_system.hpp"
#include "tests/support/model_disk.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <functional>

using namespace weir;
using namespace weir::actors;

namespace {

constexpr node_id own = 1;
constexpr node_id peer = 9;

intake_actor::behavior_type fake_intake(intake_actor::pointer, std::vector<ring_ptr>* rings) {
  return {
      [](const arrivals_ptr&) {},
      [](edited_atom) {},
      [](flush_atom) {},
      [](tick_atom) {},
      [](const intake_change&) -> caf::result<changed_atom> { return changed_atom_v; },
      [rings](const ring_ptr& ring) { rings->push_back(ring); },
      [](stop_atom) -> caf::result<stopped_atom> { return stopped_atom_v; },
  };
}

// A hub beside stages of the test, without seeds. Its time is the process's: what takes a while is
// looked at until it is so.
struct fixture : stepped_system {
  fixture() {
    neighbours.shards = {system.spawn(fake_shard, &told)};
    neighbours.origin = system.spawn(fake_origin, &told_by_origin);
    neighbours.intake = system.spawn(fake_intake, &intake_rings);
    neighbours.writer = system.spawn(fake_writer, &writer);
    neighbours.shown = std::make_shared<cluster_state>();
    neighbours.rates = std::make_shared<sampling::rate_board>();
    hub_change_message change;
    change.pipelines = {"traces"};
    uut = system.spawn(actors::hub, neighbours,
                       std::make_shared<const hub_change_message>(std::move(change)));
    run();
  }
  ~fixture() {
    (void)ask<stopped_atom>(uut, stop_atom_v);
    end(uut);
    end(neighbours.writer);
    end(neighbours.intake);
    end(neighbours.origin);
    end(neighbours.shards[0]);
  }

  void begin() {
    hub_plan plan;
    plan.self.id = own;
    plan.self.boot = 5;
    plan.self.address = "127.0.0.1:2";
    plan.settings.cluster = "blue";
    plan.settings.membership.ring_delay = 0;
    plan.settings.membership.join_timeout = 0;
    plan.settings.membership.gossip_interval = second_ns / 100;
    plan.credentials = net::link_credentials::open({.insecure = true}).value();
    tell(uut, std::make_shared<const hub_plan>(std::move(plan)));
  }

  bool becomes(const std::function<bool()>& holds) {
    const auto patience = steady_now() + 30 * second_ns;
    while (!holds()) {
      if (steady_now() > patience)
        return false;
      pass(std::chrono::milliseconds(200)); // A tick.
    }
    return true;
  }

  void say_hello(const session_ptr& session) { tell(uut, hello_atom_v, session); }

  cluster::member other(std::uint64_t beat) const {
    cluster::member made;
    made.id = peer;
    made.boot = 1;
    made.state = cluster::member_state::up;
    made.beat = beat;
    made.address = "127.0.0.1:1";
    made.pipelines = {"traces"};
    return made;
  }

  void gossip(std::uint64_t beat, bool wants_answer = false) {
    cluster::gossip said;
    said.members = {other(beat)};
    said.wants_answer = wants_answer;
    tell(uut, session_atom_v, session->number, peer,
         std::make_shared<const cluster::gossip>(std::move(said)));
  }

  view_ptr view() {
    view_ptr seen;
    system.spawn([this, &seen](caf::event_based_actor* asker) {
      asker->request(uut, caf::infinite, look_atom_v).then([&seen](const view_ptr& got) {
        seen = got;
      });
    });
    run();
    BOOST_REQUIRE(seen);
    return seen;
  }

  std::shared_ptr<test::model_disk> disk = std::make_shared<test::model_disk>();
  stages::model_writer writer{disk};
  told_shard told;
  told_origin told_by_origin;
  std::vector<ring_ptr> intake_rings;
  hub_neighbours neighbours;
  std::shared_ptr<fake_session> link = std::make_shared<fake_session>();
  session_ptr session = session_of(1, peer, link);
  hub_actor uut;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(hub_test, fixture)

// Scenario: a node says hello before this one has read what it has, then after. Guarantee: the former is
// told to come again, the latter is welcome.
BOOST_AUTO_TEST_CASE(nobody_comes_in_before_it_begins) {
  say_hello(session);
  BOOST_REQUIRE(link->refusals.size() == 1U);
  BOOST_TEST(neighbours.shown->unready() != "");
  begin();
  say_hello(session);
  BOOST_REQUIRE(link->welcomes.size() == 1U);
  BOOST_TEST(link->welcomes[0].node == own);
}

// Scenario: a hub alone; then another member gossips over its session. Guarantee: shards and intake are
// told of a ring of one, then of two, by the timer; the other is answered, and shown.
BOOST_AUTO_TEST_CASE(stages_hear_of_each_ring) {
  begin();
  BOOST_TEST(becomes([&] { return !told.rings.empty() && told.rings.back()->ring != 0; }));
  BOOST_TEST(neighbours.shown->alone());
  BOOST_TEST(neighbours.shown->unready() == "");
  const auto first = told.rings.back()->ring;
  say_hello(session);
  gossip(1, true);
  BOOST_TEST(std::holds_alternative<cluster::gossip>(link->answers.back()));
  BOOST_TEST(becomes([&] { return told.rings.back()->living.size() == 2; }));
  BOOST_TEST(becomes([&] { return told.rings.back()->ring != first; }));
  BOOST_TEST(intake_rings.back() == told.rings.back());
  BOOST_TEST(!neighbours.shown->alone());
  BOOST_TEST(view()->members.size() == 2U);
}

// Scenario: a node of another cluster; a member whose session closes. Guarantee: the former is refused
// and nothing goes to it; the latter is not answered over what is closed.
BOOST_AUTO_TEST_CASE(sessions_end) {
  begin();
  auto foreign = *session;
  foreign.number = 2;
  foreign.word.cluster = "red";
  const auto refused = std::make_shared<fake_session>();
  foreign.link = refused;
  say_hello(std::make_shared<const peer_session>(foreign));
  BOOST_TEST(refused->refusals.size() == 1U);
  say_hello(session);
  tell(uut, closed_atom_v, session->number);
  gossip(1, true);
  BOOST_TEST(link->answers.empty());
  BOOST_TEST(refused->answers.empty());
}

// Scenario: the others took this boot for down. Guarantee: it comes back as a later one, which is
// written down, and the stages hear that what they hold is theirs no more.
BOOST_AUTO_TEST_CASE(another_boot_is_written_down) {
  begin();
  BOOST_TEST(becomes([&] { return !told.rings.empty() && told.rings.back()->ring != 0; }));
  say_hello(session);
  cluster::gossip said;
  said.members = {other(1)};
  auto& itself = said.members.emplace_back();
  itself.id = own;
  itself.boot = 5;
  itself.state = cluster::member_state::down;
  tell(uut, session_atom_v, session->number, peer,
       std::make_shared<const cluster::gossip>(std::move(said)));
  BOOST_TEST(becomes([&] {
    return std::any_of(told.rings.begin(), told.rings.end(),
                       [](const auto& ring) { return ring->fresh; });
  }));
  tell(neighbours.writer, flush_atom_v);
  const auto boot = disk->meta(boot_key);
  BOOST_REQUIRE((boot && *boot));
  BOOST_TEST(std::stoull(**boot) > 5U);
}

// Scenario: the node stops: first nothing may be decided any more, then the hub ends. Guarantee: the
// stages hear of the former, both are answered; then nobody is let in.
BOOST_AUTO_TEST_CASE(it_freezes_and_stops) {
  begin();
  BOOST_TEST(*ask<changed_atom>(uut, freeze_atom_v) == 1);
  BOOST_REQUIRE(!told.rings.empty());
  BOOST_TEST(told.rings.back()->frozen);
  BOOST_TEST(*ask<stopped_atom>(uut, stop_atom_v) == 1);
  say_hello(session);
  BOOST_TEST(link->welcomes.empty());
  BOOST_TEST(link->refusals.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
