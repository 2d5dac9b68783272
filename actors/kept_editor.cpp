#include "actors/kept_editor.hpp"

#include "core/log.hpp"

namespace weir::actors {

std::size_t kept_editor::append_to(const sampling::kept_spans& from,
                                   codec::traces_block_builder& to, std::size_t first,
                                   std::size_t max_bytes, unix_ns now) {
  writer_.clear();
  message_.clear();
  const auto next = from.append_to(writer_, first, max_bytes);
  writer_.write(message_);
  processors::request_context nobody;
  nobody.now = now;
  const bool edited = editor_.apply(message_, next - first, nobody);
  removed_ = edited ? editor_.removed() : 0;
  // Nobody is left to be told: the spans that it is about are gone, and counted.
  if (!editor_.refusal().empty() && log::permit("processors_behind_sampling"))
    log::error("processors behind tail_sampling dropped {} spans: {}", removed_,
               editor_.refusal());
  const std::string_view message = edited ? editor_.result() : message_;
  index_.clear();
  (void)otlp::index_traces(message, 0, index_);
  constexpr auto none = ~std::uint32_t{0};
  auto group = none;
  std::uint32_t resource = 0;
  std::uint32_t scope = 0;
  for (const auto& span : index_.spans) {
    if (span.group != group) {
      group = span.group;
      const auto& of = index_.groups[group];
      resource = to.resource(envelope(message, of.first_resource_slice, of.resource_slices));
      scope = to.scope(envelope(message, of.first_scope_slice, of.scope_slices));
    }
    to.span(resource, scope, span.body.in(message));
  }
  return next;
}

std::string_view kept_editor::envelope(std::string_view message, std::uint32_t first,
                                       std::uint32_t count) {
  envelope_.clear();
  for (std::uint32_t i = 0; i < count; ++i)
    envelope_ += index_.slices[first + i].in(message);
  return envelope_;
}

} // namespace weir::actors
