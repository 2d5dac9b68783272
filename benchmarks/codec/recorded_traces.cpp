#include "recorded_traces.hpp"

#include "codec/encoding.hpp"
#include "otlp/features.hpp"
#include "otlp/scan.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>

namespace weir::bench {

namespace {

std::string unpacked_file() {
  const auto* const set = std::getenv("WEIR_DATA");
  const auto directory = set ? std::string(set) : std::string(WEIR_SOURCE_DIR "/../shared/data");
  std::ifstream file(directory + "/hipstershop-traces.otlp.zst", std::ios::binary);
  const auto packed = std::string(std::istreambuf_iterator<char>(file), {});
  std::string records;
  if (packed.empty() || !codec::decode(codec::encoding::zstd, packed, 1 << 30, records))
    return {};
  return records;
}

// Records are a length of four bytes, big endian, and an OTLP message.
std::string messages_in(std::string_view records) {
  std::string message;
  while (records.size() >= 4) {
    std::size_t length = 0;
    for (int i = 0; i < 4; ++i)
      length = length << 8 | static_cast<std::uint8_t>(records[static_cast<std::size_t>(i)]);
    message.append(records.substr(4, length));
    records.remove_prefix(std::min(records.size(), length + 4));
  }
  return message;
}

std::string joined(const otlp::span_index& index, std::string_view message, std::size_t first,
                   std::size_t count) {
  std::string out;
  for (std::size_t i = first; i < first + count; ++i)
    out.append(index.slices[i].in(message));
  return out;
}

recorded_traces load() {
  recorded_traces data;
  data.message = messages_in(unpacked_file());
  otlp::span_index index;
  if (!otlp::index_traces(data.message, 0, index))
    return {};
  data.traces.resize(index.traces.size());
  std::map<std::string, std::uint32_t> numbers;
  const auto number_of = [&](std::uint32_t first, std::uint32_t count) {
    const auto [it, fresh] = numbers.try_emplace(joined(index, data.message, first, count),
                                                 static_cast<std::uint32_t>(numbers.size()));
    if (fresh)
      data.envelopes.push_back(it->first);
    return it->second;
  };
  for (const auto& span : index.spans) {
    const auto& group = index.groups[span.group];
    const auto body = span.body.in(data.message);
    data.traces[span.slot].push_back({number_of(group.first_resource_slice, group.resource_slices),
                                      number_of(group.first_scope_slice, group.scope_slices), body,
                                      otlp::read_span(body).end_ns});
    ++data.spans;
    data.span_bytes += body.size();
  }
  for (auto& trace : data.traces)
    std::ranges::stable_sort(trace, {}, &recorded_span::end_ns);
  std::ranges::stable_sort(data.traces, {}, [](const auto& t) { return t.front().end_ns; });
  return data;
}

} // namespace

const recorded_traces& hipstershop() {
  static const auto data = load();
  return data;
}

} // namespace weir::bench
