// What an exporter says about itself: lines, metrics, its place on the board.
#include "stages/exporter.hpp"

#include "core/log.hpp"

#include <algorithm>

namespace weir::stages {

namespace {

constexpr double full_block_bytes = 1 << 20;

std::string words_for(weir::signal kind) {
  switch (kind) {
  case signal::traces:
    return "spans";
  case signal::metrics:
    return "metric points";
  case signal::logs:
    return "log records";
  }
  return "items";
}

metrics::labels labels_of(const exporter_plan& plan) {
  return {{"exporter", plan.config.id}, {"data_type", std::string(to_string(plan.signal))}};
}

// What waits: items, and the age of the oldest in seconds.
void show_waiting(const exporter_plan& plan, std::uint64_t items, double age) {
  metrics::exporter_waiting_items.with(labels_of(plan)).Set(static_cast<double>(items));
  metrics::exporter_oldest_waiting_seconds.with(labels_of(plan)).Set(age);
}

} // namespace

void exporter::start_saying() {
  const metrics::labels labels{{"exporter", plan_.config.id}};
  const auto typed = labels_of(plan_);
  sent_ = &metrics::exporter_sent.of(plan_.signal).with(labels);
  failed_ = &metrics::exporter_send_failed.of(plan_.signal).with(labels);
  in_flight_ = &metrics::exporter_in_flight_requests.with(typed);
  waiting_ = &metrics::exporter_queue_size.with(typed);
  capacity_ = &metrics::exporter_queue_capacity.with(typed);
  paused_ = &metrics::exporter_paused.with(typed);
  places_ = &metrics::exporter_request_limit.with(typed);
  backlog_ = &metrics::exporter_backlog_blocks.with(typed);
  health_.emplace(plan_.pipeline_name, plan_.config.id, words_for(plan_.signal), now_.wall);
  show_status();
}

exporter::~exporter() {
  for (auto* gauge : {in_flight_, waiting_, capacity_, paused_, places_, backlog_})
    if (gauge != nullptr)
      gauge->Set(0);
  show_waiting(plan_, 0, 0);
  exporter_board::instance().remove(plan_.pipeline_name, plan_.config.id);
}

void exporter::say(const std::optional<exporter_health_log::line>& line) const {
  using weight = exporter_health_log::line::weight;
  if (!line)
    return;
  const auto& id = plan_.config.id;
  const auto& pipeline = plan_.pipeline_name;
  const auto write = [&](auto log_at) { log_at({{"exporter", id}, {"pipeline", pipeline}}); };
  switch (line->level) {
  case weight::info:
    return write([&](log::fields fields) { log::info(fields, "exporter {}: {}", id, line->text); });
  case weight::warn:
    return write([&](log::fields fields) { log::warn(fields, "exporter {}: {}", id, line->text); });
  case weight::error:
    return write(
        [&](log::fields fields) { log::error(fields, "exporter {}: {}", id, line->text); });
  }
}

// Appended to the log and not ended here, by the ledger.
std::uint64_t exporter::waiting_items() const {
  const auto logged = ledger_page::look(*disk_, ledger_key(plan_.pipeline_name, "log"), log_counts);
  if (!logged)
    return 0;
  const auto& now = delivery_->counts();
  const auto ended = exporter_ended(*ledger_) + (now.delivered - in_ledger_.delivered)
                     + (now.dead - in_ledger_.dead) + (now.forgotten - in_ledger_.forgotten);
  return (*logged)[appended_items] - std::min((*logged)[appended_items], ended);
}

exporter_health_log::backlog exporter::backlog() const {
  return {waiting_items(), delivery_->next_wakeup()};
}

// Blocks of the size of those held for which there is room; of an empty log, full ones.
double exporter::room_in_blocks() const {
  const auto room = disk_->room();
  const auto usage = disk_->usage();
  const auto log = usage.find("log/" + plan_.pipeline_name);
  const auto held = disk_->log(plan_.pipeline);
  const auto blocks = static_cast<double>(held.next - held.first);
  const auto bytes = log == usage.end() ? 0 : static_cast<double>(log->second);
  const auto one = blocks > 0 && bytes > blocks ? bytes / blocks : full_block_bytes;
  return static_cast<double>(room.limit - std::min(room.limit, room.used)) / one;
}

// Where the delivery has not read it, by the block itself.
unix_ns exporter::oldest_waiting() {
  if (const auto known = delivery_->oldest(); known != 0)
    return known;
  const auto position = delivery_->cursor().position;
  if (position >= tail_->next())
    return 0;
  if (oldest_block_.first == position && oldest_block_.second != 0)
    return oldest_block_.second;
  const auto bytes = disk_->read_block(plan_.pipeline, position);
  if (!bytes)
    return 0;
  const auto block = codec::read_block(*bytes);
  oldest_block_ = {position, block ? block->header.first_time : 0};
  return oldest_block_.second;
}

// Once a tick.
void exporter::show_status() {
  auto& status = health_->status();
  const auto now = now_.wall;
  status.waiting_items = waiting_items();
  status.oldest_waiting = oldest_waiting();
  status.next_try = 0;
  if (const auto wakeup = delivery_->next_wakeup(); wakeup && delivery_->is_down())
    status.next_try = now + static_cast<unix_ns>(std::max<steady_ns>(0, *wakeup - now_.steady));
  status.backlog_blocks = delivery_->backlog_blocks();
  status.letters_to_send =
      letter_order_.below - std::min(letter_order_.below, letter_order_.next) + aside_.size();
  auto shown = status;
  if (paused_since_) {
    shown.health = exporter_health::paused;
    shown.since = *paused_since_;
    shown.next_try = 0;
  }
  exporter_board::instance().set(shown);
  paused_->Set(paused_since_ ? 1 : 0);
  places_->Set(delivery_->places());
  backlog_->Set(static_cast<double>(delivery_->backlog_blocks()));
  const auto waiting = delivery_->blocks();
  waiting_->Set(static_cast<double>(waiting));
  capacity_->Set(static_cast<double>(waiting) + room_in_blocks());
  const auto age = status.oldest_waiting == 0 ? 0 : now - std::min(now, status.oldest_waiting);
  show_waiting(plan_, status.waiting_items, static_cast<double>(age) / second_ns);
}

} // namespace weir::stages
