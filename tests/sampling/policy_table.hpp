#pragma once

#include "otlp/scan.hpp"
#include "otlp_builder.hpp"
#include "sampling/policy_set.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>

// Policies against tables of traces, for the tests of this folder.
namespace weir::sampling::testing {

inline constexpr std::uint64_t ms = 1'000'000;

/// One trace and whether it is to be kept.
struct row {
  std::vector<test_span> spans;
  bool kept = false;
};
using table = std::vector<row>;

inline policy_config policy(policy_type type, std::string name = "p") {
  policy_config config;
  config.type = type;
  config.name = std::move(name);
  return config;
}

inline tail_sampling_config only(policy_config config) {
  tail_sampling_config all;
  all.policies = {std::move(config)};
  return all;
}

inline policy_set compiled(const tail_sampling_config& config) {
  auto set = policy_set::compile(config);
  BOOST_REQUIRE_MESSAGE(set, (set ? "" : set.error().message));
  return std::move(*set);
}

inline trace_features features_of(policy_set& set, const std::vector<test_span>& spans) {
  const auto message = message_of(spans);
  otlp::span_index index;
  BOOST_REQUIRE(otlp::scan_traces(message, 0, {}, index));
  trace_features features;
  for (const auto& span : index.spans) {
    resource_features resource;
    const auto& group = index.groups[span.group];
    for (std::uint32_t i = 0; i < group.resource_slices; ++i)
      set.observe_resource(index.slices[group.first_resource_slice + i].in(message), resource);
    set.begin_group(message, index, span.group);
    set.observe(span.body.in(message), resource, features);
  }
  return features;
}

inline decision decide(policy_set& set, const std::vector<test_span>& spans,
                       steady_ns now = second_ns) {
  return set.decide(spans.front().trace, features_of(set, spans), now);
}

inline std::size_t wrong_rows(const tail_sampling_config& config, const table& rows) {
  auto set = compiled(config);
  std::size_t wrong = 0;
  for (const auto& row : rows)
    wrong += decide(set, row.spans).keep != row.kept ? 1 : 0;
  return wrong;
}

/// The table holds for the policy, and for no policy that is off by a little.
inline void check(const policy_config& config, const table& rows,
                  const std::vector<std::function<void(policy_config&)>>& twins) {
  BOOST_TEST(wrong_rows(only(config), rows) == 0U);
  for (std::size_t i = 0; i < twins.size(); ++i) {
    auto twin = config;
    twins[i](twin);
    BOOST_TEST(wrong_rows(only(twin), rows) > 0U, "broken twin " << i << " was not caught");
  }
}

inline test_span span(std::uint64_t trace = 1) {
  test_span one;
  one.trace = id_of(trace);
  return one;
}

inline test_span lasting(std::uint64_t start_ns, std::uint64_t end_ns) {
  auto one = span();
  one.start_ns = start_ns;
  one.end_ns = end_ns;
  return one;
}

inline test_span with(attributes on_span, attributes on_resource = {}) {
  auto one = span();
  one.on_span = std::move(on_span);
  one.on_resource = std::move(on_resource);
  return one;
}

inline test_span with_status(int code) {
  auto one = span();
  one.status = code;
  return one;
}

inline std::vector<test_span> spans(std::size_t count) {
  return std::vector<test_span>(count, span());
}

} // namespace weir::sampling::testing
