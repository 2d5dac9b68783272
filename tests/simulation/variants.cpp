#include "variants.hpp"

namespace weir::simulation {

// The mildest faults that show it. Caught by one in so many seeds, when this was written: keep_copies
// 15, ignore_watermark 15, ignore_deciders 4, keep_window 7, all others 2 or fewer.
const std::vector<broken_variant>& broken_variants() {
  static const std::vector<broken_variant> all{
      {"report_before_sync", "slow_disk,kill", 500, 20,
       [](cluster_options& options) { options.broken.report_before_sync = true; }},
      {"mark_before_trim", "none", 500, 20,
       [](cluster_options& options) { options.broken.mark_before_trim = true; }},
      {"epoch_twice", "kill", 500, 20,
       [](cluster_options& options) { options.keeps_epoch = true; }},
      {"keep_decisions", "join,leave,restart,broken_links", 300, 20,
       [](cluster_options& options) { options.broken.keep_decisions = true; }},
      {"keep_progress", "join,leave,restart,broken_links", 300, 20,
       [](cluster_options& options) { options.broken.keep_progress = true; }},
      {"keep_copies", "kill", 1500, 60,
       [](cluster_options& options) { options.broken.keep_copies = true; }},
      {"ignore_watermark", "stall", 300, 60,
       [](cluster_options& options) { options.broken.ignore_watermark = true; }},
      {"ignore_deciders", "join,leave,restart,broken_links", 300, 30,
       [](cluster_options& options) { options.broken.ignore_deciders = true; }},
      {"ignore_frozen", "pause", 1500, 20,
       [](cluster_options& options) { options.broken.ignore_frozen = true; }},
      {"forget_link", "broken_links", 300, 20,
       [](cluster_options& options) { options.broken.forget_link = true; }},
      {"keep_credit", "none", 500, 20,
       [](cluster_options& options) { options.broken.keep_credit = true; }},
      {"forget_turned_away", "join,leave,restart,broken_links", 300, 20,
       [](cluster_options& options) { options.broken.forget_turned_away = true; }},
      {"keep_window", "pause", 1500, 60,
       [](cluster_options& options) { options.broken.keep_window = true; }},
      {"keep_sent", "pause", 500, 20,
       [](cluster_options& options) { options.broken.keep_sent = true; }},
  };
  return all;
}

std::optional<std::string> complaint(const cluster_options& options, cluster_report& all) {
  try {
    all += cluster_world(options).run();
    return {};
  } catch (const violation& found) {
    return found.what();
  }
}

} // namespace weir::simulation
