#include "cluster/hub.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>
#include <variant>

using namespace weir;
using namespace weir::cluster;

namespace {

constexpr node_id self = 1;
constexpr steady_ns step = second_ns / 5;

std::string address_of(node_id id) {
  return "10.0.0." + std::to_string(id) + ":4320";
}

member named(node_id id, std::uint64_t boot = 1) {
  member made;
  made.id = id;
  made.boot = boot;
  made.state = member_state::up;
  made.address = address_of(id);
  made.pipelines = {"traces"};
  return made;
}

// The hub of node 1; the test is the network, and all other nodes.
struct fixture : hub_ports {
  void connect(link_number link, const std::string& address, const hello& first) override {
    BOOST_TEST(links.emplace(link, address).second);
    hellos.push_back(first);
  }
  void disconnect(link_number link) override { links.erase(link); }
  void send(link_number link, gossip message) override {
    BOOST_TEST(links.contains(link));
    sent.emplace_back(link, std::move(message));
  }
  void welcome_in(session_number session, const welcome& answer) override {
    welcomed.emplace_back(session, answer);
    said.push_back("welcome");
  }
  void refuse(session_number session, const std::string& reason) override {
    refused.emplace_back(session, reason);
  }
  void answer(session_number session, gossip) override { answered.push_back(session); }
  void link_up(node_id peer, link_number link) override {
    standing[peer] = link;
    said.push_back("up " + std::to_string(peer));
  }
  void set_offset(node_id peer, steady_ns offset) override { offsets[peer] = offset; }
  void link_lost(node_id peer) override {
    BOOST_TEST(standing.erase(peer) == 1U);
    said.push_back("lost " + std::to_string(peer));
  }
  void change_ring(const ring_view& ring) override {
    rings.push_back(ring);
    said.push_back(ring.fresh ? "fresh ring" : "ring");
  }
  std::uint64_t next_boot() override { return ++boot; }
  void end(const std::string& reason) override { ended.push_back(reason); }

  void start(std::vector<std::string> seeds) {
    hub_settings settings;
    settings.cluster = "weir";
    uut.emplace(named(self), std::move(seeds), settings, 1, *this, now);
  }

  void pass(steady_ns time) {
    for (steady_ns passed = 0; passed < time; passed += step) {
      now.steady += step;
      now.wall += step;
      for (auto& [id, other] : alive)
        ++other.beat;
      uut->tick(now);
      for (const auto& [peer, link] : std::map(standing))
        if (alive.contains(peer))
          gossip_from(peer);
    }
  }

  link_number link_to(const std::string& address) const {
    for (const auto& [link, target] : links)
      if (target == address)
        return link;
    return 0;
  }

  std::size_t links_to(const std::string& address) const {
    return static_cast<std::size_t>(std::count_if(
        links.begin(), links.end(), [&](const auto& each) { return each.second == address; }));
  }

  void open(const std::string& address, node_id id, std::uint64_t its_boot = 1) {
    const auto link = link_to(address);
    BOOST_REQUIRE(link != 0U);
    uut->opened(link, {id, its_boot, 1, now.wall, now.steady}, now);
  }

  void gossip_from(node_id peer) {
    std::vector<member> all;
    for (const auto& [id, other] : alive)
      all.push_back(other);
    all.push_back(uut->members().self()); // It has heard of this one.
    uut->received(standing.at(peer), {all, false, now.steady}, now);
  }

  // A node that lives and has a link from here.
  void meet(node_id id, std::uint64_t its_boot = 1) {
    alive[id] = named(id, its_boot);
    alive[id].beat = 1;
    if (link_to(address_of(id)) == 0)
      pass(3 * second_ns);
    open(address_of(id), id, its_boot);
    gossip_from(id);
  }

  hello hello_of(node_id id, std::uint64_t its_boot = 1) const {
    hello word;
    word.cluster = "weir";
    word.node = id;
    word.boot = its_boot;
    word.address = address_of(id);
    return word;
  }

  member_view seen(node_id id) const {
    for (const auto& each : uut->view(now).members)
      if (each.info.id == id)
        return each;
    BOOST_FAIL("not known");
    return {};
  }

  moment now{1000 * second_ns, 1'700'000'000ULL * second_ns};
  std::map<node_id, member> alive;
  std::map<link_number, std::string> links;
  std::vector<hello> hellos;
  std::vector<std::pair<link_number, gossip>> sent;
  std::vector<std::pair<session_number, welcome>> welcomed;
  std::vector<std::pair<session_number, std::string>> refused;
  std::vector<session_number> answered;
  std::map<node_id, link_number> standing;
  std::map<node_id, steady_ns> offsets;
  std::vector<ring_view> rings;
  std::vector<std::string> ended;
  std::vector<std::string> said; ///< What the node heard, in order.
  std::uint64_t boot = 1;
  std::optional<hub> uut;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(hub_test, fixture)

// -- links --

// Scenario: a node with a seed starts; the seed answers, and knows a third. Guarantee: it says hello
// by its name to both, gossips to who answers, and with two others up there is a ring of three in
// which each partition has its owner and a standby.
BOOST_AUTO_TEST_CASE(a_node_finds_all_by_one_seed) {
  start({address_of(2)});
  uut->tick(now);
  BOOST_REQUIRE(hellos.size() == 1U);
  BOOST_TEST(hellos[0].cluster == "weir");
  BOOST_TEST(hellos[0].node == self);
  alive[3] = named(3);
  meet(2);
  BOOST_TEST(standing.contains(2));
  BOOST_REQUIRE(!sent.empty());
  BOOST_TEST(sent[0].second.wants_answer);
  pass(second_ns);
  open(address_of(3), 3);
  pass(4 * second_ns);
  BOOST_TEST(links.size() == 2U);
  const auto& ring = rings.back();
  BOOST_TEST(ring.ring != 0U);
  BOOST_TEST((ring.living == std::vector<node_id>{1, 2, 3}));
  BOOST_TEST((ring.deciders.at("traces") == std::vector<node_id>{2, 3}));
  std::map<node_id, int> owned;
  for (std::size_t p = 0; p < partition_count; ++p) {
    ++owned[ring.owners[p]];
    BOOST_TEST(ring.standbys[p] != 0U);
    BOOST_TEST(ring.standbys[p] != ring.owners[p]);
  }
  BOOST_TEST(owned.size() == 3U);
}

// Scenario: of three members all sample one pipeline, two of them a second, one a third that goes with
// a reload. Guarantee: each pipeline is owned by those who sample it, all partitions; which is another
// ring.
BOOST_AUTO_TEST_CASE(pipelines_are_owned_by_who_samples_them) {
  start({address_of(2)});
  uut->set_pipelines({"some", "traces"});
  meet(2);
  meet(3);
  alive[2].pipelines = {"mine", "traces"};
  alive[3].pipelines = {"some", "traces"};
  pass(4 * second_ns);
  const auto owners_of = [&](const char* pipeline) {
    const auto& owners = rings.back().of(pipeline).owners;
    return std::set(owners.begin(), owners.end());
  };
  BOOST_TEST((owners_of("traces") == std::set<node_id>{1, 2, 3}));
  BOOST_TEST((owners_of("some") == std::set<node_id>{1, 3}));
  BOOST_TEST((owners_of("mine") == std::set<node_id>{2}));
  const auto before = rings.back().ring;
  alive[2].pipelines = {"traces"};
  pass(4 * second_ns);
  BOOST_TEST(rings.back().ring != before);
  BOOST_TEST(!rings.back().differing.contains("mine"));
}

// Scenario: seeds by ever other addresses, none of which answers. Guarantee: what is known of them is
// bounded.
BOOST_AUTO_TEST_CASE(addresses_are_forgotten) {
  start({});
  for (int round = 0; round < 3000; ++round) {
    uut->set_seeds({"10.1.0.1:" + std::to_string(1000 + round)});
    pass(second_ns);
    const auto open = links;
    for (const auto& [link, address] : open)
      uut->closed(link, "refused", false, now);
  }
  BOOST_TEST(hellos.size() > 2500U);
  BOOST_TEST(uut->addresses_known() <= 2 * ring::max_members);
}

// Scenario: a link breaks while its node lives. Guarantee: the node hears of it once, another is made
// at the next tick, and it is heard of again.
BOOST_AUTO_TEST_CASE(a_lost_link_is_made_again) {
  start({address_of(2)});
  meet(2);
  uut->closed(standing.at(2), "reset", false, now);
  BOOST_TEST(!standing.contains(2));
  BOOST_TEST(links.empty());
  BOOST_TEST(seen(2).link.trouble == "reset");
  pass(step);
  open(address_of(2), 2);
  BOOST_TEST(standing.contains(2));
  BOOST_TEST(seen(2).link.stands);
  std::erase(said, "ring");
  BOOST_TEST((said == std::vector<std::string>{"up 2", "lost 2", "up 2"}));
}

// Scenario: a seed cannot be reached for a minute: each attempt fails at once. Guarantee: attempts
// go on, and come to one in one to three seconds.
BOOST_AUTO_TEST_CASE(attempts_become_rare) {
  start({address_of(2)});
  std::vector<steady_ns> times;
  for (int i = 0; i < 300; ++i) {
    pass(step);
    if (const auto link = link_to(address_of(2)); link != 0) {
      times.push_back(now.steady);
      uut->closed(link, "refused by the system", false, now);
    }
  }
  BOOST_TEST(times.size() >= 20U);
  BOOST_TEST(times.size() <= 60U);
  for (std::size_t i = 6; i < times.size(); ++i)
    BOOST_TEST(times[i] - times[i - 1] >= second_ns);
}

// Scenario: a seed turns out to be this node itself. Guarantee: the link goes, nothing is heard of it,
// and it is not asked again for 30 s.
BOOST_AUTO_TEST_CASE(a_seed_that_is_this_node) {
  start({"alias:4320"});
  uut->tick(now);
  open("alias:4320", self);
  BOOST_TEST(links.empty());
  BOOST_TEST(standing.empty());
  const auto before = hellos.size();
  pass(29 * second_ns);
  BOOST_TEST(hellos.size() == before);
  pass(4 * second_ns);
  BOOST_TEST(hellos.size() > before);
}

// Scenario: links by a seed's name and by a member's address are on their way at once, and turn out
// to end at the same node. Guarantee: the first stays, the second goes; that it went says nothing of
// the member, which has a link: nobody is told that it is out of reach.
BOOST_AUTO_TEST_CASE(two_names_of_one_member) {
  start({"alias:4320", address_of(3)});
  for (int i = 0; i < 20 && (link_to("alias:4320") == 0 || link_to(address_of(3)) == 0); ++i)
    pass(second_ns);
  alive[2] = named(2);
  alive[3] = named(3);
  open(address_of(3), 3);
  gossip_from(3);
  pass(step); // It has heard of 2 now.
  BOOST_REQUIRE(link_to(address_of(2)) != 0U);
  open("alias:4320", 2);
  const auto first = standing.at(2);
  open(address_of(2), 2);
  BOOST_TEST(standing.at(2) == first);
  BOOST_TEST(links_to(address_of(2)) == 0U);
  pass(15 * second_ns);
  BOOST_TEST(standing.at(2) == first);
  BOOST_TEST(uut->members().self().unreachable.empty());
  BOOST_TEST(uut->view(now).unready == "");
}

// Scenario: a node that has a link is heard of as a later boot; then as down. Guarantee: the link to
// what it was goes, another is made; to who is down there is none.
BOOST_AUTO_TEST_CASE(links_go_with_the_boot_that_they_were_made_to) {
  start({address_of(2)});
  meet(2);
  meet(3);
  const auto first = standing.at(2);
  alive[2].boot = 2;
  gossip_from(3);
  pass(step);
  BOOST_TEST(!links.contains(first));
  BOOST_TEST(!standing.contains(2));
  pass(step);
  open(address_of(2), 2, 2);
  BOOST_TEST(standing.at(2) != first);
  alive[2].state = member_state::down;
  gossip_from(3);
  pass(step);
  BOOST_TEST(!standing.contains(2));
  BOOST_TEST(standing.contains(3));
}

// Scenario: another node's clock is a day behind; it says so with each gossip, which takes a while.
// Guarantee: the node knows how far its clock is ahead, by the shortest way.
BOOST_AUTO_TEST_CASE(clocks_are_compared_with_each_word) {
  constexpr steady_ns day = 24 * 3600 * second_ns;
  start({address_of(2)});
  uut->tick(now);
  alive[2] = named(2);
  uut->opened(link_to(address_of(2)), {2, 1, 1, now.wall, now.steady - day - 7}, now);
  BOOST_TEST(offsets.at(2) == -day - 7);
  uut->received(standing.at(2), {{named(2)}, false, now.steady - day - 3}, now);
  BOOST_TEST(offsets.at(2) == -day - 3);
  uut->received(standing.at(2), {{named(2)}, false, now.steady - day - 5}, now);
  BOOST_TEST(offsets.at(2) == -day - 3);
}

// -- sessions --

// Scenario: a member that this node cannot reach asks over a session. Guarantee: it is answered over
// that; over the latest where there are two; not after it has closed.
BOOST_AUTO_TEST_CASE(gossip_is_answered_over_a_session_where_there_is_no_link) {
  start({});
  uut->said_hello(10, hello_of(2), now);
  uut->said_hello(11, hello_of(2), now);
  BOOST_TEST(welcomed.size() == 2U);
  uut->received(11, 2, {{named(2)}, true, 0}, now);
  BOOST_TEST((answered == std::vector<session_number>{11}));
  uut->session_closed(11);
  uut->received(10, 2, {{named(2)}, true, 0}, now);
  BOOST_TEST((answered == std::vector<session_number>{11, 10}));
  uut->session_closed(10);
  uut->received(10, 2, {{named(2)}, true, 0}, now);
  BOOST_TEST(answered.size() == 2U);
}

// Scenario: hellos of another cluster, of an id that is taken by one that lives, of this node itself,
// of a newcomer. Guarantee: the first two are refused with the reason; this node gets its answer and
// no gossip.
BOOST_AUTO_TEST_CASE(who_does_not_belong_here_is_refused) {
  start({address_of(2)});
  meet(2);
  auto foreign = hello_of(3);
  foreign.cluster = "other";
  uut->said_hello(1, foreign, now);
  uut->said_hello(2, hello_of(2, 9), now);
  BOOST_TEST(welcomed.empty());
  BOOST_REQUIRE(refused.size() == 2U);
  BOOST_TEST(refused[0].second.find("\"other\"") != std::string::npos);
  BOOST_TEST(refused[1].second.find("taken by another process") != std::string::npos);
  uut->said_hello(3, hello_of(self), now);
  uut->said_hello(4, hello_of(3), now);
  BOOST_REQUIRE(welcomed.size() == 2U);
  BOOST_TEST(welcomed[1].first == 4U);
  BOOST_TEST(welcomed[1].second.node == self);
  BOOST_TEST(welcomed[1].second.steady == now.steady);
}

// Scenario: the only seed refuses this node, for longer than it waits for others; then lets it in.
// Guarantee: it is not ready, and says who refused it and why; then it is.
BOOST_AUTO_TEST_CASE(who_is_refused_is_not_ready) {
  start({address_of(2)});
  for (int i = 0; i < 100; ++i) {
    pass(step);
    if (const auto link = link_to(address_of(2)); link != 0)
      uut->closed(link, "it is of cluster \"weir\"", true, now);
  }
  BOOST_TEST(uut->members().unready(now.steady) == "");
  BOOST_TEST(uut->unready(now)
             == "refused by 10.0.0.2:4320, which says: it is of cluster \"weir\"");
  BOOST_TEST(uut->view(now).unready == uut->unready(now));
  meet(2);
  pass(step);
  BOOST_TEST(uut->unready(now) == "");
}

// -- the node --

// Scenario: the others took this node for down; right behind that word a peer says hello. Guarantee:
// it is another boot, its links go, and it hears of a fresh ring before anybody is welcomed; the
// next one is not fresh any more.
BOOST_AUTO_TEST_CASE(told_down_it_begins_afresh_before_anybody_is_let_in) {
  start({address_of(2)});
  meet(2);
  pass(6 * second_ns);
  said.clear();
  auto own = uut->members().self();
  own.state = member_state::down;
  uut->received(standing.at(2), {{own, alive[2]}, false, now.steady}, now);
  uut->said_hello(5, hello_of(2), now);
  BOOST_TEST((said == std::vector<std::string>{"lost 2", "fresh ring", "welcome"}));
  BOOST_TEST(uut->members().self().boot == 2U);
  BOOST_TEST(welcomed.back().second.boot == 2U);
  BOOST_TEST(!rings.back().frozen);
  pass(step);
  open(address_of(2), 2);
  BOOST_TEST(hellos.back().boot == 2U);
  pass(6 * second_ns);
  BOOST_TEST(std::count(said.begin(), said.end(), "fresh ring") == 1);
  BOOST_TEST(!rings.back().fresh);
}

// Scenario: the process stood still for longer than it takes to be suspected. Guarantee: the node
// hears that nothing may be decided, and that it may again once another has answered.
BOOST_AUTO_TEST_CASE(a_pause_freezes_until_another_has_answered) {
  start({address_of(2)});
  meet(2);
  pass(6 * second_ns);
  BOOST_TEST(!rings.back().frozen);
  now.steady += 5 * second_ns;
  uut->tick(now);
  BOOST_TEST(rings.back().frozen);
  pass(second_ns);
  BOOST_TEST(!rings.back().frozen);
}

// Scenario: another process with this node's id has been let in: it is a later boot. Guarantee: this
// one is told to end, with the reason.
BOOST_AUTO_TEST_CASE(a_later_boot_of_its_id_ends_it) {
  start({address_of(2)});
  meet(2);
  BOOST_TEST(ended.empty());
  uut->received(standing.at(2), {{named(self, 2), alive[2]}, false, now.steady}, now);
  BOOST_REQUIRE(!ended.empty());
  BOOST_TEST(ended[0].find("another process") != std::string::npos);
}

// Scenario: the node leaves, then says its last word. Guarantee: it is in the others' eyes what it
// says it is; its own ring is without it; the last word goes to all who live.
BOOST_AUTO_TEST_CASE(a_node_that_leaves_says_so) {
  start({address_of(2)});
  meet(2);
  meet(3);
  pass(6 * second_ns);
  uut->leave(now);
  pass(4 * second_ns);
  BOOST_TEST(std::count(rings.back().owners.begin(), rings.back().owners.end(), self) == 0);
  BOOST_TEST(uut->view(now).unready == "leaving");
  sent.clear();
  uut->say_left(now);
  std::vector<std::string> told;
  for (const auto& [link, message] : sent) {
    told.push_back(links.at(link));
    for (const auto& each : message.members)
      BOOST_TEST((each.id != self || each.state == member_state::left));
  }
  std::sort(told.begin(), told.end());
  BOOST_TEST((told == std::vector{address_of(2), address_of(3)}));
}

// Scenario: a member samples other pipelines than this node. Guarantee: the view says so, how many
// partitions each owns, and how long each was silent.
BOOST_AUTO_TEST_CASE(the_view_says_what_this_node_knows) {
  start({address_of(2)});
  uut->set_pipelines({"traces"});
  meet(2);
  alive[2].pipelines = {"other", "traces"};
  pass(6 * second_ns);
  const auto view = uut->view(now);
  BOOST_TEST(view.name == "weir");
  BOOST_TEST(view.ring == rings.back().ring);
  BOOST_REQUIRE(view.members.size() == 2U);
  BOOST_TEST(view.members[0].self);
  BOOST_TEST(view.members[0].partitions + view.members[1].partitions == partition_count);
  BOOST_TEST(seen(2).differs == "samples other, traces");
  alive.erase(2);
  pass(5 * second_ns);
  BOOST_TEST(seen(2).silent >= 5 * second_ns);
  BOOST_TEST(seen(2).suspected);
}

BOOST_AUTO_TEST_SUITE_END()
