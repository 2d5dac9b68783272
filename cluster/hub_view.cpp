// What the hub says of the cluster: to the node, to metrics, to people.
#include "cluster/hub.hpp"
#include "core/metrics.hpp"

#include <array>
#include <fmt/format.h>

namespace weir::cluster {

namespace {

partition_owners owners_by(const ring& ring) {
  partition_owners made;
  made.owners.resize(partition_count);
  made.standbys.resize(partition_count);
  made.zone_standbys.resize(partition_count);
  const auto id_of = [](const ring_member* each) { return each == nullptr ? 0 : each->id; };
  for (std::size_t i = 0; i < partition_count; ++i) {
    const auto p = static_cast<partition>(i);
    made.owners[i] = id_of(ring.owner(p));
    made.standbys[i] = id_of(ring.standby(p));
    made.zone_standbys[i] = id_of(ring.zone_standby(p));
  }
  return made;
}

} // namespace

// By name, members that sample it; those of which all do left out.
void hub::add_owners(ring_view& view) const {
  static_cast<partition_owners&>(view) = owners_by(ring_ ? *ring_ : ring());
  if (!ring_)
    return;
  std::map<std::string, std::vector<ring_member>> samplers;
  for (const auto& each : ring_->members())
    for (const auto& name : each.pipelines)
      samplers[name].push_back(each);
  std::map<std::vector<ring_member>, partition_owners> known;
  for (auto& [name, members] : samplers) {
    if (members.size() == ring_->members().size())
      continue;
    const auto [found, added] = known.try_emplace(members);
    if (added)
      found->second = owners_by(ring(members));
    view.differing[name] = found->second;
  }
}

// Without the owners, which follow from the digest: it is looked at often.
ring_view hub::present_view() const {
  ring_view view;
  view.frozen = membership_.frozen();
  view.fresh = fresh_;
  view.ring = ring_ ? ring_->digest() : 0;
  membership_.for_each([&](const member& each) {
    if (!each.lives())
      return;
    view.living.push_back(each.id);
    if (each.id == membership_.self().id || each.state == member_state::joining)
      return;
    for (const auto& name : each.pipelines)
      view.deciders[name].push_back(each.id);
  });
  return view;
}

// With each tick: what is shown is looked up once.
void hub::note_links() const {
  static constexpr std::array states{member_state::joining, member_state::up, member_state::leaving,
                                     member_state::down, member_state::left};
  static const auto members_in = [] {
    std::map<member_state, prometheus::Gauge*> gauges;
    for (const auto state : states)
      gauges[state] = &metrics::cluster_members.with({{"state", std::string(to_string(state))}});
    return gauges;
  }();
  static auto& standing = metrics::cluster_links.with({{"state", "up"}});
  static auto& missing = metrics::cluster_links.with({{"state", "missing"}});
  std::array<unsigned, states.size()> counts{};
  unsigned without = 0;
  membership_.for_each([&](const member& each) {
    ++counts[static_cast<std::size_t>(each.state)];
    without += each.lives() && each.id != membership_.self().id && link_to(each.id) == 0 ? 1 : 0;
  });
  for (const auto state : states)
    members_in.at(state)->Set(counts[static_cast<std::size_t>(state)]);
  standing.Set(static_cast<double>(by_peer_.size()));
  missing.Set(without);
}

// Who is refused by those whom it was told to join is not the first of a cluster of its own.
std::string hub::unready(moment now) const {
  if (auto reason = membership_.unready(now.steady); !reason.empty())
    return reason;
  if (membership_.alone())
    for (const auto& [address, each] : attempts_)
      if (each.refused)
        return fmt::format("refused by {}, which says: {}", address, each.trouble);
  return {};
}

cluster_view hub::view(moment now) const {
  cluster_view view;
  view.name = settings_.cluster;
  view.unready = unready(now);
  view.ring = ring_ ? ring_->digest() : 0;
  for (const auto& each : membership_.all_known()) {
    member_view shown;
    shown.info = each;
    shown.self = each.id == membership_.self().id;
    shown.suspected = membership_.suspected(each.id, now.steady);
    shown.partitions = ring_ ? ring_->owned_by(each.id) : 0;
    shown.silent = shown.self ? 0 : now.steady - membership_.heard(each.id);
    if (each.pipelines != membership_.self().pipelines && each.lives())
      shown.differs = fmt::format("samples {}", fmt::join(each.pipelines, ", "));
    if (const auto found = links_.find(link_to(each.id)); found != links_.end()) {
      shown.link.stands = true;
      shown.link.round_trip = found->second.round_trip;
      shown.link.skew_ns = found->second.skew_ns;
    } else if (const auto tried = attempts_.find(each.address); tried != attempts_.end()) {
      shown.link.trouble = tried->second.trouble;
    }
    view.members.push_back(std::move(shown));
  }
  return view;
}

} // namespace weir::cluster
