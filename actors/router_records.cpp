// What the stages have to know before any entry comes: the compressors what was settled, the samplers
// what was decided. Read at a start, and for a pipeline that comes back.
#include "actors/router.hpp"

#include "core/log.hpp"
#include "core/passing.hpp"

namespace weir::actors {

namespace {

// Chunks of decisions go together up to this size.
constexpr std::size_t decisions_at_once = 256 << 10;

} // namespace

// False: it goes on when there is credit, or when the disk can be read again.
bool router_state::read_records() {
  while (!owed_.empty()) {
    auto& owed = owed_.front();
    if (!read_progress(owed) || !read_decisions(owed))
      return false;
    if (owed.back)
      resend(owed.pipeline);
    owed_.erase(owed_.begin());
  }
  return true;
}

bool router_state::read_progress(owed_records& owed) {
  if (owed.progress_read)
    return true;
  auto records = std::make_shared<recovered_progress>();
  cluster::progress readable;
  const auto scanned = store_->scan_progress([&](const entry_id& entry, std::string_view bytes) {
    if (const auto loaded = readable.load(entry, bytes); !loaded)
      log::warn("progress of an entry cannot be read: {}", loaded.error().message);
    else
      records->records.emplace_back(entry, std::string(bytes));
    return true;
  });
  if (!scanned) {
    // Taken for none, what is settled would be decided and logged again.
    try_again_later("what is settled cannot be read at the moment", scanned.error());
    return false;
  }
  owed.progress_read = true;
  self_->send(owed.pipeline.compressor, progress_ptr(records));
  settle_by(*records);
  if (recovered_)
    return true;
  for (const auto& [entry, bytes] : records->records) {
    settling_.has_progress(entry);
    (void)progress_.load(entry, bytes);
  }
  return true;
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

bool router_state::read_decisions(owed_records& owed) {
  if (!owed.chunks) {
    auto chunks = store_->decision_chunks(owed.pipeline.id);
    if (!chunks) {
      try_again_later("what was decided cannot be read at the moment", chunks.error());
      return false;
    }
    owed.chunks = std::move(*chunks);
  }
  while (!owed.chunks->empty()) {
    if (decisions_in_flight_ >= config_.decisions_credit)
      return false;
    const auto message = next_decisions(owed);
    if (!message) {
      try_again_later("what was decided cannot be read at the moment", message.error());
      return false;
    }
    send_decisions(owed, *message);
  }
  return true;
}

// Some of the chunks that are left, the newest first.
result<decisions_ptr> router_state::next_decisions(owed_records& owed) {
  auto message = std::make_shared<recovered_decisions>();
  message->pipeline = owed.pipeline.id;
  for (std::size_t bytes = 0; bytes < decisions_at_once && !owed.chunks->empty();) {
    const auto number = owed.chunks->back();
    auto chunk = store_->read_decisions(owed.pipeline.id, number);
    if (!chunk && is_passing(chunk.error())) {
      if (message->chunks.empty())
        return tl::unexpected(chunk.error());
      break; // Met again at once, after what was read is sent.
    }
    owed.chunks->pop_back();
    if (!chunk)
      continue; // Damaged, and counted.
    bytes += chunk->size();
    message->chunks.emplace_back(number, std::move(*chunk));
  }
  return decisions_ptr(std::move(message));
}

void router_state::send_decisions(owed_records& owed, const decisions_ptr& message) {
  std::uint64_t bytes = 0;
  for (const auto& [number, chunk] : message->chunks)
    bytes += chunk.size();
  for (std::size_t i = 0; i < config_.samplers.size(); ++i) {
    decisions_in_flight_ += bytes;
    const auto id = owed.pipeline.id;
    self_->request(config_.samplers[i], caf::infinite, message)
        .then([this, id, i, bytes](bool room) { decisions_taken(id, i, bytes, room); },
              [this, id, i, bytes](const caf::error&) { decisions_taken(id, i, bytes, true); });
  }
}

// Where every sampler is full nothing older can be remembered.
void router_state::decisions_taken(pipeline_id pipeline, std::size_t sampler, std::uint64_t bytes,
                                   bool room) {
  decisions_in_flight_ -= std::min(decisions_in_flight_, bytes);
  if (owed_.empty())
    return;
  auto& owed = owed_.front();
  if (owed.pipeline.id == pipeline && !room && owed.full.insert(sampler).second
      && owed.full.size() == config_.samplers.size() && owed.chunks)
    owed.chunks->clear();
  if (decisions_in_flight_ < config_.decisions_credit && !std::exchange(recover_queued_, true))
    self_->send(self_, recover_atom_v);
}

} // namespace weir::actors
