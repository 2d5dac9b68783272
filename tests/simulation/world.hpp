#pragma once

#include "schedule.hpp"
#include "stages/sabotage.hpp"
#include "witness.hpp"
#include "workload.hpp"

#include <memory>
#include <string>
#include <vector>

namespace weir::simulation {

struct world_options {
  std::uint64_t seed = 1;
  unsigned steps = 6000;
  stages::sabotage broken = {};
  bool keeps_lines = false; ///< For printing.
};

/// What a run came to.
struct world_report {
  std::uint64_t requests = 0, kills = 0, reloads = 0;
  std::uint64_t acknowledged = 0, delivered = 0, delivered_twice = 0; ///< Spans.

  world_report& operator+=(const world_report& other) noexcept;
};

class node;

/// A node's stages on one thread, from one seed: intake, origin, shards, compressor, exporter over
/// a disk that loses what was not synced, with a writer that answers late and in odd groups,
/// clients that send again what had no answer, a back end that comes and goes, kills at any step,
/// reloads. After every step the promises are checked; at the end, once all faults have stopped,
/// that everything has come to rest. Built so that several nodes fit: what is between them is a
/// link of the schedule.
class world {
public:
  explicit world(world_options options);
  ~world();

  /// @throws violation
  world_report run();

  /// What happened, a line each; with keeps_lines alone.
  const std::vector<std::string>& lines() const noexcept { return schedule_.lines(); }

private:
  void step();
  void start_node();
  void kill_node();
  void come_to_rest();
  void check_end();
  void check_trace(span_number trace, const std::vector<span_number>& spans);

  world_options options_;
  schedule schedule_;
  witness witness_;
  std::shared_ptr<model_disk> disk_;
  workload clients_;
  std::unique_ptr<node> node_;
  bool away_ = false;         ///< The back end.
  steady_ns writes_from_ = 0; ///< The disk; it does nothing before.
  world_report report_;
};

} // namespace weir::simulation
