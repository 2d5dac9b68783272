#include "stages/kept_editor.hpp"

#include "codec/block.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"

#include <algorithm>
#include <numeric>

namespace weir::stages {

namespace {

// A span with its resource and scope: with what stands in a block before it, it must fit into one.
constexpr std::size_t most_span_bytes = codec::largest_block_content_bytes / 4;

// By how much of a wanted block what processors added may make one larger.
constexpr std::size_t most_growth = 4;

constexpr auto none = ~std::uint32_t{0};

} // namespace

std::size_t kept_editor::append_to(const sampling::kept_spans& spans,
                                   codec::traces_block_builder& builder, std::size_t first,
                                   std::size_t max_bytes, unix_ns now,
                                   const std::function<void()>& on_full) {
  removed_ = 0;
  const auto end = spans.end_of(first, max_bytes);
  append_range(spans, {builder, max_bytes, on_full}, first, end, now, time_);
  return end;
}

void kept_editor::append_range(const sampling::kept_spans& spans, const target& target,
                               std::size_t first, std::size_t end, unix_ns now,
                               std::chrono::nanoseconds time) {
  writer_.clear();
  message_.clear();
  spans.append_to(writer_, first, end);
  writer_.write(message_);
  editing::request_context nobody;
  nobody.now = now;
  const bool edited = editor_.apply(message_, end - first, nobody, time);
  if (editor_.ended()) {
    const auto half = time / 2;
    if (end - first > 1 && half >= least_time) {
      const auto middle = first + (end - first) / 2;
      append_range(spans, target, first, middle, now, half);
      append_range(spans, target, middle, end, now, half);
      return;
    }
    metrics::kept_edits_ended.with().Increment();
  }
  const auto gone = !edited ? 0 : editor_.ended() ? end - first : editor_.removed();
  removed_ += gone;
  // Nobody is left to be told: the spans that it is about are gone, and counted.
  if (!editor_.refusal().empty() && log::permit("processors_behind_sampling"))
    log::error({{"items", gone}}, "processors behind tail_sampling dropped {} spans: {}", gone,
               editor_.refusal());
  if (!editor_.ended())
    append_message(edited ? std::string_view(editor_.result()) : message_, target);
}

// What the groups of index_ are around their spans; scopes of one resource share its part.
void kept_editor::measure_groups() {
  groups_.clear();
  std::uint32_t resources = 0;
  std::size_t resource_bytes = 0;
  for (std::size_t i = 0; i < index_.groups.size(); ++i) {
    const auto& g = index_.groups[i];
    if (i == 0 || g.first_resource_slice != index_.groups[i - 1].first_resource_slice
        || g.resource_slices != index_.groups[i - 1].resource_slices) {
      ++resources;
      resource_bytes = bytes_of(g.first_resource_slice, g.resource_slices);
    }
    groups_.push_back(
        {resources - 1, resource_bytes + bytes_of(g.first_scope_slice, g.scope_slices)});
  }
}

// Envelopes stand once in the message; in the block the spans of a trace stand together again.
void kept_editor::append_message(std::string_view message, const target& target) {
  index_.clear();
  (void)otlp::index_traces(message, 0, index_);
  measure_groups();
  order_.resize(index_.spans.size());
  std::iota(order_.begin(), order_.end(), 0U);
  std::stable_sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return index_.spans[a].slot < index_.spans[b].slot;
  });
  begin_block();
  std::uint64_t outgrown = 0;
  for (const auto i : order_) {
    const auto& span = index_.spans[i];
    if (span.body.length + groups_[span.group].bytes > most_span_bytes) {
      ++outgrown;
      continue;
    }
    append_span(message, span, target.builder);
    if (!target.builder.full(target.max_bytes * most_growth))
      continue;
    target.on_full();
    begin_block();
  }
  removed_ += outgrown;
  if (outgrown > 0 && log::permit("processors_behind_sampling"))
    log::error({{"items", outgrown}},
               "{} spans are larger than a block holds once the processors behind tail_sampling "
               "have seen them: "
               "dropped",
               outgrown);
}

// What a block knows of the message in hand: nothing.
void kept_editor::begin_block() {
  resources_.assign(groups_.empty() ? 0 : groups_.back().resource + 1, none);
  scopes_.assign(groups_.size(), none);
}

void kept_editor::append_span(std::string_view message, const otlp::span_ref& span,
                              codec::traces_block_builder& builder) {
  const auto& group = index_.groups[span.group];
  auto& resource = resources_[groups_[span.group].resource];
  if (resource == none)
    resource =
        builder.resource(envelope(message, group.first_resource_slice, group.resource_slices));
  auto& scope = scopes_[span.group];
  if (scope == none)
    scope = builder.scope(envelope(message, group.first_scope_slice, group.scope_slices));
  builder.span(resource, scope, span.body.in(message));
}

std::size_t kept_editor::bytes_of(std::uint32_t first, std::uint32_t count) const {
  std::size_t bytes = 0;
  for (std::uint32_t i = 0; i < count; ++i)
    bytes += index_.slices[first + i].length;
  return bytes;
}

std::string_view kept_editor::envelope(std::string_view message, std::uint32_t first,
                                       std::uint32_t count) {
  envelope_.clear();
  for (std::uint32_t i = 0; i < count; ++i)
    envelope_ += index_.slices[first + i].in(message);
  return envelope_;
}

} // namespace weir::stages
