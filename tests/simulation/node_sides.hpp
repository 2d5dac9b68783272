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
  void send_sent_until(std::size_t shard, steady_ns moment) override;
  void send_decisions(std::size_t shard, const stages::decisions_ptr& decisions,
                      std::uint64_t bytes) override;
  void send_progress(pipeline_id pipeline, const stages::progress_ptr& records) override;
  void send_low_water(pipeline_id pipeline, const cluster::low_water& mark) override;
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

} // namespace weir::simulation
