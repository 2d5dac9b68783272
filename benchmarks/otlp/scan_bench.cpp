// What does a span cost on its way in? Answers: may the scan stand in the receiving thread, and
// what does the deep check add to the index? Over made-up spans, or over the message in the file
// that WEIR_BENCH_TRACES names (unpacked records: a 4-byte big-endian length, then OTLP bytes).
#include "otlp/features.hpp"
#include "otlp/json.hpp"
#include "otlp/scan.hpp"
#include "otlp/wire.hpp"
#include "otlp/writer.hpp"

#include <benchmark/benchmark.h>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

namespace {

using namespace weir;
using namespace weir::otlp;

std::string attribute(std::string_view key, std::string_view value) {
  std::string any;
  wire::append_bytes_field(any, 1, value);
  std::string result;
  wire::append_bytes_field(result, 1, key);
  wire::append_bytes_field(result, 2, any);
  return result;
}

std::string random_id(std::mt19937_64& random, std::size_t size) {
  std::string id;
  while (id.size() < size)
    wire::append_fixed(id, random());
  return id;
}

std::string make_span(std::mt19937_64& random, std::string_view trace) {
  constexpr std::uint64_t now = 1'700'000'000'000'000'000;
  std::string span;
  wire::append_bytes_field(span, 1, trace);
  wire::append_bytes_field(span, 2, random_id(random, 8));
  wire::append_bytes_field(span, 4, random_id(random, 8));
  wire::append_bytes_field(span, 5, "hipstershop.CartService/GetCart");
  wire::append_varint_field(span, 6, 2);
  wire::append_fixed64_field(span, 7, now);
  wire::append_fixed64_field(span, 8, now + random() % 100'000'000);
  for (const auto& [key, value] : {std::pair{"rpc.system", "grpc"},
                                   {"rpc.service", "hipstershop.CartService"},
                                   {"rpc.method", "GetCart"},
                                   {"net.peer.ip", "10.52.2.17"},
                                   {"http.status_code", "200"}})
    wire::append_bytes_field(span, 9, attribute(key, value));
  wire::append_bytes_field(span, 15, "");
  return span;
}

// A request of `spans` spans in traces of ten.
std::string make_message(std::size_t spans) {
  std::mt19937_64 random{1};
  std::string resource;
  wire::append_bytes_field(resource, 1, attribute("service.name", "cartservice"));
  std::string resource_envelope;
  wire::append_bytes_field(resource_envelope, 1, resource);
  traces_writer writer;
  std::vector<std::string> bodies;
  std::string trace;
  for (std::size_t i = 0; i < spans; ++i) {
    if (i % 10 == 0)
      trace = random_id(random, 16);
    bodies.push_back(make_span(random, trace));
  }
  writer.resource(resource_envelope);
  writer.scope(std::string_view{});
  for (const auto& body : bodies)
    writer.span(body);
  std::string message;
  writer.write(message);
  return message;
}

std::string read_message(const char* file) {
  std::ifstream input{file, std::ios::binary};
  input.ignore(4);
  return {std::istreambuf_iterator<char>{input}, {}};
}

// The recorded message where there is one (range 0), else a made-up one of that many spans.
std::string message_of(benchmark::State& state) {
  const char* file = std::getenv("WEIR_BENCH_TRACES");
  return state.range(0) == 0 && file != nullptr
             ? read_message(file)
             : make_message(state.range(0) == 0 ? 10'000
                                                : static_cast<std::size_t>(state.range(0)));
}

void report(benchmark::State& state, const std::string& message, const span_index& index) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(index.spans.size()));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(message.size()));
}

void scan_deep(benchmark::State& state) {
  const auto message = message_of(state);
  const scan_limits limits{.check_utf8 = state.range(1) != 0};
  span_index index;
  for (auto _ : state) {
    index.clear();
    if (!scan_traces(message, 0, limits, index))
      state.SkipWithError("malformed");
  }
  report(state, message, index);
}

void index_only(benchmark::State& state) {
  const auto message = message_of(state);
  span_index index;
  for (auto _ : state) {
    index.clear();
    if (!index_traces(message, 0, index))
      state.SkipWithError("malformed");
  }
  report(state, message, index);
}

void features(benchmark::State& state) {
  const auto message = message_of(state);
  span_index index;
  index_traces(message, 0, index);
  std::uint64_t sum = 0;
  for (auto _ : state)
    for (const auto& span : index.spans) {
      if (state.range(1) != 0)
        sum += read_span(span.body.in(message), [&](std::string_view key, const value_ref& value) {
                 sum += key.size() + value.bytes.size();
               }).end_ns;
      else
        sum += read_span(span.body.in(message)).end_ns;
    }
  benchmark::DoNotOptimize(sum);
  report(state, message, index);
}

void json_out(benchmark::State& state) {
  const auto message = message_of(state);
  span_index index;
  index_traces(message, 0, index);
  std::string json;
  for (auto _ : state) {
    json.clear();
    if (!to_json(signal::traces, message, json))
      state.SkipWithError("malformed");
  }
  report(state, json, index);
}

void json_in(benchmark::State& state) {
  const auto message = message_of(state);
  span_index index;
  index_traces(message, 0, index);
  std::string json;
  (void)to_json(signal::traces, message, json);
  std::string again;
  for (auto _ : state) {
    again.clear();
    if (!from_json(signal::traces, json, again))
      state.SkipWithError("malformed");
  }
  report(state, json, index);
}

BENCHMARK(scan_deep)->ArgNames({"spans", "utf8"})->ArgsProduct({{0, 512}, {0, 1}});
BENCHMARK(index_only)->ArgName("spans")->Arg(0)->Arg(512);
BENCHMARK(features)->ArgNames({"spans", "attributes"})->ArgsProduct({{0, 512}, {0, 1}});
BENCHMARK(json_out)->ArgName("spans")->Arg(0)->Arg(512);
BENCHMARK(json_in)->ArgName("spans")->Arg(0)->Arg(512);

} // namespace
