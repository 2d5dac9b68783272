#include "sampling/policy_stamp.hpp"

#include "editing/values.hpp"

namespace weir::sampling {

namespace {

// Source: tailsamplingprocessor v0.161.0, processor.go and internal/sampling/composite.go.
constexpr std::string_view composite_policy_key = "tailsampling.composite_policy";
constexpr std::string_view policy_key = "tailsampling.policy";
constexpr std::string_view cached_decision_key = "tailsampling.cached_decision";

constexpr std::uint32_t scope_field = 1; // Of ScopeSpans.

} // namespace

// In the Collector's order: what the composite policy says, while it is asked, comes first.
std::string_view policy_stamp::put(std::string_view scope_envelope, const kept_by& kept_by) {
  memory_->clear();
  envelope_.open(otlp::message_id::scope_spans, scope_envelope);
  envelope_.open_message(scope_field, otlp::message_id::instrumentation_scope, scope_);
  if (!kept_by.composite_part.empty())
    scope_.set(composite_policy_key, editing::make_string(*memory_, kept_by.composite_part));
  if (!kept_by.policy.empty())
    scope_.set(policy_key, editing::make_string(*memory_, kept_by.policy));
  if (kept_by.cached)
    scope_.set(cached_decision_key, editing::make_boolean(*memory_, true));
  envelope_.put_message(scope_field, scope_);
  return envelope_.write();
}

} // namespace weir::sampling
