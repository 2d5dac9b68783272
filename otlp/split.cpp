#include "otlp/split.hpp"

#include "otlp/wire.hpp"

namespace weir::otlp {

namespace {

// Field 1 holds a resource's (TracesData), field 2 a scope's (ResourceSpans) and a span's
// (ScopeSpans) message.
constexpr std::uint32_t resource_number = 1;
constexpr std::uint32_t scope_number = 2;
constexpr std::uint32_t span_number = 2;

constexpr auto none = ~std::uint32_t{0};

std::size_t field_bytes(std::size_t content) noexcept {
  return 1 + wire::varint_size(content) + content;
}

/// One part: add() notes what is in it and sums lengths, write() copies.
class part_writer {
public:
  part_writer(std::string_view message, const span_index& whole)
      : message_(message), whole_(whole) {}

  void add(std::uint32_t number) {
    const auto& span = whole_.spans[number];
    if (scopes_.empty() || scopes_.back().group != span.group)
      open(span.group);
    spans_.push_back(number);
    scopes_.back().bytes += field_bytes(span.body.length);
    ++scopes_.back().spans;
  }

  /// `slots`: of the whole index, by slot; `none` for those of this part.
  void write(std::vector<slot>& slots, message_part& out) {
    slots_ = &slots;
    out_ = &out;
    out.index.spans.reserve(spans_.size());
    std::size_t bytes = 0;
    for (auto& each : resources_) {
      for (auto s = each.first_scope; s < each.first_scope + each.scopes; ++s)
        each.bytes += field_bytes(scopes_[s].bytes);
      bytes += field_bytes(each.bytes);
    }
    out.message.reserve(bytes);
    for (const auto& each : resources_)
      write_resource(each);
  }

private:
  struct resource_run {
    std::size_t first_scope;
    std::size_t scopes;
    std::size_t bytes; ///< Of its message.
  };
  struct scope_run {
    std::uint32_t group;
    std::size_t spans;
    std::size_t bytes; ///< Of its message.
  };

  std::size_t bytes_of(std::uint32_t first, std::uint32_t count) const {
    std::size_t bytes = 0;
    for (auto i = first; i < first + count; ++i)
      bytes += whole_.slices[i].length;
    return bytes;
  }

  // Scopes of one resource share its slices.
  void open(std::uint32_t number) {
    const auto& group = whole_.groups[number];
    const auto* last = scopes_.empty() ? nullptr : &whole_.groups[scopes_.back().group];
    if (last == nullptr || last->first_resource_slice != group.first_resource_slice
        || last->resource_slices != group.resource_slices)
      resources_.push_back(
          {scopes_.size(), 0, bytes_of(group.first_resource_slice, group.resource_slices)});
    ++resources_.back().scopes;
    scopes_.push_back({number, 0, bytes_of(group.first_scope_slice, group.scope_slices)});
  }

  void write_head(std::uint32_t number, std::size_t content) {
    wire::append_tag(out_->message, number, wire::type::bytes);
    wire::append_varint(out_->message, content);
  }

  std::uint32_t place() const { return static_cast<std::uint32_t>(out_->message.size()); }

  /// As one slice, if there is any. Returns how many.
  std::uint32_t write_envelope(std::uint32_t first, std::uint32_t count) {
    const auto begin = place();
    for (auto i = first; i < first + count; ++i)
      out_->message.append(whole_.slices[i].in(message_));
    if (place() == begin)
      return 0;
    out_->index.slices.push_back({begin, place() - begin});
    return 1;
  }

  void write_resource(const resource_run& run) {
    write_head(resource_number, run.bytes);
    const auto& envelope = whole_.groups[scopes_[run.first_scope].group];
    span_group group;
    group.first_resource_slice = static_cast<std::uint32_t>(out_->index.slices.size());
    group.resource_slices = write_envelope(envelope.first_resource_slice, envelope.resource_slices);
    for (auto s = run.first_scope; s < run.first_scope + run.scopes; ++s)
      write_scope(scopes_[s], group);
  }

  void write_scope(const scope_run& run, span_group group) {
    write_head(scope_number, run.bytes);
    const auto& envelope = whole_.groups[run.group];
    group.first_scope_slice = static_cast<std::uint32_t>(out_->index.slices.size());
    group.scope_slices = write_envelope(envelope.first_scope_slice, envelope.scope_slices);
    out_->index.groups.push_back(group);
    for (const auto end = written_ + run.spans; written_ < end; ++written_)
      write_span(whole_.spans[spans_[written_]]);
  }

  void write_span(const span_ref& span) {
    write_head(span_number, span.body.length);
    auto& index = out_->index;
    auto& known = (*slots_)[span.slot];
    if (known == none) {
      known = static_cast<slot>(index.traces.size());
      index.traces.push_back(whole_.traces[span.slot]);
    }
    index.spans.push_back(
        {{place(), span.body.length}, static_cast<std::uint32_t>(index.groups.size() - 1), known});
    out_->message.append(span.body.in(message_));
  }

  std::string_view message_;
  const span_index& whole_;
  std::vector<std::uint32_t> spans_;
  std::vector<scope_run> scopes_;
  std::vector<resource_run> resources_;
  std::size_t written_ = 0; ///< Of the spans.
  std::vector<slot>* slots_ = nullptr;
  message_part* out_ = nullptr;
};

} // namespace

std::vector<message_part> split(std::string_view message, const span_index& index,
                                const std::vector<std::uint32_t>& part_of, std::size_t count) {
  std::vector<part_writer> writers(count, part_writer(message, index));
  for (std::uint32_t number = 0; number < index.spans.size(); ++number)
    writers[part_of[index.spans[number].slot]].add(number);
  std::vector<message_part> parts(count);
  std::vector<slot> slots(index.traces.size(), none);
  for (std::size_t part = 0; part < count; ++part)
    writers[part].write(slots, parts[part]);
  return parts;
}

} // namespace weir::otlp
