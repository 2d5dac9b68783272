#include "connectors/series.hpp"

#include "codec/hash.hpp"
#include "connectors/points.hpp"
#include "otlp/wire.hpp"

namespace weir::connectors {

namespace {

constexpr std::string_view overflow_key = "otel.metric.overflow";

} // namespace

series& series_table::add(std::string key, std::uint64_t hash) {
  auto& made = all_.emplace_back();
  made.key = std::move(key);
  if (slots_.size() < 2 * all_.size())
    index();
  else
    place(hash, static_cast<std::uint32_t>(all_.size() - 1));
  return made;
}

series& series_table::overflow(unix_ns now) {
  const auto hash = codec::hash_in_memory(overflow_key);
  if (auto* found = find(overflow_key, hash))
    return *found;
  auto& made = add(std::string(overflow_key), hash);
  std::string yes;
  otlp::wire::append_varint_field(yes, 2, 1);
  append_attribute(made.attributes, 7, overflow_key, yes);
  made.start = now;
  made.overflow = true;
  return made;
}

void series_table::index() {
  std::size_t size = 16;
  while (size < 4 * all_.size())
    size *= 2;
  slots_.assign(size, {});
  mask_ = size - 1;
  for (std::size_t i = 0; i < all_.size(); ++i)
    place(codec::hash_in_memory(all_[i].key), static_cast<std::uint32_t>(i));
}

void series_table::place(std::uint64_t hash, std::uint32_t number) noexcept {
  auto place = hash & mask_;
  while (slots_[place].number != none)
    place = (place + 1) & mask_;
  slots_[place] = {hash, number};
}

std::string with_field(std::string_view attributes, std::uint32_t number) {
  std::string made;
  otlp::wire::for_each_field(attributes, [&](const otlp::wire::field& f) {
    otlp::wire::append_bytes_field(made, number, f.bytes);
  });
  return made;
}

} // namespace weir::connectors
