// The origin's reading half: the journal after a start, what had no credit, pipelines that come
// back.
#include "stages/origin.hpp"

#include "codec/hash.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"

#include <algorithm>

namespace weir::stages {

namespace {

// After a restart a trace waits at least this long, so that the rest of it can be read back.
constexpr steady_ns shortest_wait = 2 * second_ns;

// What a trace may have waited already, of its wait, when it is read back.
constexpr steady_ns waited_at_most(steady_ns wait) {
  return std::max<steady_ns>(wait - shortest_wait, 0);
}

// Between attempts to read where the system refused.
constexpr steady_ns read_again_pause = second_ns;

// Unreadable entries that others may overtake.
constexpr std::size_t most_passed_over = 16;

// Entries read back in one go, before other messages have their turn.
constexpr int read_back_burst = 16;

} // namespace

origin::phase origin::present() const noexcept {
  if (!owed_.empty())
    return phase::records;
  return journal_read_ ? phase::sending : phase::journal;
}

void origin::go_on(moment now) {
  now_ = now;
  asked_ = false;
  if (!read_records())
    return;
  if (!std::exchange(records_said_, true))
    ports_.records_read();
  if (present() == phase::journal)
    read_back();
  else
    send_unsent();
}

// Where there is credit, and something to send.
void origin::ask_to_go_on() {
  const bool more = std::any_of(outlets_.begin(), outlets_.end(), [&](const auto& each) {
    const auto& [owner, outlet] = each;
    return has_credit(owner)
           && ((owner == self_ && !journal_read_)
               || settling_.next_unsent(owner, outlet.passed_over) != nullptr);
  });
  if (more && !std::exchange(asked_, true))
    ports_.go_on_after(0);
}

// -- reload --

void origin::change(const origin_config& wanted, moment now) {
  now_ = now;
  auto before = std::exchange(config_.pipelines, wanted.pipelines);
  config_.shards = wanted.shards;
  std::vector<origin_pipeline> come;
  for (const auto& p : config_.pipelines)
    if (std::none_of(before.begin(), before.end(), [&](const auto& b) { return b.id == p.id; }))
      come.push_back(p);
  for (const auto& p : before)
    if (pipeline(p.id) == nullptr)
      hold(p.id);
  std::erase_if(owed_, [this](const auto& owed) { return pipeline(owed.pipeline.id) == nullptr; });
  for (const auto& p : come) {
    gone_warned_.erase(p.id);
    owed_.push_back({p, true, false, std::nullopt, {}});
  }
  if (config_.clustered)
    change_owners();
  if (!come.empty() && !std::exchange(asked_, true))
    ports_.go_on_after(0);
}

// Shards that know the pipeline again before this does would else get a part of what waits, and
// take it for all there is.
void origin::hold(pipeline_id gone) {
  settling_.hold(gone);
  if (!gone_warned_.insert(gone).second)
    return;
  const auto name = disk_->pipelines()[gone];
  log::warn({{"pipeline", name}, {"entries", settling_.entries_of(gone)}},
            "the journal holds {} entries of pipeline {}, which is gone: they are kept until it is "
            "back",
            settling_.entries_of(gone), name);
}

// Received, as far as its traces' waits go: what is open of it has not come together yet.
void origin::resend(const origin_pipeline& pipeline) {
  settling_.resend(pipeline.id, now_.steady - waited_at_most(pipeline.decision_wait));
}

void origin::read_back() {
  int burst = read_back_burst;
  bool more = false;
  const auto scanned =
      disk_->scan_journal(read_from_, [&](journal_position position, std::string_view bytes) {
        if (position >= read_until_)
          return false;
        more = burst-- == 0 || !has_credit(self_);
        if (more)
          return false;
        found_in_journal(position, bytes);
        read_from_ = position + 1;
        return true;
      });
  if (!scanned) // Not damage, which is stepped over.
    return try_again_later("the journal cannot be read at the moment", scanned.error());
  if (!more) {
    read_from_ = read_until_;
    journal_read_ = true;
    progress_ = {};
    log::info({{"entries", settling_.entries()}, {"slots", settling_.open_slots()}},
              "the journal is read back: {} entries, {} slots (a trace in an entry) open",
              settling_.entries(), settling_.open_slots());
  }
  ask_to_go_on();
}

// Nothing is trimmed meanwhile: what cannot be read now is neither lost nor skipped.
void origin::try_again_later(std::string_view task, const error& why) {
  if (log::permit("journal-unreadable"))
    log::error("{}, it is tried again: {}", task, why.message);
  if (!std::exchange(asked_, true))
    ports_.go_on_after(read_again_pause);
}

void origin::found_in_journal(journal_position position, std::string_view bytes) {
  const auto entry = unpack(bytes, position);
  if (!entry)
    return;
  if (const auto* settled = progress_.find(entry->header.id))
    entry->settled = *settled;
  const bool twice =
      settling_.find(entry->header.id) != nullptr; // Written again, at its second place.
  const auto* owner = pipeline(entry->header.pipeline);
  settling_.add({entry->header.id, entry->header.pipeline, position, entry->received,
                 entry->header.unpacked_bytes, entry->settled, entry->partitions,
                 owner == nullptr});
  if (twice) {
    for (std::size_t shard = 0; shard < config_.shards; ++shard)
      ports_.send_move(shard, entry->header.id, position, false);
    return;
  }
  if (owner == nullptr) {
    metrics::journal_orphaned_spans.with().Increment(entry->header.spans);
    if (gone_warned_.insert(entry->header.pipeline).second)
      log::warn(
          {{"pipeline", disk_->pipelines()[entry->header.pipeline]}},
          "the journal holds spans of pipeline {} which is not in the configuration any more: "
          "they are kept until it is back",
          disk_->pipelines()[entry->header.pipeline]);
    return;
  }
  const auto* open = settling_.find(entry->header.id);
  if (open != nullptr
      && std::find(open->unsent.begin(), open->unsent.end(), self_) != open->unsent.end())
    send(entry);
}

void origin::send_unsent() {
  for (int burst = read_back_burst; burst > 0; --burst) {
    bool any = false;
    for (const auto& [owner, outlet] : outlets_)
      if (has_credit(owner))
        any |= owner == self_ ? send_next_here() : send_next_away(owner);
    if (!any)
      return;
  }
  ask_to_go_on();
}

// The oldest of what waits. False: nothing does, or it cannot be read at the moment.
bool origin::send_next_here() {
  const auto* next = settling_.next_unsent(self_, outlets_[self_].passed_over);
  if (next == nullptr)
    return false;
  if (auto held = take_waiting(*next)) {
    send(std::move(held));
    return true;
  }
  const auto open = *next;
  auto bytes = disk_->read_entry(open.position);
  if (!bytes && lose(open, bytes.error()))
    return true;
  if (!bytes)
    return pass_over(self_, bytes.error());
  auto entry = unpack(*bytes, open.position);
  if (!entry) {
    settling_.abandon(open.id);
    return true;
  }
  entry->received = open.received;
  entry->settled = open.settled;
  if (config_.broken.forget_slot)
    entry->settled.insert(0);
  send(std::move(entry));
  return true;
}

// One that cannot be read at the moment stays the oldest, for the gate; those behind it do not wait
// for it, unless there are many. The tick tries it again.
bool origin::pass_over(node_id owner, const error& why) {
  if (log::permit("journal-unreadable"))
    log::error("an entry cannot be read at the moment, it is tried again: {}", why.message);
  try_again_at_ = now_.steady + read_again_pause;
  return ++outlets_[owner].passed_over < most_passed_over;
}

void origin::drop_waiting() {
  for (const auto& entry : std::exchange(waiting_, {}))
    config_.handed->give(entry->handed_bytes);
}

// The entry as the intake handed it over, where it is still here and nothing of it has changed.
entry_ptr origin::take_waiting(const cluster::open_entry& wanted) {
  while (!waiting_.empty()) {
    const auto* open = settling_.find(waiting_.front()->header.id);
    const bool waits =
        open != nullptr
        && std::find(open->unsent.begin(), open->unsent.end(), self_) != open->unsent.end();
    if (waits && open->id != wanted.id)
      return nullptr; // An older one is read from the journal.
    auto entry = std::move(waiting_.front());
    waiting_.pop_front();
    config_.handed->give(entry->handed_bytes);
    if (waits && open->position == entry->position && open->received == entry->received
        && open->settled.count() == entry->settled.count())
      return entry;
    if (waits)
      return nullptr;
  }
  return nullptr;
}

std::shared_ptr<durable_entry> origin::unpack(std::string_view bytes, journal_position position) {
  const auto view = codec::read_entry(bytes);
  if (!view) {
    damaged(position, bytes, view.error().message);
    return nullptr;
  }
  auto entry = std::make_shared<durable_entry>();
  entry->header = view->header;
  entry->position = position;
  const auto unpacked = packer_.unpack(view->header.codec, view->payload,
                                       view->header.unpacked_bytes, entry->unpacked);
  if (!unpacked || !otlp::index_traces(entry->unpacked, 0, entry->index)) {
    damaged(position, bytes,
            unpacked ? "its spans do not hold together" : unpacked.error().message);
    return nullptr;
  }
  entry->packed = shared_bytes(std::string(view->payload));
  entry->settled = cluster::slot_set(view->header.slots);
  if (config_.clustered)
    for (const auto& trace : entry->index.traces)
      entry->partitions.push_back(codec::partition_of(trace));
  const auto* owner = pipeline(view->header.pipeline);
  const auto wait = owner != nullptr ? owner->decision_wait : 0;
  const auto age =
      static_cast<steady_ns>(now_.wall) - static_cast<steady_ns>(view->header.first_received);
  entry->received = now_.steady - std::clamp<steady_ns>(age, 0, waited_at_most(wait));
  return entry;
}

// Gives an entry up where its bytes are gone for good; false: they may be readable later.
bool origin::lose(const cluster::open_entry& entry, const error& why) {
  if (why.code != errc::corrupt && why.code != errc::not_found)
    return false;
  damaged(entry.position, {}, why.message);
  settling_.abandon(entry.id);
  return true;
}

void origin::damaged(journal_position position, std::string_view bytes, const std::string& why) {
  metrics::journal_damaged_entries.with().Increment();
  log::error({{"position", position}}, "journal entry {} is damaged, set aside and counted: {}",
             position, why);
  disk_->set_aside("journal", position, bytes);
}

} // namespace weir::stages
