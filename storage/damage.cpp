#include "storage/damage.hpp"

#include "core/clock.hpp"
#include "core/metrics.hpp"
#include "storage/keys.hpp"

#include <limits>
#include <optional>

namespace weir::storage {

namespace {

// Where in a key the number stands that rises from record to record, and by how much: positions and
// sequences by one, index times by milliseconds. Nothing for keys that end in a name.
std::optional<std::pair<std::size_t, std::uint64_t>> rising_number(std::string_view key) {
  const auto parsed = keys::parse(key);
  if (!parsed || !parsed->text.empty() || key.size() < 9)
    return {};
  if (parsed->kind == keys::kind::time)
    return std::pair{std::size_t{5}, std::uint64_t{millisecond_ns}};
  return std::pair{key.size() - 8, std::uint64_t{1}};
}

} // namespace

void count_damaged(std::uint64_t records) {
  static auto& counter = metrics::storage_damaged_records.with();
  counter.Increment(static_cast<double>(records));
}

bool pass_damage(rocksdb::Iterator& iterator, const std::string& last) {
  const auto rising = rising_number(last);
  if (!rising)
    return false;
  const auto [offset, unit] = *rising;
  const auto number = keys::read_u64(std::string_view(last).substr(offset));
  const auto furthest = (std::numeric_limits<std::uint64_t>::max() - number) / unit;
  const auto readable_ahead = [&](std::uint64_t steps) {
    auto key = last.substr(0, offset);
    keys::append_u64(key, number + steps * unit);
    key.resize(last.size());
    iterator.Seek(key);
    return iterator.Valid() || iterator.status().ok();
  };
  auto bad = std::uint64_t{0};
  auto good = std::uint64_t{1};
  for (; !readable_ahead(good); good *= 2) {
    bad = good;
    if (good > furthest / 2)
      return false;
  }
  while (good - bad > 1) {
    const auto middle = bad + (good - bad) / 2;
    (readable_ahead(middle) ? good : bad) = middle;
  }
  return readable_ahead(good) && iterator.Valid();
}

} // namespace weir::storage
