#pragma once

#include <cstdint>

namespace weir {

/// Asks the operating system to run the calling thread soon after it is woken, even where others
/// that compute for long keep all cores busy: for threads that a client waits for. It gets no more
/// time than before, only earlier: short slices of Linux's fair scheduler (6.12 and newer; without
/// effect on others).
void run_soon_when_woken() noexcept;

/// The calling thread lets others go first from now on: for work that nobody waits for.
void give_way_to_others() noexcept;

/// CPU time of the process without that of the calling thread, in ns.
std::int64_t cpu_time_of_others() noexcept;

} // namespace weir
