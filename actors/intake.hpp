#pragma once

#include "actors/commit_turns.hpp"
#include "actors/edit_pool.hpp"
#include "actors/entry_group.hpp"
#include "actors/ledger.hpp"
#include "actors/log_group.hpp"
#include "actors/log_tail.hpp"
#include "actors/messages.hpp"
#include "actors/receiver_metrics.hpp"
#include "actors/sabotage.hpp"
#include "core/metrics.hpp"
#include "net/byte_budget.hpp"

#include <atomic>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace weir::actors {

/// One pipeline as the intake sees it.
struct intake_pipeline {
  pipeline_id id = 0;
  std::string name;
  weir::signal signal = weir::signal::traces;
  bool sampled = false;           ///< Entries for the router; else blocks for the log.
  std::shared_ptr<log_tail> tail; ///< Of a pipeline that is not sampled.
  std::shared_ptr<const processors::chain> edits; ///< Null: none.
};

struct intake_config {
  std::vector<intake_pipeline> pipelines;
  /// By receiver: its id, and the pipelines (indexes) of each signal.
  struct receiver {
    std::string id;
    std::vector<std::size_t> traces, metrics, logs;
  };
  std::vector<receiver> receivers;
  std::size_t max_entry_bytes = 256 << 10;
  std::size_t max_block_bytes = 1 << 20;
  otlp::scan_limits limits;
  edit_limits edits;
  std::shared_ptr<net::byte_budget> handed; ///< For entries in the router's mailbox.
  sabotage broken;
};

/// The next free journal position: the intake's and the router's (who moves stuck entries).
using position_counter = std::shared_ptr<std::atomic<journal_position>>;

class intake_state {
public:
  static inline const char* name = "intake";

  void start(intake_actor::pointer self, intake_config config, std::shared_ptr<storage::store> store,
             position_counter positions, writer_actor writer, router_actor router);
  void take(arrivals& what);
  /// Processors are done with some requests.
  void take_edited();
  void on_turn();
  caf::result<changed_atom> change(intake_change to);
  caf::result<stopped_atom> stop();
  void stall() const { config_.broken.stall(name); }

private:
  struct pending_reply {
    net::reply_handle handle;
    net::otlp_reply answer;
    steady_ns arrived = 0;
    prometheus::Histogram* latency = nullptr; ///< Of acknowledgements.
  };
  struct lane {
    intake_pipeline info;
    std::optional<entry_group> entries;
    std::optional<log_group> blocks;
    log_position next_block = 0;
    ledger_page received;
    std::optional<ledger_page> logged;
  };
  /// What one commit made durable, for what comes after it.
  struct committed {
    std::vector<pending_reply> replies;
    std::vector<std::shared_ptr<durable_entry>> entries;
    std::vector<std::pair<std::shared_ptr<log_tail>, log_block>> blocks;

    void answer();
    /// It is durable.
    void hand_on(const router_actor& router);
  };

  /// What a lane made of a request.
  struct taken_items {
    std::uint64_t items = 0; ///< Good ones.
    otlp::rejected_spans rejected{};
    std::uint64_t removed = 0; ///< Of the good ones, by processors.
    std::string refusal{};     ///< Why processors refused it; "" = they did not.
  };
  /// `edited`: what processors made of it; null: there are none.
  tl::expected<taken_items, otlp::parse_error> give(lane& to, net::otlp_request& request, bool last,
                                                    edited_request* edited, unix_ns now);
  static taken_items give_edited(lane& to, net::otlp_request& request, bool last,
                                 edited_request& edited, unix_ns now);
  lane make_lane(const intake_pipeline& info) const;
  void open_groups(lane& of) const;
  void apply_change();
  /// Null: no pipeline of the request has processors.
  edit_job_ptr job_of(net::otlp_request& request, unix_ns now) const;
  /// `edited`: by lane, null where it has no processors; empty: none has.
  void take_one(net::otlp_request& request, const std::vector<std::size_t>& lanes,
                const std::vector<edited_request*>& edited, unix_ns now);
  void take_one_edited(edit_job& job, unix_ns now);
  const std::vector<std::size_t>& lanes_of(const net::otlp_request& request) const;
  void turn_away(net::otlp_request& request, const char* why);
  /// Adds to a receiver's metric.
  void count(const net::otlp_request& request, const metrics::by_signal& metric, std::uint64_t items);
  void flush();
  void close_entries(lane& of, storage::batch& batch, committed& done);
  void close_blocks(lane& of, storage::batch& batch, committed& done);
  void answer_stop();

  intake_actor::pointer self_ = nullptr;
  intake_config config_;
  std::shared_ptr<storage::store> store_;
  position_counter positions_;
  writer_actor writer_;
  router_actor router_;
  std::vector<lane> lanes_;
  std::vector<pending_reply> replies_;
  receiver_metrics metrics_;
  sequence next_sequence_ = 1;
  std::shared_ptr<commit_turns> turns_;
  std::unique_ptr<edit_pool> pool_;
  std::size_t editing_ = 0; ///< Requests that are with processors.
  intake_change wanted_; ///< Waits until nothing is gathered.
  std::vector<caf::typed_response_promise<changed_atom>> changing_;
  std::vector<caf::typed_response_promise<stopped_atom>> stopping_;
};

/// Spawn detached: what a client waits for must not wait behind sampling in the scheduler's queue. At most
/// two commits are in flight; while they run, the next gathers.
intake_actor::behavior_type intake(intake_actor::stateful_pointer<intake_state> self,
                                   intake_config config, std::shared_ptr<storage::store> store,
                                   position_counter positions, writer_actor writer,
                                   router_actor router);

} // namespace weir::actors
