#include "otlp/pieces.hpp"

#include "otlp/wire.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

namespace weir::otlp {

namespace {

// Which fields of a message lead down to the items, a bit each, level by level: data, resource,
// scope and, for metrics, metric and its data. Source: opentelemetry-proto.
constexpr std::array<std::uint32_t, 3> plain_path = {1U << 1, 1U << 2, 1U << 2};
constexpr std::array<std::uint32_t, 5> metrics_path = {
    1U << 1, 1U << 2, 1U << 2, 1U << 5 | 1U << 7 | 1U << 9 | 1U << 10 | 1U << 11, 1U << 1};

// Tag and length of one message, at most.
constexpr std::size_t head_bytes = 1 + wire::max_varint_bytes;

constexpr auto none = ~std::size_t{0};

template <class OnField>
void for_each_whole_field(std::string_view message, OnField&& on_field) {
  wire::reader fields{message};
  for (const char* next = fields.at(); const auto f = fields.next(); next = fields.at())
    on_field(*f, std::string_view{next, static_cast<std::size_t>(fields.at() - next)});
}

// Adds a slice to a list, to the last one where it goes on there.
void append(std::vector<std::string_view>& list, std::string_view part) {
  if (!list.empty() && list.back().data() + list.back().size() == part.data())
    list.back() = {list.back().data(), list.back().size() + part.size()};
  else
    list.push_back(part);
}

class piece_maker {
public:
  piece_maker(signal kind, const piece_limits& limits,
              const std::function<void(std::string, std::uint64_t)>& take)
      : path_(kind == signal::metrics ? std::span<const std::uint32_t>(metrics_path)
                                      : std::span<const std::uint32_t>(plain_path)),
        limits_(limits), take_(take) {}

  rejected_spans run(std::string_view message) {
    children(0, message);
    flush();
    return left_out_;
  }

private:
  /// A message on the way down to the item in hand.
  struct level {
    std::uint32_t number = 0; ///< Its field in the one above.
    std::vector<std::string_view> envelope;
    std::size_t bytes = 0;   ///< Of the envelope.
    std::size_t node = none; ///< In this piece.
    bool written = false;    ///< In this piece or one before.
  };
  /// A message of the piece in hand, in the order in which they begin.
  struct node {
    std::uint32_t number;
    std::size_t parent; ///< A node, or none.
    std::size_t first;  ///< Of parts_, behind its head.
    std::size_t bytes;
  };

  bool leads_down(std::size_t depth, const wire::field& f) const noexcept {
    return f.type == wire::type::bytes && f.number < 32 && (path_[depth] >> f.number & 1) != 0;
  }

  bool has_children(std::size_t depth, std::string_view message) const noexcept {
    wire::reader fields{message};
    while (const auto f = fields.next())
      if (leads_down(depth, *f))
        return true;
    return false;
  }

  void children(std::size_t depth, std::string_view message) {
    for_each_whole_field(message, [&](const wire::field& f, std::string_view whole) {
      if (!leads_down(depth, f)) {
        if (depth == 0)
          put(depth, whole, 0);
      } else if (depth + 1 == path_.size()) {
        put(depth, whole, 1);
      } else if (!has_children(depth + 1, f.bytes)) {
        put(depth, whole, 0);
      } else {
        enter(depth + 1, f);
        children(depth + 1, f.bytes);
      }
    });
  }

  void enter(std::size_t depth, const wire::field& f) {
    auto& l = levels_[depth];
    l.number = f.number;
    l.envelope.clear();
    l.bytes = 0;
    l.node = none;
    l.written = false;
    for_each_whole_field(f.bytes, [&](const wire::field& inner, std::string_view whole) {
      if (leads_down(depth, inner))
        return;
      append(l.envelope, whole);
      l.bytes += whole.size();
    });
  }

  // One field that stands in the message in hand on level `depth`.
  void put(std::size_t depth, std::string_view whole, std::uint32_t items) {
    std::size_t unit = whole.size();
    auto added = whole.size();
    for (std::size_t d = 1; d <= depth; ++d) {
      if (levels_[d].bytes > limits_.max_envelope) {
        left_out_.large_envelope += items;
        return;
      }
      unit += levels_[d].bytes + head_bytes;
      added += levels_[d].node == none ? levels_[d].bytes + head_bytes : 0;
    }
    if (unit > limits_.most) {
      left_out_.outgrown += items;
      return;
    }
    if (items_ > 0
        && (added > room() || (items_ >= limits_.wanted_items && size_ >= 2 * repeated_)))
      flush();
    open(depth);
    const auto owner = depth == 0 ? none : levels_[depth].node;
    if (owner != none)
      nodes_[owner].bytes += whole.size();
    // Behind a head the next part begins anew.
    if (nodes_.empty() || nodes_.back().first < parts_.size())
      append(parts_, whole);
    else
      parts_.push_back(whole);
    size_ += whole.size();
    items_ += items;
  }

  void open(std::size_t depth) {
    for (std::size_t d = 1; d <= depth; ++d) {
      auto& l = levels_[d];
      if (l.node != none)
        continue;
      l.node = nodes_.size();
      nodes_.push_back({l.number, d == 1 ? none : levels_[d - 1].node, parts_.size(), l.bytes});
      parts_.insert(parts_.end(), l.envelope.begin(), l.envelope.end());
      size_ += l.bytes + head_bytes;
      repeated_ += l.written ? l.bytes : 0;
      l.written = true;
    }
  }

  std::size_t room() const noexcept {
    const auto limit = std::min(limits_.most, std::max(limits_.wanted, 2 * repeated_));
    return limit - std::min(limit, size_);
  }

  void flush() {
    if (items_ > 0)
      take_(written(), items_);
    nodes_.clear();
    parts_.clear();
    size_ = repeated_ = 0;
    items_ = 0;
    for (auto& l : levels_)
      l.node = none;
  }

  std::string written() {
    for (auto n = nodes_.rbegin(); n != nodes_.rend(); ++n)
      if (n->parent != none)
        nodes_[n->parent].bytes += 1 + wire::varint_size(n->bytes) + n->bytes;
    std::string out;
    out.reserve(size_);
    std::size_t part = 0;
    for (const auto& n : nodes_) {
      for (; part < n.first; ++part)
        out.append(parts_[part]);
      wire::append_tag(out, n.number, wire::type::bytes);
      wire::append_varint(out, n.bytes);
    }
    for (; part < parts_.size(); ++part)
      out.append(parts_[part]);
    return out;
  }

  std::span<const std::uint32_t> path_;
  const piece_limits& limits_;
  const std::function<void(std::string, std::uint64_t)>& take_;
  std::array<level, metrics_path.size()> levels_;
  std::vector<node> nodes_;
  std::vector<std::string_view> parts_;
  std::size_t size_ = 0;
  std::size_t repeated_ = 0;
  std::uint64_t items_ = 0;
  rejected_spans left_out_;
};

} // namespace

rejected_spans cut_in_pieces(signal kind, std::string_view message, const piece_limits& limits,
                             const std::function<void(std::string, std::uint64_t)>& take) {
  return piece_maker(kind, limits, take).run(message);
}

} // namespace weir::otlp
