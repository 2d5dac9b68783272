#include "storage/keys.hpp"

namespace weir::storage::keys {

namespace {

template <class T>
void append(std::string& out, T value) {
  for (int shift = (sizeof(T) - 1) * 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(value >> shift));
}

template <class T>
T read(std::string_view source) noexcept {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value = static_cast<T>(value << 8) | static_cast<unsigned char>(source[i]);
  return value;
}

std::string with_text(std::string key, std::string_view text) {
  return key.append(text);
}

std::string with_number(std::string key, std::uint64_t number) {
  append_u64(key, number);
  return key;
}

std::string with_entry(std::string key, const entry_id& id) {
  return with_number(with_number(with_number(std::move(key), id.node), id.epoch), id.sequence);
}

} // namespace

void append_u32(std::string& out, std::uint32_t value) {
  append(out, value);
}
void append_u64(std::string& out, std::uint64_t value) {
  append(out, value);
}
std::uint32_t read_u32(std::string_view source) noexcept {
  return read<std::uint32_t>(source);
}
std::uint64_t read_u64(std::string_view source) noexcept {
  return read<std::uint64_t>(source);
}

std::string prefix(kind kind) {
  return std::string(1, static_cast<char>(kind));
}

std::string prefix(kind kind, pipeline_id pipeline) {
  auto key = std::string();
  key.reserve(24);
  key.push_back(static_cast<char>(kind));
  append_u32(key, pipeline);
  return key;
}

std::string entry(journal_position position) {
  return with_number(prefix(kind::entry), position);
}

std::string block(pipeline_id pipeline, log_position position) {
  return with_number(prefix(kind::block, pipeline), position);
}

std::string time(pipeline_id pipeline, unix_ns time, log_position position) {
  return with_number(with_number(prefix(kind::time, pipeline), time), position);
}

std::string letter(pipeline_id pipeline, log_position position) {
  return with_number(prefix(kind::letter, pipeline), position);
}

std::string progress(const entry_id& id) {
  return with_entry(prefix(kind::progress), id);
}

std::string settled(const entry_id& id) {
  return with_entry(prefix(kind::settled), id);
}

std::string decisions(pipeline_id pipeline, std::uint64_t chunk) {
  return with_number(prefix(kind::decisions, pipeline), chunk);
}

std::string cursor(pipeline_id pipeline, std::string_view exporter) {
  return with_text(prefix(kind::cursor, pipeline), exporter);
}

std::string erased(journal_position position) {
  return with_number(prefix(kind::erased), position);
}
std::string head(std::string_view queue) {
  return with_text(prefix(kind::head), queue);
}
std::string pipeline(std::string_view name) {
  return with_text(prefix(kind::pipeline), name);
}
std::string meta(std::string_view key) {
  return with_text(prefix(kind::meta), key);
}

std::string end_of(std::string prefix) {
  while (static_cast<unsigned char>(prefix.back()) == 0xff)
    prefix.pop_back();
  ++prefix.back();
  return prefix;
}

std::optional<parsed> parse(std::string_view key) {
  if (key.empty())
    return {};
  auto result = parsed{.kind = static_cast<kind>(key[0]), .id = {}, .text = {}};
  const auto rest = key.substr(1);
  switch (result.kind) {
  case kind::entry:
  case kind::erased:
    if (rest.size() != 8)
      return {};
    result.number = read_u64(rest);
    return result;
  case kind::block:
  case kind::letter:
  case kind::decisions:
    if (rest.size() != 12)
      return {};
    result.pipeline = read_u32(rest);
    result.number = read_u64(rest.substr(4));
    return result;
  case kind::time:
    if (rest.size() != 20)
      return {};
    result.pipeline = read_u32(rest);
    result.time = read_u64(rest.substr(4));
    result.number = read_u64(rest.substr(12));
    return result;
  case kind::progress:
  case kind::settled:
    if (rest.size() != 24)
      return {};
    result.id = {read_u64(rest), read_u64(rest.substr(8)), read_u64(rest.substr(16))};
    return result;
  case kind::cursor:
    if (rest.size() < 4)
      return {};
    result.pipeline = read_u32(rest);
    result.text = rest.substr(4);
    return result;
  case kind::head:
  case kind::pipeline:
  case kind::meta:
    result.text = rest;
    return result;
  }
  return {};
}

} // namespace weir::storage::keys
