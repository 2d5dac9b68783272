#pragma once

#include "cluster/clock_offset.hpp"
#include "cluster/membership.hpp"
#include "cluster/messages.hpp"
#include "cluster/rate_shares.hpp"
#include "cluster/ring_view.hpp"
#include "cluster/view.hpp"

#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace weir::cluster {

/// Names a link that this node makes, or one that was made to it (a session), for as long as it is
/// there.
using link_number = std::uint64_t;
using session_number = std::uint64_t;

/// Where what the hub says goes.
class hub_ports {
public:
  virtual ~hub_ports() = default;

  // -- links --
  virtual void connect(link_number link, const std::string& address, const hello& first) = 0;
  virtual void disconnect(link_number link) = 0;
  virtual void send(link_number link, gossip message) = 0;
  // -- sessions --
  virtual void welcome_in(session_number session, const welcome& answer) = 0;
  virtual void refuse(session_number session, const std::string& reason) = 0;
  virtual void answer(session_number session, gossip message) = 0;
  // -- the node --
  /// Entries for `peer` go over this link from now on.
  virtual void link_up(node_id peer, link_number link) = 0;
  /// Moments that go to `peer` are to be put on its clock by this, from now on.
  virtual void set_offset(node_id peer, steady_ns offset) = 0;
  virtual void link_lost(node_id peer) = 0;
  virtual void change_ring(const ring_view& ring) = 0;
  /// A boot above all before, which is remembered. The clock is a good source.
  virtual std::uint64_t next_boot() = 0;
  /// Another process has this node's id: this one is to end.
  virtual void end(const std::string& reason) = 0;
};

struct hub_settings {
  std::string cluster; ///< Its name.
  membership_settings membership;
  steady_ns shortest_pause = 100 * millisecond_ns; ///< Between attempts to link, doubled ...
  steady_ns longest_pause = 2 * second_ns;         ///< ... up to this.
};

/// A node's place in the cluster: makes links to all who live, answers those made to it, gossips
/// over them, and says when there is another ring.
///
/// Bounded: a link to each member and to each seed; sessions are the server's. What is known of an
/// address is forgotten an hour after it was tried last, and sooner of more than twice as many as
/// there may be members.
///
/// Pure: message in, messages out, `now` as an argument. One thread.
class hub {
public:
  hub(member self, std::vector<std::string> seeds, hub_settings settings, std::uint64_t random_seed,
      hub_ports& ports, moment now);

  /// A few times a second at least.
  void tick(moment now);

  // -- links that this node made --
  void opened(link_number link, const welcome& answer, moment now);
  void closed(link_number link, const std::string& reason, bool refused, moment now);
  void received(link_number link, const gossip& message, moment now);

  // -- sessions --
  /// Answered by welcome_in() or refuse().
  void said_hello(session_number session, const hello& newcomer, moment now);
  void received(session_number session, node_id peer, const gossip& message, moment now);
  void session_closed(session_number session);

  // -- the node --
  void set_pipelines(std::vector<std::string> names) {
    membership_.set_pipelines(std::move(names));
  }
  /// What was asked of this node's budgets, a second ago or so. Returns its shares.
  node_shares share_rates(std::vector<rate_report> own);
  /// Other seeds: DNS says others now.
  void set_seeds(std::vector<std::string> seeds) { membership_.set_seeds(std::move(seeds)); }
  void leave(moment now);
  void say_left(moment now);

  const membership& members() const noexcept { return membership_; }
  const std::optional<ring>& present_ring() const noexcept { return ring_; }
  /// "" = ready for clients; else why not.
  std::string unready(moment now) const;
  cluster_view view(moment now) const;
  std::size_t addresses_known() const noexcept { return attempts_.size(); }

private:
  struct link {
    std::string address;
    node_id peer = 0; ///< 0: a seed that has not answered.
    std::uint64_t boot = 0;
    bool stands = false;
    std::optional<steady_ns> asked; ///< When gossip went that is not answered.
    steady_ns round_trip = 0;
    std::int64_t skew_ns = 0;
    clock_offset offset;
    steady_ns begun = 0;
  };
  struct attempt {
    steady_ns next = 0;
    steady_ns pause = 0;
    std::string trouble;
    bool refused = false; ///< The other side said that.
  };

  hello first_word(moment now) const;
  void connect(const std::string& address, node_id peer, moment now);
  void drop(link_number link, moment now);
  void note_clock(link& made, steady_ns said, moment now);
  gossip news(bool wants_answer, moment now) const;
  void keep_links(moment now);
  void forget_attempts(moment now);
  void send_gossip(moment now);
  link_number link_to(node_id peer) const;
  link_number link_to(const std::string& address) const;
  session_number session_of(node_id peer) const;
  void say_refusal(const hello& newcomer, const std::string& reason);
  void look_at_self(moment now);
  void look_at_ring(moment now);
  ring_view present_view() const;
  void add_owners(ring_view& view) const;
  void note_links() const;

  hub_settings settings_;
  membership membership_;
  hub_ports& ports_;
  std::mt19937_64 random_;
  std::map<link_number, link> links_;
  std::map<node_id, link_number> by_peer_; ///< Those that stand.
  std::map<session_number, node_id> sessions_;
  std::map<std::string, attempt> attempts_; ///< By address.
  std::map<node_id, std::string> refusals_; ///< Those that were said, a few.
  link_number next_link_ = 1;
  std::optional<ring> ring_;
  std::optional<ring_view> told_; ///< The node knows this. Without owners.
  bool fresh_ = false;
};

} // namespace weir::cluster
