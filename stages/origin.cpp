#include "stages/origin.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"

#include <algorithm>

namespace weir::stages {

namespace {

// A head entry is moved when fewer than one in this many positions behind it is still open.
constexpr std::uint64_t stuck_ratio = 8;

// Entries moved in one commit.
constexpr std::size_t moves_at_once = 16;

} // namespace

origin::origin(origin_config config, std::shared_ptr<storage::disk> disk,
               position_counter positions, origin_ports& ports)
    : config_(std::move(config)), disk_(std::move(disk)), positions_(std::move(positions)),
      ports_(ports), settling_(config_.journal.next), read_from_(config_.journal.first),
      read_until_(config_.journal.next), trimmed_(config_.journal.first) {
  for (const auto& each : config_.pipelines)
    owed_.push_back({each, false, false, std::nullopt, {}});
  asked_ = true;
  ports_.go_on_after(0);
}

const origin_pipeline* origin::pipeline(pipeline_id id) const {
  for (const auto& each : config_.pipelines)
    if (each.id == id)
      return &each;
  return nullptr;
}

// -- live entries --

// What was received before and waits goes first: nothing overtakes it.
void origin::stored(const entry_ptr& entry, moment now) {
  now_ = now;
  const bool has_owner = pipeline(entry->header.pipeline) != nullptr;
  settling_.add({entry->header.id, entry->header.pipeline, entry->position, entry->received,
                 entry->header.unpacked_bytes, entry->settled, !has_owner});
  if (!has_owner) // Its pipeline went meanwhile; it is sent once that is back.
    return config_.handed->give(entry->handed_bytes);
  const auto* next = settling_.next_unsent(passed_over_);
  const bool first = next != nullptr && next->id == entry->header.id;
  if (entry->handed_bytes > 0 && first && present() == phase::sending
      && in_flight_ < config_.credit) {
    config_.handed->give(entry->handed_bytes);
    send(entry);
    return;
  }
  if (entry->handed_bytes > 0)
    waiting_.push_back(entry);
  if (present() == phase::sending)
    ask_to_go_on();
}

void origin::send(const entry_ptr& entry) {
  settling_.mark_sent(entry->header.id);
  in_flight_ += entry->unpacked.size() * config_.shards;
  for (std::size_t shard = 0; shard < config_.shards; ++shard)
    ports_.send_entry(shard, entry);
}

// The journal is read in large steps, what waits goes on as soon as there is any credit.
void origin::taken(std::uint64_t bytes) {
  in_flight_ -= std::min(in_flight_, bytes);
  if (present() == phase::sending || in_flight_ < config_.credit / 2)
    ask_to_go_on();
}

void origin::settled(const settled_report& report) {
  for (const auto& [entry, slots] : report.entries)
    settling_.settle(entry, slots);
}

// -- forgetting --

void origin::tick(moment now) {
  now_ = now;
  // Until the journal is read back something unknown is unsent: the gate stays shut. Where nothing
  // is unsent, that is so until now, and said again with each tick.
  const auto oldest =
      present() == phase::sending ? settling_.oldest_unsent().value_or(now.steady) : 0;
  for (std::size_t shard = 0; shard < config_.shards; ++shard)
    ports_.send_sent_until(shard, oldest);
  show();
  if (!journal_read_)
    return;
  if (passed_over_ > 0 && now.steady >= try_again_at_) {
    passed_over_ = 0;
    ask_to_go_on();
  }
  if (!settling_.oldest_unsent())
    drop_waiting();
  trim();
  move_stuck();
}

void origin::show() const {
  static auto& open = metrics::journal_open_entries.with();
  static auto& slots = metrics::journal_open_slots.with();
  static auto& unsent = metrics::router_bytes_in_flight.with();
  static auto& handed = metrics::intake_handed_bytes.with();
  handed.Set(static_cast<double>(config_.handed->used()));
  open.Set(static_cast<double>(settling_.entries()));
  slots.Set(static_cast<double>(settling_.open_slots()));
  unsent.Set(static_cast<double>(in_flight_));
}

void origin::trim() {
  auto head = settling_.head();
  if (moving_)
    head = std::min(head, moving_->lowest);
  if (head > trimmed_) {
    if (const auto trimmed = disk_->trim_journal(head); !trimmed) {
      if (log::permit("trim-journal"))
        log::warn("the journal cannot be trimmed: {}", trimmed.error().message);
      return;
    }
    trimmed_ = head;
  }
  const auto gone = config_.broken.mark_before_trim ? head : disk_->journal_gone();
  for (const auto& mark : settling_.take_low_water_marks(gone)) {
    (void)disk_->trim_progress(mark.node, mark.epoch, mark.below);
    for (const auto& each : config_.pipelines)
      ports_.send_low_water(each.id, mark);
  }
}

void origin::move_stuck() {
  if (moving_)
    return;
  auto work = std::make_shared<commit>();
  relocation moving;
  for (const auto& entry :
       settling_.stuck(now_.steady - config_.stuck_age, stuck_ratio, moves_at_once)) {
    const auto bytes = disk_->read_entry(entry.position);
    if (!bytes && lose(entry, bytes.error()))
      continue;
    if (!bytes)
      break;
    const auto place = positions_->fetch_add(1);
    work->batch.put_entry(place, *bytes);
    work->batch.erase_entry(entry.position);
    settling_.begin_move(entry.id, place);
    if (moving.moves.empty())
      moving.lowest = entry.position;
    moving.moves.emplace_back(entry.id, place);
  }
  if (moving.moves.empty())
    return;
  moving_ = std::move(moving);
  ports_.write(work);
}

// The old places stay readable until no shard can look there any more.
void origin::written() {
  metrics::journal_moved_entries.with().Increment(static_cast<double>(moving_->moves.size()));
  moving_->unanswered = moving_->moves.size() * config_.shards;
  for (const auto& [id, place] : moving_->moves)
    settling_.move(id, place);
  const auto moves = moving_->moves; // Answers may come at once.
  for (const auto& [id, place] : moves)
    for (std::size_t shard = 0; shard < config_.shards; ++shard)
      ports_.send_move(shard, id, place, true);
  if (moves.empty() || config_.shards == 0) // Nobody answers.
    end_move();
}

void origin::move_seen() {
  if (--moving_->unanswered == 0)
    end_move();
}

void origin::end_move() {
  moving_.reset();
  move_stuck(); // There may be many: a pipeline that is gone.
}

} // namespace weir::stages
