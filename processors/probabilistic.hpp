#pragma once

#include "core/error.hpp"
#include "processors/config.hpp"
#include "processors/processor.hpp"

#include <cstdint>
#include <string_view>

namespace weir::processors {

/// The `probabilistic_sampler` processor, for spans and log records: keeps a share of them by their
/// trace id, and writes down which, so that counts can be scaled back: in a span's trace state
/// (`ot=th:…`), in a record's attribute `sampling.threshold`. The decisions and what is written are
/// the Collector's (v0.161), bit by bit.
result<processor_ptr> make_probabilistic_sampler(const probabilistic_sampler_config& config,
                                                 weir::signal kind);

/// The 56 bits that mode hash_seed compares: FNV-1a of seed and bytes, 14 bits of which count.
std::uint64_t hashed_randomness(std::string_view bytes, std::uint32_t seed) noexcept;

} // namespace weir::processors
