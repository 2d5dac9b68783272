#pragma once

#include "cluster/hub.hpp"
#include "schedule.hpp"

#include <map>
#include <set>
#include <string>

namespace weir::simulation {

class node;

/// What is between nodes: connections that keep their order, lose nothing while they stand, and
/// break; cuts, whole or one way, through which nothing comes until somebody notices.
class network {
public:
  explicit network(schedule& time) : schedule_(time) {}

  /// A process that listens; null: it is gone, and so are its connections.
  void set(node_id id, node* process);

  static std::string address_of(node_id id) { return "node-" + std::to_string(id); }

  // -- what nodes do --
  void connect(node_id source, cluster::link_number link, const std::string& address,
               const cluster::hello& word);
  void disconnect(node_id source, cluster::link_number link);
  void send(node_id source, cluster::link_number link, cluster::link_message message);
  void welcome(node_id source, cluster::session_number session, const cluster::welcome& answer);
  void refuse(node_id source, cluster::session_number session, const std::string& reason);
  void answer(node_id source, cluster::session_number session, cluster::link_answer message);
  void close_session(node_id source, cluster::session_number session);

  // -- faults --
  /// Nothing comes from one to the other any more.
  void cut(node_id source, node_id target);
  void heal();
  /// One connection breaks. What has come to the server by then may still be looked at, behind what
  /// comes over the next one.
  void break_one();
  bool is_cut(node_id source, node_id target) const { return cuts_.contains({source, target}); }
  bool any_cut() const noexcept { return !cuts_.empty(); }

private:
  struct connection {
    node_id client = 0;
    node_id server = 0;
    cluster::link_number link = 0;
    cluster::session_number session = 0;
    bool stands = true;
    steady_ns silent_since = 0; ///< Of a cut.
  };
  using session_key = std::pair<node_id, cluster::session_number>;
  using link_key = std::pair<node_id, cluster::link_number>;

  connection* by_link(node_id client, cluster::link_number link);
  connection* by_session(node_id server, cluster::session_number session);
  node* process(node_id id) const;
  /// Delivers it to a node that still runs, over a connection that still stands then.
  void carry(const connection& over, bool to_server, std::string text,
             std::function<void(node&)> deliver);
  void end(cluster::session_number session, const std::string& reason);

  schedule& schedule_;
  std::map<node_id, node*> processes_;
  std::map<cluster::session_number, connection> connections_;
  std::map<cluster::session_number, node_id> lingering_; ///< Servers of such.
  /// What waits for a cut to end, by direction, in order.
  struct held_message {
    cluster::session_number session;
    bool to_server;
    std::string text;
    std::function<void(node&)> deliver;
  };
  std::map<std::pair<node_id, node_id>, std::deque<held_message>> held_;
  std::map<std::pair<node_id, node_id>, std::uint64_t> cuts_; ///< Each with its number.
  std::uint64_t next_cut_ = 1;
  cluster::session_number next_session_ = 1;
};

} // namespace weir::simulation
