#include "otlp/rewrite.hpp"

#include "otlp/writer.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace weir::otlp {

namespace {

constexpr auto none = ~std::uint32_t{0};
// Tags and lengths around a resource, a scope and a span, at most.
constexpr std::size_t heads_bytes = 64;

class rewriter {
public:
  rewriter(std::string_view message, const span_index& index, const piece_limits& limits,
           const std::function<void(std::string, std::uint64_t)>& take)
      : message_(message), index_(index), limits_(limits), take_(take) {}

  void run() {
    for (const auto& span : index_.spans)
      add(span);
    flush();
  }

  void write(std::string& out) {
    for (const auto& span : index_.spans)
      add(span);
    writer_.write(out);
  }

  std::uint64_t left_out() const noexcept { return left_out_; }

private:
  struct envelope {
    std::vector<std::string_view> parts;
    std::size_t bytes = 0;
    bool written = false; ///< In this piece or one before.
    bool open = false;    ///< In this piece.
  };

  void add(const span_ref& span) {
    enter(span.group);
    const auto unit = resource_.bytes + scope_.bytes + span.body.length + heads_bytes;
    if (unit > limits_.most) {
      ++left_out_;
      return;
    }
    const auto added = span.body.length + (resource_.open ? 0 : resource_.bytes)
                       + (scope_.open ? 0 : scope_.bytes) + heads_bytes;
    if (writer_.spans() > 0 && (added > room() || has_enough_spans()))
      flush();
    open_envelopes();
    writer_.span(span.body.in(message_));
  }

  // Scopes of one resource share its slices: they are not gathered, nor written, again.
  void enter(std::uint32_t number) {
    if (number == group_)
      return;
    const auto& next = index_.groups[number];
    const bool same = group_ != none
                      && index_.groups[group_].first_resource_slice == next.first_resource_slice
                      && index_.groups[group_].resource_slices == next.resource_slices;
    if (!same)
      gather(next.first_resource_slice, next.resource_slices, resource_);
    gather(next.first_scope_slice, next.scope_slices, scope_);
    group_ = number;
  }

  void gather(std::uint32_t first, std::uint32_t count, envelope& envelope) const {
    envelope.parts.clear();
    envelope.bytes = 0;
    envelope.written = envelope.open = false;
    for (std::uint32_t i = 0; i < count; ++i) {
      envelope.parts.push_back(index_.slices[first + i].in(message_));
      envelope.bytes += envelope.parts.back().size();
    }
  }

  void open_envelopes() {
    if (!resource_.open) {
      writer_.resource(resource_.parts);
      scope_.open = false;
      note(resource_);
    }
    if (!scope_.open) {
      writer_.scope(scope_.parts);
      note(scope_);
    }
  }

  void note(envelope& opened) {
    repeated_ += opened.written ? opened.bytes : 0;
    opened.written = opened.open = true;
  }

  std::size_t room() const noexcept {
    const auto limit = std::min(limits_.most, std::max(limits_.wanted, 2 * repeated_));
    return limit - std::min(limit, writer_.size());
  }

  bool has_enough_spans() const noexcept {
    return writer_.spans() >= limits_.wanted_items && writer_.size() >= 2 * repeated_;
  }

  void flush() {
    if (writer_.spans() == 0)
      return;
    std::string piece;
    writer_.write(piece);
    take_(std::move(piece), writer_.spans());
    writer_.clear();
    repeated_ = 0;
    resource_.open = scope_.open = false;
  }

  std::string_view message_;
  const span_index& index_;
  const piece_limits& limits_;
  const std::function<void(std::string, std::uint64_t)>& take_;
  traces_writer writer_;
  std::uint32_t group_ = none;
  envelope resource_; ///< Of the group in hand.
  envelope scope_;
  std::size_t repeated_ = 0; ///< Envelope bytes in this piece that stand in one before.
  std::uint64_t left_out_ = 0;
};

} // namespace

std::uint64_t rewrite(std::string_view message, const span_index& index, const piece_limits& limits,
                      const std::function<void(std::string, std::uint64_t)>& take) {
  rewriter pieces(message, index, limits, take);
  pieces.run();
  return pieces.left_out();
}

void rewrite_whole(std::string_view message, const span_index& index, std::string& out) {
  const piece_limits no_limits;
  rewriter(message, index, no_limits, {}).write(out);
}

} // namespace weir::otlp
