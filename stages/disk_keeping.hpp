#pragma once

#include "stages/disk_plan.hpp"
#include "stages/orphans.hpp"

#include <map>
#include <memory>

namespace weir::stages {

struct housekeeper_config;

/// What stays on the disk and what goes: by time, by what dead letters may take, and for room.
/// Reads the disk and may take a while. One thread.
class disk_keeper {
public:
  explicit disk_keeper(std::shared_ptr<storage::disk> store) : store_(std::move(store)) {}

  /// Once a second.
  void keep(const housekeeper_config& config, unix_ns now);
  /// In between: only what has to go for room. True when there was something to do.
  bool keep_room(const housekeeper_config& config);

  /// What keep() found owed to exporters that are gone.
  const std::vector<orphan>& orphans() const noexcept { return orphans_; }

private:
  void look(const housekeeper_config& config);
  void expire(const housekeeper_config& config, unix_ns now);
  void expire_letters(pipeline_id id, const std::string& name, unix_ns horizon);
  void bound_dead_letters(std::uint64_t max_bytes);
  void make_room(bool drop_oldest);
  void apply(const std::vector<cut>& cuts, bool for_room);
  void cut_log(const cut& cut, bool for_room);
  void cut_letters(const cut& cut);
  std::vector<held_letters> letters() const;

  /// A log without its segments, which are looked up when they are needed.
  struct known_log {
    std::string name;
    held_log held;
    log_position kept = 0; ///< What begins there stays, whatever its age.
  };

  const std::shared_ptr<storage::disk> store_;
  std::map<pipeline_id, known_log> logs_;
  std::vector<orphan> orphans_;
  std::map<pipeline_id, std::pair<log_position, unix_ns>> oldest_letters_; ///< And their times.
  bool trimmed_ = false;
  unix_ns now_ = 0; ///< As of keep().
};

} // namespace weir::stages
