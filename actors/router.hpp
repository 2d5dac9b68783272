#pragma once

#include "actors/intake.hpp"
#include "actors/messages.hpp"
#include "actors/sabotage.hpp"
#include "cluster/progress.hpp"
#include "cluster/settling.hpp"
#include "net/byte_budget.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <deque>
#include <set>
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
  /// Bytes of remembered decisions that may be on their way to samplers.
  std::uint64_t decisions_credit = 4 << 20;
  /// The journal before anything of this start was written to it: what is to be read back.
  storage::bounds journal;
  /// Age at which a head entry may be written again at the tail.
  steady_ns stuck_age = 120 * second_ns;
  /// Bytes of entries that the intake has handed over and that are not sent on yet; it takes, this
  /// gives.
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

  /// A pipeline whose records (progress, decisions) are not all with its stages yet.
  struct owed_records {
    router_pipeline pipeline;
    bool back = false; ///< It came by a reload: what is open of it is sent again.
    bool progress_read = false;
    std::optional<std::vector<std::uint64_t>> chunks; ///< Still to be read, the newest last.
    std::set<std::size_t> full; ///< Samplers that have no room for older ones.
  };

  bool read_records();
  bool read_progress(owed_records& owed);
  bool read_decisions(owed_records& owed);
  result<decisions_ptr> next_decisions(owed_records& owed);
  void send_decisions(owed_records& owed, const decisions_ptr& message);
  void decisions_taken(pipeline_id pipeline, std::size_t sampler, std::uint64_t bytes, bool room);
  bool may_send() const noexcept { return recovered_ && owed_.empty(); }
  entry_ptr take_waiting(const cluster::open_entry& wanted);
  void drop_waiting();
  bool pass_over(const error& why);
  void go_on();
  void read_back();
  void found_in_journal(journal_position position, std::string_view bytes);
  void send(entry_ptr entry);
  void send_unsent();
  bool send_next();
  std::shared_ptr<durable_entry> unpack(std::string_view bytes, journal_position position);
  const router_pipeline* pipeline(pipeline_id id) const;
  void settle_by(const recovered_progress& records);
  void resend(const router_pipeline& pipeline);
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
  std::vector<owed_records> owed_;        ///< The first is being read. Nothing is sent meanwhile.
  std::uint64_t decisions_in_flight_ = 0;
  /// From the intake, without credit yet; in the order in which they came. Those that are settled or
  /// written again elsewhere meanwhile are passed over.
  std::deque<entry_ptr> waiting_;
  /// The oldest unsent ones, which cannot be read at the moment, and when they are tried again.
  std::size_t passed_over_ = 0;
  steady_ns try_again_at_ = 0;
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
