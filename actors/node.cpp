#include "actors/node.hpp"

#include "actors/metrics_at_start.hpp"
#include "actors/node_impl.hpp"
#include "backends/factory.hpp"
#include "core/cpus.hpp"
#include "core/log.hpp"
#include "stages/cursor_moves.hpp"

#include <algorithm>
#include <caf/send.hpp>

namespace weir::actors {

node_system_config::node_system_config() {
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads", static_cast<std::size_t>(usable_cpus()));
}

result<std::vector<pipeline_id>> node::impl::open_logs(const node_plan& plan) {
  std::vector<pipeline_id> opened_ids;
  for (const auto& pipeline : plan.pipelines) {
    const auto id = store->pipeline(pipeline.name);
    if (!id)
      return tl::unexpected(id.error());
    if (auto opened = store->open_log(*id); !opened)
      return tl::unexpected(opened.error());
    opened_ids.push_back(*id);
  }
  return opened_ids;
}

// A new exporter begins with what comes from now on, or where its `start_at` says. Its cursor is durable before anything comes,
// so that a kill cannot make it begin later. Throws where the store cannot say which are new.
void node::impl::place_new_exporters(const node_plan& plan, const std::vector<pipeline_id>& of_ids,
                                     storage::batch& cursors) const {
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
    const auto& name = plan.pipelines[p].name;
    const auto known = store->cursors(of_ids[p]);
    if (!known)
      throw std::runtime_error(known.error().message);
    for (const auto index : plan.pipelines[p].exporters) {
      const auto& exporter = plan.exporters[index];
      const auto forgotten =
          stages::is_forgotten(*store, of_ids[p], exporter.id, moment::now().wall,
                               plan.cursor_retention / std::chrono::nanoseconds(1));
      if (!forgotten)
        throw std::runtime_error(forgotten.error().message);
      if (!known->contains(exporter.id) || *forgotten)
        stages::place_exporter(*store, {of_ids[p], name}, exporter.id, exporter.start, cursors);
    }
  }
}

// What the stages of a pipeline share. @pre its log is open, and nobody writes to it yet
void node::impl::make_tail(pipeline_id id) {
  tails[id] = std::make_shared<stages::log_tail>(store->log(id).next, plan.tail_bytes);
  letters[id] = std::make_shared<stages::letter_box>(store, id, store->pipelines()[id]);
}

// @pre its cursor is in the store
void node::impl::spawn_exporter(const node_plan& whole, std::size_t pipeline, pipeline_id id,
                                const backends::exporter_config& config_of, sender_ptr sender) {
  if (const auto* file = std::get_if<backends::file_config>(&config_of.kind))
    files.insert(file->path);
  const auto& info = whole.pipelines[pipeline];
  stages::exporter_plan plan{config_of,   info.batch,  id,
                             info.name,   info.signal, whole.cursor_interval,
                             letters[id], {},          whole.broken};
  exporters[{id, config_of.id}] = {config_of, info.batch,
                                   system.spawn<caf::detached>(exporter, std::move(plan), store,
                                                               tails[id], writer,
                                                               std::move(sender))};
}

result<void> node::impl::spawn_exporters() {
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
    for (const auto index : plan.pipelines[p].exporters) {
      auto sender = backends::make_sender(plan.exporters[index]);
      if (!sender)
        return tl::unexpected(sender.error());
      spawn_exporter(plan, p, ids[p], plan.exporters[index], std::move(*sender));
    }
  }
  return {};
}

void node::impl::spawn_compressors() {
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
    if (!plan.pipelines[p].tail_sampling || compressors.contains(ids[p]))
      continue;
    auto config = config_of_compressor(p);
    const auto number = next_compressor++;
    // Edits may take long: not on a thread that others wait for.
    const bool edits = plan.pipelines[p].edits_behind != nullptr;
    const auto& tail = tails[ids[p]];
    auto actor = edits ? system.spawn<caf::detached>(compressor, std::move(config), number, store,
                                                     tail, writer)
                       : system.spawn(compressor, std::move(config), number, store, tail, writer);
    compressors[ids[p]] = {number, std::move(actor)};
  }
}

void node::impl::spawn_shards(std::vector<shard_pipelines> pipelines) {
  const auto count = static_cast<std::uint32_t>(pipelines.size());
  for (std::uint32_t i = 0; i < count; ++i)
    shards.push_back(
        system.spawn(shard, stages::shard_config{i, count, plan.edits.max_time, {}, plan.broken},
                     change_of_shard(std::move(pipelines[i])), store));
}

void node::impl::spawn_intake() {
  auto change = change_of_origin();
  change.config.journal = store->journal();
  auto positions = std::make_shared<std::atomic<journal_position>>(change.config.journal.next);
  origin = system.spawn<caf::detached>(
      weir::actors::origin, std::make_shared<const origin_change_message>(std::move(change)), store,
      positions, writer);
  intake = system.spawn<caf::detached>(weir::actors::intake, config_of_intake(), store, positions,
                                       writer, origin);
}

result<void> node::impl::serve() {
  std::vector<net::otlp_server::receiver> receivers;
  for (std::uint32_t r = 0; r < plan.receivers.size(); ++r)
    receivers.push_back({plan.receivers[r], signals_of(r)});
  auto limits = plan.limits;
  limits.gather = plan.commit_interval;
  limits.gather_bytes = plan.max_entry_bytes;
  auto started = net::otlp_server::start(
      std::move(receivers), limits, [to = intake](std::vector<net::otlp_request>&& requests) {
        caf::anon_send(to, std::make_shared<arrivals>(arrivals{std::move(requests)}));
      });
  if (!started)
    return tl::unexpected(started.error());
  server = std::move(*started);
  gate->belongs_to(server.get());
  serving = true;
  return {};
}

void node::impl::say_orphans() const {
  const auto found = stages::find_orphans(*store, configured(), moment::now().wall,
                                          plan.cursor_retention / std::chrono::nanoseconds(1));
  if (!found)
    return log::warn("what is owed to exporters that are gone cannot be read: {}",
                     found.error().message);
  for (const auto& orphan : *found)
    log::warn("{}", stages::describe(orphan));
}

void node::impl::stop(std::chrono::milliseconds deadline) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  const auto left = [&] {
    return std::max(std::chrono::milliseconds(1),
                    std::chrono::duration_cast<std::chrono::milliseconds>(
                        until - std::chrono::steady_clock::now()));
  };
  serving = false;
  if (server)
    server->drain(left());
  ask_to_stop(intake, left());
  if (hub)
    change(hub, freeze_atom_v);
  for (const auto& each : shards)
    ask_to_stop(each, left());
  for (const auto& [id, each] : compressors)
    ask_to_stop(each.actor, left());
  finish_copies(left());
  end_links(left());
  ask_to_stop(origin, left());
  for (const auto& [key, each] : exporters)
    ask_to_stop(each.actor, left());
  ask_to_stop(replays, left());
  ask_to_stop(housekeeper, left());
  end_server();
}

// The housekeeper may be at work still.
void node::impl::end_server() {
  gate->belongs_to(nullptr);
  server.reset();
}

void node::impl::end_actors() {
  *ending = true;
  end_links(std::chrono::seconds(1));
  const std::lock_guard guard(look_mutex);
  const auto end = [](auto& handle) {
    if (handle)
      caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
    handle = std::decay_t<decltype(handle)>();
  };
  end(housekeeper);
  end(replays);
  end(hub);
  end(inbox);
  end(intake);
  end(origin);
  for (auto& each : shards)
    end(each);
  for (auto& [id, each] : compressors)
    end(each.actor);
  for (auto& [key, each] : exporters)
    end(each.actor);
  end(writer);
  system.registry().await_running_count_equal(0);
  // A tail holds the exporters it wakes, and CAF waits for the threads of detached actors that are
  // held.
  tails.clear();
}

node::node() : impl_(std::make_unique<impl>()) {}

node::~node() {
  impl_->end_server();
  impl_->end_actors();
}

result<std::unique_ptr<node>> node::start(node_plan plan) {
  auto store = storage::store::open(plan.storage);
  if (!store)
    return tl::unexpected(store.error());
  std::unique_ptr<node> made(new node());
  auto& parts = *made->impl_;
  parts.plan = std::move(plan);
  if (parts.plan.cluster)
    parts.rates = std::make_shared<sampling::rate_board>();
  parts.store = std::move(*store);
  auto ids = parts.open_logs(parts.plan);
  if (!ids)
    return tl::unexpected(ids.error());
  parts.ids = std::move(*ids);
  storage::batch cursors;
  try {
    parts.place_new_exporters(parts.plan, parts.ids, cursors);
    stages::note_orphans(*parts.store, parts.configured(), moment::now().wall, cursors);
  } catch (const std::runtime_error& why) {
    return fail(errc::io, why.what());
  }
  const auto boot = parts.choose_boot(cursors);
  if (!boot)
    return tl::unexpected(boot.error());
  if (!cursors.empty())
    if (auto placed = parts.store->commit(std::move(cursors), true); !placed)
      return tl::unexpected(placed.error());
  parts.say_orphans();
  for (const auto id : parts.ids)
    parts.make_tail(id);
  parts.writer = parts.system.spawn<caf::detached>(writer, parts.store, parts.plan.broken,
                                                   end_flag(parts.ending));
  if (auto spawned = parts.spawn_exporters(); !spawned)
    return tl::unexpected(spawned.error());
  auto pipelines = parts.pipelines_of_shards(parts.plan, parts.ids);
  if (!pipelines)
    return tl::unexpected(pipelines.error());
  parts.spawn_replays();
  parts.spawn_compressors();
  parts.spawn_shards(std::move(*pipelines));
  parts.spawn_intake();
  if (auto joined = parts.join(*boot); !joined)
    return tl::unexpected(joined.error());
  if (auto served = parts.serve(); !served)
    return tl::unexpected(served.error());
  show_metrics_at_start(parts.plan);
  parts.housekeeper =
      parts.system.spawn<caf::detached>(housekeeper, parts.config_of_housekeeper(), parts.store);
  return made;
}

std::vector<std::string> node::endpoints() const {
  return impl_->server ? impl_->server->endpoints() : std::vector<std::string>{};
}

bool node::ready() const noexcept {
  return impl_->serving;
}

node_id node::id() const noexcept {
  return impl_->store->node();
}

std::string node::refusal() const {
  return impl_->server ? impl_->server->refusal() : std::string{};
}

result<std::vector<std::string>> node::reload(node_plan plan) {
  const std::lock_guard guard(impl_->hands_mutex);
  return impl_->reload(std::move(plan));
}

void node::stop(std::chrono::milliseconds deadline) {
  const std::lock_guard guard(impl_->hands_mutex);
  impl_->stop(deadline);
}

} // namespace weir::actors
