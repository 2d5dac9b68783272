// What the hub says of the cluster: to the node, to metrics, to people.
#include "cluster/hub.hpp"
#include "core/metrics.hpp"

#include <fmt/format.h>

namespace weir::cluster {

void hub::add_owners(ring_view& view) const {
  view.owners.resize(partition_count);
  view.standbys.resize(partition_count);
  if (!ring_)
    return;
  for (std::size_t p = 0; p < partition_count; ++p) {
    const auto* owner = ring_->owner(static_cast<partition>(p));
    const auto* standby = ring_->standby(static_cast<partition>(p));
    view.owners[p] = owner == nullptr ? 0 : owner->id;
    view.standbys[p] = standby == nullptr ? 0 : standby->id;
  }
}

// Without the owners, which follow from the digest: it is looked at often.
ring_view hub::present_view() const {
  ring_view view;
  view.frozen = membership_.frozen();
  view.fresh = fresh_;
  view.ring = ring_ ? ring_->digest() : 0;
  for (const auto& each : membership_.all_known()) {
    if (!each.lives())
      continue;
    view.living.push_back(each.id);
    if (each.id == membership_.self().id || each.state == member_state::joining)
      continue;
    for (const auto& name : each.pipelines)
      view.deciders[name].push_back(each.id);
  }
  return view;
}

void hub::note_links() const {
  std::map<member_state, unsigned> states;
  unsigned missing = 0;
  for (const auto& each : membership_.all_known()) {
    ++states[each.state];
    missing += each.lives() && each.id != membership_.self().id && link_to(each.id) == 0 ? 1 : 0;
  }
  for (const auto state : {member_state::joining, member_state::up, member_state::leaving,
                           member_state::down, member_state::left})
    metrics::cluster_members.with({{"state", std::string(to_string(state))}}).Set(states[state]);
  metrics::cluster_links.with({{"state", "up"}}).Set(static_cast<double>(by_peer_.size()));
  metrics::cluster_links.with({{"state", "missing"}}).Set(missing);
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
