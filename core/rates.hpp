#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

// How the nodes of a cluster share what is to be kept in all: each says once a second what was asked
// of its budgets, and learns its share of each (cluster/rate_shares.hpp, sampling/rate_board.hpp).
namespace weir {

/// How many spans a second have one key of a dynamic policy.
struct key_rate {
  std::uint64_t key = 0;
  std::uint64_t spans = 0; ///< Thousandths of spans a second.

  friend auto operator<=>(const key_rate&, const key_rate&) = default;
};

/// What was asked of one budget on one node.
struct rate_report {
  /// Which: a hash of pipeline, policy and part by their names, the same on every node.
  std::uint64_t budget = 0;
  /// Thousandths of units (spans or bytes) a second that all nodes together may keep; 0: it is no
  /// budget, but the counts of a dynamic policy.
  std::uint64_t limit = 0;
  /// Thousandths of units a second that were asked for in the last seconds, kept or not.
  std::uint64_t demand = 0;
  /// Of a dynamic policy: the most frequent keys, rising by key, each once. Those that are not here
  /// are in `demand`.
  std::vector<key_rate> keys = {};

  friend auto operator<=>(const rate_report&, const rate_report&) = default;
};

/// Bounds of what one node reports, some 16 KiB.
inline constexpr std::size_t max_rate_reports = 256;
inline constexpr std::size_t max_key_rates = 512; ///< Of all reports together.

/// Puts reports in order (rising by budget) and cuts off what is over the bounds: the budgets with
/// the highest numbers, on every node the same. A budget that comes twice stays once. For own ones
/// before they are sent, and for what comes from another node.
void limit_rates(std::vector<rate_report>& reports);

/// What the other nodes count of a dynamic policy.
struct foreign_counts {
  std::size_t nodes = 0;           ///< That report it,
  std::size_t busy = 0;            ///< and of these, such that count anything.
  std::vector<key_rate> keys = {}; ///< Rising by key.
  std::uint64_t other_keys = 0;    ///< Under all others, in thousandths of spans a second.

  friend bool operator==(const foreign_counts&, const foreign_counts&) = default;
};

/// What one node may keep of one budget.
struct budget_share {
  std::uint64_t budget = 0;
  double share = 1; ///< Of the limit; in (0, 1].
  foreign_counts counts = {};

  friend bool operator==(const budget_share&, const budget_share&) = default;
};

/// What one node may keep.
struct node_shares {
  std::vector<budget_share> budgets; ///< Rising by budget.
  double even = 1;                   ///< The share of every other budget.

  friend bool operator==(const node_shares&, const node_shares&) = default;
};

} // namespace weir
