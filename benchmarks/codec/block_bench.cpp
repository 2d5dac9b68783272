// What a span costs in the log, in bytes and in CPU, by layout of the block and level of zstd.
// Answers: which layout and level should the compressor use? Recorded traces, all kept, blocks of 1
// MiB.
#include "codec/block.hpp"
#include "codec/traces_block.hpp"
#include "otlp/writer.hpp"
#include "recorded_traces.hpp"

#include <benchmark/benchmark.h>

namespace {

using namespace weir;
using bench::recorded_span;

constexpr std::size_t wanted_bytes = 1 << 20;

/// Blocks of layout `traces`. Envelopes are asked for once a block, as the sampler does.
class traces_bodies {
public:
  void add(const std::vector<recorded_span>& trace) {
    for (const auto& span : trace) {
      auto& resource = resources_[span.resource];
      if (resource == none)
        resource = builder_.resource(envelopes_[span.resource]);
      auto& scope = scopes_[span.scope];
      if (scope == none)
        scope = builder_.scope(envelopes_[span.scope]);
      builder_.span(resource, scope, span.body);
    }
  }
  std::size_t size() const { return builder_.size(); }
  void finish(std::string& out) {
    builder_.finish(out);
    resources_.assign(envelopes_.size(), none);
    scopes_.assign(envelopes_.size(), none);
  }

private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  const std::vector<std::string>& envelopes_ = bench::hipstershop().envelopes;
  std::vector<std::uint32_t> resources_ = std::vector<std::uint32_t>(envelopes_.size(), none);
  std::vector<std::uint32_t> scopes_ = resources_;
  codec::traces_block_builder builder_;
};

/// Blocks of layout `otlp`.
class otlp_bodies {
public:
  void add(const std::vector<recorded_span>& trace) {
    const recorded_span* before = nullptr;
    for (const auto& span : trace) {
      if (!before || before->resource != span.resource || before->scope != span.scope) {
        writer_.resource(envelopes_[span.resource]);
        writer_.scope(envelopes_[span.scope]);
      }
      writer_.span(span.body);
      before = &span;
    }
  }
  std::size_t size() const { return writer_.size(); }
  void finish(std::string& out) {
    writer_.write(out);
    writer_.clear();
  }

private:
  const std::vector<std::string>& envelopes_ = bench::hipstershop().envelopes;
  otlp::traces_writer writer_;
};

struct packed_body {
  std::string bytes;
  std::size_t unpacked = 0;
};

/// Calls `each(body)` with the bodies of blocks that hold all recorded traces, of `wanted_bytes`
/// each.
template <class Bodies, class Each>
void for_each_body(Bodies& bodies, std::string& body, Each&& each) {
  const auto flush = [&] {
    body.clear();
    bodies.finish(body);
    each(body);
  };
  for (const auto& trace : bench::hipstershop().traces) {
    bodies.add(trace);
    if (bodies.size() >= wanted_bytes)
      flush();
  }
  if (bodies.size() > 0)
    flush();
}

void set_rates(benchmark::State& state) {
  const auto& data = bench::hipstershop();
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * data.span_bytes));
  state.counters["spans/s"] = benchmark::Counter(static_cast<double>(data.spans),
                                                 benchmark::Counter::kIsIterationInvariantRate);
}

template <class Bodies>
void write(benchmark::State& state) {
  const auto& data = bench::hipstershop();
  if (data.spans == 0)
    return state.SkipWithError("no recorded data: set WEIR_DATA");
  const auto level = static_cast<int>(state.range(0));
  Bodies bodies;
  codec::packer packer;
  std::string body;
  std::string packed;
  std::size_t bytes = 0;
  std::size_t blocks = 0;
  for (auto _ : state) {
    bytes = blocks = 0;
    for_each_body(bodies, body, [&](std::string_view unpacked) {
      packed.clear();
      packer.pack(codec::codec_id::zstd, level, unpacked, packed);
      bytes += packed.size() + codec::block_header_bytes;
      ++blocks;
    });
  }
  set_rates(state);
  state.counters["bytes/span"] = static_cast<double>(bytes) / static_cast<double>(data.spans);
  state.counters["blocks"] = static_cast<double>(blocks);
}

template <class Bodies>
void build(benchmark::State& state) {
  Bodies bodies;
  std::string body;
  std::size_t bytes = 0;
  for (auto _ : state) {
    bytes = 0;
    for_each_body(bodies, body, [&](std::string_view unpacked) { bytes += unpacked.size(); });
  }
  set_rates(state);
  state.counters["bytes/span"] =
      static_cast<double>(bytes) / static_cast<double>(bench::hipstershop().spans);
}

template <class Bodies>
std::vector<packed_body> packed_blocks(int level) {
  std::vector<packed_body> blocks;
  Bodies bodies;
  codec::packer packer;
  std::string body;
  for_each_body(bodies, body, [&](std::string_view unpacked) {
    blocks.push_back({{}, unpacked.size()});
    packer.pack(codec::codec_id::zstd, level, unpacked, blocks.back().bytes);
  });
  return blocks;
}

void read_traces(benchmark::State& state) {
  const auto blocks = packed_blocks<traces_bodies>(static_cast<int>(state.range(0)));
  codec::packer packer;
  std::string body;
  std::string spans;
  for (auto _ : state)
    for (const auto& block : blocks) {
      if (!packer.unpack(codec::codec_id::zstd, block.bytes, block.unpacked, body))
        return state.SkipWithError("a block does not unpack");
      const auto reader = codec::traces_block_reader::open(body);
      if (!reader)
        return state.SkipWithError("a block cannot be read");
      spans.clear();
      for (std::size_t i = 0; i < reader->spans(); ++i)
        reader->append_span(i, spans);
      benchmark::DoNotOptimize(spans.data());
    }
  set_rates(state);
}

void read_otlp(benchmark::State& state) {
  const auto blocks = packed_blocks<otlp_bodies>(static_cast<int>(state.range(0)));
  codec::packer packer;
  std::string body;
  for (auto _ : state)
    for (const auto& block : blocks)
      if (!packer.unpack(codec::codec_id::zstd, block.bytes, block.unpacked, body))
        return state.SkipWithError("a block does not unpack");
  set_rates(state);
}

} // namespace

BENCHMARK(write<traces_bodies>)->ArgName("level")->Arg(-1)->Arg(1)->Arg(3)->Arg(5)->Arg(6);
BENCHMARK(write<otlp_bodies>)->ArgName("level")->Arg(-1)->Arg(1)->Arg(3)->Arg(5)->Arg(6);
BENCHMARK(build<traces_bodies>);
BENCHMARK(build<otlp_bodies>);
BENCHMARK(read_traces)->ArgName("level")->Arg(1)->Arg(3);
BENCHMARK(read_otlp)->ArgName("level")->Arg(1)->Arg(3);
