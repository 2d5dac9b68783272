#pragma once

#include "benchmarks/sampling/entries.hpp"
#include "editing/chain.hpp"

#include <benchmark/benchmark.h>
#include <vector>

namespace weir::bench {

/// Sets the counter `ns/span`.
inline void count_spans(benchmark::State& state, std::uint64_t spans) {
  state.counters["ns/span"] = benchmark::Counter(
      static_cast<double>(spans) / 1e9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

/// Measures a chain of these over one entry.
inline void run_chain(benchmark::State& state, const std::vector<editing::processor_ptr>& made) {
  std::vector<editing::chain::part> parts;
  for (const auto& p : made)
    parts.push_back({"measured", p});
  const editing::chain uut(std::move(parts));
  entry_source source;
  source.next();
  editing::scratch scratch;
  const editing::request_context request;
  std::uint64_t spans = 0;
  std::string out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(uut.apply(signal::traces, source.bytes(), request, scratch, out));
    spans += source.spans();
  }
  count_spans(state, spans);
}

} // namespace weir::bench
