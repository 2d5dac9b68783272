#pragma once

#include <string>
#include <vector>
#include <weir/admin/v1/admin.pb.h>

// What `weir replay` shows, in lines of at most 80 characters. Pure.
namespace weir::app {

/// A replay, all nodes together.
struct whole_replay {
  std::string id, pipeline, exporter;
  std::string state; ///< Of the node that is furthest from its end.
  std::uint64_t created = 0;
  std::uint64_t delivered = 0, dead = 0, lost = 0, left_out = 0, bytes = 0;
  std::uint64_t trimmed_blocks = 0, damaged_blocks = 0;
  double share = 0; ///< Of its range that is finished, from 0 to 1.
  double bytes_a_second = 0;
  double seconds_left = -1;            ///< Below 0: nobody can say.
  std::vector<std::string> notes = {}; ///< What is to be known of single nodes.
};

/// By id, the newest first.
std::vector<whole_replay> whole_replays(const std::vector<admin::v1::ReplaysAnswer>& answers);

/// A table; what went wrong or is missing stands below it.
std::string render_replays(const std::vector<whole_replay>& all);

/// What a range holds, all nodes together.
std::string render_counts(const std::vector<admin::v1::LogCount>& counts);

} // namespace weir::app
