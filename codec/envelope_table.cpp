#include "codec/envelope_table.hpp"

#include "codec/hash.hpp"
#include "codec/varint.hpp"

#include <algorithm>

namespace weir::codec {

std::uint32_t envelope_table::number_of(std::string_view bytes) {
  if (last_ < entries_.size() && bytes_of(entries_[last_]) == bytes)
    return last_;
  const auto hash = xxh3(bytes);
  if (entries_.size() * 2 >= table_.size())
    grow();
  const auto mask = table_.size() - 1;
  for (auto bucket = hash & mask;; bucket = (bucket + 1) & mask) {
    if (table_[bucket] == 0) {
      last_ = add(hash, bytes);
      table_[bucket] = last_ + 1;
      return last_;
    }
    const auto& seen = entries_[table_[bucket] - 1];
    if (seen.hash == hash && bytes_of(seen) == bytes)
      return last_ = table_[bucket] - 1;
  }
}

std::uint32_t envelope_table::add(std::uint64_t hash, std::string_view bytes) {
  put_varint(bytes.size(), listed_);
  entries_.push_back({hash, listed_.size(), bytes.size()});
  listed_.append(bytes);
  return static_cast<std::uint32_t>(entries_.size() - 1);
}

void envelope_table::grow() {
  table_.assign(std::max<std::size_t>(64, table_.size() * 2), 0);
  const auto mask = table_.size() - 1;
  for (std::uint32_t number = 0; number < entries_.size(); ++number) {
    auto bucket = entries_[number].hash & mask;
    while (table_[bucket] != 0)
      bucket = (bucket + 1) & mask;
    table_[bucket] = number + 1;
  }
}

void envelope_table::clear() noexcept {
  listed_.clear();
  entries_.clear();
  std::fill(table_.begin(), table_.end(), 0);
  last_ = 0;
}

} // namespace weir::codec
