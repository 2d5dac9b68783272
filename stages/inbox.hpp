#pragma once

#include "cluster/settling.hpp"
#include "codec/compression.hpp"
#include "stages/messages.hpp"
#include "storage/disk.hpp"

#include <map>
#include <string>

namespace weir::stages {

struct inbox_config {
  std::map<std::string, pipeline_id> pipelines; ///< The sampled ones, by name.
  std::size_t shards = 0;
  /// Packed bytes of others' entries that stay in memory alone; beyond, they are put away on the disk
  /// too, so that the windows can drop them.
  std::uint64_t memory = 256 << 20;
};

/// Where what the inbox says goes.
class inbox_ports {
public:
  virtual ~inbox_ports() = default;

  virtual void send_entry(std::size_t shard, const entry_ptr& entry) = 0;
  virtual void send_sent_until(std::size_t shard, node_id origin, steady_ns moment,
                               std::uint64_t ring) = 0;
  /// To the compressor of the pipeline, then to the shards. Answered by inbox::taken_over().
  virtual void send_taken_over(const taken_over_ptr& message) = 0;
  /// To the compressors of all pipelines.
  virtual void send_low_water(const cluster::low_water& mark) = 0;
  /// Over the link that this node made to here.
  virtual void answer(node_id peer, cluster::link_answer message) = 0;
  /// It said what cannot be.
  virtual void close(node_id peer, const std::string& reason) = 0;
};

/// The owner's near end: what other origins and owners send to this node, on its way to shards and
/// compressors, and what goes back to them. Entries are checked, as they come from outside.
///
/// Bounded by the credit that origins have, and in what the windows hold by `memory` and by what may
/// be spilled: what fits into neither is turned away, and waits in its origin's journal.
///
/// Pure; one thread. `now` comes with each message.
class inbox {
public:
  inbox(inbox_config config, std::shared_ptr<storage::disk> disk, inbox_ports& ports)
      : config_(std::move(config)), disk_(std::move(disk)), ports_(ports),
        memory_(std::make_shared<net::byte_budget>(config_.memory)) {}

  void take(node_id origin, const cluster::sent_entry& message, moment now);
  void take(node_id origin, const cluster::sent_until& message, moment now);
  void take(node_id origin, const cluster::forgotten& message);
  void take(node_id source, cluster::handed_over message);
  /// Its link is another one now: credit of before counts for nothing.
  void link_changed(node_id origin) { credit_.erase(origin); }

  /// From a shard: so many unpacked bytes of entries of this origin are taken over. It gets its credit
  /// back in large steps, and with each of its sent_until what there is.
  void taken(node_id origin, std::uint64_t bytes);
  /// From a shard.
  void settled(node_id origin, const settled_report& report);
  /// From a shard: these are not this node's, or not any more.
  void turned_away(node_id origin, const cluster::wrong_owner& report) {
    ports_.answer(origin, report);
  }
  /// From a compressor: what another node handed over is durable here.
  void taken_over(const handed_ticket& handed);
  /// Other pipelines: a reload.
  void change(inbox_config wanted) { config_ = std::move(wanted); }

private:
  std::shared_ptr<durable_entry> unpack(node_id origin, const cluster::sent_entry& message,
                                        moment now);
  void turn_away(node_id origin, const durable_entry& entry);
  bool make_room(durable_entry& entry, std::string_view bytes);
  void give_back(node_id origin);
  void give_credit(node_id origin, std::uint64_t bytes);

  inbox_config config_;
  std::shared_ptr<storage::disk> disk_;
  inbox_ports& ports_;
  std::shared_ptr<net::byte_budget> memory_;
  std::map<node_id, std::uint64_t> credit_; ///< Bytes taken, summed over the shards.
  codec::packer packer_;
};

} // namespace weir::stages
