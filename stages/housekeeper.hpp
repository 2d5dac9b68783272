#pragma once

#include "stages/defaults.hpp"
#include "stages/disk_keeping.hpp"
#include "stages/log_tail.hpp"
#include "stages/memory_watch.hpp"
#include "storage/disk.hpp"

#include <functional>
#include <optional>

namespace weir::stages {

/// One log that the housekeeper trims.
struct kept_log {
  pipeline_id id = 0;
  std::string name;
  std::vector<std::string> exporters; ///< Whose cursors hold blocks back.
};

struct housekeeper_config {
  std::vector<kept_log> logs;
  /// Delivered blocks stay this long.
  std::int64_t retention_ns = std::chrono::nanoseconds(defaults::retention).count();
  /// What is owed to an exporter that is gone stays this long.
  std::int64_t cursor_retention_ns = std::chrono::nanoseconds(defaults::cursor_retention).count();
  std::uint64_t dead_letter_bytes = 0; ///< Of all dead letters; 0 = a tenth of the quota.
  std::int64_t dead_letter_retention_ns =
      std::chrono::nanoseconds(defaults::dead_letter_retention).count();
  bool drop_oldest =
      false; ///< What a full quota does: the oldest undelivered blocks go, or refuse.
  std::uint64_t memory_limit = 0; ///< Bytes in use above which clients are refused; 0 = none.
  /// Opens and closes admission, with the reason.
  std::function<void(bool accepting, std::string reason)> admit;
};

using housekeeper_change = std::shared_ptr<const housekeeper_config>;

/// Keeps the disk within its quota, by time and for room, opens and closes admission, and shows
/// what there is. Owns nothing that outlives it.
///
/// Pure; one thread, which may block: trimming and measuring read the disk.
class housekeeper {
public:
  static inline const char* name = "housekeeper";

  housekeeper(housekeeper_config config, std::shared_ptr<storage::disk> disk)
      : config_(std::move(config)), disk_(std::move(disk)), keeper_(disk_) {}

  /// Five times a second: each fifth call does all there is to do, the others what has to go for
  /// room. An error: the disk has failed, the process has to end.
  result<void> tick(moment now);
  /// Another plan, but for `admit`.
  result<void> change(const housekeeper_config& wanted, moment now);
  /// What was trimmed is made durable; `admit` is called no more.
  void stop();

private:
  struct closed_gate;

  result<void> keep(moment now);
  bool memory_is_short();
  closed_gate gate();
  void admit();
  void measure();
  void measure_orphans();

  housekeeper_config config_;
  std::shared_ptr<storage::disk> disk_;
  disk_keeper keeper_;
  bool accepting_ = true;
  memory_watch memory_;
  bool stopped_ = false;
  unsigned looks_ = 0;
  std::set<std::pair<std::string, std::string>> orphans_shown_; ///< Pipeline and exporter.
};

} // namespace weir::stages
