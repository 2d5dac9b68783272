// Hands on exporters.
#include "actors/node_impl.hpp"
#include "backends/factory.hpp"
#include "stages/cursor_moves.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <fmt/format.h>

namespace weir::actors {

namespace {

constexpr auto patience = std::chrono::seconds(10);

error not_found(const exporter_filter& which) {
  return {errc::not_found, fmt::format("no exporter {} of pipeline {}", which.exporter,
                                       which.pipeline.empty() ? "any" : which.pipeline)};
}

} // namespace

result<void> node::impl::obey(const exporter_actor& actor, stages::exporter_order order) {
  caf::scoped_actor self{system};
  result<void> done;
  self->request(actor, patience, std::make_shared<const stages::exporter_order>(std::move(order)))
      .receive([](changed_atom) {},
               [&](const caf::error& why) {
                 done = fail(errc::unavailable,
                             "the exporter did not answer in time: " + system.render(why));
               });
  return done;
}

// The one pipeline that is meant.
result<std::size_t> node::impl::pipeline_of(const exporter_filter& which) const {
  std::optional<std::size_t> found;
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
    const auto& pipeline = plan.pipelines[p];
    const bool has =
        std::any_of(pipeline.exporters.begin(), pipeline.exporters.end(), [&](auto index) {
          return which.takes(pipeline.name, plan.exporters[index].id);
        });
    if (!has)
      continue;
    if (found)
      return fail(errc::invalid_argument,
                  fmt::format("exporter {} is on several pipelines: say which", which.exporter));
    found = p;
  }
  if (!found)
    return tl::unexpected(not_found(which));
  return *found;
}

result<void> node::impl::stop_exporter(const place& key) {
  const auto running = exporters.find(key);
  if (running == exporters.end())
    return fail(errc::not_found, fmt::format("exporter {} does not run", key.second));
  ask_to_stop(running->second.actor, patience);
  caf::anon_send_exit(running->second.actor, caf::exit_reason::user_shutdown);
  exporters.erase(running);
  return {};
}

result<void> node::impl::start_exporter(std::size_t pipeline, const std::string& id) {
  const auto& all = plan.exporters;
  auto config_of = *std::find_if(all.begin(), all.end(), [&](const auto& e) { return e.id == id; });
  keep_file(config_of);
  auto sender = backends::make_sender(config_of);
  if (!sender)
    return tl::unexpected(sender.error());
  spawn_exporter(plan, pipeline, ids[pipeline], config_of, std::move(*sender));
  return {};
}

// Nobody delivers while the cursor moves, and the writer's thread sees where the log ends.
template <class Value>
result<Value> node::impl::move_cursor(std::size_t pipeline, const std::string& id,
                                      const std::function<result<Value>(storage::batch&)>& move) {
  if (auto stopped = stop_exporter({ids[pipeline], id}); !stopped)
    return tl::unexpected(stopped.error());
  result<Value> moved{};
  commit({}, [&](storage::batch& batch) {
    storage::batch changes;
    try {
      moved = move(changes);
    } catch (const std::runtime_error& why) {
      moved = fail(errc::io, why.what());
    }
    if (moved)
      batch.append(std::move(changes));
  });
  if (auto started = start_exporter(pipeline, id); !started)
    return tl::unexpected(started.error());
  return moved;
}

std::vector<exporter_view> node::exporters() const {
  const auto& parts = *impl_;
  const std::lock_guard guard(parts.hands_mutex);
  std::vector<exporter_view> all;
  std::map<pipeline_id, std::map<std::string, log_place>> cursors;
  for (const auto& [id, name] : parts.store->pipelines())
    if (auto known = parts.store->cursors(id))
      cursors[id] = *std::move(known);
  const auto names = parts.store->pipelines();
  for (auto& status : exporter_board::instance().all()) {
    exporter_view view{.status = status, .cursor = {}};
    for (const auto& [id, name] : names)
      if (name == status.pipeline) {
        view.cursor = cursors[id][status.exporter];
        view.log_next = parts.store->log(id).next;
      }
    all.push_back(std::move(view));
  }
  const auto gone = stages::find_orphans(*parts.store, parts.configured(), moment::now().wall,
                                         parts.plan.cursor_retention / std::chrono::nanoseconds(1));
  if (gone)
    for (const auto& orphan : *gone) {
      exporter_view view{};
      view.configured = false;
      view.until = orphan.until;
      view.status.pipeline = orphan.pipeline_name;
      view.status.exporter = orphan.exporter;
      view.status.waiting_items = orphan.items;
      view.cursor = {orphan.first, 0};
      view.log_next = orphan.below;
      all.push_back(std::move(view));
    }
  return all;
}

result<std::uint64_t> node::pause_exporters(const exporter_filter& which, bool paused) {
  using kind = stages::exporter_order::kind;
  auto& parts = *impl_;
  const std::lock_guard guard(parts.hands_mutex);
  std::uint64_t told = 0;
  for (std::size_t p = 0; p < parts.plan.pipelines.size(); ++p)
    for (const auto& [key, running] : parts.exporters) {
      if (key.first != parts.ids[p] || !which.takes(parts.plan.pipelines[p].name, key.second))
        continue;
      if (auto done = parts.obey(running.actor, {paused ? kind::pause : kind::resume, {}}); !done)
        return tl::unexpected(done.error());
      ++told;
    }
  if (told == 0)
    return tl::unexpected(not_found(which));
  return told;
}

result<std::int64_t> node::seek_exporter(const exporter_filter& which,
                                         const backends::start_config& target) {
  auto& parts = *impl_;
  const std::lock_guard guard(parts.hands_mutex);
  const auto p = parts.pipeline_of(which);
  if (!p)
    return tl::unexpected(p.error());
  const stages::named_log log{parts.ids[*p], parts.plan.pipelines[*p].name};
  auto moved = parts.move_cursor<std::int64_t>(*p, which.exporter, [&](storage::batch& changes) {
    return stages::seek_exporter(*parts.store, log, which.exporter, target, changes);
  });
  if (moved)
    log::warn({{"exporter", which.exporter}, {"pipeline", log.name}},
              "exporter {}: its cursor was moved by hand, by {} items", which.exporter, *moved);
  return moved;
}

result<std::uint64_t> node::adopt_exporter(const std::string& pipeline, const std::string& old,
                                           const std::string& heir) {
  auto& parts = *impl_;
  const std::lock_guard guard(parts.hands_mutex);
  const auto p = parts.pipeline_of({pipeline, heir});
  if (!p)
    return tl::unexpected(p.error());
  const stages::named_log log{parts.ids[*p], parts.plan.pipelines[*p].name};
  if (parts.exporters.contains({log.id, old}))
    return fail(errc::invalid_argument,
                fmt::format("exporter {} is configured: what it is owed is its own", old));
  auto moved = parts.move_cursor<std::uint64_t>(*p, heir, [&](storage::batch& changes) {
    return stages::adopt_exporter(*parts.store, log, old, heir, changes);
  });
  if (moved)
    log::warn({{"exporter", heir}, {"pipeline", log.name}},
              "exporter {} was given what {} was owed, {} items, by hand", heir, old, *moved);
  return moved;
}

} // namespace weir::actors
