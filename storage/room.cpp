// The room there is, in words.
#include "storage/store.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::storage {

namespace {

constexpr std::size_t holders_named = 6;

std::string mebibytes(std::uint64_t bytes) {
  return fmt::format("{} MiB", (bytes + (1 << 19)) >> 20);
}

// The largest parts, largest first.
std::string holders(const std::map<std::string, std::uint64_t>& usage) {
  auto parts = std::vector<std::pair<std::uint64_t, std::string>>();
  for (const auto& [part, bytes] : usage)
    if (bytes >= 1 << 19)
      parts.emplace_back(bytes, part);
  std::sort(parts.rbegin(), parts.rend());
  parts.resize(std::min(parts.size(), holders_named));
  auto text = std::string();
  for (const auto& [bytes, part] : parts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", part, mebibytes(bytes));
  return text;
}

} // namespace

std::string describe(const room& found, const std::map<std::string, std::uint64_t>& usage) {
  if (found.why == refusal::none)
    return fmt::format("{} of {} are used", mebibytes(found.used), mebibytes(found.limit));
  const auto held = fmt::format("Weir has {}: {}", mebibytes(found.used), holders(usage));
  if (found.why == refusal::disk)
    return fmt::format(
        "the disk is full: {} are free, {} have to be (storage.max_bytes, {}, is not "
        "reached); {}",
        mebibytes(found.free), mebibytes(found.reserve), mebibytes(found.max_bytes), held);
  return fmt::format(
      "storage.max_bytes is reached: {} of {} may be used, the rest of {} is for what "
      "is on its way; {}; the disk has {} free",
      mebibytes(found.used), mebibytes(found.limit), mebibytes(found.max_bytes), held,
      mebibytes(found.free));
}

const char* short_reason(refusal why) noexcept {
  switch (why) {
  case refusal::quota:
    return "storage.max_bytes is reached: waiting for room";
  case refusal::disk:
    return "the disk is full: waiting for room";
  default:
    return "waiting for room";
  }
}

} // namespace weir::storage
