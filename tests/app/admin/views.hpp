#pragma once

#include "app/admin/node_status.hpp"

#include <fmt/format.h>

// Clusters and nodes as their pages show them, made up.
namespace weir::app::test {

/// A member that is up and well, number 1 and so on; number 1 is the one that looks.
inline cluster::member_view member(std::size_t number, std::size_t members) {
  using cluster::member_state;
  cluster::member_view made;
  made.info = {.id = 0x1000 + number,
               .boot = 7,
               .state = member_state::up,
               .address = fmt::format("10.0.0.{}:4320", number),
               .zone = number % 2 == 0 ? "b" : "a",
               .release = "0.1.0",
               .name = fmt::format("node-{}", number)};
  made.self = number == 1;
  made.partitions = static_cast<std::uint32_t>(partition_count / members);
  made.silent = made.self ? 0 : 400 * millisecond_ns;
  if (!made.self)
    made.link = {.stands = true,
                 .round_trip = 420'000,
                 .skew_ns = 2 * millisecond_ns,
                 .in_flight = 1 << 20,
                 .credit = 4 << 20,
                 .sent_bytes = 5 << 20,
                 .sent_entries = 40};
  return made;
}

inline cluster::cluster_view cluster_of(std::size_t members) {
  cluster::cluster_view view;
  view.name = "weir";
  view.ring = 0x1234'5678'9abc'def0;
  for (std::size_t number = 1; number <= members; ++number)
    view.members.push_back(member(number, members));
  view.open_slots = 1200;
  view.unsent_slots = 3;
  view.oldest_unsent = 20 * millisecond_ns;
  return view;
}

inline node_status node() {
  return {.id = "0000000000001001",
          .name = "node-1",
          .release = "0.1.0",
          .uptime_seconds = 5400,
          .phase = "running",
          .window = {12'345, 98'765, 100 << 20, 512 << 20, 28.4},
          .disk = {.open_entries = 1,
                   .open_slots = 3400,
                   .used_bytes = 1 << 30,
                   .limit_bytes = 9ULL << 30,
                   .free_bytes = 80ULL << 30},
          .logs = {{.pipeline = "traces",
                    .exporter = "otlp/tempo",
                    .waiting_items = 1234,
                    .oldest_waiting_seconds = 2.1}}};
}

} // namespace weir::app::test
