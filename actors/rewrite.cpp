#include "actors/rewrite.hpp"

#include "otlp/writer.hpp"

#include <vector>

namespace weir::actors {

namespace {

std::vector<std::string_view> envelope(const otlp::span_index& index, std::string_view message,
                                       std::uint32_t first, std::uint32_t count) {
  std::vector<std::string_view> parts;
  for (std::uint32_t i = 0; i < count; ++i)
    parts.push_back(index.slices[first + i].in(message));
  return parts;
}

} // namespace

void rewrite(std::string_view message, const otlp::span_index& index, std::size_t limit,
             const std::function<void(std::string, std::uint64_t)>& take) {
  constexpr auto no_group = ~std::uint32_t{0};
  otlp::traces_writer writer;
  auto group = no_group;
  const auto flush = [&] {
    if (writer.spans() == 0)
      return;
    std::string piece;
    writer.write(piece);
    take(std::move(piece), writer.spans());
    writer.clear();
    group = no_group;
  };
  for (const auto& span : index.spans) {
    if (writer.spans() > 0 && writer.size() + span.body.length > limit)
      flush();
    if (span.group != group) {
      group = span.group;
      const auto& g = index.groups[group];
      writer.resource(envelope(index, message, g.first_resource_slice, g.resource_slices));
      writer.scope(envelope(index, message, g.first_scope_slice, g.scope_slices));
    }
    writer.span(span.body.in(message));
  }
  flush();
}

} // namespace weir::actors
