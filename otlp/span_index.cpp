// span_index of otlp/scan.hpp.
#include "otlp/scan.hpp"

#include <cstring>
#include <random>

namespace weir::otlp {

namespace {

// Trace ids come from outside: without a seed, a client could choose them all to collide.
struct hash_seed {
  std::uint64_t low;
  std::uint64_t high;

  hash_seed() {
    std::random_device device;
    low = static_cast<std::uint64_t>(device()) << 32 | device();
    high = static_cast<std::uint64_t>(device()) << 32 | device();
  }
};

const hash_seed seed;

std::size_t hash(const trace_id& id) noexcept {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  std::memcpy(&low, id.bytes.data(), 8);
  std::memcpy(&high, id.bytes.data() + 8, 8);
  __extension__ using wide = unsigned __int128;
  const auto product = static_cast<wide>(low ^ seed.low) * (high ^ seed.high);
  return static_cast<std::size_t>(product) ^ static_cast<std::size_t>(product >> 64);
}

constexpr std::size_t first_table_size = 256;

} // namespace

void span_index::clear() {
  spans.clear();
  groups.clear();
  slices.clear();
  traces.clear();
  if (++generation_ == 0) {
    table_.assign(table_.size(), 0);
    generation_ = 1;
  }
}

// Where a trace is in the table, or the empty place where it would go. @pre the table is not empty
std::size_t span_index::place_of(const trace_id& id) const noexcept {
  const auto mask = table_.size() - 1;
  auto place = hash(id) & mask;
  while (table_[place] >> 32 == generation_
         && traces[static_cast<std::uint32_t>(table_[place])] != id)
    place = (place + 1) & mask;
  return place;
}

void span_index::grow() {
  table_.assign(table_.empty() ? first_table_size : table_.size() * 2, 0);
  for (std::size_t s = 0; s < traces.size(); ++s)
    table_[place_of(traces[s])] = static_cast<std::uint64_t>(generation_) << 32 | s;
}

slot span_index::slot_of(const trace_id& id) {
  if (traces.size() * 2 >= table_.size())
    grow();
  auto& entry = table_[place_of(id)];
  if (entry >> 32 == generation_)
    return static_cast<std::uint32_t>(entry);
  entry = static_cast<std::uint64_t>(generation_) << 32 | traces.size();
  traces.push_back(id);
  return static_cast<std::uint32_t>(entry);
}

span_index::mark span_index::position() const noexcept {
  return {spans.size(), groups.size(), slices.size(), traces.size()};
}

void span_index::roll_back(const mark& m) {
  // Last in, first out: no probe of an older trace ever went past a place taken by a newer one.
  for (; traces.size() > m.traces; traces.pop_back())
    table_[place_of(traces.back())] = 0;
  spans.resize(m.spans);
  groups.resize(m.groups);
  slices.resize(m.slices);
}

} // namespace weir::otlp
