#pragma once

#include "core/metrics.hpp"
#include "net/server/byte_budget.hpp"
#include "stages/commit_turns.hpp"
#include "stages/defaults.hpp"
#include "stages/edit_limits.hpp"
#include "stages/edit_queue.hpp"
#include "stages/entry_group.hpp"
#include "stages/ledger.hpp"
#include "stages/log_group.hpp"
#include "stages/log_tail.hpp"
#include "stages/messages.hpp"
#include "stages/metering.hpp"
#include "stages/origin.hpp"
#include "stages/receiver_metrics.hpp"
#include "stages/sabotage.hpp"

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <variant>

namespace weir::stages {

/// One pipeline as the intake sees it.
struct intake_pipeline {
  pipeline_id id = 0;
  std::string name;
  weir::signal signal = weir::signal::traces;
  bool sampled = false;                        ///< Entries for the origin; else blocks for the log.
  std::shared_ptr<log_tail> tail;              ///< Of a pipeline that is not sampled.
  std::shared_ptr<const editing::chain> edits; ///< Null: none.
  passage_ptr passage = nullptr;               ///< With connectors alone; else null.
  /// False: nothing of it goes to the disk, as all its exporters are connectors.
  bool stored = true;
  std::vector<std::size_t> meters = {}; ///< Those that its data goes to.
};

struct intake_config {
  std::vector<intake_pipeline> pipelines;
  std::vector<metered> meters;
  /// By receiver: its id, and the pipelines (indexes) of each signal.
  struct receiver {
    std::string id;
    std::vector<std::size_t> traces, metrics, logs;
  };
  std::vector<receiver> receivers;
  std::size_t max_entry_bytes = defaults::max_entry_bytes;
  std::size_t max_block_bytes = defaults::max_block_bytes;
  /// Of all pipelines, unpacked: from here on the next request waits for a commit. One request may
  /// become some times its bytes, as its envelopes go into each piece.
  std::size_t max_gathered_bytes = defaults::max_gathered_bytes;
  otlp::scan_limits limits;
  edit_limits edits;
  owner_map owners = nullptr;               ///< To begin with; null: there is no cluster.
  std::shared_ptr<net::byte_budget> handed; ///< For entries in the origin's mailbox.
  sabotage broken;
};
using intake_change = std::shared_ptr<const intake_config>;

/// Where what the intake says goes. What stands under "any thread" is called on the writer's.
class intake_ports {
public:
  virtual ~intake_ports() = default;

  /// Processors are to be applied. Answered by intake::edited(), in any order.
  virtual void edit(std::vector<edit_job_ptr> jobs) = 0;
  /// Nobody waits for edits any more: those that have not begun come back refused.
  virtual void drop_edits() = 0;
  /// commit::durable is called once it is.
  virtual void write(const commit_ptr& work) = 0;

  // -- any thread --
  /// To the origin.
  virtual void send_entry(const entry_ptr& entry) = 0;
  /// intake::on_turn() is to be called.
  virtual void send_turn() = 0;
};

/// Makes what receivers took in durable, then answers the clients and hands entries to the origin,
/// blocks to the log's tail: group commit, as many requests as have come.
///
/// Owns what is gathered and not written. At most two commits are in flight; while they run, the
/// next gathers up to `max_gathered_bytes`, and what comes then waits as it came, within what the
/// server lets in. What it holds at its death nobody was promised.
///
/// Pure but for `done` of a commit, which runs on the writer's thread; else one thread. `now` comes
/// with each message. The ports outlive every commit.
class intake {
public:
  static inline const char* name = "intake";

  intake(intake_config config, std::shared_ptr<storage::disk> disk, position_counter positions,
         std::shared_ptr<intake_ports> ports);

  /// Before all else: takes up what connectors knew at the last stop. `batch` goes to the writer
  /// before anything else does.
  void begin(storage::batch& batch, moment now);
  void take(std::vector<net::otlp_request>& requests, moment now);
  /// Processors are done with these.
  void edited(std::vector<edit_job_ptr> jobs, moment now);
  /// A commit is over while another one waits for its turn.
  void on_turn(moment now);
  /// Other pipelines, once what is gathered is on its way to the disk: changed() says when.
  void change(intake_change wanted, moment now);
  bool changed() const noexcept { return wanted_ == nullptr; }
  /// Who owns which partition: entries are cut by owner from the next commit on. `differing`: of
  /// pipelines that have other owners, by name.
  void change_owners(owner_map owners, std::map<std::string, owner_map> differing = {});
  /// Some time is over, where there are connectors that make metrics: to be called every second.
  void on_tick(moment now);
  /// Nothing more will come.
  void stop(moment now);
  /// Everything taken so far is durable and answered. False: on_turn() will be asked for.
  bool idle() { return drained() && (!stopping_ || metering_.saved()); }

private:
  struct pending_reply {
    net::reply_handle handle;
    net::otlp_reply answer;
    steady_ns arrived = 0;
    prometheus::Histogram* latency = nullptr; ///< Of acknowledgements.
  };
  /// What is gathered for one pipeline.
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

    void answer(steady_ns now);
    /// It is durable.
    void hand_on(intake_ports& ports, steady_ns now);
  };

  /// What a lane made of a request.
  struct taken_items {
    std::uint64_t items = 0; ///< Good ones.
    otlp::rejected_spans rejected{};
    std::uint64_t removed = 0; ///< Of the good and the made ones, by processors.
    std::uint64_t made = 0;    ///< By processors.
    std::string refusal{};     ///< Why processors refused it; "" = they did not.
  };
  /// `edited`: what processors made of it; null: there are none.
  tl::expected<taken_items, otlp::parse_error> give(lane& lane, net::otlp_request& request,
                                                    bool last, edited_request* edited) const;
  taken_items give_edited(lane& lane, net::otlp_request& request, bool last,
                          edited_request& edited) const;
  bool drained() {
    return turns_->idle() && replies_.empty() && !measured_ && waiting_.empty() && editing_ == 0;
  }
  lane make_lane(const intake_pipeline& info) const;
  void open_groups(lane& lane) const;
  const owner_map& owners_of(const std::string& pipeline) const;
  void open_log(lane& lane) const;
  void apply_change();
  bool wants_edits(const net::otlp_request& request) const;
  void edit(std::vector<edit_job_ptr> jobs);
  edit_job_ptr job_of(net::otlp_request& request) const;
  /// Takes what waits while there is room, and writes what is gathered.
  void go_on();
  bool has_room() const;
  std::size_t gathered_bytes() const;
  /// `edited`: by lane, null where it has no processors; empty: none has. What lies behind the
  /// first `asked` lanes was made by connectors.
  void take_one(net::otlp_request& request, const std::vector<std::size_t>& lanes,
                const std::vector<edited_request*>& edited, std::size_t asked);
  void take_one_edited(edit_job& job);
  /// Metrics that a connector made.
  void take_measured(edit_job_ptr job);
  /// Where each part of a job goes; empty: a pipeline of it is gone.
  std::vector<std::size_t> lanes_of_parts(const edit_job& job) const;
  /// What all of a part's message goes to beside the log.
  void measure(const lane& lane, const net::otlp_request& request, const edited_request* edited);
  /// Once all is durable at a stop.
  void save_meters();
  void take_first_waiting();
  const std::vector<std::size_t>& lanes_of(const net::otlp_request& request) const;
  void turn_away(net::otlp_request& request, const char* why);
  /// Adds to a receiver's metric.
  void count(const net::otlp_request& request, const metrics::by_signal& metric,
             std::uint64_t items);
  /// False: nothing was written, as nothing is gathered or two commits are in flight.
  bool flush();
  void close_entries(lane& lane, storage::batch& batch, committed& done);
  void close_blocks(lane& lane, storage::batch& batch, committed& done);

  intake_config config_;
  std::shared_ptr<storage::disk> disk_;
  position_counter positions_;
  std::shared_ptr<intake_ports> ports_;
  moment now_; ///< Of the message at hand.
  std::vector<lane> lanes_;
  std::deque<std::variant<net::otlp_request, edit_job_ptr>> waiting_; ///< Oldest first.
  std::vector<pending_reply> replies_;
  receiver_metrics metrics_;
  sequence next_sequence_ = 1;
  std::shared_ptr<commit_turns> turns_;
  std::size_t editing_ = 0; ///< Requests that are with processors.
  intake_change wanted_;    ///< Waits until nothing is gathered.
  owner_map owners_;        ///< Null: there is no cluster.
  std::map<std::string, owner_map> differing_;
  metering metering_;
  bool measured_ = false;          ///< Something is gathered that no client waits for.
  std::vector<edit_job_ptr> held_; ///< Metrics that wait for room on the disk.
  bool stopping_ = false;
};

} // namespace weir::stages
