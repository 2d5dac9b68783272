#pragma once

#include "cluster_faults.hpp"
#include "network.hpp"
#include "schedule.hpp"
#include "stages/sabotage.hpp"
#include "witness.hpp"
#include "workload.hpp"

#include <memory>
#include <string>
#include <vector>

namespace weir::simulation {

/// Nodes that a cluster ever has.
inline constexpr unsigned most_seats = 6;

struct cluster_options {
  std::uint64_t seed = 1;
  unsigned steps = 12000;
  unsigned members = 3;
  cluster_faults faults = cluster_faults::all();
  unsigned fault_one_in = 500; ///< Steps.
  stages::sabotage broken = {};
  bool keeps_epoch = false; ///< Broken too: a disk gives an epoch twice.
  bool keeps_lines = false;
};

/// What a run came to.
struct cluster_report {
  std::map<std::string, std::uint64_t> faults; ///< Injected, by name.
  std::uint64_t requests = 0;
  std::uint64_t acknowledged = 0, delivered = 0, delivered_twice = 0; ///< Spans.
  std::uint64_t logged_twice = 0;                                     ///< Spans; excused.
  std::uint64_t decided_twice = 0;     ///< Traces, with other outcomes; excused.
  std::uint64_t traces = 0, split = 0; ///< Traces; split: kept in part, excused.
  double hours = 0;                    ///< Simulated, times members.

  cluster_report& operator+=(const cluster_report& other) noexcept;
};

/// Several nodes on one thread, from one seed: all their stages, hubs and links, each over a disk of
/// its own with a clock of its own, clients that send the spans of a trace to any of them, and what
/// happens to clusters. After every step the promises are checked; at the end, once all faults have
/// stopped, that all has come to rest: one ring, empty journals, everything delivered.
class cluster_world {
public:
  explicit cluster_world(cluster_options options);
  ~cluster_world();

  /// @throws violation
  cluster_report run();

  /// What happened, a line each; with keeps_lines alone.
  const std::vector<std::string>& lines() const noexcept { return schedule_.lines(); }

private:
  struct eye;
  struct seat {
    std::unique_ptr<eye> watcher;
    std::shared_ptr<model_disk> disk;
    std::unique_ptr<node> process; ///< Null: it is not running.
    steady_ns starts = 0;          ///< When it does again; 0: never.
    bool leaving = false;
    steady_ns rests_since = 0; ///< When it leaves.
    steady_ns ends = 0; ///< When it does, whether it has stopped or not; 0: it is not told to.
    bool left = false;  ///< Or its disk is gone.
    bool paused = false;
    steady_ns wakes = 0;
    std::uint64_t boot = 0;
    steady_ns heals = 0; ///< The disk, of what is wrong with it; 0: nothing is.
    bool slow = false;
    steady_ns slow_since = 0;
    steady_ns writes = 0;      ///< No sooner, where it is slow.
    unsigned quick_starts = 0; ///< To come.
    steady_ns dies = 0;        ///< At once; 0: it does not.
    bool wiped = false;
    bool newer = false;              ///< A release.
    std::uint64_t decisions = 0;     ///< Chunks that became durable there.
    std::uint64_t others_before = 0; ///< Chunks of others as it became slow.
  };

  void step();
  void fault();
  void inject(const std::string& name, std::size_t index);
  void wake(std::size_t index);
  void inject_at_disk(const std::string& name, std::size_t index);
  void cut_off(const std::string& name, std::size_t index);
  void toggle_cut();
  void mend_links();
  void add_seat();
  void wipe(std::size_t index);
  void start(std::size_t index);
  void end(std::size_t index, bool killed);
  void look_after_seats();
  void look_after_seat(std::size_t index);
  void heal_disk(std::size_t index);
  void write(std::size_t index);
  std::uint64_t decisions_of_others(std::size_t index) const;
  bool died_with(node_id node, steady_ns when) const;
  bool stood_still(node_id node, steady_ns when) const;
  bool cut_off_at(steady_ns when) const;
  bool had_trouble(steady_ns since, steady_ns until) const;
  bool lost_with_disks(const std::vector<span_number>& spans) const;
  steady_ns seconds(unsigned most);
  void drive(std::size_t index);
  void come_to_rest();
  bool at_rest() const;
  void check_end();
  void check_ledger() const;
  void check_trace(span_number trace, const std::vector<span_number>& spans);
  std::vector<std::size_t> running() const;
  /// Any one of those; nothing: none runs.
  std::optional<std::size_t> any_running();
  bool has_room_for_trouble() const;

  cluster_options options_;
  schedule schedule_;
  witness witness_;
  workload clients_;
  network network_;
  std::vector<seat> seats_;
  bool away_ = false; ///< The back end.
  steady_ns heals_ = 0;
  struct flapping {
    node_id one = 0, other = 0; ///< 0: nothing flaps.
    bool both = false;          ///< Directions.
    steady_ns next = 0;
  };
  flapping flapping_;
  struct period {
    steady_ns begin = 0, end = 0; ///< end: 0: it goes on.
  };
  std::vector<period> cuts_;
  struct death {
    node_id node = 0;
    steady_ns when = 0;
    steady_ns until = 0; ///< Where it stood still and went on; 0: it did not.
  };
  std::vector<death> deaths_;
  cluster_report report_;
};

} // namespace weir::simulation
