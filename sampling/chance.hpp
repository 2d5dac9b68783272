#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace weir::sampling {

/// How often one policy samples a trace like the one in hand: for which share of all trace ids.
/// 0 and 1 where ids have no say.
struct chance {
  double share = 0;
  /// Which function of the id decides. Of two policies with the same one, that with the smaller
  /// share samples a part of what the other samples; different ones are independent.
  std::uint64_t source = 0;
};

/// The source of consistent probability sampling: the randomness in the trace id.
inline constexpr std::uint64_t trace_id_randomness = 1;

/// Of a policy that samples what this one does not.
chance otherwise(const chance& chance) noexcept;

/// Of a policy that samples what both do.
chance both(const chance& one, const chance& other) noexcept;

/// How often a trace like the one in hand is kept by any of several policies: the weight that it
/// has in estimates is one over that. Keeps its capacity over clear(). One thread.
class inclusion {
public:
  void clear() noexcept;
  void add(const chance& chance);

  double share() const noexcept;
  /// Whether `share` is the threshold of consistent probability sampling.
  bool is_consistent() const noexcept;

private:
  bool always_ = false;
  std::vector<std::pair<std::uint64_t, double>> largest_; ///< Share by source.
};

} // namespace weir::sampling
