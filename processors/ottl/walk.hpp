#pragma once

#include "processors/ottl/group.hpp"
#include "processors/ottl/sequence.hpp"
#include "processors/processor.hpp"

// From the items that a chain walks over to the subjects of statements.
namespace weir::processors::ottl {

/// Where statements of a context run, and what they look at there.
reach reach_of(context_kind context, std::uint8_t reads, std::uint8_t writes) noexcept;

/// A subject with the levels above that the bits (by context_kind) ask for; what is not asked for
/// stays closed.
subject begin_subject(processors::context& at, std::uint8_t levels);

/// Calls `on_event(subject)` for each event of the span in hand; it returns false to drop the event.
template <class F>
void for_each_event(processors::context& at, subject s, F&& on_event) {
  constexpr std::uint32_t events = 11;
  auto& event = at.child(0);
  s.span = &at.current();
  s.event = &event;
  s.event_index = -1;
  at.current().for_each_message(events, otlp::message_id::span_event, event, [&](item&) {
    ++s.event_index;
    return on_event(static_cast<const subject&>(s));
  });
}

/// Calls `on_metric(subject)` with the metric in hand and what it holds.
template <class F>
auto with_metric(processors::context& at, subject s, F&& on_metric) {
  const auto what = data_of(at.current());
  s.metric = &at.current();
  if (what.number != 0) {
    s.data = &at.child(0);
    at.current().open_message(what.number, what.data, *s.data);
  }
  auto answer = on_metric(static_cast<const subject&>(s));
  // What is in it may have become data of another kind.
  if (const auto now = data_of(at.current()); what.number != 0 && now.number != 0)
    at.current().put_message(now.number, *s.data);
  return answer;
}

/// How many data points are left of a metric.
struct points_left {
  std::size_t left = 0;
  bool has_data = false; ///< Else it is no metric that could have points.
};

/// Calls `on_point(subject)` for each data point of the metric in hand; it returns false to drop it.
template <class F>
points_left for_each_metric_point(processors::context& at, subject s, F&& on_point) {
  s.metric = &at.current();
  s.data = &at.child(0);
  s.point = &at.child(1);
  points_left points;
  points.has_data = data_of(at.current()).number != 0;
  for_each_point(at, 0, [&](item&) {
    const bool stays = on_point(static_cast<const subject&>(s));
    points.left += stays ? 1 : 0;
    return stays;
  });
  return points;
}

} // namespace weir::processors::ottl
