#include "witness.hpp"

#include "codec/block.hpp"
#include "codec/entry.hpp"
#include "otlp/scan.hpp"
#include "storage/keys.hpp"

#include <fmt/format.h>

namespace weir::simulation {

namespace {

using storage::keys::kind;

// The body of a span begins with its trace id (18 bytes with tag and length), then its span id.
constexpr std::size_t id_offset = 20;

std::string name_of(const entry_id& id) {
  return fmt::format("entry {}/{}", id.epoch, id.sequence);
}

otlp::span_index index_of(std::string_view message) {
  otlp::span_index index;
  if (!otlp::index_traces(message, 0, index))
    throw violation("a message does not hold together");
  return index;
}

} // namespace

std::vector<span_number> spans_of(std::string_view message) {
  std::vector<span_number> spans;
  const auto index = index_of(message);
  for (const auto& span : index.spans)
    spans.push_back(storage::keys::read_u64(span.body.in(message).substr(id_offset)) - 1);
  return spans;
}

void witness::became_durable(const storage::operation& record) {
  if (record.kind == kind::entry)
    return entry_is_durable(record.value.view());
  if (record.kind == kind::block)
    return block_is_durable(record.value.view());
  if (record.kind != kind::progress)
    return;
  const auto id = storage::keys::parse(record.key)->id;
  if (!progress_.load(id, record.value.view()))
    throw violation("progress that cannot be read");
}

void witness::entry_is_durable(std::string_view bytes) {
  const auto entry = codec::read_entry(bytes);
  if (!entry)
    throw violation("an entry that cannot be read");
  std::string message;
  if (!packer_.unpack(entry->header.codec, entry->payload, entry->header.unpacked_bytes, message))
    throw violation("an entry that cannot be unpacked");
  const auto& id = entry->header.id;
  if (spans_of_.contains(id))
    return; // Written again further back.
  const auto index = index_of(message);
  auto& spans = spans_of_[id];
  spans = simulation::spans_of(message);
  for (std::size_t i = 0; i < spans.size(); ++i)
    places_[spans[i]].push_back({id, index.spans[i].slot});
}

void witness::block_is_durable(std::string_view bytes) {
  const auto block = codec::read_block(bytes);
  if (!block)
    throw violation("a block that cannot be read");
  std::string body;
  const auto& header = block->header;
  if (!packer_.unpack(header.codec, block->payload, header.unpacked_bytes, body))
    throw violation("a block that cannot be unpacked");
  const std::vector<backends::block_part> parts{
      {header.layout, shared_bytes(std::move(body)), header.items, 0, header.items}};
  for (const auto span : simulation::spans_of(builder_.build(parts)->view()))
    // A client that had no answer may have sent it again: then it is there once for each entry.
    if (++logged_[span] > places_[span].size())
      throw violation(fmt::format("span {} is in the log {} times, of {} entries", span,
                                  logged_[span], places_[span].size()));
}

void witness::journal_goes(const tables& durable, journal_position below) {
  for (auto index = durable.entries.begin(); index != durable.entries.end() && index->first < below;
       ++index) {
    const auto id = codec::read_entry(index->second.view())->header.id;
    bool again = false; // Further back.
    for (auto later = durable.entries.lower_bound(below); later != durable.entries.end(); ++later)
      again = again || codec::read_entry(later->second.view())->header.id == id;
    if (again)
      continue;
    const auto& spans = spans_of_.at(id);
    for (const auto span : spans)
      if (acknowledged_.contains(span))
        for (const auto& place : places_.at(span))
          if (place.entry == id)
            check_settled(span, place);
  }
}

void witness::check_settled(span_number span, const place& place) const {
  if (!progress_.settled(place.entry, place.in))
    throw violation(
        fmt::format("{} goes from the journal, and its slot {} (span {}) is not settled",
                    name_of(place.entry), place.in, span));
}

void witness::progress_goes(const tables& durable, node_id node, weir::epoch epoch,
                            sequence below) {
  for (const auto& [position, bytes] : durable.entries) {
    const auto id = codec::read_entry(bytes.view())->header.id;
    if (id.node == node && id.epoch == epoch && id.sequence < below
        && !durable.erased.contains(position))
      throw violation(fmt::format("progress below {} goes while {} may come back from the journal",
                                  below, name_of(id)));
  }
}

void witness::acknowledged(const std::vector<span_number>& spans) {
  for (const auto span : spans) {
    if (!places_.contains(span))
      throw violation(fmt::format("span {} is acknowledged and not durable", span));
    acknowledged_.insert(span);
  }
}

void witness::delivered(const std::vector<span_number>& spans) {
  for (const auto span : spans) {
    if (!logged_.contains(span))
      throw violation(fmt::format("span {} is delivered and not durable", span));
    twice_ += delivered_.insert(span).second ? 0 : 1;
  }
}

} // namespace weir::simulation
