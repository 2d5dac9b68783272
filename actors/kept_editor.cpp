#include "actors/kept_editor.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"

#include <algorithm>
#include <numeric>

namespace weir::actors {

std::size_t kept_editor::append_to(const sampling::kept_spans& from,
                                   codec::traces_block_builder& to, std::size_t first,
                                   std::size_t max_bytes, unix_ns now) {
  removed_ = 0;
  const auto end = from.end_of(first, max_bytes);
  append_range(from, to, first, end, now, time_);
  return end;
}

void kept_editor::append_range(const sampling::kept_spans& from, codec::traces_block_builder& to,
                               std::size_t first, std::size_t end, unix_ns now,
                               std::chrono::nanoseconds time) {
  writer_.clear();
  message_.clear();
  from.append_to(writer_, first, end);
  writer_.write(message_);
  processors::request_context nobody;
  nobody.now = now;
  const bool edited = editor_.apply(message_, end - first, nobody, time);
  if (editor_.ended()) {
    const auto half = time / 2;
    if (end - first > 1 && half >= least_time) {
      const auto middle = first + (end - first) / 2;
      append_range(from, to, first, middle, now, half);
      append_range(from, to, middle, end, now, half);
      return;
    }
    metrics::kept_edits_ended.with().Increment();
  }
  const auto gone = !edited ? 0 : editor_.ended() ? end - first : editor_.removed();
  removed_ += gone;
  // Nobody is left to be told: the spans that it is about are gone, and counted.
  if (!editor_.refusal().empty() && log::permit("processors_behind_sampling"))
    log::error("processors behind tail_sampling dropped {} spans: {}", gone, editor_.refusal());
  if (!editor_.ended())
    append_message(edited ? std::string_view(editor_.result()) : message_, to);
}

// Envelopes stand once in the message; in the block the spans of a trace stand together again.
void kept_editor::append_message(std::string_view message, codec::traces_block_builder& to) {
  constexpr auto none = ~std::uint32_t{0};
  index_.clear();
  (void)otlp::index_traces(message, 0, index_);
  numbers_.assign(index_.groups.size(), {none, none});
  order_.resize(index_.spans.size());
  std::iota(order_.begin(), order_.end(), 0U);
  std::stable_sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return index_.spans[a].slot < index_.spans[b].slot;
  });
  for (const auto i : order_) {
    const auto& span = index_.spans[i];
    auto& [resource, scope] = numbers_[span.group];
    if (resource == none) {
      const auto& group = index_.groups[span.group];
      resource = to.resource(envelope(message, group.first_resource_slice, group.resource_slices));
      scope = to.scope(envelope(message, group.first_scope_slice, group.scope_slices));
    }
    to.span(resource, scope, span.body.in(message));
  }
}

std::string_view kept_editor::envelope(std::string_view message, std::uint32_t first,
                                       std::uint32_t count) {
  envelope_.clear();
  for (std::uint32_t i = 0; i < count; ++i)
    envelope_ += index_.slices[first + i].in(message);
  return envelope_;
}

} // namespace weir::actors
