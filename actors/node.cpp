#include "actors/node.hpp"

#include "actors/compressor.hpp"
#include "actors/exporter.hpp"
#include "actors/housekeeper.hpp"
#include "actors/intake.hpp"
#include "actors/ledger.hpp"
#include "actors/router.hpp"
#include "actors/sampler.hpp"
#include "actors/writer.hpp"
#include "backends/factory.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <thread>

namespace weir::actors {

namespace {

// Unpacked blocks kept in memory for exporters that have caught up, a log.
constexpr std::size_t tail_budget = 32 << 20;

// Entries between the intake and the router. What does not fit the router reads from the journal.
constexpr std::uint64_t handed_bytes = 32 << 20;

unsigned cores() {
  return std::max(1U, std::thread::hardware_concurrency());
}

struct system_config : caf::actor_system_config {
  system_config() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", static_cast<std::size_t>(cores()));
  }
};

} // namespace

struct node::impl {
  node_plan plan;
  std::shared_ptr<storage::store> store;
  std::vector<pipeline_id> ids;
  std::vector<std::shared_ptr<log_tail>> tails;
  system_config config;
  caf::actor_system system{config};
  writer_actor writer;
  std::vector<compressor_actor> compressors;
  std::vector<sampler_actor> samplers;
  std::vector<exporter_actor> exporters;
  router_actor router;
  intake_actor intake;
  housekeeper_actor housekeeper;
  std::unique_ptr<net::otlp_server> server;
  std::atomic<bool> serving{false};

  result<void> open_logs();
  result<void> place_new_exporters();
  result<void> spawn_exporters();
  result<void> spawn_samplers();
  void spawn_intake();
  void spawn_housekeeper();
  result<void> serve();
  template <class Handle>
  void ask_to_stop(const Handle& actor, std::chrono::milliseconds deadline);
  void stop(std::chrono::milliseconds deadline);
  void end_actors();
};

result<void> node::impl::open_logs() {
  for (const auto& pipeline : plan.pipelines) {
    const auto id = store->pipeline(pipeline.name);
    if (!id)
      return tl::unexpected(id.error());
    if (auto opened = store->open_log(*id); !opened)
      return opened;
    ids.push_back(*id);
    tails.push_back(std::make_shared<log_tail>(store->log(*id).next, tail_budget));
  }
  return place_new_exporters();
}

// A new exporter begins with what comes from now on. Its cursor is durable before anything comes, so
// that a kill cannot make it begin later.
result<void> node::impl::place_new_exporters() {
  storage::batch cursors;
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
    const auto& name = plan.pipelines[p].name;
    const auto known = store->cursors(ids[p]);
    const ledger_page logged(*store, ledger_key(name, "log"), log_counts);
    for (const auto index : plan.pipelines[p].exporters) {
      const auto& exporter = plan.exporters[index].id;
      if (known.contains(exporter))
        continue;
      cursors.put_cursor(exporter, ids[p], {store->log(ids[p]).next, 0});
      ledger_page page(*store, ledger_key(name, exporter), exporter_counts);
      page[before_items] = logged[appended_items];
      page.write(cursors);
    }
  }
  return cursors.empty() ? result<void>{} : store->commit(std::move(cursors), true);
}

result<void> node::impl::spawn_exporters() {
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
    const auto letters
      = std::make_shared<std::atomic<log_position>>(store->dead_letters(ids[p]).next);
    for (const auto index : plan.pipelines[p].exporters) {
      const auto& exporter_config = plan.exporters[index];
      auto sender = backends::make_sender(exporter_config);
      if (!sender)
        return tl::unexpected(sender.error());
      exporter_plan to{exporter_config, plan.pipelines[p].batch, ids[p], plan.pipelines[p].name,
                       plan.pipelines[p].signal, plan.cursor_interval, letters, plan.broken};
      exporters.push_back(system.spawn<caf::detached>(exporter, std::move(to), store, tails[p],
                                                      writer, std::shared_ptr(std::move(*sender))));
    }
  }
  return {};
}

result<void> node::impl::spawn_samplers() {
  const auto sampled = static_cast<std::uint64_t>(
    std::count_if(plan.pipelines.begin(), plan.pipelines.end(),
                  [](const auto& p) { return p.tail_sampling.has_value(); }));
  if (sampled == 0)
    return {};
  // The processor's own cache sizes can only lower what is remembered.
  const auto remembered = [&](const sampling::tail_sampling_config& of) {
    const auto asked = of.sampled_cache_size + of.non_sampled_cache_size;
    const auto share = plan.decision_cache / sampled;
    return asked == 0 ? share : std::min(share, asked);
  };
  // Each sampler looks at every entry for its partitions' slots, so more of them than needed cost; the
  // other cores have the network, the intake, the packing to do.
  const auto count = plan.samplers == 0 ? std::max(1U, cores() / 2) : plan.samplers;
  const auto shares = sampled * count;
  std::vector<std::vector<sampler_pipeline>> lanes(count);
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
    const auto& pipeline = plan.pipelines[p];
    if (!pipeline.tail_sampling)
      continue;
    auto policies = sampling::policy_set::compile(*pipeline.tail_sampling);
    if (!policies)
      return tl::unexpected(policies.error());
    compressors.push_back(system.spawn(
      compressor,
      compressor_config{ids[p], pipeline.name, plan.max_block_bytes, plan.block_timeout,
                        remembered(*pipeline.tail_sampling), pipeline.edits_behind, plan.broken},
      store, tails[p], writer));
    for (std::uint32_t i = 0; i < count; ++i)
      lanes[i].push_back({ids[p], pipeline.name, *pipeline.tail_sampling, *policies,
                          compressors.back(), plan.window_memory / shares,
                          remembered(*pipeline.tail_sampling) / count});
  }
  for (std::uint32_t i = 0; i < count; ++i)
    samplers.push_back(system.spawn(sampler, sampler_config{i, count, plan.broken}, std::move(lanes[i]), store));
  return {};
}

void node::impl::spawn_intake() {
  router_config routes;
  intake_config takes;
  std::size_t next_compressor = 0;
  for (const auto& receiver : plan.receivers)
    takes.receivers.push_back({receiver.id, {}, {}, {}});
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
    const auto& pipeline = plan.pipelines[p];
    const bool sampled = pipeline.tail_sampling.has_value();
    takes.pipelines.push_back(
      {ids[p], pipeline.name, pipeline.signal, sampled, tails[p], pipeline.edits_before});
    if (sampled)
      routes.pipelines.push_back(
        {ids[p], pipeline.tail_sampling->decision_wait_ns, compressors[next_compressor++]});
    for (const auto r : pipeline.receivers) {
      auto& receiver = takes.receivers[r];
      auto& lanes = pipeline.signal == signal::traces    ? receiver.traces
                    : pipeline.signal == signal::metrics ? receiver.metrics
                                                         : receiver.logs;
      lanes.push_back(p);
    }
  }
  routes.samplers = samplers;
  takes.commit_interval = plan.commit_interval;
  takes.max_entry_bytes = plan.max_entry_bytes;
  takes.max_block_bytes = plan.max_block_bytes;
  takes.limits.max_span_bytes = plan.max_span_bytes;
  takes.broken = routes.broken = plan.broken;
  takes.handed = routes.handed = std::make_shared<net::byte_budget>(handed_bytes);
  auto positions = std::make_shared<std::atomic<journal_position>>(store->journal().next);
  router = system.spawn<caf::detached>(weir::actors::router, std::move(routes), store, positions,
                                       writer);
  intake = system.spawn(weir::actors::intake, std::move(takes), store, positions, writer, router);
}

result<void> node::impl::serve() {
  std::vector<net::otlp_server::receiver> receivers;
  for (std::uint32_t r = 0; r < plan.receivers.size(); ++r) {
    net::otlp_server::receiver receiver{plan.receivers[r], {}};
    for (const auto& p : plan.pipelines)
      if (std::count(p.receivers.begin(), p.receivers.end(), r) > 0
          && std::count(receiver.signals.begin(), receiver.signals.end(), p.signal) == 0)
        receiver.signals.push_back(p.signal);
    receivers.push_back(std::move(receiver));
  }
  auto started = net::otlp_server::start(
    std::move(receivers), plan.limits, [to = intake](std::vector<net::otlp_request>&& requests) {
      caf::anon_send(to, std::make_shared<arrivals>(arrivals{std::move(requests)}));
    });
  if (!started)
    return tl::unexpected(started.error());
  server = std::move(*started);
  serving = true;
  return {};
}

void node::impl::spawn_housekeeper() {
  housekeeper_config keeps;
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
    kept_log log{ids[p], plan.pipelines[p].name, {}};
    for (const auto index : plan.pipelines[p].exporters)
      log.exporters.push_back(plan.exporters[index].id);
    keeps.logs.push_back(std::move(log));
  }
  keeps.retention_ns = plan.retention / std::chrono::nanoseconds(1);
  keeps.drop_oldest = plan.drop_oldest;
  keeps.memory_limit = plan.memory_limit;
  keeps.admit = [this](bool accepting, std::string reason) {
    server->set_accepting(accepting, std::move(reason));
  };
  housekeeper = system.spawn<caf::detached>(weir::actors::housekeeper, std::move(keeps), store);
}

template <class Handle>
void node::impl::ask_to_stop(const Handle& actor, std::chrono::milliseconds deadline) {
  if (!actor)
    return;
  caf::scoped_actor self{system};
  self->request(actor, deadline, stop_atom_v)
    .receive([](stopped_atom) {},
             [&](const caf::error& why) {
               log::warn("a stage did not stop in time: {}", system.render(why));
             });
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
  for (const auto& each : samplers)
    ask_to_stop(each, left());
  for (const auto& each : compressors)
    ask_to_stop(each, left());
  ask_to_stop(router, left());
  for (const auto& each : exporters)
    ask_to_stop(each, left());
  ask_to_stop(housekeeper, left());
  server.reset();
}

void node::impl::end_actors() {
  const auto end = [](auto& handle) {
    if (handle)
      caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
    handle = std::decay_t<decltype(handle)>();
  };
  end(housekeeper);
  end(intake);
  end(router);
  for (auto& each : samplers)
    end(each);
  for (auto& each : compressors)
    end(each);
  for (auto& each : exporters)
    end(each);
  end(writer);
  system.registry().await_running_count_equal(0);
  // A tail holds the exporters it wakes, and CAF waits for the threads of detached actors that are held.
  tails.clear();
}

node::node() : impl_(std::make_unique<impl>()) {}

node::~node() {
  impl_->server.reset();
  impl_->end_actors();
}

result<std::unique_ptr<node>> node::start(node_plan plan) {
  auto store = storage::store::open(plan.storage);
  if (!store)
    return tl::unexpected(store.error());
  std::unique_ptr<node> made(new node());
  auto& parts = *made->impl_;
  parts.plan = std::move(plan);
  parts.store = std::move(*store);
  if (!parts.store->recovery().text.empty())
    log::info("storage: {}", parts.store->recovery().text);
  if (auto opened = parts.open_logs(); !opened)
    return tl::unexpected(opened.error());
  parts.writer = parts.system.spawn<caf::detached>(writer, parts.store, parts.plan.broken);
  if (auto spawned = parts.spawn_exporters(); !spawned)
    return tl::unexpected(spawned.error());
  if (auto spawned = parts.spawn_samplers(); !spawned)
    return tl::unexpected(spawned.error());
  parts.spawn_intake();
  if (auto served = parts.serve(); !served)
    return tl::unexpected(served.error());
  parts.spawn_housekeeper();
  return made;
}

std::vector<std::string> node::endpoints() const {
  return impl_->server ? impl_->server->endpoints() : std::vector<std::string>{};
}

bool node::ready() const noexcept {
  return impl_->serving;
}

void node::stop(std::chrono::milliseconds deadline) {
  impl_->stop(deadline);
}

} // namespace weir::actors
