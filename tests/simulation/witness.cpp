#include "witness.hpp"

#include "codec/block.hpp"
#include "codec/entry.hpp"
#include "otlp/scan.hpp"
#include "sampling/decision_cache.hpp"
#include "storage/keys.hpp"

#include <fmt/format.h>

namespace weir::simulation {

namespace {

using storage::keys::kind;

// The body of a span begins with its trace id (18 bytes with tag and length), then its span id.
constexpr std::size_t id_offset = 20;

// More than one chunk holds.
constexpr std::size_t most_decisions = 1 << 16;

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

void witness::became_durable_at(node_id node, steady_ns when, const storage::operation& record) {
  if (record.kind == kind::entry)
    return entry_is_durable(record.value.view());
  if (record.kind == kind::block)
    return block_is_durable({node, when}, record.value.view());
  if (record.kind == kind::decisions)
    return decisions_are_durable({node, when}, record.value.view());
  if (record.kind != kind::progress)
    return;
  const auto id = storage::keys::parse(record.key)->id;
  if (const auto merged = progress_.merge(id, record.value.view()); !merged)
    throw violation(fmt::format("progress of n{} {} that cannot be read: {}", id.node, name_of(id),
                                merged.error().message));
}

void witness::entry_is_durable(std::string_view bytes) {
  const auto entry = codec::read_entry(bytes);
  if (!entry)
    throw violation("an entry that cannot be read");
  std::string message;
  if (!packer_.unpack(entry->header.codec, entry->payload, entry->header.unpacked_bytes, message))
    throw violation("an entry that cannot be unpacked");
  const auto& id = entry->header.id;
  if (const auto known = spans_of_.find(id); known != spans_of_.end()) {
    if (known->second != simulation::spans_of(message)) // Else it is written again further back.
      throw violation(fmt::format("{} of n{} is the name of two entries", name_of(id), id.node));
    return;
  }
  const auto index = index_of(message);
  auto& spans = spans_of_[id];
  spans = simulation::spans_of(message);
  for (std::size_t i = 0; i < spans.size(); ++i) {
    places_[spans[i]].push_back({id, index.spans[i].slot});
    traces_[sampling::fingerprint_of(index.traces[index.spans[i].slot])] = spans[i] / spans_a_trace;
  }
}

void witness::block_is_durable(const sighting& here, std::string_view bytes) {
  const auto block = codec::read_block(bytes);
  if (!block)
    throw violation("a block that cannot be read");
  std::string body;
  const auto& header = block->header;
  if (!packer_.unpack(header.codec, block->payload, header.unpacked_bytes, body))
    throw violation("a block that cannot be unpacked");
  const std::vector<backends::block_part> parts{
      {header.layout, shared_bytes(std::move(body)), header.items, 0, header.items}};
  for (const auto span : simulation::spans_of(builder_.build(parts)->view())) {
    auto& known = logged_[span];
    // A client that had no answer may have sent it again: then it is there once for each entry.
    if (++known.times > places_[span].size()) {
      if (!excused(known.first, here, span / spans_a_trace))
        throw violation(fmt::format("span {} is in the log {} times, of {} entries", span,
                                    known.times, places_[span].size()));
      ++logged_twice_;
    }
    if (known.times == 1)
      known.first = here;
  }
}

// A chunk may be written again, with more.
void witness::decisions_are_durable(const sighting& here, std::string_view bytes) {
  std::vector<sampling::fingerprint> prints;
  sampling::decision_cache chunk(most_decisions);
  const auto read = chunk.load_chunk(1, bytes, [&](auto print) {
    prints.push_back(print);
    return true;
  });
  if (!read)
    throw violation("decisions that cannot be read");
  for (const auto print : prints) {
    const bool keep = chunk.find(print)->keep;
    const auto [known, added] = decided_.try_emplace(print, decided_trace{keep, here});
    if (added || known->second.keep == keep)
      continue;
    const auto trace = traces_.at(print);
    const bool counted = is_excused(trace);
    if (!excused(known->second.first, here, trace))
      throw violation(fmt::format("trace {} was {} on n{} at {:.3f}, and is {} on n{}", trace,
                                  keep ? "dropped" : "kept", known->second.first.node,
                                  static_cast<double>(known->second.first.when) / second_ns,
                                  keep ? "kept" : "dropped", here.node));
    decided_twice_ += counted ? 0 : 1;
    known->second = {keep, here};
  }
}

bool witness::excused(const sighting& first, const sighting& second, span_number trace) {
  if (is_excused(trace))
    return true; // Copies of either outcome are still on their way.
  if (!excuse_ || !excuse_(first.node, first.when, second.node))
    return false;
  excused_traces_.insert(trace);
  return true;
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

std::vector<node_id> witness::origins_of(span_number span) const {
  std::vector<node_id> origins;
  if (const auto found = places_.find(span); found != places_.end())
    for (const auto& each : found->second)
      origins.push_back(each.entry.node);
  return origins;
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
