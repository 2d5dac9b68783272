#pragma once

#include "editing/processor.hpp"
#include "ottl/group.hpp"
#include "ottl/sequence.hpp"

// From the items that a chain walks over to the subjects of statements.
namespace weir::ottl {

/// Where statements of a context run, and what they look at there.
reach reach_of(context_kind context, std::uint8_t reads, std::uint8_t writes) noexcept;

/// A subject with the levels above that the bits (by context_kind) ask for; what is not asked for
/// stays closed.
subject begin_subject(editing::context& context, std::uint8_t levels);

/// Calls `on_event(subject)` for each event of the span in hand; it returns false to drop the
/// event.
template <class F>
void for_each_event(editing::context& context, subject s, F&& on_event) {
  constexpr std::uint32_t events = 11;
  auto& event = context.child(0);
  s.span = &context.current();
  s.event = &event;
  s.event_index = -1;
  context.current().for_each_message(events, otlp::message_id::span_event, event, [&](item&) {
    ++s.event_index;
    return on_event(static_cast<const subject&>(s));
  });
}

/// Calls `on_metric(subject)` with the metric in hand and what it holds.
template <class F>
auto with_metric(editing::context& context, subject s, F&& on_metric) {
  const auto item = data_of(context.current());
  s.metric = &context.current();
  if (item.number != 0) {
    s.data = &context.child(0);
    context.current().open_message(item.number, item.data, *s.data);
  }
  auto answer = on_metric(static_cast<const subject&>(s));
  // What is in it may have become data of another kind.
  if (const auto now = data_of(context.current()); item.number != 0 && now.number != 0)
    context.current().put_message(now.number, *s.data);
  return answer;
}

/// How many data points are left of a metric.
struct points_left {
  std::size_t left = 0;
  bool has_data = false; ///< Else it is no metric that could have points.
};

/// Calls `on_point(subject)` for each data point of the metric in hand; it returns false to drop
/// it.
template <class F>
points_left for_each_metric_point(editing::context& context, subject s, F&& on_point) {
  s.metric = &context.current();
  s.data = &context.child(0);
  s.point = &context.child(1);
  points_left points;
  points.has_data = data_of(context.current()).number != 0;
  for_each_point(context, 0, [&](item&) {
    const bool stays = on_point(static_cast<const subject&>(s));
    points.left += stays ? 1 : 0;
    return stays;
  });
  return points;
}

} // namespace weir::ottl
