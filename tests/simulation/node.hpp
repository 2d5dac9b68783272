#pragma once

#include "schedule.hpp"
#include "stages/compressor.hpp"
#include "stages/exporter.hpp"
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
  node(schedule& time, std::shared_ptr<model_disk> disk, witness& promises,
       const stages::sabotage& broken);
  ~node();

  void take(net::otlp_request request);
  /// The writer takes some of what waits for it, in one commit.
  void write();
  /// The back end answers some requests; `away`: not now, to all.
  void answer(bool away);
  void maintain();
  /// Other policies, or the pipeline goes and comes back.
  void reload();

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

  struct pending_commit {
    stages::commit_ptr work;
    std::string link;              ///< On which the answer goes.
    std::function<void()> written; ///< The answer; null: nobody asked.
  };

  std::vector<stages::shard_pipeline> pipelines() const;
  stages::origin_config origin_plan() const;
  stages::intake_change intake_plan() const;
  void start_compressor();
  void end_compressor();
  void start_exporter();
  void pump();
  void tick(const char* stage, steady_ns interval, std::function<void()> call);
  void change_all(std::function<void()> done);
  void go_on_with_reload();

  schedule& schedule_;
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
  unsigned reload_ = 0; ///< Steps of a reload that are still to come.
  stages::compressor_number compressor_number_ = 0;
  std::shared_ptr<std::atomic<std::uint64_t>> next_chunk_ =
      std::make_shared<std::atomic<std::uint64_t>>(0);

  std::shared_ptr<intake_side> intake_side_;
  std::unique_ptr<origin_side> origin_side_;
  std::array<std::unique_ptr<shard_side>, shard_count> shard_sides_;
  std::shared_ptr<compressor_side> compressor_side_;
  std::unique_ptr<exporter_side> exporter_side_;
};

} // namespace weir::simulation
