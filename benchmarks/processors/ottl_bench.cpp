// What an OTTL condition or statement costs a span, over the recorded data: each in a chain by
// itself, so the walk over the message, and the opening of each span, is in the figure; `nothing`
// is what they cost alone.
#include "benchmarks/processors/run_chain.hpp"
#include "processors/filter.hpp"
#include "processors/transform.hpp"

#include <iterator>

using namespace weir;
using namespace weir::processors;

namespace {

struct named {
  const char* name;
  const char* text;
};

constexpr named conditions[] = {
    {"nothing", "false"},
    {"compare_field", "kind == SPAN_KIND_SERVER and 1 == 2"},
    {"compare_attribute", R"(attributes["rpc.method"] == "nobody")"},
    {"compare_resource", R"(resource.attributes["service.name"] == "nobody")"},
    {"is_match", R"(IsMatch(name, "^nobody"))"},
    {"duration", "end_time_unix_nano - start_time_unix_nano > 900000000000"},
    {"four", R"(attributes["a"] == "1" or attributes["b"] == "2" or name == "x" or kind == 9)"},
};

constexpr named statements[] = {
    {"set_literal", R"(set(attributes["env"], "test"))"},
    {"set_copy", R"(set(attributes["copy"], name))"},
    {"set_where_false", R"(set(attributes["env"], "test") where name == "nobody")"},
    {"delete_key", R"(delete_key(attributes, "rpc.method"))"},
    {"delete_matching_keys", R"(delete_matching_keys(attributes, "^nobody"))"},
    {"keep_keys", R"(keep_keys(attributes, ["rpc.method", "rpc.service"]))"},
    {"replace_pattern", R"(replace_pattern(name, "[0-9]+", "{n}"))"},
    {"truncate_all", "truncate_all(attributes, 4096)"},
    {"concat", R"(set(attributes["c"], Concat([name, kind], "-")))"},
    {"sha256", R"(set(attributes["h"], SHA256(name)))"},
    {"merge_maps", R"(merge_maps(attributes, {"a": 1, "b": 2}, "upsert"))"},
};

void condition(benchmark::State& state) {
  const auto& part = conditions[state.range(0)];
  state.SetLabel(part.name);
  filter_config config;
  config.traces_span = {part.text};
  bench::run_chain(state, *make_filter(config, signal::traces, "filter"));
}
BENCHMARK(condition)->DenseRange(0, std::size(conditions) - 1);

void statement(benchmark::State& state) {
  const auto& part = statements[state.range(0)];
  state.SetLabel(part.name);
  transform_config config;
  config.trace_statements = {{"span", {}, {part.text}, "propagate"}};
  bench::run_chain(state, *make_transform(config, signal::traces, "transform"));
}
BENCHMARK(statement)->DenseRange(0, std::size(statements) - 1);

/// A pass over the spans of an entry with the policy ottl_condition, beside three others.
void policy(benchmark::State& state) {
  bench::entry_source source;
  auto config = bench::three_policies();
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    sampling::policy_config ottl;
    ottl.name = "ottl" + std::to_string(i);
    ottl.type = sampling::policy_type::ottl_condition;
    ottl.span_conditions = {R"(attributes["rpc.method"] == "nobody")"};
    config.policies.push_back(ottl);
  }
  auto policies = *sampling::policy_set::compile(config);
  source.next();
  std::uint64_t spans = 0;
  for (auto _ : state) {
    sampling::trace_features features;
    auto group = ~std::uint32_t{0};
    for (const auto& span : source.index().spans) {
      if (group != span.group)
        policies.begin_group(source.bytes(), source.index(), span.group);
      group = span.group;
      policies.observe(span.body.in(source.bytes()), {}, features);
    }
    benchmark::DoNotOptimize(features);
    spans += source.spans();
  }
  bench::count_spans(state, spans);
}
BENCHMARK(policy)->Arg(0)->Arg(1)->Arg(4);

} // namespace
