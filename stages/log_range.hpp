#pragma once

#include "codec/block.hpp"
#include "storage/disk.hpp"

#include <optional>
#include <vector>

namespace weir::stages {

/// Which blocks of a log a range of receive times is: those that are indexed in it, and those right
/// behind that hold something of it as well. So every block is in a range, nothing that came in the
/// range is missed, and at both ends a little more may be in it.
///
/// In a log without jumps of the clock that is one run of positions.
class log_range {
public:
  struct run {
    log_position first = 0;
    log_position next = 0; ///< One past its last.

    friend bool operator==(const run&, const run&) = default;
  };

  /// Asks the index. @param bound what stands at that position or later is not of it
  static result<log_range> find(const storage::disk& disk, pipeline_id pipeline, unix_ns begin,
                                unix_ns end, log_position bound);

  /// The first position from `position` on that is to be looked at; nothing: there is none.
  std::optional<log_position> next(log_position position) const noexcept;

  /// Whether the block there is of it.
  bool holds(log_position position, const codec::block_header& block) const noexcept;

  /// A block behind a run was found to hold what came after the range, so that none behind it, up
  /// to the next run, needs to be looked at.
  void close(log_position position) noexcept;
  /// Whether this block does that.
  bool is_behind(log_position position, const codec::block_header& block) const noexcept;

  /// Positions in its runs, and those of them before `position`.
  std::uint64_t blocks() const noexcept;
  std::uint64_t blocks_before(log_position position) const noexcept;

  const std::vector<run>& runs() const noexcept { return runs_; }

private:
  log_range(unix_ns begin, unix_ns end, log_position bound)
      : begin_(begin), end_(end), bound_(bound) {}
  const run* run_of(log_position position) const noexcept;
  bool indexed(log_position position) const noexcept;

  unix_ns begin_;
  unix_ns end_;
  log_position bound_;
  std::vector<run> runs_;            ///< By position, with gaps between them.
  std::vector<log_position> closed_; ///< Of each run: from there on nothing more is looked at.
};

/// More runs than that (a clock that jumped to and fro) are put together over the smallest gaps.
inline constexpr std::size_t max_runs_of_range = 1024;

} // namespace weir::stages
