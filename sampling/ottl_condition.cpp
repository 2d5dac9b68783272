#include "sampling/ottl_condition.hpp"

#include "otlp/wire.hpp"
#include "ottl/group.hpp"

#include <fmt/format.h>

namespace weir::sampling {

namespace {

/// The message in field 1 of an envelope that may come in several slices; of several the last.
std::string_view held_in(std::string_view message, const otlp::span_index& index,
                         std::uint32_t first, std::uint32_t count) {
  std::string_view held;
  for (std::uint32_t i = 0; i < count; ++i)
    otlp::wire::for_each_field(index.slices[first + i].in(message), [&](const auto& f) {
      if (f.number == 1 && f.type == otlp::wire::type::bytes)
        held = f.bytes;
    });
  return held;
}

result<ottl::compiled_group> compile_in(ottl::context_kind context,
                                        const std::vector<std::string>& conditions) {
  const ottl::group_source source{signal::traces, context, conditions, {}};
  auto made = ottl::compile_group(source);
  if (!made)
    return fail(errc::invalid_argument, ottl::to_string(made.error().front(), source));
  for (const auto& p : made->conditions)
    if (p.uses_clock)
      return fail(errc::invalid_argument,
                  fmt::format("`{}` asks for the time: spans are looked at again after a restart, "
                              "and the answer has to be the same",
                              p.source));
  return std::move(*made);
}

bool asks_for(std::uint8_t levels, ottl::context_kind c) {
  return (levels >> static_cast<unsigned>(c) & 1U) != 0;
}

} // namespace

void span_view::begin_group(std::string_view message, const otlp::span_index& index,
                            std::uint32_t group, bool same_resource) {
  auto& s = state();
  const auto& g = index.groups[group];
  if (!same_resource)
    s.resource_body = held_in(message, index, g.first_resource_slice, g.resource_slices);
  s.scope_body = held_in(message, index, g.first_scope_slice, g.scope_slices);
  s.resource_open = s.resource_open && same_resource;
  s.scope_open = false;
  if (!same_resource)
    s.memory.clear(); // nothing of the resource before is looked at again
}

void span_view::open(std::string_view body) {
  state().span.open(otlp::message_id::span, body);
}

ottl::subject span_view::subject(std::uint8_t levels) {
  auto& s = state();
  ottl::subject subject;
  subject.span = &s.span;
  if (asks_for(levels, ottl::context_kind::resource)) {
    if (!s.resource_open)
      s.resource.open(otlp::message_id::resource, s.resource_body);
    s.resource_open = true;
    subject.resource = &s.resource;
  }
  if (asks_for(levels, ottl::context_kind::scope)) {
    if (!s.scope_open)
      s.scope.open(otlp::message_id::instrumentation_scope, s.scope_body);
    s.scope_open = true;
    subject.scope = &s.scope;
  }
  return subject;
}

result<std::shared_ptr<const ottl_condition>> ottl_condition::compile(const policy_config& policy) {
  if (policy.span_conditions.empty() && policy.spanevent_conditions.empty())
    return fail(errc::invalid_argument, "expected a condition in `span` or `spanevent`");
  auto span = compile_in(ottl::context_kind::span, policy.span_conditions);
  if (!span)
    return tl::unexpected(span.error());
  auto event = compile_in(ottl::context_kind::spanevent, policy.spanevent_conditions);
  if (!event)
    return tl::unexpected(event.error());
  // As in the Collector: without a mode errors count for nothing.
  const auto mode = ottl::error_mode_named(policy.error_mode).value_or(ottl::error_mode::silent);
  auto made = std::shared_ptr<ottl_condition>(
      new ottl_condition({std::move(span->conditions), mode, policy.name},
                         {std::move(event->conditions), mode, policy.name}));
  made->levels_ = static_cast<std::uint8_t>(span->reads | event->reads);
  made->propagates_ = mode == ottl::error_mode::propagate;
  return std::shared_ptr<const ottl_condition>(std::move(made));
}

ottl_condition::answer ottl_condition::judge(span_view& span) const {
  constexpr std::uint32_t events = 11;
  auto& workspace = ottl::thread_workspace();
  auto subject = span.subject(levels_);
  workspace.begin_item();
  auto found = span_.any(subject, workspace);
  if (found != answer::no || event_.empty())
    return found;
  subject.event = &span.event();
  subject.event_index = -1;
  subject.span->for_each_message(events, otlp::message_id::span_event, span.event(),
                                 [&](editing::item&) {
                                   ++subject.event_index;
                                   if (found == answer::no) {
                                     workspace.begin_item();
                                     found = event_.any(subject, workspace);
                                   }
                                   return true;
                                 });
  return found;
}

} // namespace weir::sampling
