#include "benchmarks/load/traffic.hpp"

#include "benchmarks/load/wire.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace weir::load {

namespace {

// Field numbers of OTLP's trace messages (opentelemetry-proto trace/v1).
constexpr std::uint32_t resource_spans = 1, scope_spans = 2, spans_field = 2;
constexpr std::uint32_t span_trace_id = 1, span_id = 2, span_start = 7, span_end = 8;
constexpr std::uint32_t span_events = 11, span_links = 13;

struct recorded_span {
  std::uint64_t end_ns = 0;
  std::size_t scope = 0; ///< Into resource_traffic::scopes.
  std::string_view body;
};

/// All spans of one resource.
struct resource_traffic {
  std::vector<std::string> scopes; ///< Scope envelopes by first appearance.
  std::vector<recorded_span> spans;
};

/// Keyed by the resource's envelope: all of ResourceSpans but its scope_spans.
using traffic_by_resource = std::map<std::string, resource_traffic, std::less<>>;

std::string envelope(std::string_view message, std::uint32_t without) {
  std::string result;
  wire_field field;
  for (wire_reader reader(message); reader.next(field);)
    if (field.number != without)
      result.append(field.whole);
  return result;
}

std::uint64_t end_of(std::string_view span) {
  wire_field field;
  for (wire_reader reader(span); reader.next(field);)
    if (field.number == span_end && field.wire_type == wire_field::fixed64)
      return load_fixed64(field.bytes.data());
  return 0;
}

std::size_t scope_number(resource_traffic& resource, std::string scope) {
  const auto found = std::find(resource.scopes.begin(), resource.scopes.end(), scope);
  const auto number = static_cast<std::size_t>(found - resource.scopes.begin());
  if (found == resource.scopes.end())
    resource.scopes.push_back(std::move(scope));
  return number;
}

bool gather_scope(std::string_view message, resource_traffic& resource) {
  const auto scope = scope_number(resource, envelope(message, spans_field));
  wire_field field;
  wire_reader reader(message);
  while (reader.next(field))
    if (field.number == spans_field)
      resource.spans.push_back({end_of(field.bytes), scope, field.bytes});
  return !reader.failed();
}

bool gather_resource(std::string_view message, traffic_by_resource& resources) {
  auto& resource = resources[envelope(message, scope_spans)];
  wire_field field;
  wire_reader reader(message);
  while (reader.next(field))
    if (field.number == scope_spans && !gather_scope(field.bytes, resource))
      return false;
  return !reader.failed();
}

bool gather(std::string_view message, traffic_by_resource& resources) {
  wire_field field;
  wire_reader reader(message);
  while (reader.next(field))
    if (field.number == resource_spans && !gather_resource(field.bytes, resources))
      return false;
  return !reader.failed();
}

std::uint32_t offset_in(const std::string& bytes, std::string_view part) {
  return static_cast<std::uint32_t>(part.data() - bytes.data());
}

void index_event(request_template& request, std::string_view event) {
  wire_field field;
  for (wire_reader reader(event); reader.next(field);)
    if (field.number == 1 && field.wire_type == wire_field::fixed64)
      request.times.push_back(offset_in(request.bytes, field.bytes));
}

void index_link(request_template& request, std::string_view link) {
  wire_field field;
  for (wire_reader reader(link); reader.next(field);)
    if (field.number == 1 && field.bytes.size() == 16)
      request.linked_traces.push_back(offset_in(request.bytes, field.bytes));
}

void index_span(request_template& request, std::string_view span) {
  request_template::span_place place;
  wire_field field;
  for (wire_reader reader(span); reader.next(field);) {
    const auto index = offset_in(request.bytes, field.bytes);
    if (field.number == span_trace_id && field.bytes.size() == 16)
      place.trace = index;
    else if (field.number == span_id && field.bytes.size() == 8)
      place.span = index;
    else if ((field.number == span_start || field.number == span_end)
             && field.wire_type == wire_field::fixed64)
      request.times.push_back(index);
    else if (field.number == span_events)
      index_event(request, field.bytes);
    else if (field.number == span_links)
      index_link(request, field.bytes);
  }
  request.spans.push_back(place);
}

/// Calls `on_span(body)` for every span of a request; false when it is no traces message.
template <class OnSpan>
bool each_span(std::string_view request, OnSpan&& on_span) {
  wire_field resource, scope, span;
  wire_reader resources(request);
  while (resources.next(resource)) {
    wire_reader scopes(resource.bytes);
    while (resource.number == resource_spans && scopes.next(scope)) {
      wire_reader spans(scope.bytes);
      while (scope.number == scope_spans && spans.next(span))
        if (span.number == spans_field)
          on_span(span.bytes);
      if (spans.failed())
        return false;
    }
    if (scopes.failed())
      return false;
  }
  return !resources.failed();
}

/// One request of the spans [first, last), which are of one resource and in order of end time.
request_template make_request(const std::string& resource, const std::vector<std::string>& scopes,
                              const recorded_span* first, const recorded_span* last) {
  std::vector<std::string> bodies(scopes.size());
  request_template request;
  for (const auto* span = first; span != last; ++span) {
    put_bytes(bodies[span->scope], spans_field, span->body);
    request.last_end_ns = std::max(request.last_end_ns, span->end_ns);
  }
  auto content = resource;
  for (std::size_t i = 0; i < scopes.size(); ++i)
    if (!bodies[i].empty())
      put_bytes(content, scope_spans, scopes[i] + bodies[i]);
  put_bytes(request.bytes, resource_spans, content);
  each_span(request.bytes, [&](std::string_view span) { index_span(request, span); });
  return request;
}

std::uint64_t mix(std::uint64_t x) { // splitmix64's finisher
  x = (x ^ (x >> 30)) * 0xbf58'476d'1ce4'e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d0'49bb'1331'11ebULL;
  return x ^ (x >> 31);
}

void flip(char* id, const round_stamp& stamp) {
  store_fixed64(id, load_fixed64(id) ^ stamp.mask_low);
  store_fixed64(id + 8, load_fixed64(id + 8) ^ stamp.mask_high);
}

} // namespace

round_stamp stamp_of(std::uint64_t round, std::uint64_t shift_ns) {
  if (round == 0)
    return {0, 0, shift_ns};
  return {mix(2 * round), mix(2 * round + 1), shift_ns};
}

void append_stamped(const request_template& request, const round_stamp& stamp, std::string& out) {
  const auto start = out.size();
  out.append(request.bytes);
  auto* const bytes = out.data() + start;
  for (const auto& place : request.spans)
    if (place.trace != 0)
      flip(bytes + place.trace, stamp);
  for (const auto index : request.linked_traces)
    flip(bytes + index, stamp);
  for (const auto index : request.times)
    if (const auto time = load_fixed64(bytes + index); time != 0)
      store_fixed64(bytes + index, time + stamp.shift_ns);
}

void append_ids(const request_template& request, std::string_view stamped, std::string& out) {
  for (const auto& place : request.spans) {
    out.append(stamped.substr(place.trace, 16));
    out.append(stamped.substr(place.span, 8));
  }
}

result<traffic> cut_requests(const std::vector<std::string_view>& messages,
                             std::size_t spans_per_request) {
  traffic_by_resource resources;
  for (std::size_t i = 0; i < messages.size(); ++i)
    if (!gather(messages[i], resources))
      return fail(errc::corrupt, fmt::format("record {} is no OTLP traces message", i));
  traffic result;
  for (auto& [envelope, resource] : resources) {
    auto& spans = resource.spans;
    std::stable_sort(spans.begin(), spans.end(),
                     [](const auto& a, const auto& b) { return a.end_ns < b.end_ns; });
    for (std::size_t position = 0; position < spans.size(); position += spans_per_request) {
      const auto end = std::min(spans.size(), position + spans_per_request);
      result.requests.push_back(
          make_request(envelope, resource.scopes, spans.data() + position, spans.data() + end));
    }
    result.spans += spans.size();
  }
  std::stable_sort(result.requests.begin(), result.requests.end(),
                   [](const auto& a, const auto& b) { return a.last_end_ns < b.last_end_ns; });
  if (!result.requests.empty())
    result.last_end_ns = result.requests.back().last_end_ns;
  return result;
}

std::uint64_t count_spans(std::string_view request) {
  std::uint64_t count = 0;
  each_span(request, [&](std::string_view) { ++count; });
  return count;
}

bool read_ids(std::string_view request, std::string& out) {
  return each_span(request, [&](std::string_view span) {
    const auto start = out.size();
    out.append(24, '\0');
    auto wanted = 2; // Some write a span's fields from the last to the first.
    wire_field field;
    for (wire_reader reader(span); wanted > 0 && reader.next(field);)
      if (field.number == span_trace_id && field.bytes.size() == 16) {
        out.replace(start, 16, field.bytes);
        --wanted;
      } else if (field.number == span_id && field.bytes.size() == 8) {
        out.replace(start + 16, 8, field.bytes);
        --wanted;
      }
  });
}

} // namespace weir::load
