#include "cluster/membership.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <map>
#include <memory>
#include <queue>
#include <set>

using namespace weir;
using namespace weir::cluster;

namespace {

constexpr steady_ns millisecond = second_ns / 1000;
constexpr steady_ns step = 100 * millisecond;

struct faults {
  unsigned lost_percent = 0; ///< Of messages.
  steady_ns slowest = 50 * millisecond;
};

/// Members on clocks of their own, whose messages take time, get lost, come twice and overtake each
/// other. Everything follows from the seed.
class gossip_model {
public:
  gossip_model(std::uint64_t seed, node_id count, faults faults) : random_(seed), faults_(faults) {
    for (node_id id = 1; id <= count; ++id)
      start(id);
  }

  void start(node_id id) {
    auto& node = nodes_[id];
    node.boot = ++boots_;
    node.skew = static_cast<steady_ns>(random_() % 1000) * second_ns;
    node.paused = false;
    member self{id, node.boot, member_state::joining, 0, std::to_string(id), zone_of(id), "1", {}};
    std::vector<std::string> seeds{"1", "2", "3"};
    node.state = std::make_unique<membership>(std::move(self), std::move(seeds),
                                              membership_settings{}, random_(), clock_of(node));
  }
  void kill(node_id id) { nodes_.at(id).state.reset(); }
  void pause(node_id id, bool paused) { nodes_.at(id).paused = paused; }
  /// Nothing passes between these and the others.
  void split(std::set<node_id> side) { side_ = std::move(side); }

  /// Nothing passes between these two, and their links notice; or they stand again.
  void cut(node_id one, node_id other, bool cut) {
    cut_ = cut ? std::set{one, other} : std::set<node_id>{};
    for (const auto& [id, peer] : {std::pair{one, other}, std::pair{other, one}}) {
      auto& node = nodes_.at(id);
      if (cut)
        node.state->link_lost(peer, clock_of(node));
      else
        node.state->link_up(peer);
    }
  }
  /// Ready for clients.
  bool ready(node_id id) const {
    const auto& node = nodes_.at(id);
    return node.state->unready(clock_of(node)).empty();
  }

  void pass(steady_ns time) {
    for (const auto end = now_ + time; now_ < end; now_ += step) {
      deliver();
      for (auto& [id, node] : nodes_)
        if (node.state && !node.paused)
          tick(id, node);
    }
  }

  /// All that live have the ring of those that live.
  bool settled() const {
    std::vector<node_id> live;
    for (const auto& [id, node] : nodes_)
      if (node.state && !node.paused)
        live.push_back(id);
    return std::all_of(live.begin(), live.end(), [&](node_id id) {
      const auto& ring = nodes_.at(id).view;
      std::vector<node_id> there;
      for (const auto& each : ring.members())
        there.push_back(each.id);
      return there == live && ring.digest() == nodes_.at(live[0]).view.digest();
    });
  }

  /// Seconds until settled(), at most so many; -1: not.
  int seconds_to_settle(int most) {
    for (int seconds = 0; seconds <= most; ++seconds) {
      if (settled())
        return seconds;
      pass(second_ns);
    }
    return -1;
  }

  std::uint64_t random(std::uint64_t below) { return random_() % below; }
  std::size_t rings() const noexcept { return rings_; }
  std::size_t reboots() const noexcept { return reboots_; }
  bool lives(node_id id) const { return nodes_.at(id).state != nullptr; }
  node_id count() const noexcept { return nodes_.size(); }

private:
  struct node {
    std::unique_ptr<membership> state;
    std::uint64_t boot = 0;
    steady_ns skew = 0;
    bool paused = false;
    ring view;
  };
  struct message {
    steady_ns due;
    std::uint64_t number; // so that equal times have an order
    node_id source, target;
    std::vector<member> content;
    bool wants_answer;

    bool operator<(const message& other) const {
      return std::pair(due, number) > std::pair(other.due, other.number);
    }
  };

  static std::string zone_of(node_id id) { return std::string(1, static_cast<char>('a' + id % 3)); }
  steady_ns clock_of(const node& node) const { return now_ + node.skew; }

  void tick(node_id id, node& node) {
    auto& state = *node.state;
    state.tick(clock_of(node));
    BOOST_REQUIRE(!state.superseded());
    if (state.told_down()) {
      ++reboots_;
      state.begin_boot(node.boot = ++boots_, clock_of(node));
    }
    for (const auto& target : state.take_targets())
      send(id, target.id != 0 ? target.id : std::stoull(target.address), target.wants_answer);
    if (auto changed = state.take_ring(clock_of(node))) {
      node.view = std::move(*changed);
      ++rings_;
    }
  }

  void send(node_id source, node_id target, bool wants_answer) {
    const auto copies = random_() % 100 < faults_.lost_percent ? 0 : random_() % 20 == 0 ? 2 : 1;
    for (int i = 0; i < copies; ++i)
      messages_.push({now_ + static_cast<steady_ns>(random_() % faults_.slowest), ++sent_, source,
                      target, nodes_.at(source).state->all_known(), wants_answer});
  }

  void deliver() {
    std::vector<message> waiting;
    while (!messages_.empty() && messages_.top().due <= now_) {
      auto each = messages_.top();
      messages_.pop();
      const auto found = nodes_.find(each.target);
      if (found == nodes_.end())
        continue; // a seed that is not there
      auto& node = found->second;
      const bool is_cut = cut_.contains(each.source) && cut_.contains(each.target);
      if (!node.state || is_cut || side_.contains(each.source) != side_.contains(each.target))
        continue;
      if (node.paused)
        waiting.push_back(std::move(each)); // in its socket
      else
        node.state->receive(each.source, each.content, each.wants_answer, clock_of(node));
    }
    for (auto& each : waiting)
      messages_.push(std::move(each));
  }

  std::mt19937_64 random_;
  faults faults_;
  steady_ns now_ = 0;
  std::map<node_id, node> nodes_;
  std::set<node_id> side_;
  std::set<node_id> cut_;
  std::priority_queue<message> messages_;
  std::uint64_t sent_ = 0;
  std::uint64_t boots_ = 0;
  std::size_t rings_ = 0;
  std::size_t reboots_ = 0;
};

} // namespace

BOOST_AUTO_TEST_SUITE(gossip_model_test)

// Scenario: 2 to 64 members, a fifth of all messages lost, for five minutes without any other fault.
// Guarantee: one ring, soon, and it stays: nobody is taken for down.
BOOST_AUTO_TEST_CASE(losses_take_nobody_for_down) {
  for (const node_id count : {2, 3, 5, 16, 64}) {
    gossip_model uut(count, count, {.lost_percent = 20});
    const auto seconds = uut.seconds_to_settle(60);
    BOOST_TEST(seconds >= 0);
    const auto rings = uut.rings();
    uut.pass(300 * second_ns);
    BOOST_TEST(uut.settled());
    BOOST_TEST(uut.rings() == rings);
    BOOST_TEST(uut.reboots() == 0U);
  }
}

// Scenario: 64 members, of which two lose each other for 2 to 20 s, again and again, for five minutes.
// Guarantee: the ring stays, nobody is taken for down, none but the two is ever unready, and these
// only while they have lost each other for long.
BOOST_AUTO_TEST_CASE(a_flapping_link_moves_nothing) {
  constexpr node_id count = 64;
  gossip_model uut(7, count, {.lost_percent = 5});
  BOOST_TEST(uut.seconds_to_settle(60) >= 0);
  const auto rings = uut.rings();
  for (int round = 0; round < 14; ++round) {
    uut.cut(3, 40, true);
    const auto seconds = static_cast<steady_ns>(2 + uut.random(19));
    // Not as long as `down_after` to the moment: which comes first then is chance.
    uut.pass(seconds * second_ns - second_ns / 2);
    BOOST_TEST(uut.ready(3) == (seconds <= 10));
    for (node_id id = 1; id <= count; ++id)
      BOOST_TEST((uut.ready(id) || id == 3 || id == 40));
    uut.cut(3, 40, false);
    uut.pass(static_cast<steady_ns>(1 + uut.random(20)) * second_ns);
    BOOST_TEST((uut.ready(3) && uut.ready(40)));
  }
  BOOST_TEST(uut.settled());
  BOOST_TEST(uut.rings() == rings);
  BOOST_TEST(uut.reboots() == 0U);
}

// Scenario: five members; 3 and 2 of them cut off from each other for a minute.
// Guarantee: a ring on either side; one ring when they meet again.
BOOST_AUTO_TEST_CASE(two_halves_meet) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    gossip_model uut(seed, 5, {});
    BOOST_TEST(uut.seconds_to_settle(60) >= 0);
    uut.split({2, 5});
    uut.pass(60 * second_ns);
    uut.split({});
    BOOST_TEST(uut.seconds_to_settle(60) >= 0, "seed " << seed);
  }
}

// Scenario: three to nine members, and for ten minutes random kills, returns, pauses of up to 40 s
// and cuts; then none. Guarantee: a minute later all that live have one ring of all that live.
BOOST_AUTO_TEST_CASE(whatever_happens_they_agree_in_the_end) {
  const auto* asked = std::getenv("WEIR_GOSSIP_SEED");
  const std::uint64_t first = asked != nullptr ? std::strtoull(asked, nullptr, 10) : 1;
  for (auto seed = first; seed <= (asked != nullptr ? first : 60); ++seed) {
    gossip_model uut(seed, 3 + seed % 7, {.lost_percent = static_cast<unsigned>(seed % 4 * 10)});
    std::set<node_id> paused;
    for (int round = 0; round < 60; ++round) {
      const auto id = 1 + uut.random(uut.count());
      switch (uut.random(6)) {
      case 0:
        uut.kill(id);
        break;
      case 1:
        if (!uut.lives(id))
          uut.start(id);
        break;
      case 2:
        uut.pause(id, true);
        paused.insert(id);
        break;
      case 3:
        uut.split({id, 1 + uut.random(uut.count())});
        break;
      case 4:
        uut.split({});
        break;
      default:
        for (const auto each : std::exchange(paused, {}))
          uut.pause(each, false);
      }
      uut.pass((1 + uut.random(20)) * second_ns);
    }
    uut.split({});
    for (node_id id = 1; id <= uut.count(); ++id) {
      uut.pause(id, false);
      if (!uut.lives(id))
        uut.start(id);
    }
    BOOST_TEST(uut.seconds_to_settle(60) >= 0, "WEIR_GOSSIP_SEED=" << seed);
  }
}

BOOST_AUTO_TEST_SUITE_END()
