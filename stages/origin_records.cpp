// What the stages have to know before any entry comes: the compressors what was settled, the shards
// what was decided. Read at a start, and for a pipeline that comes back.
#include "stages/origin.hpp"

#include "core/log.hpp"
#include "core/passing.hpp"

namespace weir::stages {

namespace {

// Chunks of decisions go together up to this size.
constexpr std::size_t decisions_at_once = 256 << 10;

} // namespace

// False: it goes on when there is credit, or when the disk can be read again.
bool origin::read_records() {
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

bool origin::read_progress(owed_records& owed) {
  if (owed.progress_read)
    return true;
  auto records = std::make_shared<recovered_progress>();
  cluster::progress readable;
  const auto scanned = disk_->scan_progress([&](const entry_id& entry, std::string_view bytes) {
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
  ports_.send_progress(owed.pipeline.id, progress_ptr(records));
  settle_by(*records);
  if (journal_read_)
    return true;
  for (const auto& [entry, bytes] : records->records) {
    if (entry.node != self_)
      continue; // Another origin's: it says when they are forgotten.
    settling_.has_progress(entry);
    (void)progress_.load(entry, bytes);
  }
  read_settled();
  return true;
}

// What other owners have settled of this node's entries. What is not known is sent again, and found
// settled there.
void origin::read_settled() {
  const auto scanned = disk_->scan_settled([&](const entry_id& entry, std::string_view bytes) {
    if (entry.node != self_)
      return true;
    settling_.has_progress(entry);
    if (const auto settled = cluster::decode_slots(bytes))
      progress_.note(entry, *settled);
    else
      log::warn("settled slots of an entry cannot be read: {}", settled.error().message);
    return true;
  });
  if (!scanned)
    log::warn("what other nodes have settled cannot be read: {}", scanned.error().message);
}

// A compressor that had to end early may have had something made durable that was never reported.
void origin::settle_by(const recovered_progress& records) {
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

bool origin::read_decisions(owed_records& owed) {
  if (!owed.chunks) {
    auto chunks = disk_->decision_chunks(owed.pipeline.id);
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
    send_decisions(*message);
  }
  return true;
}

// Some of the chunks that are left, the newest first.
result<decisions_ptr> origin::next_decisions(owed_records& owed) {
  auto message = std::make_shared<recovered_decisions>();
  message->pipeline = owed.pipeline.id;
  for (std::size_t bytes = 0; bytes < decisions_at_once && !owed.chunks->empty();) {
    const auto number = owed.chunks->back();
    auto chunk = disk_->read_decisions(owed.pipeline.id, number);
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

void origin::send_decisions(const decisions_ptr& message) {
  std::uint64_t bytes = 0;
  for (const auto& [number, chunk] : message->chunks)
    bytes += chunk.size();
  for (std::size_t shard = 0; shard < config_.shards; ++shard) {
    decisions_in_flight_ += bytes;
    ports_.send_decisions(shard, message, bytes);
  }
}

// Where every shard is full nothing older can be remembered.
void origin::decisions_taken(pipeline_id pipeline, std::size_t shard, std::uint64_t bytes,
                             bool room) {
  decisions_in_flight_ -= std::min(decisions_in_flight_, bytes);
  if (owed_.empty())
    return;
  auto& owed = owed_.front();
  if (owed.pipeline.id == pipeline && !room && owed.full.insert(shard).second
      && owed.full.size() == config_.shards && owed.chunks)
    owed.chunks->clear();
  if (decisions_in_flight_ < config_.decisions_credit && !std::exchange(asked_, true))
    ports_.go_on_after(0);
}

} // namespace weir::stages
