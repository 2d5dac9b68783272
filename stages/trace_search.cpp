#include "stages/trace_search.hpp"

#include "backends/carried_items.hpp"
#include "codec/entry.hpp"
#include "core/passing.hpp"
#include "otlp/writer.hpp"
#include "sampling/decision_cache.hpp"
#include "stages/log_range.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace weir::stages {

namespace {

using span_group_number = std::uint32_t;

// A range's runs, the last position first; what is behind the last run too, as far as it reaches
// into the range.
template <class Visit>
result<void> visit_backwards(const log_range& range, const Visit& visit) {
  const auto& runs = range.runs();
  for (auto run = runs.rbegin(); run != runs.rend(); ++run)
    for (auto position = run->next; position > run->first; --position)
      if (const auto more = visit(position - 1); !more)
        return tl::unexpected(more.error());
      else if (!*more)
        return {};
  return {};
}

} // namespace

// The spans of the trace with what stands around them.
shared_bytes trace_search::spans_of(std::string_view message) const {
  otlp::span_index index;
  if (!otlp::index_traces(message, 0, index))
    return {};
  const auto found = std::find(index.traces.begin(), index.traces.end(), trace_);
  if (found == index.traces.end())
    return {};
  const auto slot = static_cast<weir::slot>(found - index.traces.begin());
  otlp::traces_writer writer;
  const auto slices = [&](std::uint32_t first, std::uint32_t count) {
    std::vector<std::string_view> envelope;
    for (auto i = first; i < first + count; ++i)
      envelope.push_back(index.slices[i].in(message));
    return envelope;
  };
  const span_group_number none = std::numeric_limits<span_group_number>::max();
  auto last = none;
  for (const auto& span : index.spans) {
    if (span.slot != slot)
      continue;
    if (std::exchange(last, span.group) != span.group) {
      const auto& group = index.groups[span.group];
      writer.resource(slices(group.first_resource_slice, group.resource_slices));
      writer.scope(slices(group.first_scope_slice, group.scope_slices));
    }
    writer.span(span.body.in(message));
  }
  std::string all;
  writer.write(all);
  std::string bare; // Without what clients said beside their data.
  const auto carried = backends::take_carried_of_items(signal::traces, all, bare);
  return shared_bytes(carried.any ? std::move(bare) : std::move(all));
}

std::map<std::string, std::string> trace_search::exporters_at(pipeline_id pipeline,
                                                              log_position position) const {
  std::map<std::string, std::string> states;
  const auto cursors = disk_->cursors(pipeline);
  if (!cursors)
    return states;
  for (const auto& [exporter, place] : *cursors)
    states[exporter] = position < place.position                      ? "delivered"
                       : position == place.position && place.item > 0 ? "in part"
                                                                      : "waiting";
  return states;
}

result<search_cost> trace_search::log(pipeline_id pipeline, unix_ns begin, unix_ns end,
                                      std::uint64_t max_bytes,
                                      const std::function<bool(trace_in_log&&)>& told,
                                      const std::function<bool()>& goes_on) const {
  search_cost cost;
  const auto bound = disk_->log(pipeline).next;
  const auto range = log_range::find(*disk_, pipeline, begin,
                                     end == 0 ? std::numeric_limits<unix_ns>::max() : end, bound);
  if (!range)
    return tl::unexpected(range.error());
  log_reader reader(disk_, pipeline, signal::traces, nullptr, {});
  const auto visited = visit_backwards(*range, [&](log_position position) -> result<bool> {
    if (!goes_on())
      return false;
    if (cost.bytes >= max_bytes) {
      cost.whole = false;
      return false;
    }
    const auto packed = reader.read(position);
    if (!packed && is_passing(packed.error()))
      return tl::unexpected(packed.error());
    if (!packed) // Trimmed meanwhile, or lost.
      return true;
    ++cost.blocks;
    cost.bytes += packed->bytes.size();
    cost.since = packed->header.first_time;
    auto picked = reader.pick(position, *packed);
    // An id stands in a block as it is, whatever its layout.
    if (!picked || picked->block.body.view().find(trace_.view()) == std::string_view::npos)
      return true;
    const auto message = reader.message_of(picked->block);
    auto spans = message ? spans_of(message->view()) : shared_bytes();
    return spans.empty()
           || told({position, packed->header, std::move(spans), exporters_at(pipeline, position)});
  });
  if (!visited)
    return tl::unexpected(visited.error());
  return cost;
}

result<search_cost> trace_search::journal(const std::function<bool(trace_in_journal&&)>& told,
                                          const std::function<bool()>& goes_on) const {
  search_cost cost;
  codec::packer packer;
  std::string payload;
  const auto scanned =
      disk_->scan_journal(disk_->journal().first, [&](journal_position, std::string_view bytes) {
        if (!goes_on())
          return false;
        ++cost.blocks;
        cost.bytes += bytes.size();
        const auto entry = codec::read_entry(bytes);
        payload.clear();
        if (!entry
            || !packer.unpack(entry->header.codec, entry->payload, entry->header.unpacked_bytes,
                              payload)
            || payload.find(trace_.view()) == std::string::npos)
          return true;
        auto spans = spans_of(payload);
        return spans.empty()
               || told({entry->header.id, entry->header.pipeline, entry->header.first_received,
                        std::move(spans)});
      });
  if (!scanned)
    return tl::unexpected(scanned.error());
  return cost;
}

result<std::optional<found_decision>> trace_search::decision(pipeline_id pipeline) const {
  const auto wanted = sampling::fingerprint_of(trace_);
  const auto chunks = disk_->decision_chunks(pipeline);
  if (!chunks)
    return tl::unexpected(chunks.error());
  for (auto chunk = chunks->rbegin(); chunk != chunks->rend(); ++chunk) {
    const auto bytes = disk_->read_decisions(pipeline, *chunk);
    if (!bytes && is_passing(bytes.error()))
      return tl::unexpected(bytes.error());
    if (!bytes)
      continue;
    sampling::decision_cache cache(1);
    (void)cache.load_chunk(*chunk, *bytes,
                           [wanted](sampling::fingerprint each) { return each == wanted; });
    if (const auto found = cache.find(wanted))
      return found_decision{found->keep, std::string(cache.policy_name(found->policy)),
                            found->sampling_rate};
  }
  return std::optional<found_decision>();
}

} // namespace weir::stages
