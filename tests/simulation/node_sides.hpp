#pragma once

#include "node.hpp"

// Each stage of a simulated node with its ports.
namespace weir::simulation {

inline std::string shard_name(std::size_t shard) {
  return "shard " + std::to_string(shard);
}

struct node::intake_side final : stages::intake_ports {
  explicit intake_side(node& owner) : owner(&owner) {}

  void edit(std::vector<stages::edit_job_ptr>) override {}
  void drop_edits() override {}
  void write(const stages::commit_ptr& work) override {
    owner->commits_.push_back({work, "", nullptr});
  }
  void send_entry(const stages::entry_ptr& entry) override;
  void send_turn() override;

  node* owner;
  std::optional<stages::intake> stage;
};

struct node::origin_side final : stages::origin_ports {
  explicit origin_side(node& owner) : owner(owner) {}

  void send_entry(std::size_t shard, const stages::entry_ptr& entry) override;
  void send_move(std::size_t shard, const entry_id& id, journal_position position,
                 bool answer) override;
  void send_sent_until(std::size_t shard, steady_ns moment, std::uint64_t ring) override;
  void send_away(node_id owner, cluster::link_message message) override;
  void send_decisions(std::size_t shard, const stages::decisions_ptr& decisions,
                      std::uint64_t bytes) override;
  void send_progress(pipeline_id pipeline, const stages::progress_ptr& records) override;
  void send_low_water(pipeline_id pipeline, const cluster::low_water& mark) override;
  void records_read() override;
  void write(const stages::commit_ptr& work) override;
  void go_on_after(steady_ns pause) override;

  node& owner;
  std::optional<stages::origin> stage;
};

struct node::shard_side final : stages::shard_ports {
  shard_side(node& owner, std::uint32_t index) : owner(owner), index(index) {}

  void send_taken(node_id origin, std::uint64_t bytes) override;
  void send_settled(node_id origin, const stages::settled_ptr& report) override;
  void send_decided(stages::compressor_number compressor,
                    const stages::decided_ptr& message) override;
  void send_turned_away(node_id origin, cluster::wrong_owner report) override;
  void send_ring(stages::compressor_number compressor, const stages::ring_ptr& ring) override;
  void send_handed(stages::compressor_number compressor,
                   const stages::handed_ptr& message) override;

  node& owner;
  const std::uint32_t index;
  std::optional<stages::shard> stage;
};

struct node::compressor_side final : stages::compressor_ports,
                                     std::enable_shared_from_this<compressor_side> {
  compressor_side(node& owner, stages::compressor_number number) : owner(owner), number(number) {}

  void write(const stages::commit_ptr& work) override;
  void send_durable(std::uint32_t shard, pipeline_id pipeline, std::uint64_t ticket) override;
  void time_out_after(steady_ns pause) override;
  void show_after(steady_ns pause) override;
  void send_away(node_id target, cluster::handed_over message) override;
  void send_handed(std::uint32_t shard, const stages::handed_ptr& message) override;
  void send_taken_over(const stages::handed_ticket& handed) override;

  node& owner;
  const stages::compressor_number number;
  std::optional<stages::compressor> stage;
};

struct node::exporter_side final : stages::exporter_ports {
  explicit exporter_side(node& owner) : owner(owner) {}

  void send(std::uint64_t id, backends::export_request request) override;
  void send_report(stages::delivery_report report) override;
  void write(const stages::commit_ptr& work) override;
  void pump_after(steady_ns pause) override;
  void look_after(steady_ns pause) override;

  node& owner;
  std::optional<stages::exporter> stage;
};

struct node::inbox_side final : stages::inbox_ports {
  explicit inbox_side(node& owner) : owner(owner) {}

  void send_entry(std::size_t shard, const stages::entry_ptr& entry) override;
  void send_sent_until(std::size_t shard, node_id origin, steady_ns moment,
                       std::uint64_t ring) override;
  void send_taken_over(const stages::taken_over_ptr& message) override;
  void send_low_water(const cluster::low_water& mark) override;
  void answer(node_id peer, cluster::link_answer message) override;
  void close(node_id peer, const std::string& reason) override;

  node& owner;
  std::map<node_id, cluster::session_number> sessions; ///< By peer: over which its data came last.
  std::optional<stages::inbox> stage;
};

struct node::hub_side final : cluster::hub_ports {
  explicit hub_side(node& owner) : owner(owner) {}

  void connect(cluster::link_number link, const std::string& address,
               const cluster::hello& first) override;
  void disconnect(cluster::link_number link) override;
  void send(cluster::link_number link, cluster::gossip message) override;
  void welcome_in(cluster::session_number session, const cluster::welcome& answer) override;
  void refuse(cluster::session_number session, const std::string& reason) override;
  void answer(cluster::session_number session, cluster::gossip message) override;
  void link_up(node_id peer, cluster::link_number link) override;
  void set_offset(node_id peer, steady_ns offset) override { offsets[peer] = offset; }
  void link_lost(node_id peer) override;
  void change_ring(const cluster::ring_view& ring) override;
  std::uint64_t next_boot() override { return ++boot; }
  void end(const std::string& reason) override { ended = reason; }

  /// To a member, where a link stands.
  void send_to(node_id peer, cluster::link_message message);

  node& owner;
  std::uint64_t boot = 1;
  std::string ended;
  std::map<node_id, cluster::link_number> links; ///< By peer, those that stand.
  std::map<cluster::link_number, node_id> peers;
  std::map<node_id, steady_ns> offsets;
  std::optional<cluster::hub> stage;
};

} // namespace weir::simulation
