// The router's reading half: the journal after a start, what had no credit, pipelines that come
// back.
#include "actors/router.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"

#include <algorithm>

namespace weir::actors {

namespace {

// After a restart a trace waits at least this long, so that the rest of it can be read back.
constexpr steady_ns shortest_wait = 2 * second_ns;

// What a trace may have waited already, of its wait, when it is read back.
constexpr steady_ns waited_at_most(steady_ns wait) {
  return std::max<steady_ns>(wait - shortest_wait, 0);
}

// Between attempts to read where the system refused.
constexpr auto read_again_pause = std::chrono::seconds(1);

// Entries read back in one go, before other messages have their turn.
constexpr int read_back_burst = 16;

} // namespace

void router_state::recover() {
  recover_queued_ = false;
  if (!records_recovered_) {
    const auto found = recover_records(config_.pipelines); // held: the compressors drop theirs
    for (const auto& [entry, bytes] : found->records) {
      (void)progress_.load(entry, bytes);
      settling_.has_progress(entry);
    }
    records_recovered_ = true;
  }
  if (!recovered_)
    read_back();
  else
    send_unsent();
}

// Before any entry: the samplers must know what was decided, the compressors what was settled.
progress_ptr router_state::recover_records(const std::vector<router_pipeline>& of) {
  auto records = std::make_shared<recovered_progress>();
  cluster::progress readable;
  const auto scanned = store_->scan_progress([&](const entry_id& entry, std::string_view bytes) {
    if (const auto loaded = readable.load(entry, bytes); !loaded)
      log::warn("progress of an entry cannot be read: {}", loaded.error().message);
    else
      records->records.emplace_back(entry, std::string(bytes));
    return true;
  });
  if (!scanned)
    log::error("progress cannot be read back: {}", scanned.error().message);
  for (const auto& p : of) {
    self_->send(p.compressor, progress_ptr(records));
    (void)store_->scan_decisions(p.id, [&](std::uint64_t number, std::string_view chunk) {
      auto recovered = std::make_shared<recovered_decisions>();
      recovered->pipeline = p.id;
      recovered->chunk = number;
      recovered->bytes = chunk;
      for (const auto& sampler : config_.samplers)
        self_->send(sampler, decisions_ptr(recovered));
      return true;
    });
  }
  return records;
}

// -- reload --

void router_state::change(const router_config& to) {
  auto before = std::exchange(config_.pipelines, to.pipelines);
  config_.samplers = to.samplers;
  std::vector<router_pipeline> come;
  for (const auto& p : config_.pipelines)
    if (std::none_of(before.begin(), before.end(), [&](const auto& b) { return b.id == p.id; }))
      come.push_back(p);
  for (const auto& p : before)
    if (pipeline(p.id) == nullptr && gone_warned_.insert(p.id).second)
      log::warn(
          "the journal holds {} entries of pipeline {}, which is gone: they are kept until it "
          "is back",
          settling_.entries_of(p.id), store_->pipelines()[p.id]);
  if (come.empty())
    return;
  if (records_recovered_)
    settle_by(*recover_records(come));
  for (const auto& p : come) {
    gone_warned_.erase(p.id);
    settling_.resend(p.id, steady_now() - waited_at_most(p.decision_wait));
  }
  go_on();
}

// A compressor that had to end early may have had something made durable that was never reported.
void router_state::settle_by(const recovered_progress& records) {
  cluster::progress readable;
  for (const auto& [id, bytes] : records.records) {
    const auto* entry = settling_.find(id);
    if (entry == nullptr || !readable.load(id, bytes))
      continue;
    std::vector<slot> slots;
    for (slot s = 0; s < entry->settled.slots(); ++s)
      if (readable.settled(id, s))
        slots.push_back(s);
    settling_.settle(id, slots);
  }
}

// The same as long as there is any credit.
void router_state::go_on() {
  if (in_flight_ < config_.credit && (!recovered_ || settling_.next_unsent())
      && !std::exchange(recover_queued_, true))
    self_->send(self_, recover_atom_v);
}

void router_state::read_back() {
  int burst = read_back_burst;
  bool more = false;
  const auto scanned =
      store_->scan_journal(read_from_, [&](journal_position position, std::string_view bytes) {
        if (position >= read_until_)
          return false;
        more = burst-- == 0 || in_flight_ >= config_.credit;
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
    recovered_ = true;
    progress_ = {};
    log::info("the journal is read back: {} entries, {} traces open", settling_.entries(),
              settling_.open_slots());
  }
  go_on();
}

// Nothing is trimmed meanwhile: what cannot be read now is neither lost nor skipped.
void router_state::try_again_later(std::string_view what, const error& why) {
  if (log::permit("journal-unreadable"))
    log::error("{}, it is tried again: {}", what, why.message);
  if (!std::exchange(recover_queued_, true))
    self_->delayed_send(self_, read_again_pause, recover_atom_v);
}

void router_state::found_in_journal(journal_position position, std::string_view bytes) {
  const auto entry = unpack(bytes, position);
  if (!entry)
    return;
  if (const auto* settled = progress_.find(entry->header.id))
    entry->settled = *settled;
  const auto* of = pipeline(entry->header.pipeline);
  settling_.add({entry->header.id, entry->header.pipeline, position, entry->received,
                 entry->header.unpacked_bytes, entry->settled, of == nullptr});
  if (of == nullptr) {
    metrics::journal_orphaned_spans.with().Increment(entry->header.spans);
    if (gone_warned_.insert(entry->header.pipeline).second)
      log::warn(
          "the journal holds spans of pipeline {} which is not in the configuration any more: "
          "they are kept until it is back",
          store_->pipelines()[entry->header.pipeline]);
    return;
  }
  if (settling_.find(entry->header.id) != nullptr)
    send(entry);
}

void router_state::send_unsent() {
  for (int burst = read_back_burst; burst > 0 && in_flight_ < config_.credit; --burst) {
    const auto next = settling_.next_unsent();
    if (!next)
      return;
    auto bytes = store_->read_entry(next->position);
    if (!bytes) {
      if (!lose(*next, bytes.error()))
        return try_again_later("an entry cannot be read at the moment", bytes.error());
      continue;
    }
    auto entry = unpack(*bytes, next->position);
    if (!entry) {
      settling_.abandon(next->id);
      continue;
    }
    entry->received = next->received;
    entry->settled = next->settled;
    send(std::move(entry));
  }
  go_on();
}

std::shared_ptr<durable_entry> router_state::unpack(std::string_view bytes,
                                                    journal_position position) {
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
  const auto* of = pipeline(view->header.pipeline);
  const auto wait = of != nullptr ? of->decision_wait : 0;
  const auto age =
      static_cast<steady_ns>(unix_now()) - static_cast<steady_ns>(view->header.first_received);
  entry->received = steady_now() - std::clamp<steady_ns>(age, 0, waited_at_most(wait));
  return entry;
}

// Gives an entry up where its bytes are gone for good; false: they may be readable later.
bool router_state::lose(const cluster::open_entry& entry, const error& why) {
  if (why.code != errc::corrupt && why.code != errc::not_found)
    return false;
  damaged(entry.position, {}, why.message);
  settling_.abandon(entry.id);
  return true;
}

void router_state::damaged(journal_position position, std::string_view bytes,
                           const std::string& why) {
  metrics::journal_damaged_entries.with().Increment();
  log::error("journal entry {} is damaged, set aside and counted: {}", position, why);
  store_->set_aside("journal", position, bytes);
}

} // namespace weir::actors
