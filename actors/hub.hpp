#pragma once

#include "actors/messages.hpp"
#include "sampling/rate_board.hpp"
#include "storage/store.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <functional>
#include <mutex>
#include <optional>

namespace weir::actors {

/// What others may know of a node's place without asking the hub. Any thread.
class cluster_state {
public:
  void set_unready(std::string reason) {
    const std::lock_guard guard(mutex_);
    unready_ = std::move(reason);
  }
  /// "" = ready for clients.
  std::string unready() const {
    const std::lock_guard guard(mutex_);
    return unready_;
  }
  /// No other member lives.
  void set_alone(bool alone) { alone_ = alone; }
  bool alone() const { return alone_; }
  void set_leaving(double progress) { leaving_ = progress; }
  /// From 0 to 1; 1: it has left.
  double leaving() const { return leaving_; }

private:
  mutable std::mutex mutex_;
  std::string unready_ = "it has not begun to join";
  std::atomic<double> leaving_{0};
  std::atomic<bool> alone_{true};
};

/// Whom the hub tells what.
struct hub_neighbours {
  std::vector<shard_actor> shards;
  origin_actor origin;
  intake_actor intake;
  writer_actor writer;
  std::shared_ptr<storage::store> store;
  std::shared_ptr<cluster_state> shown;
  std::shared_ptr<sampling::rate_board> rates;
  std::function<void()> refuse_clients; ///< For good: the node leaves.
};

/// The hub in its mailbox.
class hub_state : public cluster::hub_ports {
public:
  static inline const char* name = "hub";

  void start(hub_actor::pointer self, hub_neighbours neighbours, const hub_change_message& plan);
  /// Once the origin has read its records.
  void begin(const hub_plan_ptr& plan);
  void tick();

  // -- links --
  void opened(cluster::link_number link, const cluster::welcome& answer);
  void closed(cluster::link_number link, const std::string& reason, bool refused);
  void received(cluster::link_number link, const cluster::gossip& message);
  void handed_taken(node_id peer, std::uint64_t ticket);
  // -- sessions --
  void said_hello(const session_ptr& session);
  void received(cluster::session_number session, node_id peer, const cluster::gossip& message);
  void session_closed(cluster::session_number session);
  // -- the node --
  void set_seeds(const std::vector<std::string>& seeds);
  void change(const hub_change_message& plan);
  void leave();
  /// Asks a member to leave. errc::unavailable: there is no link; errc::unsupported: it runs an older
  /// release.
  result<void> ask_to_leave(node_id peer);
  view_ptr view() const;
  /// Nothing is decided here any more.
  void freeze();
  /// All links are closed, and none is made any more.
  void stop();

  void connect(cluster::link_number link, const std::string& address,
               const cluster::hello& first) override;
  void disconnect(cluster::link_number link) override;
  void send(cluster::link_number link, cluster::gossip message) override;
  void welcome_in(cluster::session_number session, const cluster::welcome& answer) override;
  void refuse(cluster::session_number session, const std::string& reason) override;
  void answer(cluster::session_number session, cluster::gossip message) override;
  void link_up(node_id peer, cluster::link_number link) override;
  void set_offset(node_id peer, steady_ns offset) override;
  void link_lost(node_id peer) override;
  void change_ring(const cluster::ring_view& ring) override;
  std::uint64_t next_boot() override;
  void end(const std::string& reason) override;

private:
  /// One look at whether anything is held, of the origin and the compressors.
  struct leave_look {
    std::size_t unanswered = 0;
    bool held = false;
    std::uint64_t open = 0;
  };
  using leave_look_ptr = std::shared_ptr<leave_look>;

  void join(const hub_plan& plan);
  void show() const;
  void share_rates();
  // -- leaving (hub_leaving.cpp) --
  void look_at_rest();
  void note(leave_look& look);
  std::uint64_t undelivered_blocks() const;
  bool owns_nothing() const;

  hub_actor::pointer self_ = nullptr;
  hub_neighbours neighbours_;
  std::map<stages::compressor_number, compressor_actor> compressors_;
  stages::configured_exporters exporters_;
  std::vector<std::string> pipelines_;
  std::shared_ptr<const net::link_credentials> credentials_;
  std::map<cluster::link_number, peer_link_ptr> links_;
  std::map<node_id, peer_link_ptr> peers_; ///< Those that stand.
  std::map<node_id, steady_ns> offsets_;
  std::map<cluster::session_number, session_ptr> sessions_;
  std::uint64_t boot_ = 0;
  cluster::ring_view ring_; ///< As it was told last.
  bool frozen_ = false;
  bool stopped_ = false;
  bool leaving_ = false;
  bool left_ = false;
  bool looking_ = false;
  unsigned quiet_looks_ = 0;
  std::uint64_t held_at_first_ = 0;
  steady_ns next_look_ = 0;
  steady_ns next_share_ = 0;
  std::optional<cluster::hub> stage_; ///< Nothing before begin().
};

/// The store's meta key of the last boot.
inline constexpr auto boot_key = "cluster.boot";
/// A boot above the last one, by the clock.
std::uint64_t boot_after(std::uint64_t last);

/// Spawn detached: others take a member that is late with its ticks for down.
hub_actor::behavior_type hub(hub_actor::stateful_pointer<hub_state> self, hub_neighbours neighbours,
                             hub_change plan);

} // namespace weir::actors
