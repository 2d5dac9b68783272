#include "actors/housekeeper.hpp"

#include "actors/last_words.hpp"
#include "actors/ledger.hpp"
#include "core/log.hpp"
#include "core/memory.hpp"
#include "core/metrics.hpp"

#include <algorithm>

namespace weir::actors {

namespace {

constexpr auto tick_interval = std::chrono::milliseconds(1000);

// A fast sender fills a small quota within one: whether there is room is looked at in between.
constexpr unsigned looks_a_tick = 5;

// How often it is said that clients are refused, in seconds.
constexpr unsigned refusal_interval = 60;

// Looks at the memory, and gives back what is not needed.
bool memory_is_short(housekeeper_state& state) {
  const auto in_use = memory::in_use();
  metrics::memory_in_use.with().Set(static_cast<double>(in_use));
  const auto said = state.memory.look(state.config.memory_limit, in_use, memory::resident());
  if (said.give_back)
    memory::give_back();
  return said.refuse;
}

// Why clients are refused; the words of the metric.
struct closed_gate {
  std::string_view reason; ///< Empty: it is open.
  std::string for_clients;
  std::string for_operators;
};

closed_gate gate_of(housekeeper_state& state) {
  const bool short_of_memory = memory_is_short(state);
  const auto room = state.store->room();
  if (!state.store->accepts_data())
    return {room.why == storage::refusal::disk ? "disk" : "quota",
            storage::short_reason(room.why),
            storage::describe(room, state.store->usage())};
  if (short_of_memory) {
    const auto text = std::string("data refused due to high memory usage");
    return {"memory", text, text};
  }
  return {};
}

void admit(housekeeper_state& state) {
  auto gate = gate_of(state);
  for (const auto* reason : {"quota", "disk", "memory"})
    metrics::refusing.with({{"reason", reason}}).Set(gate.reason == reason ? 1 : 0);
  const bool accepting = gate.reason.empty();
  const bool changed = accepting != std::exchange(state.accepting, accepting);
  if (!accepting && (log::permit("refusing", refusal_interval) || changed))
    log::warn("clients are told to retry: {}", gate.for_operators);
  if (!changed)
    return;
  if (accepting)
    log::info("clients are served again");
  if (state.config.admit)
    state.config.admit(accepting, std::move(gate.for_clients));
}

// What is owed to exporters that are gone, and when the last of it goes.
void measure_orphans(housekeeper_state& state) {
  auto shown = std::exchange(state.orphans_shown, {});
  for (const auto& orphan : state.disk->orphans()) {
    const metrics::labels who{{"pipeline", orphan.pipeline_name}, {"exporter", orphan.exporter}};
    metrics::orphaned_items.with(who).Set(static_cast<double>(orphan.items));
    metrics::orphaned_until_seconds.with(who)
      .Set(static_cast<double>(end_of(*state.store, orphan, state.config.retention_ns) / second_ns));
    shown.erase({orphan.pipeline_name, orphan.exporter});
    state.orphans_shown.emplace(orphan.pipeline_name, orphan.exporter);
  }
  for (const auto& [pipeline, exporter] : shown)
    for (const auto* gauge : {&metrics::orphaned_items, &metrics::orphaned_until_seconds})
      gauge->with({{"pipeline", pipeline}, {"exporter", exporter}}).Set(0);
}

// The ledger's equations, as differences: all 0 at rest.
void measure_ledger(const storage::store& store, const kept_log& of) {
  const auto received = ledger_page::look(store, ledger_key(of.name, "intake"), intake_counts);
  const auto logged_page = ledger_page::look(store, ledger_key(of.name, "log"), log_counts);
  if (!received || !logged_page)
    return;
  const auto& logged = *logged_page;
  const auto settled = logged[kept_items] + logged[dropped_items] + (*received)[removed_spans];
  const auto appended = logged[appended_items] + logged[removed_items];
  metrics::ledger_unsettled_items.with({{"pipeline", of.name}})
    .Set(static_cast<double>((*received)[accepted_spans]) - static_cast<double>(settled));
  metrics::ledger_unappended_items.with({{"pipeline", of.name}})
    .Set(static_cast<double>(logged[kept_items]) - static_cast<double>(appended));
  for (const auto& exporter : of.exporters) {
    const auto sent = ledger_page::look(store, ledger_key(of.name, exporter), exporter_counts);
    if (!sent)
      continue;
    metrics::ledger_damaged_items.with({{"pipeline", of.name}, {"exporter", exporter}})
      .Set(static_cast<double>(static_cast<std::int64_t>((*sent)[damaged_items])));
    metrics::ledger_undelivered_items.with({{"pipeline", of.name}, {"exporter", exporter}})
      .Set(static_cast<double>(logged[appended_items]) - static_cast<double>(exporter_ended(*sent)));
  }
}

// What is not configured any more is not shown as if it were waiting.
void forget_gauges(const std::vector<kept_log>& before, const std::vector<kept_log>& now) {
  for (const auto& log : before) {
    const auto stays = std::find_if(now.begin(), now.end(), [&](const auto& l) { return l.id == log.id; });
    if (stays == now.end())
      for (const auto* gauge : {&metrics::ledger_unsettled_items, &metrics::ledger_unappended_items,
                                &metrics::log_blocks})
        gauge->with({{"pipeline", log.name}}).Set(0);
    for (const auto& exporter : log.exporters)
      if (stays == now.end() || std::count(stays->exporters.begin(), stays->exporters.end(), exporter) == 0)
        metrics::ledger_undelivered_items.with({{"pipeline", log.name}, {"exporter", exporter}}).Set(0);
  }
}

// "log/traces/main" is the part "log" of the pipeline "traces/main".
void measure_storage(const storage::store& store) {
  for (const auto& [name, bytes] : store.usage()) {
    const auto slash = name.find('/');
    metrics::labels labels{{"part", name.substr(0, slash)}};
    if (slash != name.npos)
      labels.emplace("pipeline", name.substr(slash + 1));
    metrics::storage_bytes.with(labels).Set(static_cast<double>(bytes));
  }
  const auto room = store.room();
  metrics::storage_used_bytes.with().Set(static_cast<double>(room.used));
  metrics::storage_limit_bytes.with().Set(static_cast<double>(room.limit));
  metrics::storage_free_bytes.with().Set(static_cast<double>(room.free));
}

void measure(housekeeper_state& state) {
  metrics::process_memory_rss.with().Set(static_cast<double>(memory::resident()));
  measure_storage(*state.store);
  measure_orphans(state);
  for (const auto& [id, name] : state.store->pipelines()) {
    const auto letters = state.store->dead_letters(id);
    metrics::dead_letters.with({{"pipeline", name}})
      .Set(static_cast<double>(letters.next - letters.first));
  }
  for (const auto& l : state.config.logs) {
    const auto held = state.store->log(l.id);
    metrics::log_blocks.with({{"pipeline", l.name}})
      .Set(static_cast<double>(held.next - held.first));
    measure_ledger(*state.store, l);
  }
}

void tick(housekeeper_state& state) {
  state.store->maintain();
  // The writer would find out with the next commit, but clients are refused: none may come.
  if (const auto failure = state.store->failure())
    end_process({errc::fatal, "the storage failed: " + failure->message});
  state.disk->keep(state.config, unix_now());
  admit(state);
  measure(state);
}

} // namespace

housekeeper_actor::behavior_type
housekeeper(housekeeper_actor::stateful_pointer<housekeeper_state> self, housekeeper_config config,
            std::shared_ptr<storage::store> store) {
  end_process_where_it_throws(self);
  self->state.config = std::move(config);
  self->state.store = std::move(store);
  self->state.disk.emplace(self->state.store);
  self->send(self, tick_atom_v);
  return {
    [self](tick_atom) {
      if (self->state.stopped)
        return;
      self->delayed_send(self, tick_interval / looks_a_tick, tick_atom_v);
      if (auto& looks = self->state.looks; looks++ % looks_a_tick == 0)
        tick(self->state);
      else if (self->state.disk->keep_room(self->state.config))
        admit(self->state);
    },
    [self](const housekeeper_change& to) -> caf::result<changed_atom> {
      forget_gauges(self->state.config.logs, to->logs);
      auto admit = std::move(self->state.config.admit);
      self->state.config = *to;
      self->state.config.admit = std::move(admit);
      if (!self->state.stopped)
        tick(self->state);
      return changed_atom_v;
    },
    [self](stop_atom) -> caf::result<stopped_atom> {
      self->state.stopped = true;
      self->state.store->maintain();
      return stopped_atom_v;
    },
  };
}

} // namespace weir::actors
