#include "otlp/writer.hpp"

#include "otlp/wire.hpp"

namespace weir::otlp {

namespace {

// Field 1 holds a resource's (TracesData), field 2 a scope's (ResourceSpans) and a span's
// (ScopeSpans) message.
constexpr std::uint32_t resource_number = 1;
constexpr std::uint32_t scope_number = 2;
constexpr std::uint32_t span_number = 2;

// A tag below 16 and a length of up to 64 bits.
constexpr std::size_t max_head_bytes = 1 + wire::max_varint_bytes;

std::size_t field_bytes(std::size_t content) noexcept {
  return 1 + wire::varint_size(content) + content;
}

void append_head(std::string& out, std::uint32_t number, std::size_t content) {
  wire::append_tag(out, number, wire::type::bytes);
  wire::append_varint(out, content);
}

} // namespace

std::size_t traces_writer::append_envelope(const std::string_view* pieces, std::size_t count) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    pieces_.push_back(pieces[i]);
    bytes += pieces[i].size();
  }
  size_ += bytes + max_head_bytes;
  return bytes;
}

void traces_writer::resource(const std::vector<std::string_view>& envelope) {
  const auto bytes = append_envelope(envelope.data(), envelope.size());
  resources_.push_back({pieces_.size(), scopes_.size(), bytes});
}

void traces_writer::resource(std::string_view envelope) {
  const auto bytes = append_envelope(&envelope, 1);
  resources_.push_back({pieces_.size(), scopes_.size(), bytes});
}

void traces_writer::scope(const std::vector<std::string_view>& envelope) {
  const auto bytes = append_envelope(envelope.data(), envelope.size());
  scopes_.push_back({pieces_.size(), spans_.size(), bytes});
  resources_.back().scopes_end = scopes_.size();
}

void traces_writer::scope(std::string_view envelope) {
  const auto bytes = append_envelope(&envelope, 1);
  scopes_.push_back({pieces_.size(), spans_.size(), bytes});
  resources_.back().scopes_end = scopes_.size();
}

void traces_writer::span(std::string_view body) {
  spans_.push_back(body);
  const auto bytes = field_bytes(body.size());
  scopes_.back().bytes += bytes;
  scopes_.back().spans_end = spans_.size();
  size_ += bytes;
}

std::size_t traces_writer::spans() const noexcept {
  return spans_.size();
}

std::size_t traces_writer::size() const noexcept {
  return size_;
}

// The body of a ResourceSpans message; 0 when no scope of it has a span.
std::size_t traces_writer::bytes_of(const resource_part& r,
                                    std::size_t first_scope) const noexcept {
  std::size_t scopes = 0;
  auto first_span = first_scope == 0 ? 0 : scopes_[first_scope - 1].spans_end;
  for (auto s = first_scope; s < r.scopes_end; ++s) {
    if (scopes_[s].spans_end > first_span)
      scopes += field_bytes(scopes_[s].bytes);
    first_span = scopes_[s].spans_end;
  }
  return scopes == 0 ? 0 : r.envelope_bytes + scopes;
}

void traces_writer::write_scope(std::string& out, std::size_t scope, std::size_t piece,
                                std::size_t span) const {
  const auto& s = scopes_[scope];
  append_head(out, scope_number, s.bytes);
  for (; piece < s.envelope_end; ++piece)
    out.append(pieces_[piece]);
  for (; span < s.spans_end; ++span) {
    append_head(out, span_number, spans_[span].size());
    out.append(spans_[span]);
  }
}

void traces_writer::write(std::string& out) const {
  out.reserve(out.size() + size_);
  std::size_t piece = 0;
  std::size_t scope = 0;
  std::size_t span = 0;
  for (const auto& r : resources_) {
    const auto bytes = bytes_of(r, scope);
    if (bytes != 0) {
      append_head(out, resource_number, bytes);
      for (; piece < r.envelope_end; ++piece)
        out.append(pieces_[piece]);
    }
    piece = r.envelope_end;
    for (; scope < r.scopes_end; ++scope) {
      if (scopes_[scope].spans_end > span)
        write_scope(out, scope, piece, span);
      piece = scopes_[scope].envelope_end;
      span = scopes_[scope].spans_end;
    }
  }
}

void traces_writer::clear() {
  pieces_.clear();
  spans_.clear();
  scopes_.clear();
  resources_.clear();
  size_ = 0;
}

} // namespace weir::otlp
