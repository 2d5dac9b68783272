#pragma once

#include <cstdint>
#include <fmt/format.h>
#include <string>
#include <string_view>

// Keys of what an exporter keeps in the family meta, beside its page of the ledger.
namespace weir::stages {

/// Requests that an exporter may have set aside.
inline constexpr std::uint64_t max_copies = 64;

/// What is finished beyond its cursor. What stands there beside an older cursor is still true: a
/// node that knows nothing of it passes over it.
inline std::string finished_key(std::string_view pipeline, std::string_view exporter) {
  return fmt::format("finished/{}/{}", pipeline, exporter);
}

/// A request that is set aside.
inline std::string aside_key(std::string_view pipeline, std::string_view exporter,
                             std::uint64_t copy) {
  return fmt::format("aside/{}/{}/{}", pipeline, exporter, copy);
}

/// Since when it is paused by hand.
inline std::string paused_key(std::string_view pipeline, std::string_view exporter) {
  return fmt::format("paused/{}/{}", pipeline, exporter);
}

/// Dead letters that it is to send once more.
inline std::string letter_order_key(std::string_view pipeline, std::string_view exporter) {
  return fmt::format("letters-order/{}/{}", pipeline, exporter);
}

} // namespace weir::stages
