#include "cluster/ring.hpp"

#include "codec/hash.hpp"
#include "codec/little_endian.hpp"

#include <algorithm>
#include <array>
#include <utility>

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
    for (const auto& name : each.pipelines)
      text.append(1, '\0').append(name);
    text.append(1, '\n');
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

// Of equal scores the higher number wins, so that all agree on that too.
ring::ranks ring::rank(partition partition) const {
  using place = std::pair<std::uint64_t, number>;
  std::vector<std::uint64_t> scores(members_.size());
  place first{0, nobody};
  place second{0, nobody};
  for (std::size_t i = 0; i < members_.size(); ++i) {
    scores[i] = score(members_[i].id, partition);
    const place each{scores[i], static_cast<number>(i)};
    if (first.second == nobody || each > first)
      second = std::exchange(first, each);
    else if (second.second == nobody || each > second)
      second = each;
  }
  place other{0, nobody};
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const place each{scores[i], static_cast<number>(i)};
    if (members_[i].zone != members_[first.second].zone && (other.second == nobody || each > other))
      other = each;
  }
  return {first.second, second.second, other.second};
}

std::uint32_t ring::owned_by(node_id id) const noexcept {
  std::uint32_t owned = 0;
  for (const auto& each : ranks_)
    owned += members_[each.owner].id == id ? 1 : 0;
  return owned;
}

} // namespace weir::cluster
