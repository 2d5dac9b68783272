#include "stages/log_walk.hpp"

#include "core/passing.hpp"

#include <limits>

namespace weir::stages {

namespace {

// Lost or damaged: nobody can read it. (What is being trimmed this moment is told apart.)
bool is_lost(const error& why) {
  return !is_passing(why) && why.code != errc::invalid_argument;
}

} // namespace

result<walk_counts> walk_range(const storage::disk& disk, pipeline_id pipeline, log_range range,
                               log_reader& reader,
                               const std::function<bool(log_reader::picked_block&)>& each) {
  walk_counts counts;
  log_position next = 0;
  while (const auto position = range.next(next)) {
    next = *position + 1;
    const auto packed = reader.read(*position);
    if (!packed && is_lost(packed.error())) {
      ++(*position < disk.log(pipeline).first ? counts.trimmed : counts.damaged);
      continue;
    }
    if (!packed)
      return tl::unexpected(packed.error());
    if (range.is_behind(*position, packed->header)) {
      range.close(*position);
      continue;
    }
    if (!range.holds(*position, packed->header))
      continue;
    ++counts.blocks;
    counts.packed_bytes += packed->bytes.size();
    auto picked = reader.pick(*position, *packed);
    if (!picked && is_lost(picked.error())) {
      ++counts.damaged;
      continue;
    }
    if (!picked)
      return tl::unexpected(picked.error());
    counts.left_out += picked->left_out;
    if (picked->block.header.items > 0 && !each(*picked))
      break;
  }
  return counts;
}

unix_ns held_since(const storage::disk& disk, pipeline_id pipeline, unix_ns begin) {
  const auto held = disk.log(pipeline);
  if (held.first == 0)
    return 0; // Nothing was trimmed yet.
  if (held.first == held.next)
    return std::numeric_limits<unix_ns>::max();
  const auto bytes = disk.read_block(pipeline, held.first);
  if (!bytes)
    return 0;
  const auto block = codec::read_block(*bytes);
  return block && block->header.first_time > begin ? block->header.first_time : 0;
}

} // namespace weir::stages
