#include "actors/housekeeper.hpp"

#include "actors/last_words.hpp"
#include "actors/ledger.hpp"
#include "core/log.hpp"
#include "core/memory.hpp"
#include "core/metrics.hpp"

#include <algorithm>

namespace weir::actors {

namespace {

constexpr auto tick_interval = std::chrono::seconds(1);

// Share of a log's blocks that one round of drop_oldest gives up.
constexpr log_position drop_share = 20;

// The first block that somebody configured still has to deliver; without exporters, the end.
log_position owed_from(const storage::store& store, const kept_log& of) {
  auto owed = store.log(of.id).next;
  const auto cursors = store.cursors(of.id);
  if (!cursors)
    return store.log(of.id).first;
  for (const auto& exporter : of.exporters) {
    const auto at = cursors->find(exporter);
    owed = std::min(owed, at == cursors->end() ? store.log(of.id).first : at->second.position);
  }
  return owed;
}

void trim_delivered(storage::store& store, const kept_log& of, std::int64_t retention_ns) {
  const auto now = unix_now();
  const auto horizon = now - std::min<unix_ns>(now, static_cast<unix_ns>(retention_ns));
  const auto young = store.find_time(of.id, horizon);
  if (!young)
    return;
  const auto below = std::min(*young, owed_from(store, of));
  if (below > store.log(of.id).first)
    (void)store.trim_log(of.id, below);
}

std::uint64_t items_between(const storage::store& store, pipeline_id id, log_position first,
                            log_position below) {
  std::uint64_t items = 0;
  for (auto position = first; position < below; ++position)
    if (const auto bytes = store.read_block(id, position))
      if (const auto block = codec::read_block(*bytes))
        items += block->header.items;
  return items;
}

// The log with the most blocks gives up its oldest twentieth.
void drop_oldest(storage::store& store, const std::vector<kept_log>& logs) {
  const auto length = [&](const kept_log& l) {
    const auto b = store.log(l.id);
    return b.next - b.first;
  };
  const auto longest = std::max_element(logs.begin(), logs.end(), [&](const auto& a, const auto& b) {
    return length(a) < length(b);
  });
  if (longest == logs.end() || length(*longest) < 2)
    return;
  const auto held = store.log(longest->id);
  const auto below = held.first + std::max<log_position>(1, length(*longest) / drop_share);
  const auto owed = owed_from(store, *longest);
  const auto lost = items_between(store, longest->id, std::max(held.first, owed), below);
  if (!store.trim_log(longest->id, below))
    return;
  metrics::log_dropped_items.with({{"pipeline", longest->name}})
    .Increment(static_cast<double>(lost));
  if (lost > 0 && log::permit("drop-oldest"))
    log::error("the disk quota is reached: dropped the oldest {} items of pipeline {} (overflow: "
               "drop_oldest)",
               lost, longest->name);
}

// Looks at the memory, and gives back what is not needed.
bool memory_is_short(housekeeper_state& state) {
  const auto in_use = memory::in_use();
  metrics::memory_in_use.with().Set(static_cast<double>(in_use));
  const auto said = state.memory.look(state.config.memory_limit, in_use, memory::resident());
  if (said.give_back)
    memory::give_back();
  return said.refuse;
}

void admit(housekeeper_state& state) {
  const bool short_of_memory = memory_is_short(state);
  std::string reason;
  if (!state.store->accepts_data())
    reason = "the disk is full: waiting for room";
  else if (short_of_memory)
    reason = "data refused due to high memory usage";
  const bool accepting = reason.empty();
  if (accepting == state.accepting)
    return;
  state.accepting = accepting;
  if (accepting)
    log::info("clients are served again");
  else
    log::warn("clients are told to retry: {}", reason);
  if (state.config.admit)
    state.config.admit(accepting, std::move(reason));
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
      for (const auto* metric :
           {&metrics::ledger_unsettled_items, &metrics::ledger_unappended_items, &metrics::log_blocks})
        metric->with({{"pipeline", log.name}}).Set(0);
    for (const auto& exporter : log.exporters)
      if (stays == now.end() || std::count(stays->exporters.begin(), stays->exporters.end(), exporter) == 0)
        metrics::ledger_undelivered_items.with({{"pipeline", log.name}, {"exporter", exporter}})
          .Set(0);
  }
}

void measure(const housekeeper_state& state) {
  metrics::process_memory_rss.with().Set(static_cast<double>(memory::resident()));
  for (const auto& [part, bytes] : state.store->usage())
    metrics::storage_bytes.with({{"part", part}}).Set(static_cast<double>(bytes));
  for (const auto& l : state.config.logs) {
    const auto held = state.store->log(l.id);
    metrics::log_blocks.with({{"pipeline", l.name}})
      .Set(static_cast<double>(held.next - held.first));
    measure_ledger(*state.store, l);
  }
}

} // namespace

housekeeper_actor::behavior_type
housekeeper(housekeeper_actor::stateful_pointer<housekeeper_state> self, housekeeper_config config,
            std::shared_ptr<storage::store> store) {
  end_process_where_it_throws(self);
  self->state.config = std::move(config);
  self->state.store = std::move(store);
  self->send(self, tick_atom_v);
  return {
    [self](tick_atom) {
      auto& state = self->state;
      self->delayed_send(self, tick_interval, tick_atom_v);
      state.store->maintain();
      // The writer would find out with the next commit, but clients are refused: none may come.
      if (const auto failure = state.store->failure())
        end_process({errc::fatal, "the storage failed: " + failure->message});
      for (const auto& l : state.config.logs)
        trim_delivered(*state.store, l, state.config.retention_ns);
      if (state.config.drop_oldest && !state.store->accepts_data())
        drop_oldest(*state.store, state.config.logs);
      admit(state);
      measure(state);
    },
    [self](const housekeeper_change& to) -> caf::result<changed_atom> {
      forget_gauges(self->state.config.logs, to->logs);
      auto admit = std::move(self->state.config.admit);
      self->state.config = *to;
      self->state.config.admit = std::move(admit);
      return changed_atom_v;
    },
    [self](stop_atom) -> caf::result<stopped_atom> {
      self->state.store->maintain();
      return stopped_atom_v;
    },
  };
}

} // namespace weir::actors
