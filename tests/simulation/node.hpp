#pragma once

#include "cluster/hub.hpp"
#include "network.hpp"
#include "schedule.hpp"
#include "stages/compressor.hpp"
#include "stages/exporter.hpp"
#include "stages/inbox.hpp"
#include "stages/intake.hpp"
#include "stages/origin.hpp"
#include "stages/shard.hpp"
#include "witness.hpp"

#include <array>
#include <memory>

namespace weir::simulation {

inline constexpr pipeline_id traces = 1;
inline constexpr std::uint32_t shard_count = 2;

/// The stages of one node and their ports: what one tells another is a message of the schedule, and
/// so is every answer. A kill is its end.
class node {
public:
  static constexpr auto backend = "otlp/backend"; ///< Its exporter's id.

  /// `wire`: to others; null: it is alone, and no member of anything.
  node(schedule& time, std::shared_ptr<model_disk> disk, witness& promises,
       const stages::sabotage& broken, network* wire = nullptr, std::uint64_t boot = 1,
       std::vector<std::string> seeds = {});
  ~node();

  void take(net::otlp_request request);
  /// The writer takes some of what waits for it, in one commit.
  void write();
  /// The back end answers some requests; `away`: not now, to all.
  void answer(bool away);
  void maintain();
  /// Other policies, or the pipeline goes and comes back.
  void reload();

  // -- the cluster --
  /// What the network brings.
  void said_hello(cluster::session_number session, const cluster::hello& word);
  void opened(cluster::link_number link, const cluster::welcome& answer);
  void closed(cluster::link_number link, const std::string& reason, bool refused);
  void received(cluster::link_number link, cluster::link_answer message);
  void received(cluster::session_number session, node_id peer, cluster::link_message message);
  void session_closed(cluster::session_number session);
  void leave();
  void say_left();
  /// It speaks a protocol that the others do not know, beside theirs.
  void set_newer(bool newer) { newer_ = newer; }
  /// It stands still, until it wakes.
  void falls_asleep() { slept_ = room_.now().steady; }
  void woke() { woken_ = room_.now().steady; }
  /// Decides nothing more, and hands over what it has decided: a clean end.
  void stop();
  bool stopped() const;
  /// It holds nothing that is not settled and delivered.
  bool done() const;
  /// The same, and its journal is empty and nobody waits for its word.
  bool at_rest() const;
  /// What it owned is somebody else's, who knows what was decided of it; or it was never up.
  bool gave_all_up() const;
  /// It has left, or was told to end.
  bool over() const;
  const cluster::hub& hub() const;
  owner_number number() const { return static_cast<owner_number>(disk_->node()); }

  /// @throws violation
  void check_bounds() const;
  /// Nothing is owed to anybody. @throws violation
  void check_rest() const;

private:
  struct intake_side;
  struct origin_side;
  struct shard_side;
  struct compressor_side;
  struct exporter_side;
  struct inbox_side;
  struct hub_side;

  struct pending_commit {
    stages::commit_ptr work;
    std::string link;              ///< On which the answer goes.
    std::function<void()> written; ///< The answer; null: nobody asked.
  };

  std::vector<stages::shard_pipeline> pipelines() const;
  stages::origin_config origin_plan() const;
  stages::intake_change intake_plan() const;
  void join();
  void start_compressor();
  void end_compressor();
  void end_compressor_later();
  void start_exporter();
  void pump();
  void tick(const std::string& stage, steady_ns interval, std::function<void()> call);
  void change_all(std::function<void()> done);
  void go_on_with_reload();

  room room_;
  std::shared_ptr<model_disk> disk_;
  witness& witness_;
  stages::sabotage broken_;
  std::shared_ptr<net::byte_budget> handed_;
  std::shared_ptr<stages::log_tail> tail_;
  stages::position_counter positions_;
  std::vector<pending_commit> commits_;
  struct sent_request {
    std::uint64_t id;
    backends::export_request request;
  };
  std::vector<sent_request> sent_;
  bool has_pipeline_ = true;
  steady_ns wait_;
  network* wire_; ///< Null: it is alone.
  std::uint64_t boot_ = 0;
  bool stopping_ = false;
  bool newer_ = false;
  steady_ns stops_ = 0;
  void check_decided(const stages::decided& message) const;
  std::optional<steady_ns> woken_;  ///< Last.
  std::optional<steady_ns> frozen_; ///< Since when the shards may not decide.
  steady_ns slept_ = 0;
  std::vector<std::string> seeds_;
  unsigned reload_ = 0; ///< Steps of a reload that are still to come.
  stages::compressor_number compressor_number_ = 0;
  std::shared_ptr<std::atomic<std::uint64_t>> next_chunk_ =
      std::make_shared<std::atomic<std::uint64_t>>(0);

  std::shared_ptr<intake_side> intake_side_;
  std::unique_ptr<origin_side> origin_side_;
  std::array<std::unique_ptr<shard_side>, shard_count> shard_sides_;
  std::shared_ptr<compressor_side> compressor_side_;
  std::unique_ptr<exporter_side> exporter_side_;
  std::unique_ptr<inbox_side> inbox_side_; ///< Null: it is alone.
  std::unique_ptr<hub_side> hub_side_;     ///< Null: it is alone.
  std::shared_ptr<const cluster::ring_view> ring_;
};

} // namespace weir::simulation
