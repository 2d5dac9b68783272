// Requests that fail again and again while others get through are copied out of the log, so that it
// can be trimmed. A copy is a record of the family meta, written in the batch of the cursor that
// passes what it holds, in the format of a dead letter; an empty one is free. Until that batch is
// written, the request may be tried again from memory.
#include "stages/exporter.hpp"

#include "codec/dead_letter.hpp"
#include "core/log.hpp"
#include "stages/exporter_records.hpp"

namespace weir::stages {

namespace {

// So many bytes together, of max_copies; what finds no room stays in the log.
constexpr std::uint64_t max_aside_bytes = 64 << 20;

} // namespace

// A single one may have all of it: else it would never find room.
bool exporter::aside_has_room(std::uint64_t more) const {
  std::uint64_t bytes = more;
  for (const auto& [copy, size] : aside_)
    bytes += size;
  return aside_.empty() || (aside_.size() < max_copies && bytes <= max_aside_bytes);
}

std::uint64_t exporter::free_copy() const {
  std::uint64_t copy = 1;
  while (aside_.contains(copy))
    ++copy;
  return copy;
}

result<shared_bytes> exporter::read_aside(std::uint64_t copy) const {
  if (fresh_copy_.number == copy)
    return fresh_copy_.message;
  const auto bytes = disk_->meta(aside_key(plan_.pipeline_name, plan_.config.id, copy));
  if (!bytes)
    return tl::unexpected(bytes.error());
  auto record = codec::read_dead_letter(bytes->value_or(""));
  if (!record)
    return tl::unexpected(record.error());
  return shared_bytes(std::move(record->message));
}

void exporter::resume_aside() {
  for (std::uint64_t copy = 1; copy <= max_copies; ++copy) {
    const auto bytes = disk_->meta(aside_key(plan_.pipeline_name, plan_.config.id, copy));
    if (!bytes)
      throw std::runtime_error(bytes.error().message);
    if (!*bytes || (*bytes)->empty())
      continue;
    const auto record = codec::read_dead_letter(**bytes);
    if (!record) {
      (*ledger_)[damage_open] = 1;
      disk_->set_aside("aside", copy, **bytes);
      log::error({{"exporter", plan_.config.id}, {"pipeline", plan_.pipeline_name}},
                 "exporter {}: a request that was set aside cannot be read: {}", plan_.config.id,
                 record.error().message);
      continue;
    }
    aside_[copy] = (*bytes)->size();
    delivery_->resume(copy, record->items, record->message.size(), now_.steady);
  }
}

// At most one more with each write.
void exporter::save_aside(storage::batch& batch) {
  for (const auto copy : delivery_->take_finished_copies()) {
    batch.put_meta(aside_key(plan_.pipeline_name, plan_.config.id, copy), "");
    aside_.erase(copy);
  }
  const auto* planned = delivery_->to_set_aside();
  if (planned == nullptr || aside_.size() >= max_copies)
    return;
  const auto message = build(*planned);
  if (!message || !aside_has_room(message->size()))
    return;
  const auto copy = free_copy();
  const auto record =
      encode(codec::dead_letter_record{plan_.signal, now_.wall, planned->items, plan_.config.id,
                                       "set aside", std::string(message->view())});
  batch.put_meta(aside_key(plan_.pipeline_name, plan_.config.id, copy), record);
  aside_[copy] = record.size();
  fresh_copy_ = {copy, *message};
  log::warn(
      {{"exporter", plan_.config.id}, {"pipeline", plan_.pipeline_name}},
      "exporter {}: a request of {} items fails again and again while others get through; it is "
      "set aside, so that the log can be trimmed, and tried on",
      plan_.config.id, planned->items);
  delivery_->set_aside(planned->id, copy);
}

} // namespace weir::stages
