#include "app/admin/troubles.hpp"

#include "app/admin/text_table.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <set>

namespace weir::app {

namespace {

constexpr double nearly_full = 0.9;
constexpr steady_ns long_unsent = 10 * second_ns;
constexpr steady_ns noticeable_skew = second_ns;

double seconds_in(steady_ns time) {
  return static_cast<double>(time) / static_cast<double>(second_ns);
}

bool is_nearly_full(std::uint64_t used, std::uint64_t limit) {
  return limit > 0 && static_cast<double>(used) > nearly_full * static_cast<double>(limit);
}

class search {
public:
  explicit search(const node_status& node) : node_(node) {}

  void look_at_service();
  void look_at_members(const cluster::cluster_view& view);
  void look_at_disk();
  void look_at_logs();
  void look_at_window();
  void look_at_split();
  std::vector<trouble> take();

private:
  template <class... Args>
  void add(std::string_view advice, fmt::format_string<Args...> problem, Args&&... args) {
    found_.push_back({fmt::format(problem, std::forward<Args>(args)...), std::string(advice)});
  }
  void look_at(const cluster::member_view& member);
  void look_at_link(const cluster::member_view& member);
  void look_at_reach(const cluster::cluster_view& view, const cluster::member& member);
  void look_at_releases(const cluster::cluster_view& view);
  void look_at_unsent(const cluster::cluster_view& view);

  const node_status& node_;
  std::vector<trouble> found_;
};

void search::look_at_service() {
  if (node_.phase != "running")
    add("wait: its log says what it does", "this node is {}: clients are not served", node_.phase);
  if (!node_.refusal.empty())
    add("nothing that was acknowledged is lost. Look below at what fills the room: a back end that "
        "is away, a disk or a limit that is too small",
        "clients are told to retry: {}", node_.refusal);
}

void search::look_at_members(const cluster::cluster_view& view) {
  if (!view.unready.empty())
    add("load balancers leave it out meanwhile; clients that send to it are served",
        "this node is not ready: {}", view.unready);
  for (const auto& member : view.members)
    look_at(member);
  for (const auto& member : view.members)
    if (member.info.lives())
      look_at_reach(view, member.info);
  look_at_unsent(view);
  look_at_releases(view);
}

void search::look_at(const cluster::member_view& member) {
  const auto name = name_of(member.info);
  if (member.info.state == cluster::member_state::down)
    return add("start it again: what it had taken in waits on its disk, others decide its traces "
               "meanwhile. If its disk is gone, so is what was solely there",
               "node {} is down, for {}", name, span_text(seconds_in(member.silent)));
  if (!member.info.lives())
    return;
  if (member.suspected)
    add("see whether it runs, and the network between; it is said to be down soon, and others take "
        "over its traces",
        "node {} was last heard of {} ago", name, span_text(seconds_in(member.silent)));
  if (!member.self)
    look_at_link(member);
  if (!member.differs.empty())
    add("a trace is decided as its owner is configured: give all nodes the same pipelines; while "
        "a change is rolled out this passes",
        "the sampled pipelines of {} are not those of this node: {}", name, member.differs);
}

void search::look_at_link(const cluster::member_view& member) {
  const auto name = name_of(member.info);
  if (!member.link.stands && !member.link.trouble.empty())
    add("see whether its address can be reached from here, and the certificates of both; what is "
        "to go there waits on the disk",
        "no link to {} at {}: {}", name, member.info.address, member.link.trouble);
  if (std::abs(member.link.skew_ns) > noticeable_skew)
    add("it does no harm to sampling; set both clocks by NTP all the same",
        "the clock of {} is {} {}", name, span_text(seconds_in(member.link.skew_ns)),
        member.link.skew_ns > 0 ? "ahead" : "behind");
}

void search::look_at_reach(const cluster::cluster_view& view, const cluster::member& member) {
  std::string names;
  for (const auto& other : view.members)
    if (other.info.lives() && std::ranges::count(member.unreachable, other.info.id) > 0)
      names += (names.empty() ? "" : ", ") + name_of(other.info);
  if (!names.empty())
    add("see to the network between these two: one that too many cannot reach is taken for down",
        "{} cannot reach {}", name_of(member), names);
}

void search::look_at_unsent(const cluster::cluster_view& view) {
  if (view.oldest_unsent < long_unsent)
    return;
  std::string full;
  for (const auto& member : view.members)
    if (member.link.credit > 0 && is_nearly_full(member.link.in_flight, member.link.credit))
      full += (full.empty() ? "" : ", ") + name_of(member.info);
  add(full.empty() ? "decisions elsewhere wait for it; see the links above"
                   : "decisions elsewhere wait for it; see what is slow there: its disk, its CPU",
      "what this node took in {} ago is not with its owner yet ({} wait){}",
      span_text(seconds_in(view.oldest_unsent)), count_text(view.unsent_slots, "slot"),
      full.empty() ? "" : ": no credit from " + full);
}

void search::look_at_releases(const cluster::cluster_view& view) {
  std::set<std::string> releases;
  for (const auto& member : view.members)
    if (member.info.lives() && !member.info.release.empty())
      releases.insert(member.info.release);
  if (releases.size() > 1)
    add("finish the rolling upgrade: releases next to each other work together",
        "members run different releases: {}", fmt::join(releases, ", "));
}

void search::look_at_disk() {
  const auto& disk = node_.disk;
  if (disk.damaged_records > 0)
    add("the disk is failing, or files were touched: replace it. What could be read is kept, the "
        "rest is in `damaged/`",
        "{} on the disk are not what was written", count_text(disk.damaged_records, "record"));
  if (disk.limit_bytes > disk.used_bytes && disk.free_bytes < disk.limit_bytes - disk.used_bytes)
    add("make room on it, or lower `storage.max_bytes`",
        "the disk has {} free, and Weir may still want {}", size_text(disk.free_bytes),
        size_text(disk.limit_bytes - disk.used_bytes));
  if (is_nearly_full(disk.used_bytes, disk.limit_bytes) && node_.refusal.empty())
    add("see which log waits below; delivered data makes room by itself",
        "{} of the {} for data are in use", size_text(disk.used_bytes),
        size_text(disk.limit_bytes));
  if (disk.orphaned_spans > 0)
    add("configure that pipeline again, under its name, until they are delivered",
        "{} wait for a pipeline that is not configured any more",
        count_text(disk.orphaned_spans, "span"));
}

void search::look_at_logs() {
  for (const auto& log : node_.logs) {
    const auto waiting = count_text(log.waiting_items, "item");
    if (log.health == exporter_health::backing_off)
      add("see to the back end: nothing is lost as long as there is room",
          "exporter {} of pipeline {} gets nothing through, for {}, {} wait: {}", log.exporter,
          log.pipeline, span_text(log.health_seconds), waiting, log.reason);
    else if (log.health == exporter_health::paused)
      add("`weir exporters resume` when it may go on; what comes waits as long as there is room",
          "exporter {} of pipeline {} is paused by hand, for {}, {} wait", log.exporter,
          log.pipeline, span_text(log.health_seconds), waiting);
    else if (log.health == exporter_health::refused)
      add("the refused data is kept as dead letters; see what the back end has against it",
          "the back end of exporter {} of pipeline {} refuses data for good: {}", log.exporter,
          log.pipeline, log.reason);
  }
}

void search::look_at_window() {
  const auto& window = node_.window;
  if (is_nearly_full(window.bytes, window.limit_bytes))
    add("beyond it, spans are read back from the disk, and at last traces are decided early: raise "
        "`sampling.window_memory` or lower `decision_wait`",
        "undecided traces take {} of {} of memory", size_text(window.bytes),
        size_text(window.limit_bytes));
}

void search::look_at_split() {
  const auto& split = node_.split;
  if (split.double_decisions > 0)
    add("after a cut of the network or a member's death this is to be expected: of what one of "
        "them "
        "kept, the other's part is missing. Where it goes on, see to the links",
        "decided otherwise by another member, since this node started: {}",
        count_text(split.double_decisions, "trace"));
  if (split.insisted_slots > 0)
    add("these traces may be decided in parts: two members see another ring for long, see to the "
        "network between all",
        "taken though they are another member's, since this node started: {}",
        count_text(split.insisted_slots, "slot"));
}

std::vector<trouble> search::take() {
  if (found_.size() > max_troubles) {
    const auto more = found_.size() - max_troubles + 1;
    found_.resize(max_troubles - 1);
    add("see to these first", "{} more troubles", more);
  }
  return std::move(found_);
}

} // namespace

std::vector<trouble> troubles_of(const node_status& node, const cluster::cluster_view* view) {
  search looking(node);
  looking.look_at_service();
  if (view != nullptr)
    looking.look_at_members(*view);
  looking.look_at_disk();
  looking.look_at_logs();
  looking.look_at_window();
  if (view != nullptr)
    looking.look_at_split();
  return looking.take();
}

} // namespace weir::app
