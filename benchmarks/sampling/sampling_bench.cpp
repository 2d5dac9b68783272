#include "entries.hpp"
#include "sampling/assembly.hpp"

#include <benchmark/benchmark.h>
#include <map>

using namespace weir;

namespace {

/// One entry into the window, while what is due is decided and released: the sampler's steady state
/// without unpacking. 3 s of 300,000 spans a second wait.
void window_steady_state(benchmark::State& state) {
  bench::entry_source source;
  sampling::decision_cache cache(10'000'000);
  sampling::window_settings settings;
  settings.decision_wait = 3 * second_ns;
  settings.memory = 4ULL << 30;
  sampling::window window(settings, *sampling::policy_set::compile(bench::three_policies()), cache);
  steady_ns now = second_ns;
  sampling::additions out;
  sampling::decided_batch decided;
  std::uint64_t spans = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto entry = source.next();
    const std::vector<bool> all(source.index().traces.size(), true);
    state.ResumeTiming();
    out.clear();
    decided.clear();
    window.add(std::move(entry), source.bytes(), source.index(), all, now, now, out);
    now += static_cast<steady_ns>(source.spans()) * second_ns / 300'000;
    window.decide(now, now, 1'000'000, decided);
    window.release(out.late);
    window.release(decided);
    spans += source.spans();
  }
  state.counters["spans/s"] =
      benchmark::Counter(static_cast<double>(spans), benchmark::Counter::kIsRate);
}
BENCHMARK(window_steady_state)->Unit(benchmark::kMicrosecond);

/// One pass over the spans of an entry, with so many string_attribute policies more.
void observe(benchmark::State& state) {
  bench::entry_source source;
  auto config = bench::three_policies();
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    sampling::policy_config attribute;
    attribute.name = "attribute" + std::to_string(i);
    attribute.type = sampling::policy_type::string_attribute;
    attribute.key = i % 2 == 0 ? "http.method" : "rpc.method" + std::to_string(i);
    attribute.values = {"nothing"};
    config.policies.push_back(attribute);
  }
  auto policies = *sampling::policy_set::compile(config);
  source.next();
  const sampling::resource_features resource;
  std::uint64_t spans = 0;
  for (auto _ : state) {
    sampling::trace_features features;
    for (const auto& span : source.index().spans)
      policies.observe(span.body.in(source.bytes()), resource, features);
    benchmark::DoNotOptimize(features);
    spans += source.spans();
  }
  state.counters["spans/s"] =
      benchmark::Counter(static_cast<double>(spans), benchmark::Counter::kIsRate);
}
BENCHMARK(observe)->Arg(0)->Arg(1)->Arg(14);

/// Kept traces out of some hundred entries, unpacked and put together into blocks.
void assemble(benchmark::State& state) {
  bench::entry_source source;
  sampling::decision_cache cache(10'000'000);
  sampling::window_settings settings;
  settings.memory = 4ULL << 30;
  auto config = bench::three_policies();
  config.policies[2].sampling_percentage = static_cast<double>(state.range(0));
  sampling::window window(settings, *sampling::policy_set::compile(config), cache);
  for (int i = 0; i < 100; ++i) {
    sampling::additions out;
    auto entry = source.next();
    const std::vector<bool> all(source.index().traces.size(), true);
    window.add(std::move(entry), source.bytes(), source.index(), all, second_ns, second_ns, out);
  }
  sampling::decided_batch decided;
  window.decide(100 * second_ns, 100 * second_ns, 1'000'000, decided);
  codec::packer packer;
  std::string unpacked;
  const auto read = [&](sampling::entry_number number) -> result<sampling::unpacked_entry> {
    const auto& entry = window.entry(number);
    if (auto done = packer.unpack(entry.codec, entry.packed.view(), entry.unpacked_bytes, unpacked);
        !done)
      return tl::unexpected(done.error());
    return sampling::unpacked_entry{unpacked, 0, 0};
  };
  sampling::assembler collector;
  sampling::kept_spans kept;
  codec::traces_block_builder builder;
  std::uint64_t spans = 0;
  for (auto _ : state) {
    for (std::size_t position = 0; position < decided.traces.size();) {
      position = collector.collect(decided, position, read, kept).value();
      for (std::size_t span = 0; span < kept.spans();) {
        span = kept.append_to(builder, span, 1 << 20);
        std::string block;
        builder.finish(block);
        benchmark::DoNotOptimize(block);
      }
      spans += kept.spans();
    }
  }
  state.counters["kept spans/s"] =
      benchmark::Counter(static_cast<double>(spans), benchmark::Counter::kIsRate);
}
BENCHMARK(assemble)->Arg(10)->Arg(100)->Unit(benchmark::kMillisecond);

} // namespace
