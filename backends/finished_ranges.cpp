#include "backends/finished_ranges.hpp"

#include "codec/varint.hpp"

#include <algorithm>
#include <limits>

namespace weir::backends {

namespace {

constexpr char format_version = 1;

// A place at or behind `before`; false where there is none.
bool take_place(std::string_view& bytes, log_position before, log_place& out) {
  std::uint64_t distance = 0;
  std::uint64_t item = 0;
  if (!codec::take_varint(bytes, distance) || !codec::take_varint(bytes, item)
      || item > std::numeric_limits<std::uint32_t>::max())
    return false;
  out = {before + distance, static_cast<std::uint32_t>(item)};
  return out.position >= before;
}

} // namespace

std::string encode_finished(std::span<const place_range> ranges) {
  const auto count = std::min(ranges.size(), max_finished_ranges);
  std::string out(1, format_version);
  codec::put_varint(count, out);
  log_position before = 0;
  for (const auto& range : ranges.first(count)) {
    codec::put_varint(range.first.position - before, out);
    codec::put_varint(range.first.item, out);
    codec::put_varint(range.last.position - range.first.position, out);
    codec::put_varint(range.last.item, out);
    before = range.last.position;
  }
  return out;
}

std::vector<place_range> decode_finished(std::string_view bytes, const log_place& end) {
  std::uint64_t count = 0;
  if (bytes.empty() || bytes.front() != format_version)
    return {};
  bytes.remove_prefix(1);
  if (!codec::take_varint(bytes, count) || count > max_finished_ranges)
    return {};
  std::vector<place_range> ranges;
  log_place place;
  for (std::uint64_t i = 0; i < count; ++i) {
    place_range range;
    if (!take_place(bytes, place.position, range.first)
        || !take_place(bytes, range.first.position, range.last) || range.first < place
        || range.last < range.first)
      return {};
    place = range.last;
    range.last = std::min(range.last, end);
    if (range.first < range.last)
      ranges.push_back(range);
  }
  return bytes.empty() ? ranges : std::vector<place_range>{};
}

} // namespace weir::backends
