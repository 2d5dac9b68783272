#include "cluster/ring.hpp"

#include "codec/hash.hpp"
#include "codec/little_endian.hpp"

#include <algorithm>
#include <array>

namespace weir::cluster {

namespace {

// The finalizer of MurmurHash3 (Austin Appleby, public domain): each bit of the number decides over
// half of the bits that come out.
constexpr std::uint64_t mixed(std::uint64_t bits) noexcept {
  bits ^= bits >> 33;
  bits *= 0xff51afd7ed558ccdULL;
  bits ^= bits >> 33;
  bits *= 0xc4ceb9fe1a85ec53ULL;
  return bits ^ bits >> 33;
}

constexpr std::uint64_t score(node_id id, partition partition) noexcept {
  return mixed(mixed(id) + partition);
}

} // namespace

std::uint64_t ring_digest(const std::vector<ring_member>& members) {
  std::string text;
  for (const auto& each : members) {
    std::array<char, 20> numbers;
    codec::field_writer writer(numbers.data());
    writer.put(each.id);
    writer.put(each.boot);
    writer.put(static_cast<std::uint32_t>(each.zone.size()));
    text.append(numbers.data(), numbers.size()).append(each.zone);
  }
  return members.empty() ? 0 : std::max<std::uint64_t>(codec::xxh3(text), 1);
}

ring::ring(std::vector<ring_member> up) : members_(std::move(up)) {
  std::sort(members_.begin(), members_.end());
  digest_ = ring_digest(members_);
  if (members_.empty())
    return;
  ranks_.reserve(partition_count);
  for (std::uint32_t p = 0; p < partition_count; ++p)
    ranks_.push_back(rank(static_cast<partition>(p)));
}

ring::ranks ring::rank(partition partition) const {
  std::vector<std::pair<std::uint64_t, number>> order;
  order.reserve(members_.size());
  for (std::size_t i = 0; i < members_.size(); ++i)
    order.emplace_back(score(members_[i].id, partition), static_cast<number>(i));
  // Of equal scores the higher number wins, so that all agree on that too.
  const auto second = std::min<std::ptrdiff_t>(2, std::ssize(order));
  std::partial_sort(order.begin(), order.begin() + second, order.end(), std::greater());
  ranks made;
  made.owner = order[0].second;
  if (order.size() > 1)
    made.standby = order[1].second;
  std::pair<std::uint64_t, number> best{0, nobody};
  for (const auto& each : order)
    if (members_[each.second].zone != members_[made.owner].zone
        && (best.second == nobody || each > best))
      best = each;
  made.zone_standby = best.second;
  return made;
}

std::uint32_t ring::owned_by(node_id id) const noexcept {
  std::uint32_t owned = 0;
  for (const auto& each : ranks_)
    owned += members_[each.owner].id == id ? 1 : 0;
  return owned;
}

} // namespace weir::cluster
