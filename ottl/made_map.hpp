#pragma once

#include "editing/work.hpp"
#include "ottl/evaluation.hpp"

#include <cstdint>
#include <vector>

namespace weir::ottl {

/// The pairs of a map that is being made, in the workspace: one a time. Keys are found in constant
/// time.
class made_map {
public:
  explicit made_map(evaluation& e) : entries_(e.in().entries), keys_(e.in().keys) {
    entries_.clear();
    keys_.clear();
  }

  std::size_t size() const noexcept { return entries_.size(); }
  /// Among the first `below` pairs.
  bool has(std::string_view key, std::size_t below = ~std::size_t{0}) {
    const auto* known = find(key);
    return known != nullptr && static_cast<std::size_t>(known - entries_.data()) < below;
  }

  void append(std::string_view key, std::string_view any) {
    work().spend(10);
    keys_.add(key, static_cast<std::uint32_t>(entries_.size()));
    entries_.push_back({key, any});
  }

  /// Adds a pair, or replaces the value of the first one with that key.
  void put(std::string_view key, std::string_view any) {
    if (auto* known = find(key))
      known->any = any;
    else
      append(key, any);
  }

  void write(text_builder& out) const {
    std::size_t size = 0;
    for (const auto& entry : entries_)
      size += field_size(field_size(entry.key.size()) + field_size(entry.any.size()));
    out.expect(size);
    for (const auto& entry : entries_)
      append_any_pair(out, entry.key, entry.any);
  }

private:
  static std::size_t field_size(std::size_t length) noexcept {
    return 1 + otlp::wire::varint_size(length) + length;
  }

  map_entry* find(std::string_view key) {
    map_entry* found = nullptr;
    keys_.find(key, [&](std::uint32_t i) {
      if (entries_[i].key != key)
        return true;
      found = &entries_[i];
      return false;
    });
    return found;
  }

  std::vector<map_entry>& entries_;
  key_index& keys_;
};

} // namespace weir::ottl
