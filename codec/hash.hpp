#pragma once

#include "core/ids.hpp"

#include <cstdint>
#include <string_view>

namespace weir::codec {

/// xxh3, 64 bits: checksums of what lies on disk, and partitions. Fixed for ever.
std::uint64_t xxh3(std::string_view bytes) noexcept;

/// The partition of a trace: `xxh3(trace_id) % 4096`.
partition partition_of(const trace_id& id) noexcept;

} // namespace weir::codec
