#include "app/admin/render_replays.hpp"

#include "app/admin/text_table.hpp"
#include "app/admin/time_text.hpp"
#include "core/quote.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <limits>
#include <map>

namespace weir::app {

namespace {

using admin::v1::LogCount;
using admin::v1::Replay;
using admin::v1::ReplaysAnswer;

// Of several nodes the first that any of them is in.
constexpr std::array<std::string_view, 6> order_of_states = {"running", "paused",    "failed",
                                                             "left",    "cancelled", "done"};

std::size_t rank_of(std::string_view state) {
  return static_cast<std::size_t>(std::find(order_of_states.begin(), order_of_states.end(), state)
                                  - order_of_states.begin());
}

bool is_open(const Replay& part) {
  return part.state() == "running" || part.state() == "paused";
}

// How much weight a node's part has: what is not known any more counts as one block.
double blocks_of(const Replay& part) {
  return part.blocks() == 0 ? 1 : static_cast<double>(part.blocks());
}

double share_of(const Replay& part) {
  if (part.state() == "done")
    return 1;
  return part.blocks() == 0
             ? 0
             : static_cast<double>(part.blocks_done()) / static_cast<double>(part.blocks());
}

std::string since_text(std::uint64_t held_since) {
  return held_since == std::numeric_limits<std::uint64_t>::max()
             ? "holds nothing of that time any more"
             : fmt::format("holds nothing from before {} any more", time_text(held_since));
}

void add_notes(const std::string& node, const Replay& part, std::vector<std::string>& notes) {
  const auto note = [&](const std::string& text) {
    notes.push_back(fmt::format("{}: {}", node, without_controls(text)));
  };
  if (!part.reason().empty())
    note(fmt::format("{}: {}", part.state(), part.reason()));
  if (!part.trouble().empty())
    note("nothing gets through: " + part.trouble());
  if (part.held_since_unix_ns() != 0)
    note("its log " + since_text(part.held_since_unix_ns()));
  if (part.trimmed_blocks() + part.lost() > 0)
    note(fmt::format("{} and {} were trimmed from its log before they were sent",
                     count_text(part.trimmed_blocks(), "block"), count_text(part.lost(), "item")));
  if (part.damaged_blocks() > 0)
    note(fmt::format("{} could not be read", count_text(part.damaged_blocks(), "block")));
  if (part.dead() > 0)
    note(fmt::format("{} refused for good: `weir dead-letters list`",
                     count_text(part.dead(), "item")));
  if (part.yields() && part.state() == "running")
    note("it yields to live traffic");
}

void add(whole_replay& whole, const std::string& node, const Replay& part, double& blocks) {
  if (whole.id.empty()) {
    whole.id = part.id();
    whole.pipeline = part.selection().pipeline();
    whole.exporter = part.exporter();
    whole.state = part.state();
  }
  if (rank_of(part.state()) < rank_of(whole.state))
    whole.state = part.state();
  whole.created = std::max(whole.created, part.created_unix_ns());
  whole.delivered += part.delivered();
  whole.dead += part.dead();
  whole.lost += part.lost();
  whole.left_out += part.left_out();
  whole.bytes += part.bytes();
  whole.trimmed_blocks += part.trimmed_blocks();
  whole.damaged_blocks += part.damaged_blocks();
  whole.share += share_of(part) * blocks_of(part);
  blocks += blocks_of(part);
  if (is_open(part)) {
    whole.bytes_a_second += part.bytes_a_second();
    if (part.blocks_a_second() > 0)
      whole.seconds_left =
          std::max(whole.seconds_left, static_cast<double>(part.blocks() - part.blocks_done())
                                           / part.blocks_a_second());
  }
  add_notes(node, part, whole.notes);
}

} // namespace

std::vector<whole_replay> whole_replays(const std::vector<ReplaysAnswer>& answers) {
  std::map<std::string, std::pair<whole_replay, double>> by_id;
  for (const auto& answer : answers)
    for (const auto& part : answer.replays()) {
      auto& [whole, blocks] = by_id[part.id()];
      add(whole, answer.speaker().name(), part, blocks);
    }
  std::vector<whole_replay> all;
  for (auto& [id, found] : by_id) {
    found.first.share /= found.second;
    all.push_back(std::move(found.first));
  }
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.created > b.created; });
  return all;
}

std::string render_replays(const std::vector<whole_replay>& all) {
  if (all.empty())
    return "no replays\n";
  text_table table({{"ID"},
                    {"STATE"},
                    {"PIPELINE", side::left, true},
                    {"TO", side::left, true},
                    {"DONE", side::right},
                    {"SENT", side::right},
                    {"RATE", side::right},
                    {"LEFT", side::right}});
  std::string notes;
  for (const auto& each : all) {
    const bool runs = each.state == "running";
    table.add({each.id, each.state, each.pipeline, each.exporter, share_text(each.share),
               count_text(each.delivered),
               runs ? size_text(static_cast<std::uint64_t>(each.bytes_a_second)) + "/s" : "",
               runs && each.seconds_left >= 0 ? span_text(each.seconds_left) : ""});
    for (const auto& note : each.notes)
      notes += wrapped(each.id + "  ", note);
  }
  return table.text() + (notes.empty() ? "" : "\n" + notes);
}

std::string render_counts(const std::vector<LogCount>& counts) {
  text_table table({{"NODE", side::left, true},
                    {"TRACES", side::right},
                    {"ITEMS", side::right},
                    {"BYTES", side::right},
                    {"LEFT OUT", side::right}});
  LogCount sum;
  sum.set_traces_exact(true);
  std::string notes;
  const auto add_row = [&](const std::string& name, const LogCount& count) {
    table.add(
        {name,
         count.traces() == 0 ? "" : (count.traces_exact() ? "" : "~") + count_text(count.traces()),
         count_text(count.items()), size_text(count.bytes()), count_text(count.left_out())});
  };
  for (const auto& count : counts) {
    add_row(count.speaker().name(), count);
    sum.set_traces(sum.traces() + count.traces());
    sum.set_traces_exact(sum.traces_exact() && count.traces_exact());
    sum.set_items(sum.items() + count.items());
    sum.set_bytes(sum.bytes() + count.bytes());
    sum.set_left_out(sum.left_out() + count.left_out());
    if (count.held_since_unix_ns() != 0)
      notes += wrapped(count.speaker().name() + ": ",
                       "its log " + since_text(count.held_since_unix_ns()));
    if (count.damaged_blocks() > 0)
      notes += wrapped(count.speaker().name() + ": ",
                       count_text(count.damaged_blocks(), "block") + " could not be read");
  }
  if (counts.size() > 1)
    add_row("all", sum);
  return table.text() + notes;
}

} // namespace weir::app
