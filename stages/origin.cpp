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
      ports_(ports), self_(disk_->node()), settling_(config_.journal.next, self_),
      read_from_(config_.journal.first), read_until_(config_.journal.next),
      trimmed_(config_.journal.first) {
  outlets_[self_].credit = config_.credit;
  if (config_.clustered) { // Nobody owns anything before a ring says so.
    owners_.assign(partition_count, 0);
    change_owners();
  }
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
  const bool has_pipeline = pipeline(entry->header.pipeline) != nullptr;
  settling_.add({entry->header.id, entry->header.pipeline, entry->position, entry->received,
                 entry->header.unpacked_bytes, entry->settled, entry->partitions, !has_pipeline});
  if (!has_pipeline) // It went meanwhile; the entry is sent once it is back.
    return config_.handed->give(entry->handed_bytes);
  const bool sending = present() == phase::sending;
  const bool for_here = entry->handed_bytes > 0 && entry->to_send.empty();
  if (for_here && sending && is_next(*entry, self_)) {
    config_.handed->give(entry->handed_bytes);
    send(entry);
    return;
  }
  const auto& owners = settling_.find(entry->header.id)->unsent;
  if (for_here && owners == std::vector{self_}) {
    waiting_.push_back(entry);
  } else if (entry->handed_bytes > 0) {
    if (sending)
      take_away(*entry);
    config_.handed->give(entry->handed_bytes);
  }
  if (sending)
    ask_to_go_on();
}

void origin::send(const entry_ptr& entry) {
  settling_.mark_sent(entry->header.id, self_);
  outlets_[self_].in_flight += entry->unpacked.size() * config_.shards;
  for (std::size_t shard = 0; shard < config_.shards; ++shard)
    ports_.send_entry(shard, entry);
}

// The journal is read in large steps, what waits goes on as soon as there is any credit.
void origin::taken(std::uint64_t bytes) {
  auto& here = outlets_[self_];
  here.in_flight -= std::min(here.in_flight, bytes);
  if (present() == phase::sending || here.in_flight < config_.credit / 2)
    ask_to_go_on();
}

void origin::settled(const settled_report& report) {
  for (const auto& [entry, slots] : report.entries)
    settling_.settle(entry, slots);
}

// -- forgetting --

void origin::tick(moment now) {
  now_ = now;
  retry_turned_away();
  say_sent_until();
  heard_until_ = now.steady;
  show();
  if (!journal_read_)
    return;
  if (now.steady >= try_again_at_) {
    for (auto& [owner, outlet] : outlets_)
      outlet.passed_over = 0;
    ask_to_go_on();
  }
  if (!settling_.oldest_unsent(self_))
    drop_waiting();
  keep_settled();
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
  std::uint64_t in_flight = 0;
  for (const auto& [owner, outlet] : outlets_)
    in_flight += outlet.in_flight;
  unsent.Set(static_cast<double>(in_flight));
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
    for (const auto& [owner, outlet] : outlets_)
      if (owner != self_)
        ports_.send_away(owner, cluster::forgotten{mark.epoch, mark.below});
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
  writes_.push_back(written_part::moves);
  ports_.write(work);
}

void origin::written() {
  const auto part = writes_.front();
  writes_.pop_front();
  if (part == written_part::moves)
    moved();
}

// The old places stay readable until no shard can look there any more.
void origin::moved() {
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
