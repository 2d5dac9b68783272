#pragma once

#include "core/error.hpp"
#include "sampling/config.hpp"
#include "sampling/evaluator.hpp"
#include "sampling/predicates.hpp"

namespace weir::sampling {

/// Makes an evaluator of each configured policy; what it must see in spans goes into `predicates`.
class policy_compiler {
public:
  explicit policy_compiler(predicates& predicates) : predicates_(predicates) {}

  result<evaluator> compile(const policy_config& policy);

private:
  result<std::vector<evaluator>> compile_parts(const policy_config& policy);
  result<evaluator> string_attribute(const policy_config& policy);
  result<evaluator> numeric_attribute(const policy_config& policy);
  result<evaluator> status_code(const policy_config& policy);
  result<evaluator> ottl(const policy_config& policy);
  result<evaluator> composite(const policy_config& policy);
  result<evaluator> dynamic(const policy_config& policy);
  result<evaluator> intelligent(const policy_config& policy);
  result<evaluator> attribute(const policy_config& policy, attribute_condition condition);
  result<evaluator> on_span(span_condition condition);
  result<void> room_for(std::size_t bits, std::size_t attributes) const;

  predicates& predicates_;
};

} // namespace weir::sampling
