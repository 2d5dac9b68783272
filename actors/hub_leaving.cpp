// How a node leaves its cluster: it gives up what it owns, waits until it holds nothing that is not
// with somebody else or delivered, and says so.
#include "actors/hub.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <chrono>

namespace weir::actors {

namespace {

constexpr auto patience = std::chrono::seconds(10);
// What is between two mailboxes at one look is seen by the next.
constexpr unsigned quiet_looks = 2;
// By then the others have a ring without this node, and hold what is theirs by it.
constexpr steady_ns ring_patience = 4 * second_ns;

} // namespace

void hub_state::leave() {
  if (!stage_ || stopped_ || std::exchange(leaving_, true))
    return;
  log::info("leaving the cluster: what this node holds goes to the others");
  neighbours_.refuse_clients();
  stage_->leave(moment::now());
  next_look_ = steady_now() + ring_patience;
  show();
}

result<void> hub_state::ask_to_leave(node_id peer) {
  const auto found = peers_.find(peer);
  if (found == peers_.end())
    return fail(errc::unavailable, "there is no link to it from here: ask it itself, or another "
                                   "member");
  if (found->second->protocol() < cluster::leave_protocol)
    return fail(errc::unsupported, "it runs an older release, which has to be asked itself: `weir "
                                   "leave` on that node, or with its admin.endpoint");
  found->second->send(cluster::leave_request{});
  return {};
}

// Once a second.
void hub_state::look_at_rest() {
  if (looking_ || steady_now() < next_look_)
    return;
  next_look_ = steady_now() + second_ns;
  looking_ = true;
  const auto look = std::make_shared<leave_look>();
  look->unanswered = 1 + compressors_.size();
  const auto failed = [this, look](const caf::error&) {
    look->held = true;
    note(*look);
  };
  self_->request(neighbours_.origin, patience, look_atom_v)
      .then(
          [this, look](const origin_look_ptr& seen) {
            look->open = seen->entries;
            look->held |= seen->entries > 0;
            note(*look);
          },
          failed);
  for (const auto& [number, each] : compressors_)
    self_->request(each, patience, look_atom_v)
        .then(
            [this, look](bool idle) {
              look->held |= !idle;
              note(*look);
            },
            failed);
}

void hub_state::note(leave_look& look) {
  if (--look.unanswered > 0)
    return;
  looking_ = false;
  const auto held = look.open + undelivered_blocks();
  held_at_first_ = std::max({held_at_first_, held, std::uint64_t{1}});
  quiet_looks_ = look.held || held > 0 || !owns_nothing() ? 0 : quiet_looks_ + 1;
  neighbours_.shown->set_leaving(
      std::min(0.99, 1 - static_cast<double>(held) / static_cast<double>(held_at_first_)));
  if (stopped_ || quiet_looks_ < quiet_looks)
    return;
  left_ = true;
  stage_->say_left(moment::now());
  neighbours_.shown->set_leaving(1);
  log::info("this node has left the cluster");
}

// Where a cursor cannot be read, nothing of it counts as delivered.
std::uint64_t hub_state::undelivered_blocks() const {
  std::uint64_t sum = 0;
  for (const auto& [id, exporters] : exporters_) {
    const auto end = neighbours_.store->log(id).next;
    const auto cursors = neighbours_.store->cursors(id);
    for (const auto& each : exporters) {
      const auto found = cursors ? cursors->find(each) : decltype(cursors->end()){};
      const bool known = cursors && found != cursors->end();
      sum += end - (known ? std::min(end, found->second.position) : 0);
    }
  }
  return sum;
}

bool hub_state::owns_nothing() const {
  const auto& ring = stage_->present_ring();
  return ring && !ring->empty() && ring->owned_by(stage_->members().self().id) == 0;
}

} // namespace weir::actors
