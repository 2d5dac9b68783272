// The reading half of codec/traces_block.hpp.
#include "codec/traces_block.hpp"
#include "codec/varint.hpp"

#include <cstring>
#include <fmt/format.h>
#include <optional>

namespace weir::codec {

namespace {

// Each listed thing takes at least `each` bytes of body, so that a count that lies is found before
// memory is taken for it.
std::optional<std::size_t> take_count(std::string_view& rest, std::size_t each) {
  std::uint64_t count = 0;
  if (!take_varint(rest, count) || count > rest.size() / each)
    return std::nullopt;
  return static_cast<std::size_t>(count);
}

bool take_list(std::string_view& rest, std::vector<std::string_view>& list) {
  const auto count = take_count(rest, 1);
  if (!count)
    return false;
  for (std::size_t i = 0; i < *count; ++i) {
    std::uint64_t length = 0;
    if (!take_varint(rest, length) || length > rest.size())
      return false;
    list.push_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  return true;
}

bool take_number(std::string_view& rest, std::uint64_t& value) noexcept {
  if (rest.size() < sizeof value)
    return false;
  std::memcpy(&value, rest.data(), sizeof value);
  rest.remove_prefix(sizeof value);
  return true;
}

} // namespace

result<traces_block_reader> traces_block_reader::open(std::string_view body) {
  traces_block_reader reader;
  auto rest = body;
  const auto bad = [](std::string_view reason) {
    return fail(errc::corrupt, fmt::format("traces block: {}", reason));
  };
  if (!take_list(rest, reader.resources_))
    return bad("the list of resources runs past the end");
  if (!take_list(rest, reader.scopes_))
    return bad("the list of scopes runs past the end");
  if (!reader.take_shapes(rest))
    return bad("the list of shapes does not hold together");
  if (!reader.take_traces(rest))
    return bad("the list of traces runs past the end");
  if (!reader.take_shape_column(rest))
    return bad("a span has a shape that is not there");
  if (!reader.take_id_columns(rest))
    return bad("the ids run past the end, or a parent is outside its trace");
  if (!reader.take_time_columns(rest))
    return bad("the times run past the end");
  if (!rest.empty())
    return bad(fmt::format("{} bytes behind its end", rest.size()));
  return reader;
}

bool traces_block_reader::take_shapes(std::string_view& rest) {
  std::vector<std::string_view> listed;
  if (!take_list(rest, listed))
    return false;
  shapes_.reserve(listed.size());
  for (auto bytes : listed) {
    std::uint64_t resource = 0;
    std::uint64_t scope_and_whole = 0;
    if (!take_varint(bytes, resource) || !take_varint(bytes, scope_and_whole))
      return false;
    if (resource >= resources_.size() || scope_and_whole / 2 >= scopes_.size())
      return false;
    auto& shape = shapes_.emplace_back();
    shape.resource = static_cast<std::uint32_t>(resource);
    shape.scope = static_cast<std::uint32_t>(scope_and_whole / 2);
    shape.bytes = bytes;
    if (scope_and_whole % 2 == 0 && !find_gaps(bytes, shape.cuts))
      return false;
  }
  return true;
}

bool traces_block_reader::take_traces(std::string_view& rest) {
  const auto count = take_count(rest, sizeof(trace_id) + 1);
  if (!count)
    return false;
  traces_.resize(*count);
  for (auto& id : traces_) {
    id = trace_id::from(rest.substr(0, sizeof id));
    rest.remove_prefix(sizeof id);
  }
  std::uint64_t end = 0;
  run_ends_.reserve(*count);
  for (std::size_t i = 0; i < *count; ++i) {
    std::uint64_t spans = 0;
    // A span takes at least its byte in the column of shapes.
    if (!take_varint(rest, spans) || spans > rest.size() || (end += spans) > rest.size())
      return false;
    run_ends_.push_back(static_cast<std::uint32_t>(end));
  }
  if (end > rest.size())
    return false;
  spans_.resize(end);
  return true;
}

bool traces_block_reader::take_shape_column(std::string_view& rest) {
  std::uint64_t next = 0;
  std::uint32_t trace = 0;
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    std::uint64_t number = 0;
    if (!take_varint(rest, number))
      return false;
    const auto shape = number == 0 ? next++ : number - 1;
    if (shape >= shapes_.size())
      return false;
    while (i >= run_ends_[trace])
      ++trace;
    spans_[i].shape = static_cast<std::uint32_t>(shape);
    spans_[i].trace = trace;
  }
  return true;
}

bool traces_block_reader::take_id_columns(std::string_view& rest) {
  constexpr std::uint64_t far = ~std::uint64_t{0};
  // First the parents' places, for which the ids are not there yet.
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    auto& span = spans_[i];
    std::uint64_t place = 0;
    if (!shape_of(i).cuts.has(span_value::parent))
      continue;
    if (!take_varint(rest, place))
      return false;
    span.parent = place == 0 ? far : i + unzigzag(place - 1);
    const auto first = span.trace == 0 ? 0 : run_ends_[span.trace - 1];
    if (place != 0 && (span.parent < first || span.parent >= run_ends_[span.trace]))
      return false;
  }
  for (std::size_t i = 0; i < spans_.size(); ++i)
    if (shape_of(i).cuts.has(span_value::span) && !take_number(rest, spans_[i].span))
      return false;
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    auto& span = spans_[i];
    if (!shape_of(i).cuts.has(span_value::parent))
      continue;
    if (span.parent != far)
      span.parent = spans_[span.parent].span;
    else if (!take_number(rest, span.parent))
      return false;
  }
  return true;
}

bool traces_block_reader::take_time_columns(std::string_view& rest) {
  std::uint64_t first_start = 0;
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    auto& span = spans_[i];
    const auto first = i == 0 || spans_[i - 1].trace != span.trace;
    if (first)
      before = first_start;
    std::uint64_t step = 0;
    if (!shape_of(i).cuts.has(span_value::start))
      continue;
    if (!take_varint(rest, step))
      return false;
    span.start = before += unzigzag(step);
    if (first)
      first_start = before;
  }
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    std::uint64_t step = 0;
    if (!shape_of(i).cuts.has(span_value::end))
      continue;
    if (!take_varint(rest, step))
      return false;
    spans_[i].end = spans_[i].start + unzigzag(step);
  }
  return true;
}

void traces_block_reader::append_span(std::size_t index, std::string& out) const {
  const auto& span = spans_[index];
  const auto& shape = shape_of(index);
  const auto put = [&](const void* value, std::size_t bytes) {
    out.append(static_cast<const char*>(value), bytes);
  };
  std::size_t done = 0;
  for (std::size_t i = 0; i < shape.cuts.count; ++i) {
    const auto [offset, which] = shape.cuts.list[i];
    put(shape.bytes.data() + done, offset - done);
    done = offset;
    switch (which) {
    case span_value::trace:
      put(traces_[span.trace].bytes.data(), sizeof(trace_id));
      break;
    case span_value::span:
      put(&span.span, sizeof span.span);
      break;
    case span_value::parent:
      put(&span.parent, sizeof span.parent);
      break;
    case span_value::start:
      put(&span.start, sizeof span.start);
      break;
    case span_value::end:
      put(&span.end, sizeof span.end);
      break;
    }
  }
  put(shape.bytes.data() + done, shape.bytes.size() - done);
}

} // namespace weir::codec
