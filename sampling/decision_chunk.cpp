// The stored form of what one flush decided, format version 2:
//
//   magic "WDC1" u32 | version u16 | reserved u16 | names u32 | records u32 | payload bytes u32 |
//   xxh3 of the payload u64 | xxh3 of the header before this field u64
//   payload: names, each: varint length, bytes | records, each: fingerprint u64 | sampling rate f32
//   | policy u16 (place in names; 0xffff = none) | outcome u8: bit 0 keep, bits 1 and 2 a rate_mark
//
// Version 1 had no rate marks; it is read.
//
// Little endian. Names stand in each chunk, since policies come and go between starts.
#include "sampling/decision_chunk.hpp"

#include "codec/frame.hpp"
#include "codec/varint.hpp"
#include "sampling/decision_cache.hpp"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

namespace weir::sampling {

namespace {

constexpr std::size_t header_bytes = 36;
constexpr std::size_t record_bytes = 15;
constexpr std::size_t policy_offset = 12; // In a record.
constexpr codec::frame_kind kind{"chunk of decisions", "WDC1", 2, header_bytes};

/// Numbers that this program does not know mean none.
rate_mark mark_of(std::uint8_t outcome) {
  const auto mark = static_cast<std::uint8_t>(outcome >> 1 & 3);
  return mark <= static_cast<std::uint8_t>(rate_mark::threshold) ? static_cast<rate_mark>(mark)
                                                                 : rate_mark::none;
}

/// A chunk's parts, checked.
struct chunk_view {
  std::vector<std::string_view> names;
  std::string_view records;
};

result<chunk_view> open_chunk(std::string_view bytes) {
  if (auto checked = codec::check_frame_header(kind, bytes); !checked)
    return tl::unexpected(checked.error());
  codec::field_reader header(bytes.substr(8));
  const auto names = header.read<std::uint32_t>();
  const auto count = header.read<std::uint32_t>();
  const auto payload_bytes = header.read<std::uint32_t>();
  if (auto checked = codec::check_frame_payload(kind, bytes, payload_bytes); !checked)
    return tl::unexpected(checked.error());

  chunk_view opened;
  auto payload = bytes.substr(header_bytes, payload_bytes);
  for (std::uint32_t i = 0; i < names; ++i) {
    std::uint64_t length = 0;
    if (!codec::take_varint(payload, length) || length > payload.size())
      return fail(errc::corrupt, "chunk of decisions: its names run past its end");
    opened.names.push_back(payload.substr(0, length));
    payload.remove_prefix(length);
  }
  if (payload.size() != std::uint64_t{count} * record_bytes)
    return fail(errc::corrupt,
                fmt::format("chunk of decisions: {} bytes for {} records", payload.size(), count));
  opened.records = payload;
  return opened;
}

std::string close_chunk(const std::vector<std::string_view>& names, std::string_view records) {
  std::string payload;
  for (const auto name : names) {
    codec::put_varint(name.size(), payload);
    payload += name;
  }
  payload += records;
  char header[header_bytes] = {};
  codec::field_writer writer(header);
  writer.put(std::bit_cast<std::uint32_t>(std::array{'W', 'D', 'C', '1'}));
  writer.put(kind.version);
  writer.put(std::uint16_t{0});
  writer.put(static_cast<std::uint32_t>(names.size()));
  writer.put(static_cast<std::uint32_t>(records.size() / record_bytes));
  writer.put(static_cast<std::uint32_t>(payload.size()));
  std::string bytes;
  codec::append_frame(kind, header, payload, bytes);
  return bytes;
}

/// Gives the policies of one chunk their places in its table of names.
class name_table {
public:
  explicit name_table(std::size_t known) : places_(known, no_policy) {}

  policy_number place_of(policy_number policy) {
    if (policy >= places_.size())
      return no_policy;
    if (places_[policy] == no_policy) {
      places_[policy] = static_cast<policy_number>(used_.size());
      used_.push_back(policy);
    }
    return places_[policy];
  }

  const std::vector<policy_number>& used() const noexcept { return used_; }

private:
  std::vector<policy_number> places_;
  std::vector<policy_number> used_;
};

} // namespace

/// Gathers records of a cache for one chunk.
class decision_cache::chunk_writer {
public:
  explicit chunk_writer(const std::vector<std::string>& names)
      : names_(names), table_(names.size()) {}

  void add(const record& record) {
    char bytes[record_bytes];
    codec::field_writer writer(bytes);
    writer.put(record.trace);
    writer.put(std::bit_cast<std::uint32_t>(record.sampling_rate));
    writer.put(table_.place_of(record.policy));
    writer.put(static_cast<std::uint8_t>(record.keep | record.mark << 1));
    records_.append(bytes, record_bytes);
  }
  std::string close() const {
    std::vector<std::string_view> names;
    for (const auto policy : table_.used())
      names.push_back(names_[policy]);
    return close_chunk(names, records_);
  }

private:
  const std::vector<std::string>& names_;
  name_table table_;
  std::string records_;
};

void decision_cache::write_chunk(std::uint64_t number, std::string& out) {
  chunk_writer writer(names_);
  for (auto number = written_; number < next_number(); ++number)
    if (const auto& record = records_[number - first_number_]; record.replaced == 0)
      writer.add(record);
  out += writer.close();

  written_ = next_number();
  next_chunk_ = number + 1;
  if (chunks_.empty() || chunks_.back().end < written_)
    chunks_.push_back({number, written_});
}

std::uint64_t decision_cache::write_some(std::uint64_t end, std::size_t most,
                                         const std::function<bool(fingerprint)>& pick,
                                         std::string& out) const {
  std::vector<std::uint64_t> picked;
  auto number = std::min(end, next_number());
  while (number > first_number_ && picked.size() < most) {
    const auto& record = records_[--number - first_number_];
    if (record.replaced == 0 && pick(record.trace))
      picked.push_back(number);
  }
  if (!picked.empty()) {
    chunk_writer writer(names_);
    for (auto each = picked.rbegin(); each != picked.rend(); ++each) // Oldest first, as all chunks.
      writer.add(records_[*each - first_number_]);
    out = writer.close();
  }
  return number > first_number_ ? number : 0;
}

result<std::vector<decision_cache::chunk_record>>
decision_cache::read_chunk(std::string_view bytes) {
  const auto opened = open_chunk(bytes);
  if (!opened)
    return tl::unexpected(opened.error());
  std::vector<policy_number> policies;
  for (const auto name : opened->names)
    policies.push_back(number_of(name));
  std::vector<chunk_record> records;
  records.reserve(opened->records.size() / record_bytes);
  for (auto left = opened->records; !left.empty(); left.remove_prefix(record_bytes)) {
    codec::field_reader reader(left);
    chunk_record record;
    record.trace = reader.read<std::uint64_t>();
    record.outcome.sampling_rate = std::bit_cast<float>(reader.read<std::uint32_t>());
    const auto policy = reader.read<std::uint16_t>();
    record.outcome.policy = policy < policies.size() ? policies[policy] : no_policy;
    const auto outcome = reader.read<std::uint8_t>();
    record.outcome.keep = (outcome & 1) != 0;
    record.outcome.mark = mark_of(outcome);
    records.push_back(record);
  }
  return records;
}

std::map<std::uint64_t, std::string>
split_chunk(std::string_view chunk, const std::function<std::uint64_t(fingerprint)>& key_of) {
  const auto opened = open_chunk(chunk);
  if (!opened)
    return {};
  std::map<std::uint64_t, std::string> records;
  for (auto left = opened->records; !left.empty(); left.remove_prefix(record_bytes)) {
    codec::field_reader reader(left);
    if (const auto key = key_of(reader.read<std::uint64_t>()); key != 0)
      records[key].append(left.substr(0, record_bytes));
  }
  std::map<std::uint64_t, std::string> chunks;
  for (const auto& [key, bytes] : records)
    chunks[key] = close_chunk(opened->names, bytes);
  return chunks;
}

std::size_t decisions_in(std::string_view chunk) {
  const auto opened = open_chunk(chunk);
  return opened ? opened->records.size() / record_bytes : 0;
}

bool append_chunk(std::string& chunk, std::string_view newer) {
  const auto first = open_chunk(chunk);
  const auto second = open_chunk(newer);
  if (!first || !second || first->names.size() + second->names.size() >= no_policy)
    return false;
  auto names = first->names;
  std::vector<policy_number> places;
  for (const auto name : second->names) {
    const auto known = std::find(names.begin(), names.end(), name);
    places.push_back(static_cast<policy_number>(known - names.begin()));
    if (known == names.end())
      names.push_back(name);
  }
  std::string records(first->records);
  for (auto left = second->records; !left.empty(); left.remove_prefix(record_bytes)) {
    codec::field_reader reader(left.substr(policy_offset));
    const auto policy = reader.read<policy_number>();
    char place[sizeof policy];
    codec::field_writer(place).put(policy < places.size() ? places[policy] : no_policy);
    records.append(left.substr(0, policy_offset));
    records.append(place, sizeof place);
    records.append(
        left.substr(policy_offset + sizeof place, record_bytes - policy_offset - sizeof place));
  }
  chunk = close_chunk(names, records);
  return true;
}

} // namespace weir::sampling
