#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace weir::sampling {

/// Distinct conditions on spans and resources that one policy set may ask for.
inline constexpr std::size_t max_predicates = 256;

/// One bit per predicate of a policy set: seen true on some span or resource.
class predicate_bits {
public:
  static constexpr std::size_t words = max_predicates / 64;

  void set(std::size_t index) noexcept { words_[index / 64] |= 1ULL << (index % 64); }
  bool test(std::size_t index) const noexcept { return (words_[index / 64] >> (index % 64)) & 1; }

  std::uint64_t word(std::size_t index) const noexcept { return words_[index]; }
  void set_word(std::size_t index, std::uint64_t value) noexcept { words_[index] = value; }

  predicate_bits& operator|=(const predicate_bits& other) noexcept {
    for (std::size_t i = 0; i < words; ++i)
      words_[i] |= other.words_[i];
    return *this;
  }

  friend bool operator==(const predicate_bits&, const predicate_bits&) = default;

private:
  std::array<std::uint64_t, words> words_{};
};

/// What the policies ask of a resource: evaluated once for all spans under it.
struct resource_features {
  predicate_bits seen;
};

/// What the policies ask of a trace: of all of it, or of what one entry holds of it.
struct trace_features {
  std::uint64_t min_start_ns = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t max_end_ns = 0;
  std::uint64_t bytes = 0; ///< Of spans and their envelopes, unpacked.
  std::uint32_t spans = 0;
  bool has_root = false;
  predicate_bits seen;

  void merge(const trace_features& other) noexcept {
    min_start_ns = std::min(min_start_ns, other.min_start_ns);
    max_end_ns = std::max(max_end_ns, other.max_end_ns);
    bytes += other.bytes;
    spans += other.spans;
    has_root |= other.has_root;
    seen |= other.seen;
  }
};

} // namespace weir::sampling
