#include "backends/otlp_cut.hpp"

#include "otlp/wire.hpp"

#include <array>
#include <vector>

namespace weir::backends {

namespace {

namespace wire = otlp::wire;

// Which fields of a message lead down to the items, level by level: data, resource, scope and, for
// metrics, metric and the kind of data. Source: opentelemetry-proto.
struct level {
  std::array<std::uint32_t, 5> children; ///< Zeros: no more.
  std::uint32_t deprecated = 0;          ///< In their place where there are none of them.

  bool leads_down(std::uint32_t number, bool old) const noexcept {
    if (old)
      return number == deprecated;
    for (const auto child : children)
      if (child != 0 && child == number)
        return true;
    return false;
  }
};

constexpr level data_level{{1}};
constexpr level resource_level{{2}, 1000};
constexpr level scope_level{{2}};
constexpr level metric_level{{5, 7, 9, 10, 11}};
constexpr level points_level{{1}};

constexpr std::array<level, 3> plain_path = {data_level, resource_level, scope_level};
constexpr std::array<level, 5> metrics_path = {data_level, resource_level, scope_level,
                                               metric_level, points_level};

class cutter {
public:
  cutter(weir::signal kind, std::uint64_t first, std::uint64_t last) : first_(first), last_(last) {
    if (kind == signal::metrics)
      path_.assign(metrics_path.begin(), metrics_path.end());
    else
      path_.assign(plain_path.begin(), plain_path.end());
  }

  bool malformed() const noexcept { return malformed_; }

  /// Items below `message`, which stands on level `depth`; below the last level is an item itself.
  std::uint64_t count(std::size_t depth, std::string_view message) {
    ++seen_[depth];
    if (depth == path_.size())
      return 1;
    const bool old = uses_deprecated(depth, message);
    std::uint64_t sum = 0;
    wire::reader fields(message);
    while (const auto f = fields.next())
      if (leads_down(depth, *f, old))
        sum += count(depth + 1, f->bytes);
    malformed_ = malformed_ || fields.malformed();
    return sum;
  }

  /// Messages that count() met on a level; 1: resources.
  std::uint64_t seen(std::size_t depth) const noexcept { return seen_[depth]; }

  void set_total(std::uint64_t total) noexcept { takes_rest_ = last_ >= total; }

  /// Appends what is wanted of `message`, whose first item is number position_.
  void cut(std::size_t depth, std::string_view message, std::string& out) {
    const bool old = uses_deprecated(depth, message);
    wire::reader fields(message);
    const char* begin = fields.at();
    while (const auto f = fields.next()) {
      const std::string_view whole(begin, static_cast<std::size_t>(fields.at() - begin));
      begin = fields.at();
      if (!leads_down(depth, *f, old)) {
        out += whole;
        continue;
      }
      const auto items = count(depth + 1, f->bytes);
      take(depth, *f, whole, items, out);
      position_ += items;
    }
    malformed_ = malformed_ || fields.malformed();
  }

private:
  void take(std::size_t depth, const wire::field& f, std::string_view whole, std::uint64_t items,
            std::string& out) {
    const auto end = position_ + items;
    if (items == 0) {
      if (position_ >= first_ && (position_ < last_ || takes_rest_))
        out += whole;
    } else if (position_ >= first_ && end <= last_) {
      out += whole;
    } else if (position_ < last_ && end > first_) {
      std::string part;
      part.reserve(f.bytes.size());
      const auto before = position_;
      cut(depth + 1, f.bytes, part);
      position_ = before;
      wire::append_bytes_field(out, f.number, part);
    }
  }

  bool leads_down(std::size_t depth, const wire::field& f, bool old) const noexcept {
    return f.type == wire::type::bytes && path_[depth].leads_down(f.number, old);
  }

  bool uses_deprecated(std::size_t depth, std::string_view message) const noexcept {
    if (path_[depth].deprecated == 0)
      return false;
    wire::reader fields(message);
    while (const auto f = fields.next())
      if (leads_down(depth, *f, false))
        return false;
    return true;
  }

  std::vector<level> path_;
  std::uint64_t first_, last_;
  std::uint64_t position_ = 0;
  std::array<std::uint64_t, metrics_path.size() + 1> seen_{};
  bool takes_rest_ = false;
  bool malformed_ = false;
};

tl::unexpected<error> not_otlp() {
  return fail(errc::corrupt, "the block's bytes are not OTLP");
}

} // namespace

result<std::uint64_t> count_items(weir::signal kind, std::string_view message) {
  cutter c(kind, 0, 0);
  const auto items = c.count(0, message);
  if (c.malformed())
    return not_otlp();
  return items;
}

result<level_counts> count_levels(weir::signal kind, std::string_view message) {
  cutter c(kind, 0, 0);
  const auto items = c.count(0, message);
  if (c.malformed())
    return not_otlp();
  return level_counts{
      .resources = c.seen(1), .metrics = kind == signal::metrics ? c.seen(3) : 0, .items = items};
}

result<void> cut_items(weir::signal kind, std::string_view message, std::uint64_t first,
                       std::uint64_t last, std::string& out) {
  cutter c(kind, first, last);
  c.set_total(c.count(0, message));
  c.cut(0, message, out);
  if (c.malformed())
    return not_otlp();
  return {};
}

} // namespace weir::backends
