#include "stages/housekeeper.hpp"

#include "core/log.hpp"
#include "core/memory.hpp"
#include "core/metrics.hpp"
#include "stages/ledger.hpp"
#include "stages/letter_box.hpp"

#include <algorithm>

namespace weir::stages {

namespace {

// A fast sender fills a small quota within one: whether there is room is looked at in between.
constexpr unsigned looks_a_tick = 5;

// How often it is said that clients are refused, in seconds.
constexpr unsigned refusal_interval = 60;

// The ledger's equations, as differences: all 0 at rest.
void measure_ledger(const storage::disk& store, const kept_log& log) {
  const auto received = ledger_page::look(store, ledger_key(log.name, "intake"), intake_counts);
  const auto logged_page = ledger_page::look(store, ledger_key(log.name, "log"), log_counts);
  if (!received || !logged_page)
    return;
  const auto& logged = *logged_page;
  const auto came = (*received)[accepted_spans] + (*received)[made_spans];
  const auto settled = logged[kept_items] + logged[dropped_items] + (*received)[removed_spans];
  const auto appended = logged[appended_items] + logged[removed_items];
  metrics::ledger_unsettled_items.with({{"pipeline", log.name}})
      .Set(static_cast<double>(came) - static_cast<double>(settled));
  metrics::ledger_unappended_items.with({{"pipeline", log.name}})
      .Set(static_cast<double>(logged[kept_items]) - static_cast<double>(appended));
  for (const auto& exporter : log.exporters) {
    const auto sent = ledger_page::look(store, ledger_key(log.name, exporter), exporter_counts);
    if (!sent)
      continue;
    metrics::ledger_damaged_items.with({{"pipeline", log.name}, {"exporter", exporter}})
        .Set(static_cast<double>(static_cast<std::int64_t>((*sent)[damaged_items])));
    metrics::ledger_undelivered_items.with({{"pipeline", log.name}, {"exporter", exporter}})
        .Set(static_cast<double>(logged[appended_items])
             - static_cast<double>(exporter_ended(*sent)));
  }
}

// What is not configured any more is not shown as if it were waiting.
void forget_gauges(const std::vector<kept_log>& before, const std::vector<kept_log>& now) {
  for (const auto& log : before) {
    const auto stays =
        std::find_if(now.begin(), now.end(), [&](const auto& l) { return l.id == log.id; });
    if (stays == now.end())
      for (const auto* gauge : {&metrics::ledger_unsettled_items, &metrics::ledger_unappended_items,
                                &metrics::log_blocks})
        gauge->with({{"pipeline", log.name}}).Set(0);
    for (const auto& exporter : log.exporters)
      if (stays == now.end()
          || std::count(stays->exporters.begin(), stays->exporters.end(), exporter) == 0)
        metrics::ledger_undelivered_items.with({{"pipeline", log.name}, {"exporter", exporter}})
            .Set(0);
  }
}

// "log/traces/main" is the part "log" of the pipeline "traces/main".
void measure_storage(const storage::disk& store) {
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

} // namespace

// Looks at the memory, and gives back what is not needed.
bool housekeeper::memory_is_short() {
  const auto in_use = memory::in_use();
  metrics::memory_in_use.with().Set(static_cast<double>(in_use));
  const auto said = memory_.look(config_.memory_limit, in_use, memory::resident());
  if (said.give_back)
    memory::give_back();
  return said.refuse;
}

// Why clients are refused; the words of the metric.
struct housekeeper::closed_gate {
  std::string_view reason; ///< Empty: it is open.
  std::string for_clients;
  std::string for_operators;
};

housekeeper::closed_gate housekeeper::gate() {
  const bool short_of_memory = memory_is_short();
  const auto room = disk_->room();
  if (!disk_->accepts_data())
    return {room.why == storage::refusal::disk ? "disk" : "quota", storage::short_reason(room.why),
            storage::describe(room, disk_->usage())};
  if (short_of_memory) {
    const auto text = std::string("data refused due to high memory usage");
    return {"memory", text, text};
  }
  return {};
}

void housekeeper::admit() {
  auto found = gate();
  for (const auto* reason : {"quota", "disk", "memory"})
    metrics::refusing.with({{"reason", reason}}).Set(found.reason == reason ? 1 : 0);
  const bool accepting = found.reason.empty();
  const bool changed = accepting != std::exchange(accepting_, accepting);
  if (!accepting && (log::permit("refusing", refusal_interval) || changed))
    log::warn("clients are told to retry: {}", found.for_operators);
  if (!changed)
    return;
  if (accepting)
    log::info("clients are served again");
  if (config_.admit)
    config_.admit(accepting, std::move(found.for_clients));
}

// What is owed to exporters that are gone, and when the last of it goes.
void housekeeper::measure_orphans() {
  auto shown = std::exchange(orphans_shown_, {});
  for (const auto& orphan : keeper_.orphans()) {
    const metrics::labels labels{{"pipeline", orphan.pipeline_name}, {"exporter", orphan.exporter}};
    metrics::orphaned_items.with(labels).Set(static_cast<double>(orphan.items));
    metrics::orphaned_until_seconds.with(labels).Set(static_cast<double>(orphan.until / second_ns));
    shown.erase({orphan.pipeline_name, orphan.exporter});
    orphans_shown_.emplace(orphan.pipeline_name, orphan.exporter);
  }
  for (const auto& [pipeline, exporter] : shown)
    for (const auto* gauge : {&metrics::orphaned_items, &metrics::orphaned_until_seconds})
      gauge->with({{"pipeline", pipeline}, {"exporter", exporter}}).Set(0);
}

void housekeeper::measure() {
  metrics::process_memory_rss.with().Set(static_cast<double>(memory::resident()));
  measure_storage(*disk_);
  measure_orphans();
  for (const auto& [id, name] : disk_->pipelines()) {
    const auto letters = disk_->dead_letters(id);
    const auto gone = gone_letters::read(*disk_, name);
    metrics::dead_letters.with({{"pipeline", name}})
        .Set(static_cast<double>(letters.next - letters.first - (gone ? gone->count(letters) : 0)));
  }
  for (const auto& l : config_.logs) {
    const auto held = disk_->log(l.id);
    metrics::log_blocks.with({{"pipeline", l.name}})
        .Set(static_cast<double>(held.next - held.first));
    measure_ledger(*disk_, l);
  }
}

result<void> housekeeper::keep(moment now) {
  disk_->maintain();
  // The writer would find out with the next commit, but clients are refused: none may come.
  if (auto failure = disk_->failure())
    return tl::unexpected(*std::move(failure));
  keeper_.keep(config_, now.wall);
  admit();
  measure();
  return {};
}

result<void> housekeeper::tick(moment now) {
  if (stopped_)
    return {};
  if (looks_++ % looks_a_tick == 0)
    return keep(now);
  if (keeper_.keep_room(config_))
    admit();
  return {};
}

result<void> housekeeper::change(const housekeeper_config& wanted, moment now) {
  forget_gauges(config_.logs, wanted.logs);
  auto admit = std::move(config_.admit);
  config_ = wanted;
  config_.admit = std::move(admit);
  if (stopped_)
    return {};
  return keep(now);
}

void housekeeper::stop() {
  stopped_ = true;
  disk_->maintain();
}

} // namespace weir::stages
