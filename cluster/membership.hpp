#pragma once

#include "cluster/member.hpp"
#include "cluster/ring.hpp"
#include "core/clock.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace weir::cluster {

struct membership_settings {
  steady_ns suspect_after = 3 * second_ns; ///< `cluster.suspect_after`
  steady_ns down_after = 10 * second_ns;   ///< `cluster.down_after`
  steady_ns gossip_interval = second_ns;
  /// Changes that come together make one ring.
  steady_ns ring_delay = 2 * second_ns;
  /// Alone after so long: up without having heard of anybody.
  steady_ns join_timeout = 10 * second_ns;
  /// Who is down or left is forgotten.
  steady_ns forget_after = 24 * 3600 * second_ns;
  std::size_t fanout = 2; ///< Members that are asked at once.
};

/// What is to be sent: all that is known, to one member or seed.
struct gossip_target {
  node_id id = 0;      ///< 0: a seed, whose id is not known.
  std::string address; ///< host:port
  bool wants_answer = false;

  friend bool operator==(const gossip_target&, const gossip_target&) = default;
};

/// Who is in the cluster, by gossip: members tell each other all they know (push and pull, a few at
/// random once a second), and each counts up a beat of its own. Whose beat has not risen for a while
/// is suspected, then said to be down; who hears that of itself comes back as another boot, with an
/// empty window. There is no leader and no vote: with the same news all come to the same ring.
///
/// - A member that more than half of the others cannot reach, though somebody still hears of it, is
///   down as well, so that cuts which are not transitive settle too.
/// - After a pause of its own (no tick for `suspect_after`) it is frozen: nothing it holds may be
///   decided, and nobody is said to be down, until another has answered, or for `down_after`: then all
///   others are as good as down to it.
/// - Two halves of a cut both go on; when they meet, those whom the other half took for down come
///   back as other boots, in one ring.
///
/// Bounded: ring::max_members; more are not taken in.
///
/// Pure: message in, messages out, `now` as an argument. One thread. Times are on the steady clock of
/// this process; those of others are never compared with it.
class membership {
public:
  /// `self`: with its boot; joins. `seeds`: host:port of members that may be there, asked until
  /// somebody has answered.
  membership(member self, std::vector<std::string> seeds, membership_settings settings,
             std::uint64_t random_seed, steady_ns now);

  // -- what comes --
  /// A few times a second at least.
  void tick(steady_ns now);
  /// All that another knows; where it wants an answer, there is a target for it.
  void receive(node_id source, const std::vector<member>& theirs, bool wants_answer, steady_ns now);
  /// Its link to a member stands, or not any more.
  void link_up(node_id id);
  void link_lost(node_id id, steady_ns now);
  /// Others are asked from now on.
  void set_seeds(std::vector<std::string> seeds) { seeds_ = std::move(seeds); }
  /// What it samples; told with the next gossip.
  void set_pipelines(std::vector<std::string> names);
  /// What was asked of its budgets; the same. @pre within limit_rates()
  void set_rates(std::vector<rate_report> rates);
  void leave();    ///< Gives up what it owns.
  void say_left(); ///< The last word.
  /// After told_down(): what it held is dropped, and it is another boot. @pre above the last
  void begin_boot(std::uint64_t boot, steady_ns now);

  /// "" = a member that says hello may come in; else why not: its id is taken by one that lives.
  std::string refusal_of(const member& newcomer, steady_ns now) const;

  // -- what goes --
  /// Whom all_known() is to be sent to.
  std::vector<gossip_target> take_targets();
  /// By id, itself included.
  std::vector<member> all_known() const;
  /// The same, one by one.
  template <class Each>
  void for_each(Each&& each) const {
    for (const auto& [id, known] : known_)
      each(known.info);
  }
  /// Where another ring than the last one holds since `ring_delay`.
  std::optional<ring> take_ring(steady_ns now);

  const member& self() const noexcept { return known_.at(id_).info; }
  /// Others said that this boot is down: begin_boot() is to come.
  bool told_down() const noexcept { return told_down_; }
  /// Another boot of this id was let in: this process is to end.
  bool superseded() const noexcept { return superseded_; }
  /// Nothing may be decided.
  bool frozen() const noexcept { return frozen_ || told_down_ || superseded_; }
  bool suspected(node_id id, steady_ns now) const;
  /// Since when its beat has not risen. @pre known
  steady_ns heard(node_id id) const { return known_.at(id).heard; }
  /// null: nobody of this id is known.
  const member* find(node_id id) const;
  /// No other member lives.
  bool alone() const;
  /// "" = ready for clients; else why not.
  std::string unready(steady_ns now) const;

private:
  struct known_member {
    member info;
    steady_ns heard = 0;                ///< When its beat last rose, here.
    steady_ns since = 0;                ///< When this boot was first heard of.
    std::optional<steady_ns> lost = {}; ///< Since when there is no link to it.
  };

  void take_in(const member& heard, steady_ns now);
  void hear_of_self(const member& heard);
  void freeze(steady_ns now);
  void beat(steady_ns now);
  void note_unreachable(steady_ns now);
  void judge(steady_ns now);
  void tell_all();
  bool out_of_reach(node_id id) const;
  void forget(steady_ns now);
  void choose_targets();
  std::vector<ring_member> members_up() const;
  template <class Holds>
  std::vector<const member*> others(Holds&& holds) const;

  node_id id_;
  std::vector<std::string> seeds_;
  membership_settings settings_;
  std::mt19937_64 random_;
  std::map<node_id, known_member> known_;
  std::vector<gossip_target> targets_;
  std::uint64_t ring_ = 0; ///< Digest of the one that was taken last.
  std::optional<steady_ns> ring_changed_;
  steady_ns began_;
  steady_ns ticked_;
  steady_ns next_gossip_;
  bool answered_ = false; ///< Another member has said something, since the start.
  bool frozen_ = false;
  steady_ns froze_ = 0;         ///< When.
  std::uint64_t thaw_beat_ = 0; ///< Who has heard this one heard it after the pause.
  bool told_down_ = false;
  bool superseded_ = false;
};

} // namespace weir::cluster
