// Any bytes as an OTLP message of each signal: scan, index, features, writing and JSON.
#include "otlp/features.hpp"
#include "otlp/json.hpp"
#include "otlp/scan.hpp"
#include "otlp/writer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

using namespace weir;
using namespace weir::otlp;

// Not assert(): the check counts in optimised builds, too.
void require(bool holds) {
  if (!holds)
    std::abort();
}

// Writes every indexed span again, each with its own resource and scope.
std::string write_again(const span_index& index, std::string_view message) {
  traces_writer writer;
  std::vector<std::string_view> pieces;
  const auto gather = [&](std::uint32_t first, std::uint32_t count) -> const auto& {
    pieces.clear();
    for (auto i = first; i < first + count; ++i)
      pieces.push_back(index.slices[i].in(message));
    return pieces;
  };
  for (const auto& s : index.spans) {
    const auto& g = index.groups[s.group];
    writer.resource(gather(g.first_resource_slice, g.resource_slices));
    writer.scope(gather(g.first_scope_slice, g.scope_slices));
    writer.span(s.body.in(message));
  }
  std::string out;
  writer.write(out);
  return out;
}

void take_traces(std::string_view message) {
  span_index quick;
  index_traces(message, 0, quick);
  for (const auto& s : quick.spans)
    read_span(s.body.in(message), [](std::string_view, const value_ref&) {});
  span_index index;
  const auto scanned = scan_traces(message, 0, {}, index);
  if (!scanned) {
    require(index.spans.empty() && index.traces.empty()
            && scanned.error().offset <= message.size());
    return;
  }
  // What was accepted and written again is accepted whole, and indexed the same with and without
  // check.
  const auto again = write_again(index, message);
  span_index deep;
  const auto rescanned = scan_traces(again, 0, {}, deep);
  require(rescanned && rescanned->total() == 0 && deep.spans.size() == index.spans.size());
  quick.clear();
  require(index_traces(again, 0, quick) && quick.traces == deep.traces
          && deep.traces == index.traces);
}

// Fields stand in the order they are met, which a round trip may change: of field 1000, say.
bool same_in_some_order(std::string one, std::string other) {
  std::ranges::sort(one);
  std::ranges::sort(other);
  return one == other;
}

// What is taken as protobuf can be written as JSON, and that is taken again.
void take_json(signal kind, std::string_view message) {
  std::string json;
  if (!to_json(kind, message, json))
    return;
  std::string wire;
  require(from_json(kind, json, wire).has_value());
  std::string again;
  require(to_json(kind, wire, again).has_value() && same_in_some_order(again, json));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message{reinterpret_cast<const char*>(data), size};
  take_traces(message);
  (void)check_items(signal::metrics, message, {});
  (void)check_items(signal::logs, message, {});
  for (const auto kind : {signal::traces, signal::metrics, signal::logs})
    take_json(kind, message);
  return 0;
}
