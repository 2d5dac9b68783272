#pragma once

#include "actors/node.hpp"

#include <string>

namespace weir::actors {

/// A node that takes OTLP/HTTP on a free port and writes to a file, as small as nodes get: without
/// pipelines.
inline node_plan small_plan(const std::string& directory, const std::string& exporter_id,
                            const std::string& file) {
  node_plan plan;
  plan.storage.directory = directory;
  plan.storage.memtable_bytes = 64 << 10;
  plan.storage.max_wal_bytes = 320 << 10;
  plan.limits.threads = 1;
  plan.samplers = 2;
  auto& receiver = plan.receivers.emplace_back();
  receiver.id = "otlp";
  auto& listener = receiver.listeners.emplace_back();
  listener.grpc = false;
  listener.endpoint = "127.0.0.1:0";
  auto& exporter = plan.exporters.emplace_back();
  exporter.id = exporter_id;
  exporter.kind = backends::file_config{.path = file, .append = true};
  return plan;
}

} // namespace weir::actors
