#pragma once

#include "stages/log_range.hpp"
#include "stages/log_reader.hpp"

#include <cstdint>
#include <functional>

namespace weir::stages {

/// What a walk over a range of a log met with.
struct walk_counts {
  std::uint64_t blocks = 0;       ///< That were read.
  std::uint64_t packed_bytes = 0; ///< Of these.
  std::uint64_t left_out = 0;     ///< Items that were not picked.
  std::uint64_t trimmed = 0;      ///< Blocks that went before they were read.
  std::uint64_t damaged = 0;      ///< Blocks that could not be read.
};

/// Calls `each(picked block)` for the blocks of a range of which anything is picked, in their order,
/// until it returns false. Holds one block at a time. Errors: errc::invalid_argument: the selection
/// cannot be applied; else the disk cannot be read at the moment. Any thread.
result<walk_counts> walk_range(const storage::disk& disk, pipeline_id pipeline, log_range range,
                               log_reader& reader,
                               const std::function<bool(log_reader::picked_block&)>& each);

/// Since when a log holds data, where it does not hold what came at `begin` any more; else 0.
unix_ns held_since(const storage::disk& disk, pipeline_id pipeline, unix_ns begin);

} // namespace weir::stages
