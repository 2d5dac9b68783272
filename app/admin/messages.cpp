#include "app/admin/messages.hpp"

#include "core/quote.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace weir::app {

namespace {

using namespace admin::v1;

// Texts of others pass through without_controls(): a message may hold UTF-8 alone.

double seconds_in(steady_ns time) {
  return static_cast<double>(time) / static_cast<double>(second_ns);
}

steady_ns time_in(double seconds) {
  // Beyond a hundred years it is no time that a node measured.
  constexpr double longest = 3e9;
  return std::abs(seconds) <= longest
             ? static_cast<steady_ns>(std::llround(seconds * static_cast<double>(second_ns)))
             : 0;
}

Link to_message(const cluster::link_view& link) {
  Link message;
  message.set_up(link.stands);
  message.set_trouble(without_controls(link.trouble));
  message.set_round_trip_seconds(seconds_in(link.round_trip));
  message.set_skew_seconds(seconds_in(link.skew_ns));
  message.set_in_flight_bytes(link.in_flight);
  message.set_credit_bytes(link.credit);
  message.set_sent_bytes(link.sent_bytes);
  message.set_sent_entries(link.sent_entries);
  return message;
}

Member to_message(const cluster::member_view& member) {
  Member message;
  const auto& info = member.info;
  message.set_id(text_of_node(info.id));
  message.set_name(without_controls(info.name));
  message.set_boot(info.boot);
  message.set_state(std::string(to_string(info.state)));
  message.set_address(without_controls(info.address));
  message.set_zone(without_controls(info.zone));
  message.set_release(without_controls(info.release));
  for (const auto id : info.unreachable)
    message.add_unreachable(text_of_node(id));
  message.set_self(member.self);
  message.set_suspected(member.suspected);
  message.set_partitions(member.partitions);
  message.set_silent_seconds(seconds_in(member.silent));
  if (!member.self)
    *message.mutable_link() = to_message(member.link);
  message.set_differs(without_controls(member.differs));
  return message;
}

Node to_message(const node_status& node) {
  Node message;
  message.set_id(node.id);
  message.set_name(without_controls(node.name));
  message.set_release(node.release);
  message.set_uptime_seconds(node.uptime_seconds);
  message.set_phase(node.phase);
  message.set_refusal(without_controls(node.refusal));
  auto& window = *message.mutable_window();
  window.set_traces(node.window.traces);
  window.set_spans(node.window.spans);
  window.set_bytes(node.window.bytes);
  window.set_limit_bytes(node.window.limit_bytes);
  window.set_oldest_seconds(node.window.oldest_seconds);
  auto& journal = *message.mutable_journal();
  journal.set_open_entries(node.disk.open_entries);
  journal.set_open_slots(node.disk.open_slots);
  journal.set_orphaned_spans(node.disk.orphaned_spans);
  auto& disk = *message.mutable_disk();
  disk.set_used_bytes(node.disk.used_bytes);
  disk.set_limit_bytes(node.disk.limit_bytes);
  disk.set_free_bytes(node.disk.free_bytes);
  disk.set_damaged_records(node.disk.damaged_records);
  disk.set_dead_letters(node.disk.dead_letters);
  for (const auto& log : node.logs)
    *message.add_logs() = app::to_message(log);
  return message;
}

/// The one of `all` that has this name, else the first.
template <class Value, std::size_t Count>
Value value_named(const std::string& name, const std::array<Value, Count>& all) {
  for (const auto value : all)
    if (to_string(value) == name)
      return value;
  return all.front();
}

cluster::link_view from_message(const Link& message) {
  return {.stands = message.up(),
          .trouble = message.trouble(),
          .round_trip = time_in(message.round_trip_seconds()),
          .skew_ns = time_in(message.skew_seconds()),
          .in_flight = message.in_flight_bytes(),
          .credit = message.credit_bytes(),
          .sent_bytes = message.sent_bytes(),
          .sent_entries = message.sent_entries()};
}

cluster::member_view from_message(const Member& message) {
  using enum cluster::member_state;
  constexpr std::array states{joining, up, leaving, down, left};
  cluster::member_view member;
  auto& info = member.info;
  info.id = node_in(message.id()).value_or(0);
  info.name = message.name();
  info.boot = message.boot();
  info.state = value_named(message.state(), states);
  info.address = message.address();
  info.zone = message.zone();
  info.release = message.release();
  for (const auto& id : message.unreachable())
    info.unreachable.push_back(node_in(id).value_or(0));
  member.self = message.self();
  member.suspected = message.suspected();
  member.partitions = message.partitions();
  member.silent = time_in(message.silent_seconds());
  member.link = from_message(message.link());
  member.differs = message.differs();
  return member;
}

node_status from_message(const Node& message) {
  node_status node{.id = message.id(),
                   .name = message.name(),
                   .release = message.release(),
                   .uptime_seconds = message.uptime_seconds(),
                   .phase = message.phase(),
                   .refusal = message.refusal()};
  const auto& window = message.window();
  node.window = {window.traces(), window.spans(), window.bytes(), window.limit_bytes(),
                 window.oldest_seconds()};
  const auto& journal = message.journal();
  const auto& disk = message.disk();
  node.disk = {.open_entries = journal.open_entries(),
               .open_slots = journal.open_slots(),
               .orphaned_spans = journal.orphaned_spans(),
               .used_bytes = disk.used_bytes(),
               .limit_bytes = disk.limit_bytes(),
               .free_bytes = disk.free_bytes(),
               .damaged_records = disk.damaged_records(),
               .dead_letters = disk.dead_letters()};
  for (const auto& log : message.logs())
    node.logs.push_back(app::from_message(log));
  return node;
}

} // namespace

Log to_message(const log_status& log) {
  Log message;
  message.set_pipeline(without_controls(log.pipeline));
  message.set_exporter(without_controls(log.exporter));
  message.set_health(std::string(to_string(log.health)));
  message.set_reason(without_controls(log.reason));
  message.set_health_seconds(log.health_seconds);
  message.set_waiting_items(log.waiting_items);
  message.set_oldest_waiting_seconds(log.oldest_waiting_seconds);
  return message;
}

log_status from_message(const Log& message) {
  using enum exporter_health;
  constexpr std::array all{sending, backing_off, refused, paused};
  return {.pipeline = message.pipeline(),
          .exporter = message.exporter(),
          .health = value_named(message.health(), all),
          .reason = message.reason(),
          .health_seconds = message.health_seconds(),
          .waiting_items = message.waiting_items(),
          .oldest_waiting_seconds = message.oldest_waiting_seconds()};
}

Cluster to_message(const cluster::cluster_view& view) {
  Cluster message;
  message.set_name(without_controls(view.name));
  message.set_unready(without_controls(view.unready));
  if (view.ring != 0)
    message.set_ring(text_of_node(view.ring));
  for (const auto& member : view.members)
    *message.add_members() = to_message(member);
  message.set_unsent_slots(view.unsent_slots);
  message.set_open_slots(view.open_slots);
  message.set_oldest_unsent_seconds(seconds_in(view.oldest_unsent));
  message.set_awaited(view.awaited);
  message.set_leaving(view.leaving);
  return message;
}

StatusResponse to_message(const whole_status& status) {
  StatusResponse message;
  *message.mutable_node() = to_message(status.node);
  if (status.cluster)
    *message.mutable_cluster() = to_message(*status.cluster);
  for (const auto& trouble : status.troubles) {
    auto& added = *message.add_troubles();
    added.set_problem(without_controls(trouble.problem));
    added.set_advice(without_controls(trouble.advice));
  }
  return message;
}

cluster::cluster_view from_message(const Cluster& message) {
  cluster::cluster_view view;
  view.name = message.name();
  view.unready = message.unready();
  view.ring = node_in(message.ring()).value_or(0);
  view.unsent_slots = message.unsent_slots();
  view.open_slots = message.open_slots();
  view.oldest_unsent = time_in(message.oldest_unsent_seconds());
  view.awaited = message.awaited();
  view.leaving = message.leaving();
  for (const auto& member : message.members())
    view.members.push_back(from_message(member));
  return view;
}

whole_status from_message(const StatusResponse& message) {
  whole_status status{.node = from_message(message.node())};
  if (message.has_cluster())
    status.cluster = from_message(message.cluster());
  for (const auto& trouble : message.troubles())
    status.troubles.push_back({trouble.problem(), trouble.advice()});
  return status;
}

} // namespace weir::app
