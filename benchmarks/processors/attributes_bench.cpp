// What an attribute action costs a span, over the recorded data: each in a chain by itself, and ten
// of them together; `nothing` is the walk over the message and the opening of each span.
#include "benchmarks/processors/run_chain.hpp"
#include "editing/values.hpp"
#include "processors/attributes.hpp"

#include <iterator>

using namespace weir;
using namespace weir::processors;

namespace {

action_config rule(action_kind action, std::string key) {
  action_config made;
  made.action = action;
  made.key = std::move(key);
  return made;
}

action_config put(action_kind action, std::string key, std::string_view value) {
  arena memory;
  auto made = rule(action, std::move(key));
  made.value = {std::string(make_string(memory, value))};
  return made;
}

action_config copy(action_kind action, std::string key, std::string source) {
  auto made = rule(action, std::move(key));
  made.from_attribute = std::move(source);
  return made;
}

action_config with_pattern(action_kind action, std::string key, std::string pattern) {
  auto made = rule(action, std::move(key));
  made.pattern = std::move(pattern);
  return made;
}

action_config convert_to_int(std::string key) {
  auto made = rule(action_kind::convert, std::move(key));
  made.converted_type = "int";
  return made;
}

// The rules of benchmarks/lib/edits.py, behind one that does nothing.
std::vector<action_config> rules() {
  using enum action_kind;
  return {
      rule(remove, "nothing"),
      put(upsert, "deployment.environment", "production"),
      put(insert, "rpc.system", "grpc"),
      put(update, "component", "service"),
      copy(upsert, "rpc.method", "grpc.method"),
      with_pattern(extract, "grpc.method", "^/(?P<rpc_service>[^/]+)/(?P<rpc_name>[^/]+)$"),
      convert_to_int("peer.port"),
      rule(hash, "peer.hostname"),
      rule(remove, "signalfx.tracing.version"),
      with_pattern(remove, "", R"(^sfx\.error\.)"),
      copy(insert, "http.request.method", "http.method"),
  };
}

void run(benchmark::State& state, std::vector<action_config> actions) {
  attributes_config config;
  config.actions = std::move(actions);
  bench::run_chain(state, {*make_attributes(config, signal::traces)});
}

void one_rule(benchmark::State& state) {
  const auto all = rules();
  const auto& rule = all[static_cast<std::size_t>(state.range(0))];
  state.SetLabel(rule.key + rule.pattern);
  run(state, {rule});
}
BENCHMARK(one_rule)->DenseRange(0, 10);

void ten_rules(benchmark::State& state) {
  auto all = rules();
  all.erase(all.begin());
  run(state, std::move(all));
}
BENCHMARK(ten_rules);

} // namespace
