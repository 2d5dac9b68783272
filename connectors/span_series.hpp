#pragma once

#include "connectors/config.hpp"
#include "connectors/series.hpp"
#include "connectors/span_reading.hpp"

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

// What `spanmetrics` holds.
namespace weir::connectors {

/// What spans of one resource add up to.
struct resource_series {
  std::string key;        ///< What tells it apart.
  std::string attributes; ///< The body of a Resource: its attributes alone.
  steady_ns last_seen = 0;
  bool evicted = false; ///< Made room for another: it is flushed once more, unless it comes again.
  series_table calls;   ///< Durations too, where these have the same dimensions.
  series_table durations;
  series_table events;

  std::size_t size() const noexcept { return calls.size() + durations.size() + events.size(); }
  std::size_t bytes() const noexcept { return key.size() + attributes.size(); }
};

/// Resources by what tells them apart; where there are too many, or too many bytes of them, the one
/// that was seen longest ago goes. One thread.
class resource_cache {
public:
  /// Of what tells resources apart, and their attributes.
  static constexpr std::size_t max_bytes = 64 << 20;

  explicit resource_cache(const spanmetrics_config& config)
      : key_attributes_(config.resource_metrics_key_attributes),
        size_(config.resource_metrics_cache_size) {}

  /// The state of a Resource's body, made where it is new.
  resource_series& of(std::string_view resource, steady_ns now);
  /// One that was saved.
  resource_series& add(std::string key, std::string attributes);

  /// Series of resources that had no room until a flush, since this was asked last.
  std::size_t take_dropped() noexcept { return std::exchange(dropped_, 0); }

  std::list<resource_series>& all() noexcept { return all_; }
  const std::list<resource_series>& all() const noexcept { return all_; }
  /// Forgets those for which `gone` holds.
  template <class Gone>
  void remove_if(Gone&& gone) {
    forget_seen();
    for (auto it = all_.begin(); it != all_.end();) {
      if (!gone(static_cast<const resource_series&>(*it))) {
        ++it;
        continue;
      }
      it = erase(it);
    }
  }

private:
  using place = std::list<resource_series>::iterator;

  std::string key_of(std::string_view resource) const;
  void use(place one);
  void make_room();
  place erase(place one);
  void forget_seen() noexcept {
    seen_.clear();
    seen_bytes_ = 0;
  }

  std::vector<std::string> key_attributes_;
  std::size_t size_;
  std::size_t live_ = 0;
  std::size_t bytes_ = 0;
  std::size_t dropped_ = 0;
  std::list<resource_series> all_; ///< Used last in front; evicted ones behind.
  std::unordered_map<std::string, place> by_key_;
  /// By the bytes they came in: most come in the same ones again and again.
  std::unordered_map<std::string, place> seen_;
  std::size_t seen_bytes_ = 0;
};

} // namespace weir::connectors
