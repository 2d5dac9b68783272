#include "actors/node_impl.hpp"

#include "backends/factory.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <fmt/format.h>

// How a running node goes over to another plan. What can fail is done first, aside; then the stages
// are told in an order in which none gets data that the next does not know.
namespace weir::actors {

namespace {

// Requests under way of an exporter that goes.
constexpr auto exporter_patience = std::chrono::seconds(10);

const node_pipeline* find(const node_plan& plan, const std::string& name) {
  const auto found = std::find_if(plan.pipelines.begin(), plan.pipelines.end(),
                                  [&](const auto& p) { return p.name == name; });
  return found == plan.pipelines.end() ? nullptr : &*found;
}

// Receivers keep the numbers that the server knows them by.
node_plan with_receivers_of(const node_plan& now, node_plan wanted) {
  for (auto& pipeline : wanted.pipelines)
    for (auto& r : pipeline.receivers) {
      const auto& id = wanted.receivers[r].id;
      const auto found = std::find_if(now.receivers.begin(), now.receivers.end(),
                                      [&](const auto& c) { return c.id == id; });
      r = static_cast<std::uint32_t>(found - now.receivers.begin());
    }
  wanted.receivers = now.receivers;
  wanted.broken = now.broken;
  wanted.release = now.release;
  return wanted;
}

} // namespace

/// Everything about the next plan that could fail, done.
struct node::impl::next_plan {
  node_plan plan;
  std::vector<pipeline_id> ids;
  std::vector<shard_pipelines> pipelines_of_shards;
  struct exporter {
    std::size_t pipeline = 0;
    std::uint32_t config = 0; ///< Into plan.exporters.
    sender_ptr sender;        ///< Null: it goes on as it is.
  };
  std::map<place, exporter> exporters;

  bool has(pipeline_id id) const { return std::count(ids.begin(), ids.end(), id) > 0; }
};

// Its commits would wait for room for as long as it takes, and who asked for it with them.
result<std::vector<std::string>> node::impl::reload(node_plan wanted) {
  if (store->room().stuck)
    return fail(errc::full, "the disk is full: " + storage::describe(store->room(), store->usage())
                                + "; make room, then reload");
  auto next = prepare(with_receivers_of(plan, std::move(wanted)));
  if (!next)
    return tl::unexpected(next.error());
  std::vector<std::string> changes;
  if (next->plan.storage.max_bytes != plan.storage.max_bytes) {
    if (const auto set = store->set_max_bytes(next->plan.storage.max_bytes); !set)
      return tl::unexpected(set.error());
    changes.push_back(
        fmt::format("storage.max_bytes: {} MiB from now on", next->plan.storage.max_bytes >> 20));
  }
  adopt(*next, changes);
  show_metrics_at_start(plan);
  return changes;
}

// A file that exporters of this node have written to is written on, whatever `append` says for a
// start; with rotation it is in any case.
void node::impl::keep_file(backends::exporter_config& exporter) const {
  auto* file = std::get_if<backends::file_config>(&exporter.kind);
  if (file != nullptr && !file->rotation && files.contains(file->path))
    file->append = true;
}

result<node::impl::next_plan> node::impl::prepare(node_plan wanted) {
  next_plan next;
  next.plan = std::move(wanted);
  auto opened = open_logs(next.plan);
  if (!opened)
    return tl::unexpected(opened.error());
  next.ids = std::move(*opened);
  auto pipelines = pipelines_of_shards(next.plan, next.ids);
  if (!pipelines)
    return tl::unexpected(pipelines.error());
  next.pipelines_of_shards = std::move(*pipelines);
  for (std::size_t p = 0; p < next.ids.size(); ++p) {
    for (const auto index : next.plan.pipelines[p].exporters) {
      auto config_of = next.plan.exporters[index];
      const auto running = exporters.find({next.ids[p], config_of.id});
      next_plan::exporter made{p, index, nullptr};
      if (running == exporters.end() || running->second.config != config_of
          || running->second.batch != next.plan.pipelines[p].batch) {
        keep_file(config_of);
        auto sender = backends::make_sender(config_of);
        if (!sender)
          return tl::unexpected(sender.error());
        made.sender = std::move(*sender);
      }
      next.exporters.emplace(place{next.ids[p], config_of.id}, std::move(made));
    }
  }
  return next;
}

void node::impl::adopt(next_plan& next, std::vector<std::string>& changes) {
  narrow_inbox(next.ids);
  const auto before = std::exchange(plan, next.plan);
  const auto before_ids = std::exchange(ids, next.ids);
  const auto stopped = stop_exporters(next, changes);
  // On the writer's thread, where place in the log and ledger agree.
  commit({}, [this](storage::batch& batch) { place_new_exporters(plan, ids, batch); });
  for (std::size_t p = 0; p < ids.size(); ++p)
    if (std::count(before_ids.begin(), before_ids.end(), ids[p]) == 0) {
      make_tail(ids[p]);
      changes.push_back(fmt::format("pipeline {}: new", plan.pipelines[p].name));
    }
  start_exporters(next, stopped, changes);
  for (std::size_t p = 0; p < ids.size(); ++p)
    if (const auto found = compressors.find(ids[p]); found != compressors.end())
      change(found->second.actor,
             std::make_shared<const stages::compressor_config>(config_of_compressor(p)));
  spawn_compressors();
  change_shards(std::move(next.pipelines_of_shards));
  change(origin, std::make_shared<const origin_change_message>(change_of_origin()));
  change(intake, std::make_shared<const stages::intake_config>(config_of_intake()));
  change_place();
  for (std::uint32_t r = 0; r < plan.receivers.size(); ++r)
    server->set_signals(r, signals_of(r));
  for (std::size_t p = 0; p < before_ids.size(); ++p) {
    const auto id = before_ids[p];
    const auto* now = find(plan, before.pipelines[p].name);
    if (now != nullptr && now->tail_sampling != before.pipelines[p].tail_sampling)
      changes.push_back(fmt::format("pipeline {}: tail_sampling changed, what its window holds is "
                                    "decided by the new policies",
                                    now->name));
    if (now != nullptr && now->edits_text != before.pipelines[p].edits_text)
      changes.push_back(fmt::format("pipeline {}: its processors changed", now->name));
    if (now != nullptr && now->connectors != before.pipelines[p].connectors)
      changes.push_back(fmt::format("pipeline {}: its connectors changed", now->name));
    if (now != nullptr && now->receivers != before.pipelines[p].receivers)
      changes.push_back(fmt::format("pipeline {}: its receivers changed", now->name));
    if (now != nullptr)
      continue;
    changes.push_back(fmt::format("pipeline {}: gone", before.pipelines[p].name));
    if (const auto found = compressors.find(id); found != compressors.end()) {
      const auto gone = found->second.actor;
      compressors.erase(found);
      change_place();
      ask_to_stop(gone, exporter_patience);
      caf::anon_send_exit(gone, caf::exit_reason::user_shutdown);
    }
    tails.erase(id);
    letters.erase(id);
  }
  for (const auto& connection : plan.connections)
    for (const auto& other : before.connections)
      if (connection.id == other.id && connection.options != other.options)
        changes.push_back(fmt::format("connector {}: changed", connection.id));
  if (plan.retention != before.retention || plan.drop_oldest != before.drop_oldest
      || plan.memory_limit != before.memory_limit
      || plan.cursor_retention != before.cursor_retention
      || plan.dead_letter_bytes != before.dead_letter_bytes
      || plan.dead_letter_retention != before.dead_letter_retention
      || plan.max_replays != before.max_replays || plan.keep_replays != before.keep_replays)
    changes.push_back("retention, overflow, dead_letters, replays or memory_limiter: changed");
  // What the stages had on its way is durable when it is asked for again; then nothing more comes
  // for those that are gone.
  commit({}, nullptr);
  commit({}, [this](storage::batch& batch) {
    stages::note_orphans(*store, configured(), moment::now().wall, batch);
  });
  change(housekeeper, std::make_shared<const stages::housekeeper_config>(config_of_housekeeper()));
  change_replays();
}

// Stops what goes and what changes; the places of the former are left out of what comes back.
std::vector<node::impl::place> node::impl::stop_exporters(const next_plan& next,
                                                          std::vector<std::string>& changes) {
  std::vector<place> stopped;
  std::vector<place> gone;
  for (const auto& [key, running] : exporters) {
    const auto wanted = next.exporters.find(key);
    if (wanted == next.exporters.end())
      gone.push_back(key);
    else if (wanted->second.sender)
      stopped.push_back(key);
  }
  auto all = stopped;
  all.insert(all.end(), gone.begin(), gone.end());
  for (const auto& plan : all)
    caf::anon_send(exporters[plan].actor, stop_atom_v);
  const auto until = std::chrono::steady_clock::now() + exporter_patience;
  for (const auto& plan : all) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    ask_to_stop(exporters[plan].actor, std::max(left, std::chrono::milliseconds(1)));
    caf::anon_send_exit(exporters[plan].actor, caf::exit_reason::user_shutdown);
    exporters.erase(plan);
  }
  commit({}, nullptr); // Their cursors are in the store.
  for (const auto& [id, exporter] : gone) {
    const auto cursors = store->cursors(id);
    const auto end = store->log(id).next;
    auto owed = log_position{0};
    if (cursors && cursors->contains(exporter))
      owed = end - std::min(end, cursors->at(exporter).position);
    auto line = fmt::format("exporter {} of pipeline {}: gone", exporter, store->pipelines()[id]);
    if (owed > 0) {
      line += fmt::format("; {} blocks were not delivered; they and its cursor stay for "
                          "storage.cursor_retention, `weir exporters adopt` hands them on",
                          owed);
      log::warn("{}", line);
    }
    changes.push_back(std::move(line));
  }
  return stopped;
}

void node::impl::start_exporters(next_plan& next, const std::vector<place>& stopped,
                                 std::vector<std::string>& changes) {
  for (auto& [key, wanted] : next.exporters) {
    if (!wanted.sender)
      continue;
    const bool changed = std::count(stopped.begin(), stopped.end(), key) > 0;
    changes.push_back(fmt::format("exporter {} of pipeline {}: {}", key.second,
                                  plan.pipelines[wanted.pipeline].name,
                                  changed ? "changed, it goes on where it was" : "new"));
    spawn_exporter(plan, wanted.pipeline, key.first, plan.exporters[wanted.config],
                   std::move(wanted.sender));
  }
}

void node::impl::change_shards(std::vector<shard_pipelines> pipelines) {
  if (shards.empty())
    return spawn_shards(std::move(pipelines));
  for (std::size_t i = 0; i < shards.size(); ++i)
    change(shards[i], change_of_shard(std::move(pipelines[i])));
}

// Returns when it is durable, and all that was sent to the writer before.
void node::impl::commit(storage::batch changes, std::function<void(storage::batch&)> late) {
  caf::scoped_actor self{system};
  auto work = std::make_shared<stages::commit>();
  work->batch = std::move(changes);
  work->late = std::move(late);
  self->request(writer, caf::infinite, std::move(work))
      .receive([](stored_atom) {},
               [&](const caf::error& why) {
                 log::error("the writer did not answer: {}", system.render(why));
               });
}

} // namespace weir::actors
