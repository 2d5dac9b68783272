#pragma once

#include "sampling/config.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <string_view>

namespace weir::sampling {

/// What the answer of a policy depends on, beside its parts.
enum class policy_basis : std::uint8_t {
  trace,  ///< The trace alone: the same whoever was asked before.
  budget, ///< And how much was kept before.
  rates,  ///< And the share of the traffic that is to be kept: it says the rate with its answer.
};

/// What all policies of one type have in common.
struct policy_type_info {
  policy_type type;
  std::string_view name; ///< Its `type` in YAML.
  policy_basis basis = policy_basis::trace;
  bool has_parts = false; ///< It consists of sub-policies.
};

/// All of them, in the order of the enumeration.
inline constexpr std::array policy_types{
    policy_type_info{policy_type::always_sample, "always_sample"},
    policy_type_info{policy_type::latency, "latency"},
    policy_type_info{policy_type::numeric_attribute, "numeric_attribute"},
    policy_type_info{policy_type::string_attribute, "string_attribute"},
    policy_type_info{policy_type::boolean_attribute, "boolean_attribute"},
    policy_type_info{policy_type::probabilistic, "probabilistic"},
    policy_type_info{policy_type::status_code, "status_code"},
    policy_type_info{policy_type::span_count, "span_count"},
    policy_type_info{policy_type::trace_state, "trace_state"},
    policy_type_info{policy_type::trace_flags, "trace_flags"},
    policy_type_info{policy_type::rate_limiting, "rate_limiting", policy_basis::budget},
    policy_type_info{policy_type::bytes_limiting, "bytes_limiting", policy_basis::budget},
    policy_type_info{policy_type::ottl_condition, "ottl_condition"},
    policy_type_info{policy_type::and_, "and", policy_basis::trace, true},
    policy_type_info{policy_type::not_, "not", policy_basis::trace, true},
    policy_type_info{policy_type::drop, "drop", policy_basis::trace, true},
    policy_type_info{policy_type::composite, "composite", policy_basis::budget, true},
    policy_type_info{policy_type::dynamic, "dynamic", policy_basis::rates},
    policy_type_info{policy_type::intelligent, "intelligent", policy_basis::rates},
};
static_assert(policy_types.size() == policy_type_count);
static_assert(std::ranges::adjacent_find(policy_types, std::ranges::greater_equal(),
                                         &policy_type_info::type)
                  == policy_types.end(),
              "each type once, at its own place");

constexpr const policy_type_info& info_of(policy_type type) noexcept {
  return policy_types[static_cast<std::size_t>(type)];
}

} // namespace weir::sampling
