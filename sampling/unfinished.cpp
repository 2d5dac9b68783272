#include "sampling/unfinished.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"

namespace weir::sampling {

void note_unfinished(std::string_view name) {
  static auto& counter = metrics::sampler_unfinished_conditions.with();
  counter.Increment();
  if (log::permit("unfinished_conditions"))
    log::warn("tail_sampling: {} does not hold on a span, as it took longer than the spans of an "
              "entry may take (service.limits.max_edit_time)",
              name);
}

} // namespace weir::sampling
