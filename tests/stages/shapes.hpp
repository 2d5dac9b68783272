#pragma once

#include "codec/hash.hpp"
#include "core/signal.hpp"
#include "otlp/wire.hpp"
#include "tests/storage/records.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Export requests of any shape, and what has to come out of them.
namespace weir::stages {

/// How a request is built: sizes in bytes, counts each inside the one above.
struct shape {
  weir::signal kind = signal::traces;
  unsigned resources = 1;
  unsigned scopes = 1;
  unsigned items = 1;
  std::size_t resource_bytes = 0;
  std::size_t scope_bytes = 0;
  std::size_t metric_bytes = 0;
  std::size_t item_bytes = 0;
  unsigned points = 1; ///< Data points a metric.
  unsigned traces = 1;
  unsigned bad = 0;   ///< One span in so many has no trace id; 0: none.
  bool noise = false; ///< Nothing in it packs.
};

/// The message of a shape.
class shaped_request {
public:
  explicit shaped_request(const shape& s) : shape_(s) {}

  std::string make() {
    std::string out;
    for (unsigned r = 0; r < shape_.resources; ++r) {
      auto resource = field(1, field(1, attribute(shape_.resource_bytes)));
      for (unsigned s = 0; s < shape_.scopes; ++s)
        resource += field(2, scope());
      out += field(1, resource + field(3, "resource's schema"));
    }
    return out;
  }

private:
  static std::string field(std::uint32_t number, std::string_view body) {
    std::string out;
    otlp::wire::append_bytes_field(out, number, body);
    return out;
  }

  std::string bytes(std::size_t size) {
    return shape_.noise ? storage::noise(size, ++seed_) : std::string(size, 'x');
  }

  std::string attribute(std::size_t size) {
    return field(1, "a" + std::to_string(++seed_)) + field(2, field(7, bytes(size)));
  }

  std::string scope() {
    std::string out = field(1, field(3, attribute(shape_.scope_bytes)));
    for (unsigned i = 0; i < shape_.items; ++i)
      out += field(2, item());
    return out + field(3, "scope's schema");
  }

  std::string item() {
    if (shape_.kind == signal::logs)
      return field(6, attribute(shape_.item_bytes));
    return shape_.kind == signal::traces ? span() : metric();
  }

  std::string span() {
    const auto number = ++spans_;
    std::string id(16, '\0');
    if (shape_.bad == 0 || number % shape_.bad != 0) {
      const auto trace = number % shape_.traces + 1;
      std::memcpy(id.data(), &trace, sizeof trace);
    }
    std::string span_id(8, 's');
    std::memcpy(span_id.data(), &number, sizeof number);
    return field(1, id) + field(2, span_id) + field(9, attribute(shape_.item_bytes));
  }

  std::string metric() {
    std::string points;
    for (unsigned i = 0; i < shape_.points; ++i)
      points += field(1, field(7, attribute(shape_.item_bytes)));
    return field(1, "name") + field(2, std::string(shape_.metric_bytes, 'd'))
           + field(7, points + std::string("\x10\x02", 2)) + field(99, "unknown");
  }

  shape shape_;
  std::uint64_t seed_ = 0;
  std::uint32_t spans_ = 0;
};

/// What lies at the bottom of a message: of each item a hash of itself and all that is around it,
/// in order. Spans without a trace id are left out, and what is in an envelope over `max_envelope`.
/// A walk that knows nothing of the code under test.
class found_items {
public:
  found_items(weir::signal kind, std::size_t max_envelope = ~std::size_t{0})
      : kind_(kind), max_envelope_(max_envelope) {}

  void add(std::string_view message) { walk(0, message, "", false); }

  const std::vector<std::uint64_t>& hashes() const { return hashes_; }

private:
  bool leads_down(int depth, std::uint32_t number) const {
    return depth == 0 || depth == 4 ? number == 1 : depth == 3 ? number == 7 : number == 2;
  }

  void walk(int depth, std::string_view message, const std::string& around, bool large) {
    if (depth == (kind_ == signal::metrics ? 5 : 3)) {
      const bool bad = kind_ == signal::traces && message.substr(2, 16) == std::string(16, '\0');
      if (!bad && !large)
        hashes_.push_back(codec::xxh3(around + "|" + std::string(message)));
      return;
    }
    std::string envelope;
    otlp::wire::reader fields(message);
    for (const char* next = fields.at(); const auto f = fields.next(); next = fields.at())
      if (!leads_down(depth, f->number))
        envelope.append(next, fields.at());
    const auto below = depth == 0 ? "" : std::to_string(codec::xxh3(around + "/" + envelope));
    otlp::wire::for_each_field(message, [&](const otlp::wire::field& f) {
      if (leads_down(depth, f.number))
        walk(depth + 1, f.bytes, below, large || envelope.size() > max_envelope_);
    });
  }

  weir::signal kind_;
  std::size_t max_envelope_;
  std::vector<std::uint64_t> hashes_;
};

/// Shapes that were trouble somewhere, and random ones.
inline std::vector<shape> many_shapes(weir::signal kind) {
  constexpr std::size_t limit = (1 << 20) - 64; // of an envelope, less what is around its bytes
  std::vector<shape> all = {
      {.items = 400, .resource_bytes = limit},
      {.items = 400, .resource_bytes = limit, .noise = true},
      {.items = 400, .scope_bytes = limit},
      {.items = 400, .resource_bytes = limit, .scope_bytes = limit, .noise = true},
      {.items = 20'000, .resource_bytes = limit, .traces = 20'000},
      {.items = 1'000, .resource_bytes = 1'000'000, .traces = 10, .bad = 300},
      {.items = 30'000, .resource_bytes = 900'000, .bad = 2},
      {.scopes = 3'000, .resource_bytes = limit},
      {.scopes = 300, .items = 3, .resource_bytes = limit, .scope_bytes = 2'000},
      {.resources = 30, .scopes = 3, .items = 20, .resource_bytes = 100'000},
      {.resources = 3'000, .resource_bytes = 1'000},
      {.items = 12, .item_bytes = 1'000'000, .noise = true},
      {.items = 3,
       .resource_bytes = limit,
       .scope_bytes = limit,
       .item_bytes = 1'000'000,
       .noise = true},
      {.resources = 3, .scopes = 2, .items = 100, .resource_bytes = limit, .bad = 7},
      {.resources = 2, .scopes = 2, .items = 100, .scope_bytes = (1 << 20) + 1},
      {.resources = 2, .items = 100, .resource_bytes = 3'900'000, .noise = true},
      {.items = 60'000, .traces = 60'000},
      {.items = 20, .metric_bytes = limit, .points = 200},
      {.items = 2, .metric_bytes = (1 << 20) + 1, .points = 50},
      {.items = 1, .resource_bytes = limit, .points = 20'000},
  };
  std::uint64_t state = 7;
  const auto below = [&](std::uint64_t n) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::uint32_t>((state >> 33) % n);
  };
  // Mostly small, sometimes large.
  const auto size = [&](unsigned bits) { return below(std::uint64_t{1} << below(bits)); };
  for (int i = 0; i < 40; ++i)
    all.push_back({.resources = 1 + size(4),
                   .scopes = 1 + size(4),
                   .items = 1 + size(9),
                   .resource_bytes = size(21),
                   .scope_bytes = size(19),
                   .metric_bytes = size(17),
                   .item_bytes = size(12),
                   .points = 1 + size(4),
                   .traces = 1 + size(9),
                   .bad = size(4),
                   .noise = below(2) == 0});
  for (auto& s : all)
    s.kind = kind;
  return all;
}

inline std::ostream& operator<<(std::ostream& out, const shape& s) {
  return out << to_string(s.kind) << ": " << s.resources << " resources of " << s.resource_bytes
             << ", " << s.scopes << " scopes of " << s.scope_bytes << ", " << s.items
             << " items of " << s.item_bytes << ", " << s.points << " points in " << s.metric_bytes
             << ", " << s.traces << " traces, one bad in " << s.bad << (s.noise ? ", noise" : "");
}

} // namespace weir::stages
