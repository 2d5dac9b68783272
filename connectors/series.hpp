#pragma once

#include "connectors/expo_histogram.hpp"
#include "core/clock.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::connectors {

/// A span that a data point names.
struct exemplar {
  std::string trace, span; ///< Ids as on the wire.
  double value = 0;
};

/// What is added up for one set of attributes.
struct series {
  std::string key;
  std::string attributes; ///< As fields of a number data point (7); see with_field().
  unix_ns start = 0;
  steady_ns last_seen = 0;
  bool flushed = false; ///< Once at least.
  bool overflow = false;
  std::uint64_t count = 0;
  double sum = 0;
  std::vector<std::uint64_t> buckets;
  std::unique_ptr<expo_histogram> exponential;
  std::vector<exemplar> exemplars;
};

/// Series by their keys: the values of their dimensions. With `limit`, what is beyond comes
/// together in one. Keys are hashed under a seed of the process. One thread.
class series_table {
public:
  /// The series of a key; null: it is new, see add().
  series* find(std::string_view key, std::uint64_t hash) noexcept {
    if (slots_.empty())
      return nullptr;
    for (auto place = hash & mask_;; place = (place + 1) & mask_) {
      const auto& slot = slots_[place];
      if (slot.number == none)
        return nullptr;
      if (slot.hash == hash && all_[slot.number].key == key)
        return &all_[slot.number];
    }
  }

  /// @pre find() did not find it
  series& add(std::string key, std::uint64_t hash);

  /// The one that takes what is over the limit; made when it is first asked for.
  series& overflow(unix_ns now);

  std::size_t size() const noexcept { return all_.size(); }
  std::deque<series>& all() noexcept { return all_; }
  const std::deque<series>& all() const noexcept { return all_; }

  /// Takes out those for which `gone(series)` holds.
  template <class Gone>
  void remove_if(Gone&& gone) {
    std::deque<series> stay;
    for (auto& one : all_)
      if (!gone(static_cast<const series&>(one)))
        stay.push_back(std::move(one));
    if (stay.size() == all_.size()) {
      all_.swap(stay);
      return;
    }
    all_.swap(stay);
    index();
  }

private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  struct slot {
    std::uint64_t hash = 0;
    std::uint32_t number = none;
  };

  void index();
  void place(std::uint64_t hash, std::uint32_t number) noexcept;

  std::deque<series> all_;  ///< References stay good while it grows.
  std::vector<slot> slots_; ///< At most half full.
  std::uint64_t mask_ = 0;
};

/// The attributes of a series as fields of that number.
std::string with_field(std::string_view attributes, std::uint32_t number);

} // namespace weir::connectors
