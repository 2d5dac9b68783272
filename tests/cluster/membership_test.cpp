#include "cluster/membership.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <random>
#include <set>

using namespace weir;
using namespace weir::cluster;

namespace {

constexpr steady_ns step = second_ns / 10;

member named(node_id id, std::uint64_t boot = 1, std::string zone = "") {
  return {id,
          boot,
          member_state::joining,
          0,
          "10.0.0." + std::to_string(id) + ":4320",
          std::move(zone),
          "1",
          {}};
}

// A few members on one clock, with messages that come at once, but for cut pairs.
struct cluster_of {
  explicit cluster_of(node_id count) {
    for (node_id id = 1; id <= count; ++id)
      start(id, 1);
    pass(5 * second_ns);
  }

  void start(node_id id, std::uint64_t boot) {
    nodes.insert_or_assign(id, membership(named(id, boot), {"10.0.0.1:4320"}, {}, id, now));
  }

  void pass(steady_ns time) {
    for (const auto end = now + time; now < end; now += step)
      for (auto& [id, node] : nodes) {
        if (paused == id)
          continue;
        node.tick(now);
        for (const auto& target : node.take_targets())
          send(id, target);
        if (auto changed = node.take_ring(now))
          rings.insert_or_assign(id, std::move(*changed));
      }
  }

  void send(node_id source, const gossip_target& target) {
    const auto id = target.id != 0 ? target.id : node_id(target.address.at(7) - '0');
    const auto found = nodes.find(id);
    if (found == nodes.end() || paused == id || cut.contains(std::minmax(source, id)))
      return;
    found->second.receive(source, nodes.at(source).all_known(), target.wants_answer, now);
  }

  void cut_link(node_id a, node_id b) {
    cut.insert(std::minmax(a, b));
    nodes.at(a).link_lost(b, now);
    nodes.at(b).link_lost(a, now);
  }

  member_state state(node_id seen_by, node_id id) const {
    for (const auto& each : nodes.at(seen_by).all_known())
      if (each.id == id)
        return each.state;
    BOOST_FAIL("not known");
    return {};
  }

  steady_ns now = 100 * second_ns;
  std::map<node_id, membership> nodes;
  std::map<node_id, ring> rings;
  std::set<std::pair<node_id, node_id>> cut;
  node_id paused = 0;
};

} // namespace

BOOST_AUTO_TEST_SUITE(membership_test)

// Scenario: a node alone. Guarantee: it is up when `join_timeout` is over, with a ring of its own.
BOOST_AUTO_TEST_CASE(alone) {
  membership uut(named(1), {}, {}, 1, 0);
  BOOST_TEST(uut.unready(0) == "joining");
  for (steady_ns now = 0; now < 13 * second_ns; now += step) {
    uut.tick(now);
    BOOST_TEST((uut.self().state == member_state::up) == (now >= 10 * second_ns));
    if (const auto ring = uut.take_ring(now))
      BOOST_TEST(now >= 12 * second_ns);
  }
  BOOST_TEST(uut.unready(13 * second_ns) == "");
  BOOST_TEST(uut.take_targets().empty());
}

// Scenario: five nodes that know the first alone. Guarantee: all are up at once, and have the same
// ring after the delay in which changes gather.
BOOST_AUTO_TEST_CASE(a_cluster_forms) {
  const cluster_of uut(5);
  BOOST_TEST(uut.rings.size() == 5U);
  for (const auto& [id, ring] : uut.rings) {
    BOOST_TEST(ring.members().size() == 5U);
    BOOST_TEST(ring.digest() == uut.rings.at(1).digest());
    BOOST_TEST(uut.nodes.at(id).unready(uut.now) == "");
  }
}

// Scenario: a node dies, and comes back as another boot. Guarantee: suspected, then down, after the
// times that are set; the ring is without it, and with it again.
BOOST_AUTO_TEST_CASE(a_node_dies_and_returns) {
  cluster_of uut(3);
  uut.nodes.erase(3);
  uut.pass(5 * second_ns);
  BOOST_TEST(uut.nodes.at(1).suspected(3, uut.now));
  BOOST_TEST((uut.state(1, 3) == member_state::up));
  uut.pass(8 * second_ns);
  BOOST_TEST((uut.state(1, 3) == member_state::down));
  uut.pass(3 * second_ns);
  BOOST_TEST(uut.rings.at(1).members().size() == 2U);
  BOOST_TEST(uut.rings.at(2).digest() == uut.rings.at(1).digest());
  uut.start(3, 2);
  uut.pass(6 * second_ns);
  BOOST_TEST((uut.state(1, 3) == member_state::up));
  BOOST_TEST(uut.rings.at(1).members()[2].boot == 2U);
  BOOST_TEST(uut.rings.at(3).digest() == uut.rings.at(1).digest());
}

// Scenario: one of nine nodes dies. Guarantee: as soon as one says that it is down, all know: their
// rings change together.
BOOST_AUTO_TEST_CASE(a_death_is_told_at_once) {
  cluster_of uut(9);
  uut.nodes.erase(4);
  const auto down = [&](node_id seen_by) { return uut.state(seen_by, 4) == member_state::down; };
  const std::vector<node_id> left = {1, 2, 3, 5, 6, 7, 8, 9};
  while (std::none_of(left.begin(), left.end(), down))
    uut.pass(step);
  uut.pass(step);
  BOOST_TEST(std::all_of(left.begin(), left.end(), down));
}

// Scenario: a node leaves. Guarantee: it is out of the ring at once, and nobody waits for it.
BOOST_AUTO_TEST_CASE(a_node_leaves) {
  cluster_of uut(3);
  uut.nodes.at(2).leave();
  uut.pass(4 * second_ns);
  BOOST_TEST(uut.rings.at(1).members().size() == 2U);
  BOOST_TEST(uut.nodes.at(2).unready(uut.now) == "leaving");
  uut.nodes.at(2).say_left();
  for (const auto& target : uut.nodes.at(2).take_targets())
    uut.send(2, target);
  BOOST_TEST((uut.state(1, 2) == member_state::left));
  BOOST_TEST((uut.state(3, 2) == member_state::left));
}

// Scenario: a node stands still for 20 s. Guarantee: on waking it decides nothing; it learns that it
// was taken for down, and comes back as another boot. It never took the others for down.
BOOST_AUTO_TEST_CASE(a_node_stands_still) {
  cluster_of uut(3);
  uut.paused = 3;
  uut.pass(20 * second_ns);
  BOOST_TEST(uut.rings.at(1).members().size() == 2U);
  uut.paused = 0;
  auto& node = uut.nodes.at(3);
  // What was in its socket: said before the pause, by one that had not heard of it since.
  node.tick(uut.now);
  BOOST_TEST(node.frozen());
  node.receive(1, {named(1), named(3)}, false, uut.now);
  BOOST_TEST(node.frozen());
  BOOST_TEST(!node.told_down());
  uut.pass(2 * second_ns);
  BOOST_TEST(node.told_down());
  BOOST_TEST(node.frozen());
  BOOST_TEST((uut.state(3, 1) == member_state::up));
  node.begin_boot(2, uut.now);
  uut.pass(5 * second_ns);
  BOOST_TEST(!node.frozen());
  BOOST_TEST(uut.rings.at(1).members().size() == 3U);
  BOOST_TEST(uut.rings.at(3).digest() == uut.rings.at(1).digest());
}

// Scenario: a pause of 5 s, too short to be taken for down. Guarantee: frozen until another has
// answered, then it goes on as it was.
BOOST_AUTO_TEST_CASE(a_short_pause) {
  cluster_of uut(3);
  uut.paused = 3;
  uut.pass(5 * second_ns);
  uut.paused = 0;
  uut.nodes.at(3).tick(uut.now);
  BOOST_TEST(uut.nodes.at(3).frozen());
  uut.pass(2 * second_ns);
  BOOST_TEST(!uut.nodes.at(3).frozen());
  BOOST_TEST(!uut.nodes.at(3).told_down());
}

// Scenario: while a node stands still, all others go for ever. Guarantee: it waits for an answer for as
// long as makes a member down, then goes on alone.
BOOST_AUTO_TEST_CASE(all_others_go_during_a_pause) {
  cluster_of uut(3);
  uut.paused = 3;
  uut.pass(8 * second_ns);
  uut.nodes.erase(1);
  uut.nodes.erase(2);
  uut.pass(20 * second_ns);
  uut.paused = 0;
  uut.pass(9 * second_ns);
  BOOST_TEST(uut.nodes.at(3).frozen());
  uut.pass(5 * second_ns);
  BOOST_TEST(!uut.nodes.at(3).frozen());
  BOOST_TEST(uut.rings.at(3).members().size() == 1U);
}

// Scenario: the link between two of five nodes is cut, both still hear of each other; then one of
// them loses its links to three. Guarantee: the two say that they are not ready, and stay; the one
// that most cannot reach is down.
BOOST_AUTO_TEST_CASE(cuts_that_are_not_transitive) {
  cluster_of uut(5);
  uut.cut_link(4, 5);
  uut.pass(15 * second_ns);
  BOOST_TEST(uut.nodes.at(4).unready(uut.now).starts_with("no link to 10.0.0.5:4320"));
  BOOST_TEST(uut.nodes.at(1).unready(uut.now) == "");
  BOOST_TEST(uut.rings.at(1).members().size() == 5U);
  uut.cut_link(3, 5);
  uut.cut_link(2, 5);
  uut.pass(12 * second_ns);
  BOOST_TEST((uut.state(1, 5) == member_state::down));
  BOOST_TEST(uut.rings.at(1).members().size() == 4U);
  BOOST_TEST(uut.nodes.at(4).unready(uut.now) == "");
}

// Scenario: a second process with the id of a node that lives; the same when that one is gone, its
// link lost; an id that is new. Guarantee: only the first is refused, with the reason.
BOOST_AUTO_TEST_CASE(an_id_is_taken_once) {
  cluster_of uut(2);
  auto& node = uut.nodes.at(1);
  BOOST_TEST(node.refusal_of(named(2, 9), uut.now).ends_with("that lives, at 10.0.0.2:4320"));
  BOOST_TEST(node.refusal_of(named(1, 9), uut.now) != "");
  BOOST_TEST(node.refusal_of(named(2, 1), uut.now) == "");
  BOOST_TEST(node.refusal_of(named(3, 1), uut.now) == "");
  node.link_lost(2, uut.now);
  BOOST_TEST(node.refusal_of(named(2, 9), uut.now) == "");
}

// Scenario: more members than a ring takes, and one that is gone and was never known.
// Guarantee: neither is taken in.
BOOST_AUTO_TEST_CASE(members_are_bounded) {
  membership uut(named(1), {}, {}, 1, 0);
  std::vector<member> many;
  for (node_id id = 2; id <= ring::max_members + 100; ++id)
    many.push_back(named(id));
  uut.receive(2, many, false, 0);
  BOOST_TEST(uut.all_known().size() == ring::max_members);
  BOOST_TEST(uut.refusal_of(named(9999), 0) != "");
  membership other(named(1), {}, {}, 1, 0);
  auto gone = named(2);
  gone.state = member_state::down;
  other.receive(3, {gone, named(3)}, false, 0);
  BOOST_TEST(other.all_known().size() == 2U);
}

// Scenario: random pairs and triples of what is known of one member (seed 1). Guarantee: in whatever
// order they are put together, once or more often, the same comes out.
BOOST_AUTO_TEST_CASE(news_in_any_order) {
  auto random = std::mt19937_64(1);
  const auto any = [&] {
    auto made = named(7, 1 + random() % 2, std::string(1, static_cast<char>('a' + random() % 2)));
    made.state = static_cast<member_state>(random() % 5);
    made.beat = random() % 3;
    return made;
  };
  const auto both = [](member a, const member& b) {
    merge(a, b);
    return a;
  };
  for (int i = 0; i < 20'000; ++i) {
    const auto a = any();
    const auto b = any();
    const auto c = any();
    BOOST_REQUIRE((both(a, b) == both(b, a)));
    BOOST_REQUIRE((both(both(a, b), c) == both(a, both(b, c))));
    BOOST_REQUIRE((both(a, a) == a));
    BOOST_REQUIRE((both(both(a, b), b) == both(a, b)));
  }
}

BOOST_AUTO_TEST_SUITE_END()
