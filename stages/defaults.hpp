#pragma once

#include <chrono>
#include <cstdint>

/// Defaults of settings that end in a stage: each number is here once, for the configuration
/// (app/config.hpp), and for a node or stage that is used by itself.
namespace weir::stages::defaults {

inline constexpr std::chrono::microseconds commit_interval{10'000}; ///< `storage.journal`
inline constexpr std::uint64_t max_entry_bytes = 256 << 10;         ///< `storage.journal`
inline constexpr std::uint64_t max_block_bytes = 1 << 20;           ///< `storage.log`
inline constexpr std::chrono::milliseconds block_timeout{200};      ///< `storage.log`
inline constexpr std::chrono::milliseconds cursor_interval{1000};
inline constexpr std::chrono::hours retention{24};
inline constexpr std::chrono::hours cursor_retention{24};
inline constexpr std::chrono::hours dead_letter_retention{168};
inline constexpr std::uint64_t window_memory = 512 << 20;
inline constexpr std::uint64_t decision_cache = 10'000'000;
inline constexpr std::uint32_t max_span_bytes = 1 << 20;
inline constexpr std::uint32_t max_envelope_bytes = 1 << 20;
inline constexpr std::uint64_t max_gathered_bytes = 32 << 20;
inline constexpr std::chrono::seconds max_edit_time{2};
inline constexpr std::uint32_t max_replays = 16;       ///< `storage.replays`
inline constexpr std::chrono::hours keep_replays{168}; ///< `storage.replays`

} // namespace weir::stages::defaults
