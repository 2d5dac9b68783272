#pragma once

#include "otlp_builder.hpp"
#include "sampling/window.hpp"

#include <boost/test/unit_test.hpp>
#include <map>

namespace weir::sampling::testing {

inline constexpr steady_ns start = 5000 * second_ns;

inline policy_set keep_errors() {
  policy_config errors;
  errors.name = "errors";
  errors.type = policy_type::status_code;
  errors.status_codes = {"ERROR"};
  tail_sampling_config config;
  config.policies = {errors};
  return *policy_set::compile(config);
}

inline policy_set keep_all() {
  policy_config all;
  all.name = "all";
  tail_sampling_config config;
  config.policies = {all};
  return *policy_set::compile(config);
}

/// A window whose entries hold one span of each named trace; a negative number is a failed span.
struct bench {
  explicit bench(window_settings settings = {}, policy_set policies = keep_errors())
      : held(settings, std::move(policies), cache) {}

  additions add(const std::vector<int>& traces, steady_ns now, steady_ns received = -1) {
    std::vector<test_span> spans;
    for (const auto trace : traces) {
      test_span span;
      span.trace = id_of(static_cast<std::uint64_t>(std::abs(trace)));
      span.status = trace < 0 ? 2 : 0;
      spans.push_back(span);
    }
    auto& bytes = messages[++sequence];
    bytes = message_of(spans);
    otlp::span_index index;
    BOOST_REQUIRE(otlp::index_traces(bytes, 0, index));
    window_entry entry;
    entry.id = {1, 1, sequence};
    entry.packed = shared_bytes(bytes);
    additions out;
    held.add(entry, bytes, index, std::vector<bool>(index.traces.size(), true),
             received < 0 ? now : received, now, out);
    return out;
  }

  decided_batch decide(steady_ns now) { return decide(now, now); }

  decided_batch decide(steady_ns now, steady_ns complete_until) {
    decided_batch out;
    held.decide(now, complete_until, 1'000'000, out);
    return out;
  }

  decision_cache cache{1000};
  window held;
  std::uint64_t sequence = 0;
  std::map<std::uint64_t, std::string> messages;
};

} // namespace weir::sampling::testing
