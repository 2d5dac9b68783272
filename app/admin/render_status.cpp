#include "app/admin/render_status.hpp"

#include "app/admin/text_table.hpp"
#include "core/quote.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace weir::app {

namespace {

using cluster::cluster_view;
using cluster::member_state;
using cluster::member_view;

constexpr std::size_t inset = 2;

double seconds_in(steady_ns time) {
  return static_cast<double>(time) / static_cast<double>(second_ns);
}

std::string state_of(const member_view& member) {
  return member.suspected && member.info.lives() ? "suspected"
                                                 : std::string(to_string(member.info.state));
}

std::string share_of(const member_view& member) {
  return member.partitions == 0
             ? "-"
             : share_text(static_cast<double>(member.partitions) / partition_count);
}

std::string link_of(const member_view& member) {
  if (member.self)
    return "self";
  if (!member.info.lives())
    return "-";
  return member.link.stands ? "up" : member.link.trouble.empty() ? "making" : "none";
}

std::string round_trip_of(const member_view& member) {
  return member.self || member.link.round_trip == 0 ? "-"
                                                    : span_text(seconds_in(member.link.round_trip));
}

/// How much of the credit is in use.
std::string credit_of(const member_view& member) {
  if (member.self || member.link.credit == 0)
    return "-";
  return fmt::format("{:.0f} % of {}",
                     100 * static_cast<double>(member.link.in_flight)
                         / static_cast<double>(member.link.credit),
                     size_text(member.link.credit));
}

bool is_well(const member_view& member) {
  return member.info.state == member_state::up && !member.suspected
         && (member.self || member.link.stands);
}

std::string marked_name(const member_view& member) {
  return (member.self ? "* " : "  ") + name_of(member.info);
}

/// "3 up, 1 down"
std::string states_in(const cluster_view& view) {
  std::string text;
  for (const auto state : {member_state::up, member_state::joining, member_state::leaving,
                           member_state::down, member_state::left}) {
    const auto count = std::ranges::count_if(
        view.members, [state](const auto& m) { return m.info.state == state; });
    if (count > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, to_string(state));
  }
  return text.empty() ? "no members" : text;
}

std::string zones_in(const cluster_view& view) {
  std::set<std::string> zones;
  for (const auto& member : view.members)
    if (member.info.lives() && !member.info.zone.empty())
      zones.insert(member.info.zone);
  return zones.empty() ? "" : ", " + count_text(zones.size(), "zone");
}

std::string heading(const cluster_view& view) {
  const auto ring =
      view.ring == 0 ? std::string("no ring yet") : fmt::format("ring {:08x}", view.ring >> 32);
  return cut_to(fmt::format("Cluster {}: {}{}, {}", without_controls(view.name), states_in(view),
                            zones_in(view), ring),
                screen_width)
         + "\n";
}

/// Of many members, this node and those that are not well.
std::vector<const member_view*> chosen(const cluster_view& view) {
  std::vector<const member_view*> all;
  const bool many = view.members.size() > shown_members;
  for (const auto& member : view.members)
    if (!many || member.self || (!is_well(member) && all.size() < shown_members))
      all.push_back(&member);
  return all;
}

std::string others_text(const cluster_view& view, const std::vector<const member_view*>& shown) {
  std::size_t others = 0, well = 0;
  std::uint32_t least = partition_count, most = 0;
  for (const auto& member : view.members) {
    if (std::ranges::count(shown, &member) > 0)
      continue;
    ++others;
    well += is_well(member) ? 1 : 0;
    least = std::min(least, member.partitions);
    most = std::max(most, member.partitions);
  }
  if (others == 0)
    return {};
  const auto share = [](std::uint32_t partitions) {
    return share_text(static_cast<double>(partitions) / partition_count);
  };
  return wrapped("    ",
                 fmt::format("and {} more, {} of them up with a link, owning {} to {} each: "
                             "`weir members` lists all",
                             others, well, share(least), share(most)));
}

std::string cluster_text(const cluster_view& view) {
  text_table table({{"  NODE", side::left, true},
                    {"ZONE", side::left, true},
                    {"STATE"},
                    {"OWNS", side::right},
                    {"LINK"},
                    {"ROUND TRIP", side::right},
                    {"CREDIT IN USE", side::right}});
  const auto shown = chosen(view);
  for (const auto* member : shown)
    table.add({marked_name(*member), member->info.zone, state_of(*member), share_of(*member),
               link_of(*member), round_trip_of(*member), credit_of(*member)});
  auto text = heading(view) + table.text() + others_text(view, shown);
  auto moving = fmt::format("to owners: {} of {} not sent yet", count_text(view.unsent_slots),
                            count_text(view.open_slots, "open slot"));
  if (view.oldest_unsent > 0)
    moving += fmt::format(", the oldest {} ago", span_text(seconds_in(view.oldest_unsent)));
  if (view.awaited > 0)
    moving += fmt::format("; decisions wait for {}", count_text(view.awaited, "member"));
  text += wrapped("  ", moving);
  if (view.leaving > 0)
    text += fmt::format("  leaving: {}\n", share_text(view.leaving));
  return text + "\n";
}

std::string node_heading(const node_status& node) {
  const auto name = node.name.empty() || node.name == node.id
                        ? node.id
                        : fmt::format("{} ({})", without_controls(node.name), node.id);
  return wrapped("", fmt::format("Node {}, release {}, {} for {}", name, node.release, node.phase,
                                 span_text(node.uptime_seconds)));
}

std::string logs_text(const node_status& node) {
  if (node.logs.empty())
    return {};
  text_table table({{"PIPELINE", side::left, true},
                    {"EXPORTER", side::left, true},
                    {"STATE"},
                    {"WAITING", side::right},
                    {"OLDEST", side::right}});
  for (const auto& log : node.logs)
    table.add({log.pipeline, log.exporter, std::string(to_string(log.health)),
               count_text(log.waiting_items),
               log.waiting_items == 0 ? "-" : span_text(log.oldest_waiting_seconds)});
  return table.text(inset);
}

std::string node_text(const node_status& node) {
  const auto& window = node.window;
  const auto& disk = node.disk;
  auto text = node_heading(node);
  text += wrapped("  clients  ", node.refusal.empty()
                                     ? node.phase == "running" ? "served" : "not served"
                                     : "told to retry: " + node.refusal);
  text += wrapped(
      "  window   ",
      fmt::format(
          "{}, {}, {} of {}{}", count_text(window.traces, "trace"),
          count_text(window.spans, "span"), size_text(window.bytes), size_text(window.limit_bytes),
          window.traces == 0 ? "" : ", the oldest " + span_text(window.oldest_seconds) + " old"));
  text += wrapped("  journal  ", fmt::format("{} open, {}", count_text(disk.open_entries, "entry"),
                                             count_text(disk.open_slots, "slot")));
  text += wrapped("  disk     ",
                  fmt::format("{} of {} in use, {} free on the disk{}", size_text(disk.used_bytes),
                              size_text(disk.limit_bytes), size_text(disk.free_bytes),
                              disk.dead_letters == 0
                                  ? ""
                                  : ", " + count_text(disk.dead_letters, "dead letter")));
  return text + logs_text(node) + "\n";
}

std::string troubles_text(const std::vector<trouble>& troubles) {
  if (troubles.empty())
    return "Nothing is wrong.\n";
  std::string text = "What is wrong:\n";
  for (const auto& one : troubles) {
    text += wrapped("  - ", one.problem);
    text += wrapped("    > ", one.advice);
  }
  return text;
}

} // namespace

std::string render_status(const whole_status& status) {
  return (status.cluster ? cluster_text(*status.cluster) : std::string()) + node_text(status.node)
         + troubles_text(status.troubles);
}

std::string render_members(const cluster_view* view) {
  if (view == nullptr)
    return "This node is alone: its configuration has no `cluster`.\n";
  text_table table({{"  NODE", side::left, true},
                    {"STATE"},
                    {"OWNS", side::right},
                    {"ZONE", side::left, true},
                    {"ADDRESS", side::left, true},
                    {"RELEASE", side::left, true},
                    {"HEARD", side::right}});
  for (const auto& member : view->members)
    table.add({marked_name(member), state_of(member), share_of(member), member.info.zone,
               member.info.address, member.info.release,
               member.self ? "-" : span_text(seconds_in(member.silent))});
  return heading(*view) + table.text();
}

std::string render_leave(const leave_status& status) {
  if (status.done)
    return fmt::format("node {} {}\n", status.node,
                       status.state == "left" ? "has left" : "is down: it left nothing in order");
  auto text = fmt::format("node {} is {}", status.node, status.state);
  if (status.share > 0 || status.open_slots > 0)
    text += fmt::format(": {}, {} to settle, {} of them unsent", share_text(status.share),
                        count_text(status.open_slots, "slot"), count_text(status.unsent_slots));
  return text + "\n";
}

} // namespace weir::app
