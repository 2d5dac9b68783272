#include "app/reload.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::app {

namespace {

class comparison {
public:
  template <class T>
  void same(const T& a, const T& b, std::string_view path) {
    if (!(a == b))
      differs(path);
  }
  void differs(std::string_view path) {
    lines.push_back(fmt::format("{}: this cannot change while the node runs, restart it", path));
  }

  std::vector<std::string> lines;
};

void compare_storage(const storage_config& a, const storage_config& b, comparison& out) {
  out.same(a.database.directory, b.database.directory, "storage.directory");
  out.same(a.database.memtable_bytes, b.database.memtable_bytes, "storage.memtable_bytes");
  out.same(a.database.max_wal_bytes, b.database.max_wal_bytes, "storage.max_wal_bytes");
  out.same(a.database.max_damaged_bytes, b.database.max_damaged_bytes, "storage.max_damaged_bytes");
  out.same(a.database.fsync, b.database.fsync, "storage.fsync");
  out.same(a.journal.commit_interval, b.journal.commit_interval, "storage.journal.commit_interval");
  out.same(a.journal.max_entry_bytes, b.journal.max_entry_bytes, "storage.journal.max_entry_bytes");
  out.same(a.log.max_bytes, b.log.max_bytes, "storage.log.max_bytes");
  out.same(a.log.timeout, b.log.timeout, "storage.log.timeout");
  out.same(a.cursor_interval, b.cursor_interval, "storage.cursor_interval");
}

void compare_service(const node_config& a, const node_config& b, comparison& out) {
  out.same(a.sampling.window_memory, b.sampling.window_memory, "sampling.window_memory");
  out.same(a.sampling.decision_cache, b.sampling.decision_cache, "sampling.decision_cache");
  out.same(a.sampling.samplers, b.sampling.samplers, "sampling.samplers");
  out.same(a.limits.server, b.limits.server, "service.limits");
  out.same(a.limits.max_span_bytes, b.limits.max_span_bytes, "service.limits.max_span_bytes");
  out.same(a.limits.max_edit_time, b.limits.max_edit_time, "service.limits.max_edit_time");
  out.same(a.limits.edit_threads, b.limits.edit_threads, "service.limits.edit_threads");
  out.same(a.limits.max_envelope_bytes, b.limits.max_envelope_bytes,
           "service.limits.max_envelope_bytes");
  out.same(a.telemetry.logs, b.telemetry.logs, "service.telemetry.logs");
  out.same(a.telemetry.metrics_endpoints, b.telemetry.metrics_endpoints,
           "service.telemetry.metrics");
  out.same(a.health_checks, b.health_checks, "extensions.health_check");
}

void compare_listeners(const net::otlp_receiver_config& a, const net::otlp_receiver_config& b,
                       comparison& out) {
  for (const bool grpc : {true, false}) {
    const auto of = [grpc](const net::otlp_receiver_config& r) {
      const auto is = [grpc](const auto& l) { return l.grpc == grpc; };
      const auto at = std::find_if(r.listeners.begin(), r.listeners.end(), is);
      return at == r.listeners.end() ? nullptr : &*at;
    };
    const auto* one = of(a);
    const auto* other = of(b);
    const auto path = fmt::format("receivers.{}.protocols.{}", a.id, grpc ? "grpc" : "http");
    if (one == nullptr && other == nullptr)
      continue;
    if (one == nullptr || other == nullptr)
      out.differs(path);
    else if (one->endpoint != other->endpoint)
      out.differs(path + ".endpoint");
    else
      out.same(*one, *other, path);
  }
}

template <class T>
const T* with_id(const std::vector<T>& all, const std::string& id) {
  const auto at = std::find_if(all.begin(), all.end(), [&](const auto& x) { return x.id == id; });
  return at == all.end() ? nullptr : &*at;
}

void compare_receivers(const node_config& a, const node_config& b, comparison& out) {
  for (const auto& receiver : a.receivers)
    if (const auto* other = with_id(b.receivers, receiver.id))
      compare_listeners(receiver, *other, out);
    else
      out.differs(fmt::format("receivers.{} (no pipeline uses it any more)", receiver.id));
  for (const auto& receiver : b.receivers)
    if (with_id(a.receivers, receiver.id) == nullptr)
      out.differs(fmt::format("receivers.{} (no pipeline used it before)", receiver.id));
}

void compare_pipelines(const node_config& a, const node_config& b, comparison& out) {
  for (const auto& one : a.pipelines) {
    const auto other = std::find_if(b.pipelines.begin(), b.pipelines.end(),
                                    [&](const auto& p) { return p.name == one.name; });
    if (other == b.pipelines.end())
      continue;
    if (one.tail_sampling.has_value() != other->tail_sampling.has_value())
      out.differs(fmt::format("service.pipelines.{}: tail_sampling", one.name));
    else if (one.tail_sampling
             && (one.tail_sampling->sampled_cache_size != other->tail_sampling->sampled_cache_size
                 || one.tail_sampling->non_sampled_cache_size
                        != other->tail_sampling->non_sampled_cache_size))
      out.differs(
          fmt::format("service.pipelines.{}: decision_cache of its tail_sampling", one.name));
  }
}

} // namespace

std::vector<std::string> needs_restart(const node_config& now, const node_config& wanted) {
  comparison out;
  compare_receivers(now, wanted, out);
  compare_pipelines(now, wanted, out);
  compare_service(now, wanted, out);
  compare_storage(now.storage, wanted.storage, out);
  return std::move(out.lines);
}

} // namespace weir::app
