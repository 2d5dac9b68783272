#include "stages/disk_plan.hpp"

#include <algorithm>

namespace weir::stages {

namespace {

using storage::segment;

// One cut for each pipeline and reason: the furthest.
void add(std::vector<cut>& cuts, const cut& more) {
  const auto same = std::find_if(cuts.begin(), cuts.end(), [&](const auto& c) {
    return c.id == more.id && c.why == more.why;
  });
  if (same == cuts.end())
    cuts.push_back(more);
  else
    same->below = std::max(same->below, more.below);
}

// The holding whose oldest segment is the oldest of all that may go; null: none may.
template <class Holding, class MayGo>
Holding* oldest(std::vector<Holding>& all, MayGo may_go) {
  Holding* found = nullptr;
  for (auto& holding : all) {
    if (holding.segments.empty() || holding.segments.front().in_memory || !may_go(holding))
      continue;
    if (found == nullptr || holding.segments.front().age < found->segments.front().age)
      found = &holding;
  }
  return found;
}

// Takes the oldest until `wanted` bytes are freed. @returns bytes freed
template <class Holding, class MayGo>
std::uint64_t take(std::vector<cut>& cuts, std::vector<Holding>& all, cut_reason why,
                   std::uint64_t wanted, MayGo may_go) {
  auto freed = std::uint64_t{0};
  while (freed < wanted) {
    auto* holding = oldest(all, may_go);
    if (holding == nullptr)
      break;
    const auto& gone = holding->segments.front();
    freed += gone.bytes;
    add(cuts, {holding->id, why, gone.next});
    holding->segments.erase(holding->segments.begin());
  }
  return freed;
}

std::uint64_t bytes_of(const std::vector<segment>& segments) {
  auto bytes = std::uint64_t{0};
  for (const auto& each : segments)
    bytes += each.bytes;
  return bytes;
}

std::uint64_t take_from_largest(std::vector<cut>& cuts, std::vector<held_log>& logs,
                                std::uint64_t wanted) {
  auto freed = std::uint64_t{0};
  while (freed < wanted) {
    held_log* largest = nullptr;
    auto most = std::uint64_t{0};
    for (auto& log : logs) {
      const auto bytes = bytes_of(log.segments);
      if (bytes > most && !log.segments.front().in_memory) {
        largest = &log;
        most = bytes;
      }
    }
    if (largest == nullptr)
      break;
    const auto& gone = largest->segments.front();
    freed += gone.bytes;
    add(cuts, {largest->id, cut_reason::overflow, gone.next});
    largest->segments.erase(largest->segments.begin());
  }
  return freed;
}

std::uint64_t rest(std::uint64_t wanted, std::uint64_t freed) {
  return wanted - std::min(wanted, freed);
}

} // namespace

std::vector<cut> make_room(std::vector<held_log> logs, std::vector<held_letters> letters,
                           std::uint64_t excess, std::uint64_t over) {
  std::vector<cut> cuts;
  const auto delivered = [](const held_log& log) {
    return log.segments.front().next <= log.delivered;
  };
  const auto orphaned = [](const held_log& log) { return log.segments.front().next <= log.wanted; };
  const auto any = [](const held_letters&) { return true; };
  auto freed = take(cuts, logs, cut_reason::delivered, excess, delivered);
  freed += take(cuts, letters, cut_reason::dead_letters, rest(excess, freed), any);
  freed += take(cuts, logs, cut_reason::orphaned, rest(excess, freed), orphaned);
  take_from_largest(cuts, logs, rest(over, freed));
  return cuts;
}

std::vector<cut> bound_letters(std::vector<held_letters> letters, std::uint64_t max_bytes) {
  std::vector<cut> cuts;
  auto held = std::uint64_t{0};
  for (const auto& each : letters)
    held += bytes_of(each.segments);
  held -= take(cuts, letters, cut_reason::dead_letters, rest(held, max_bytes),
               [](const held_letters&) { return true; });
  // What is in memory still frees nothing, but does not become a table either. Sizes there are of
  // the whole, so a part goes that is large enough for all of it.
  for (auto& each : letters) {
    if (held <= max_bytes || each.segments.empty())
      continue;
    const auto& last = each.segments.back();
    const auto share = std::min(last.bytes, held - max_bytes);
    if (last.bytes == 0)
      continue;
    const auto count = last.next - last.first;
    add(cuts, {each.id, cut_reason::dead_letters,
               last.first + std::max<std::uint64_t>(1, count * share / last.bytes)});
    held -= share;
  }
  return cuts;
}

} // namespace weir::stages
