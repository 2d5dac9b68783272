#pragma once

#include "backends/delivery.hpp"

#include <vector>

// What the tests of deliveries share: settings whose times can be computed, and answers.
namespace weir::backends {

inline const outcome ok{};
inline const outcome again{.answer = outcome::kind::retry, .reason = "UNAVAILABLE"};
inline const outcome too_large{.answer = outcome::kind::too_large, .reason = "too large"};

/// Without jitter: pauses of 1, 2, 4, 8, 8 s. Three requests at once, of ten items at most.
inline delivery::options plain() {
  return {.retry = {.initial_interval = std::chrono::seconds(1),
                    .randomization_factor = 0,
                    .multiplier = 2,
                    .max_interval = std::chrono::seconds(8)},
          .batch = {.max_items = 10},
          .num_consumers = 3};
}

/// All letters that wait, as if they were kept.
inline std::vector<dead_letter> take_letters(delivery& delivery) {
  std::vector<dead_letter> taken;
  for (; delivery.has_letters(); delivery.drop_letter())
    taken.push_back(*delivery.first_letter());
  return taken;
}

inline std::uint64_t items_of(const std::vector<planned_request>& plans) {
  std::uint64_t sum = 0;
  for (const auto& p : plans)
    sum += p.items;
  return sum;
}

} // namespace weir::backends
