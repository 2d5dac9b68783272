#include "connectors/span_series.hpp"

#include "connectors/points.hpp"
#include "editing/values.hpp"
#include "otlp/wire.hpp"

#include <algorithm>
#include <iterator>

namespace weir::connectors {

namespace {

namespace wire = otlp::wire;

// Ways of writing resources that are remembered, and their bytes; all are forgotten beyond.
constexpr std::size_t most_seen = 4096;
constexpr std::size_t most_seen_bytes = 8 << 20;

std::string attributes_alone(std::string_view resource) {
  std::string made;
  wire::for_each_field(resource, [&](const wire::field& f) {
    if (f.number == resource_attributes && f.type == wire::type::bytes)
      wire::append_bytes_field(made, resource_attributes, f.bytes);
  });
  return made;
}

} // namespace

// The attributes in the order of their names.
std::string resource_cache::key_of(std::string_view resource) const {
  std::vector<std::string_view> pairs;
  wire::for_each_field(resource, [&](const wire::field& f) {
    if (f.number != resource_attributes || f.type != wire::type::bytes)
      return;
    const auto entry = editing::read_entry(f.bytes);
    if (key_attributes_.empty()
        || std::find(key_attributes_.begin(), key_attributes_.end(), entry.key)
               != key_attributes_.end())
      pairs.push_back(f.bytes);
  });
  std::sort(pairs.begin(), pairs.end());
  std::string key;
  for (const auto pair : pairs)
    wire::append_bytes_field(key, 1, pair);
  return key;
}

resource_series& resource_cache::of(std::string_view resource, steady_ns now) {
  const std::string bytes(resource);
  auto seen = seen_.find(bytes);
  if (seen == seen_.end()) {
    auto key = key_of(resource);
    auto known = by_key_.find(key);
    if (known == by_key_.end()) {
      const auto& added = add(std::move(key), attributes_alone(resource));
      known = by_key_.find(added.key);
    }
    if (seen_.size() >= most_seen || seen_bytes_ + bytes.size() > most_seen_bytes)
      forget_seen();
    seen_bytes_ += bytes.size();
    seen = seen_.emplace(bytes, known->second).first;
  }
  const auto found = seen->second;
  use(found);
  found->last_seen = now;
  return *found;
}

resource_series& resource_cache::add(std::string key, std::string attributes) {
  all_.emplace_front();
  auto& made = all_.front();
  made.key = std::move(key);
  made.attributes = std::move(attributes);
  bytes_ += made.bytes();
  by_key_[made.key] = all_.begin();
  ++live_;
  make_room();
  return made;
}

void resource_cache::use(place one) {
  all_.splice(all_.begin(), all_, one);
  if (!one->evicted)
    return;
  one->evicted = false;
  ++live_;
  make_room();
}

resource_cache::place resource_cache::erase(place one) {
  live_ -= one->evicted ? 0 : 1;
  bytes_ -= one->bytes();
  by_key_.erase(one->key);
  return all_.erase(one);
}

// The one in front is in use.
void resource_cache::make_room() {
  for (auto it = all_.rbegin(); it != all_.rend() && live_ > size_; ++it) {
    if (it->evicted)
      continue;
    it->evicted = true;
    --live_;
  }
  // Those that wait for their last flush are bounded too.
  while (all_.size() > 1 && (all_.size() > 2 * size_ + 1 || bytes_ > max_bytes)) {
    forget_seen();
    dropped_ += all_.back().size();
    erase(std::prev(all_.end()));
  }
}

} // namespace weir::connectors
