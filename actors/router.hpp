#pragma once

#include "actors/intake.hpp"
#include "actors/messages.hpp"
#include "actors/sabotage.hpp"
#include "cluster/progress.hpp"
#include "cluster/settling.hpp"
#include "net/byte_budget.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <unordered_map>
#include <unordered_set>

namespace weir::actors {

/// A sampled pipeline as the router sees it.
struct router_pipeline {
  pipeline_id id = 0;
  steady_ns decision_wait = 0;
  compressor_actor compressor;
};

struct router_config {
  std::vector<router_pipeline> pipelines;
  std::vector<sampler_actor> samplers;
  /// Unpacked bytes that may be on their way to samplers; what has no credit waits in the journal.
  std::uint64_t credit = 32 << 20;
  /// Age at which a head entry may be written again at the tail.
  steady_ns stuck_age = 120 * second_ns;
  /// Bytes of entries that the intake has handed over and that are not taken yet; it takes, this gives.
  std::shared_ptr<net::byte_budget> handed;
  sabotage broken;
};

class router_state {
public:
  static inline const char* name = "router";
  router_state();

  void start(router_actor::pointer self, router_config config,
             std::shared_ptr<storage::store> store, position_counter positions,
             writer_actor writer);
  void stored(const entry_ptr& entry);
  void taken(std::uint64_t bytes);
  void settled(const settled_report& report);
  void recover();
  void change(const router_config& to);
  void tick();
  void stall() const { config_.broken.stall(name); }

private:
  using entry_move = std::pair<entry_id, journal_position>;

  progress_ptr recover_records(const std::vector<router_pipeline>& of);
  void go_on();
  void read_back();
  void found_in_journal(journal_position position, std::string_view bytes);
  void send(entry_ptr entry);
  void read_unsent();
  void send_unsent();
  std::shared_ptr<durable_entry> unpack(std::string_view bytes, journal_position position);
  const router_pipeline* pipeline(pipeline_id id) const;
  void settle_by(const recovered_progress& records);
  bool lose(const cluster::open_entry& entry, const error& why);
  void try_again_later(std::string_view what, const error& why);
  void damaged(journal_position position, std::string_view bytes, const std::string& why);
  void trim();
  void move_stuck();
  void moved(const std::vector<entry_move>& moves);
  void end_move();

  router_actor::pointer self_ = nullptr;
  router_config config_;
  std::shared_ptr<storage::store> store_;
  position_counter positions_;
  writer_actor writer_;
  cluster::settling settling_{1};
  /// As read at start; only until the journal is read back.
  cluster::progress progress_;
  std::uint64_t in_flight_ = 0;
  bool records_recovered_ = false;
  bool recovered_ = false;
  bool recover_queued_ = false;
  journal_position read_from_ = 0;
  journal_position read_until_ = 0;
  journal_position trimmed_ = 0;
  /// Entries are being written again: the lowest of their old places, and how many answers are to come
  /// from samplers that may still read there.
  struct relocation {
    journal_position from = 0;
    std::size_t unanswered = 0;
  };
  std::optional<relocation> moving_;
  std::unordered_set<pipeline_id> gone_warned_;
  codec::packer packer_;
  std::string scratch_;
};

/// Spawn detached: it reads the journal back from disk.
router_actor::behavior_type router(router_actor::stateful_pointer<router_state> self,
                                   router_config config, std::shared_ptr<storage::store> store,
                                   position_counter positions, writer_actor writer);

} // namespace weir::actors
