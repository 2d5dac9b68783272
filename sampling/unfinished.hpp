#pragma once

#include <string_view>

namespace weir::sampling {

/// Counts, and says now and then, that a condition or pattern of a policy was not asked to its end,
/// since the time for its entry was over. Any thread.
void note_unfinished(std::string_view name);

} // namespace weir::sampling
