#include "cluster/listeners.hpp"

#include <algorithm>

namespace weir::cluster {

namespace {

bool has(const std::vector<node_id>& nodes, node_id node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

void add(node_id node, listeners& all) {
  if (!listens(all, node))
    *std::find(all.begin(), all.end(), node_id{0}) = node;
}

// Who knows all of a partition and is still there; 0: nobody.
node_id speaker_of(std::size_t p, const hand_over& rule) {
  for (const auto each :
       {rule.before.owner_of(p), rule.before.standby_of(p), rule.before.zone_standby_of(p)})
    if (each != 0 && has(rule.living, each))
      return each;
  return 0;
}

} // namespace

std::vector<listeners> listeners_of(const hand_over& rule) {
  const bool doubt = rule.before.owners.empty()
                     || std::any_of(rule.silent.begin(), rule.silent.end(),
                                    [&](node_id each) { return !has(rule.living, each); });
  std::vector<listeners> all(partition_count);
  bool any = false;
  for (std::size_t p = 0; p < partition_count; ++p) {
    const auto speaker = speaker_of(p, rule);
    const auto owed = rule.owed.empty() ? listeners{} : rule.owed[p];
    // Whoever has not said so may never have seen the ring before, and take another for the speaker.
    const bool speaks = doubt || speaker == 0 || speaker == rule.self
                        || rule.silent.contains(speaker) || owed != listeners{};
    const bool owned = rule.before.owner_of(p) == rule.self;
    for (const auto each :
         {rule.now.owner_of(p), rule.now.standby_of(p), rule.now.zone_standby_of(p)}) {
      if (each == 0 || each == rule.self || !has(rule.living, each))
        continue;
      const bool is_next = owned && each == rule.now.owner_of(p);
      const bool is_new = doubt || is_next || !rule.before.holds(each, p);
      if (listens(owed, each) || (speaks && is_new))
        add(each, all[p]);
    }
    any = any || all[p] != listeners{};
  }
  return any ? all : std::vector<listeners>{};
}

} // namespace weir::cluster
