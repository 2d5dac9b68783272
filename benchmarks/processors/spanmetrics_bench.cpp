// What spanmetrics costs a span, over the recorded data: as it is by default, with two dimensions,
// with exponential histograms.
#include "benchmarks/processors/run_chain.hpp"
#include "connectors/spanmetrics.hpp"

using namespace weir;
using namespace weir::connectors;

namespace {

void run(benchmark::State& state, const spanmetrics_config& config) {
  const auto uut = make_spanmetrics(config, "node");
  bench::entry_source source;
  source.next();
  std::uint64_t spans = 0;
  const moment now{1, 1};
  for (auto _ : state) {
    uut->take(source.bytes(), now);
    spans += source.spans();
  }
  bench::count_spans(state, spans);
  state.counters["series"] = static_cast<double>(uut->series());
}

void by_default(benchmark::State& state) {
  run(state, {});
}

void two_dimensions(benchmark::State& state) {
  spanmetrics_config config;
  config.dimensions = {{"http.method", "GET"}, {"peer.service", {}}};
  run(state, config);
}

void exponential(benchmark::State& state) {
  spanmetrics_config config;
  config.histogram.exponential = exponential_buckets{};
  run(state, config);
}

BENCHMARK(by_default);
BENCHMARK(two_dimensions);
BENCHMARK(exponential);

} // namespace
