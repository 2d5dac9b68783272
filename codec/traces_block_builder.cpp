// The writing half of codec/traces_block.hpp.
#include "codec/block.hpp"
#include "codec/traces_block.hpp"
#include "codec/varint.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace weir::codec {

namespace {

// Looking for a span id gives up after so many places: ids made to collide cost length, not time.
constexpr std::size_t max_probes = 16;
constexpr std::size_t nowhere = ~std::size_t{0};

// Envelopes from here on are looked for in the blocks before, and in so many.
constexpr std::size_t large_envelope = 1 << 10;
constexpr std::uint64_t remembered_blocks = 8;
// Spans that make a block full: readers take some 50 bytes for each, and as often as they send a
// part.
constexpr std::size_t wanted_spans = 1 << 16;
// A block that grows for them stays under this: half of what any may be, so that one more trace
// fits.
constexpr std::size_t most_bytes = largest_block_bytes / 2;

std::uint64_t number_at(const char* bytes) noexcept {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

void put_number(std::uint64_t value, std::string& out) {
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  out.append(raw, sizeof value);
}

void put_list(const envelope_table& table, std::string& out) {
  put_varint(table.count(), out);
  out.append(table.listed());
}

std::size_t hash_of(std::uint64_t span_id) noexcept {
  return static_cast<std::size_t>((span_id * 0x9e37'79b9'7f4a'7c15ULL) >> 32);
}

} // namespace

std::uint32_t traces_block_builder::resource(std::string_view envelope) {
  return number_in(resources_, envelope);
}

std::uint32_t traces_block_builder::scope(std::string_view envelope) {
  return number_in(scopes_, envelope);
}

std::uint32_t traces_block_builder::number_in(envelope_table& table, std::string_view envelope) {
  const auto before = table.count();
  const auto number = table.number_of(envelope);
  if (number < before || envelope.size() < large_envelope)
    return number;
  auto& last = seen_[table.hash_of(number)];
  if (last != 0 && last + remembered_blocks >= block_)
    repeated_ += envelope.size();
  last = block_;
  return number;
}

bool traces_block_builder::full(std::size_t wanted) const noexcept {
  const auto bytes = size();
  return bytes >= most_bytes
         || (bytes >= 2 * repeated_ && (bytes >= wanted || spans_.size() >= wanted_spans));
}

void traces_block_builder::forget_old_envelopes() {
  if (++block_ % remembered_blocks == 0)
    std::erase_if(seen_, [this](const auto& e) { return e.second + remembered_blocks < block_; });
}

void traces_block_builder::span(std::uint32_t resource, std::uint32_t scope,
                                std::string_view body) {
  span_cuts cuts;
  const auto whole = !find_values(body, cuts);
  if (whole)
    cuts = {};
  shape_.clear();
  put_varint(resource, shape_);
  put_varint(std::uint64_t{scope} * 2 + (whole ? 1 : 0), shape_);
  span_values values;
  cut_out(body, cuts, values);
  values.shape = shapes_.number_of(shape_);
  if (values.shape == present_.size())
    present_.push_back(cuts.present);
  if (traces_.empty())
    traces_.emplace_back();
  ++traces_.back().spans;
  spans_.push_back(values);
  span_bytes_ += body.size();
}

// Appends the body without its values to shape_.
void traces_block_builder::cut_out(std::string_view body, const span_cuts& cuts,
                                   span_values& values) {
  std::size_t done = 0;
  for (std::size_t i = 0; i < cuts.count; ++i) {
    const auto [offset, which] = cuts.list[i];
    const auto* const value = body.data() + offset;
    shape_.append(body, done, offset - done);
    done = offset + 8;
    switch (which) {
    case span_value::trace:
      enter(trace_id::from({value, 16}));
      done = offset + 16;
      break;
    case span_value::span:
      values.span = number_at(value);
      break;
    case span_value::parent:
      values.parent = number_at(value);
      break;
    case span_value::start:
      values.start = number_at(value);
      break;
    case span_value::end:
      values.end = number_at(value);
      break;
    }
  }
  shape_.append(body, done);
}

void traces_block_builder::enter(const trace_id& id) {
  if (traces_.empty() || traces_.back().id != id)
    traces_.push_back({id, 0});
}

std::size_t traces_block_builder::size() const noexcept {
  // A span: shape 2, parent 1, its id 8, start and end 4 each.
  return resources_.listed().size() + scopes_.listed().size() + shapes_.listed().size()
         + traces_.size() * 17 + spans_.size() * 19 + 8;
}

void traces_block_builder::finish(std::string& out) {
  out.reserve(out.size() + size() + size() / 4);
  put_list(resources_, out);
  put_list(scopes_, out);
  put_list(shapes_, out);
  put_varint(traces_.size(), out);
  for (const auto& trace : traces_)
    out.append(trace.id.view());
  for (const auto& trace : traces_)
    put_varint(trace.spans, out);
  put_shape_column(out);
  put_id_columns(out);
  put_time_columns(out);
  resources_.clear();
  scopes_.clear();
  shapes_.clear();
  present_.clear();
  spans_.clear();
  traces_.clear();
  span_bytes_ = 0;
  repeated_ = 0;
  forget_old_envelopes();
}

void traces_block_builder::put_shape_column(std::string& out) const {
  std::uint32_t next = 0;
  for (const auto& span : spans_) {
    const auto is_next = span.shape == next;
    put_varint(is_next ? 0 : std::uint64_t{span.shape} + 1, out);
    next += is_next ? 1 : 0;
  }
}

// Notes where the span ids of a trace stand.
void traces_block_builder::find_run(std::size_t first, std::size_t spans) {
  places_.assign(std::bit_ceil(spans * 2), 0);
  const auto mask = places_.size() - 1;
  for (std::size_t i = 0; i < spans; ++i) {
    auto bucket = hash_of(spans_[first + i].span) & mask;
    for (std::size_t probes = 0; probes < max_probes; ++probes, bucket = (bucket + 1) & mask)
      if (places_[bucket] == 0) {
        places_[bucket] = static_cast<std::uint32_t>(i + 1);
        break;
      }
  }
}

std::size_t traces_block_builder::place_of(std::uint64_t span_id,
                                           std::size_t first) const noexcept {
  const auto mask = places_.size() - 1;
  auto bucket = hash_of(span_id) & mask;
  for (std::size_t probes = 0; probes < max_probes; ++probes, bucket = (bucket + 1) & mask) {
    if (places_[bucket] == 0)
      return nowhere;
    if (spans_[first + places_[bucket] - 1].span == span_id)
      return first + places_[bucket] - 1;
  }
  return nowhere;
}

void traces_block_builder::put_id_columns(std::string& out) {
  std::vector<std::uint64_t> far; // parents that are not here
  std::size_t first = 0;
  for (const auto& trace : traces_) {
    find_run(first, trace.spans);
    for (auto i = first; i < first + trace.spans; ++i) {
      const auto& span = spans_[i];
      if ((present_[span.shape] & bit(span_value::parent)) == 0)
        continue;
      const auto parent = place_of(span.parent, first);
      put_varint(parent == nowhere ? 0 : 1 + zigzag(parent - i), out);
      if (parent == nowhere)
        far.push_back(span.parent);
    }
    first += trace.spans;
  }
  for (const auto& span : spans_)
    if ((present_[span.shape] & bit(span_value::span)) != 0)
      put_number(span.span, out);
  for (const auto id : far)
    put_number(id, out);
}

void traces_block_builder::put_time_columns(std::string& out) const {
  std::uint64_t first_start = 0;
  const auto* span = spans_.data();
  for (const auto& trace : traces_) {
    auto before = first_start;
    for (std::uint32_t i = 0; i < trace.spans; ++i, ++span) {
      if ((present_[span->shape] & bit(span_value::start)) == 0)
        continue;
      put_varint(zigzag(span->start - before), out);
      before = span->start;
      if (i == 0)
        first_start = before;
    }
  }
  for (const auto& s : spans_)
    if ((present_[s.shape] & bit(span_value::end)) != 0)
      put_varint(zigzag(s.end - s.start), out);
}

} // namespace weir::codec
