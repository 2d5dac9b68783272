#include "actors/origin.hpp"

#include "actors/last_words.hpp"

#include <chrono>

namespace weir::actors {

namespace {
constexpr auto tick_interval = std::chrono::milliseconds(200);
} // namespace

void origin_state::start(origin_actor::pointer self, const origin_change_message& plan,
                         std::shared_ptr<storage::disk> disk, stages::position_counter positions,
                         writer_actor writer) {
  self_ = self;
  writer_ = std::move(writer);
  shards_ = plan.shards;
  compressors_ = plan.compressors;
  broken_ = plan.config.broken;
  node_ = disk->node();
  link_credit_ = plan.config.link_credit;
  stage_.emplace(plan.config, std::move(disk), std::move(positions), *this);
  self_->delayed_send(self_, tick_interval, tick_atom_v);
}

void origin_state::change(const origin_change_message& plan) {
  shards_ = plan.shards;
  compressors_ = plan.compressors;
  stage_->change(plan.config, moment::now());
}

void origin_state::tick() {
  self_->delayed_send(self_, tick_interval, tick_atom_v);
  stage_->tick(moment::now());
}

void origin_state::link_up(const peer_link_ptr& link) {
  links_[link->peer()] = link;
  stage_->link_up(link->peer(), moment::now());
}

void origin_state::link_lost(node_id peer) {
  links_.erase(peer);
  stage_->link_lost(peer);
}

void origin_state::taken_away(cluster::link_number link, node_id peer, std::uint64_t bytes) {
  if (const auto found = links_.find(peer);
      found != links_.end() && found->second->number() == link)
    stage_->taken_away(peer, bytes);
}

origin_look_ptr origin_state::look() const {
  auto seen = std::make_shared<origin_look>();
  const auto& settling = stage_->settling();
  seen->entries = settling.entries();
  seen->open_slots = settling.open_slots();
  seen->unsent = settling.unsent();
  if (const auto oldest = settling.oldest_unsent())
    seen->oldest_unsent = steady_now() - *oldest;
  seen->link_credit = link_credit_;
  for (const auto& [peer, link] : links_)
    seen->in_flight[peer] = stage_->bytes_in_flight(peer);
  return seen;
}

void origin_state::send_entry(std::size_t shard, const entry_ptr& entry) {
  self_->send(shards_[shard], entry);
}

void origin_state::send_move(std::size_t shard, const entry_id& id, journal_position position,
                             bool answer) {
  self_->request(shards_[shard], caf::infinite, moved_atom_v, id, position)
      .then([this, answer](moved_atom) {
        if (answer)
          stage_->move_seen();
      });
}

void origin_state::send_sent_until(std::size_t shard, steady_ns moment, std::uint64_t ring) {
  self_->send(shards_[shard], sent_until_atom_v, node_, static_cast<std::int64_t>(moment), ring);
}

void origin_state::send_away(node_id owner, cluster::link_message message) {
  links_.at(owner)->send(std::move(message));
}

void origin_state::send_decisions(std::size_t shard, const decisions_ptr& decisions,
                                  std::uint64_t bytes) {
  const auto taken = [this, pipeline = decisions->pipeline, shard, bytes](bool room) {
    stage_->decisions_taken(pipeline, shard, bytes, room);
  };
  self_->request(shards_[shard], caf::infinite, decisions).then(taken, [taken](const caf::error&) {
    taken(true);
  });
}

void origin_state::send_progress(pipeline_id pipeline, const progress_ptr& records) {
  self_->send(compressors_.at(pipeline), records);
}

void origin_state::send_low_water(pipeline_id pipeline, const cluster::low_water& mark) {
  self_->send(compressors_.at(pipeline), mark);
}

void origin_state::records_read() {
  records_read_ = true;
  for (auto& promise : std::exchange(awaiting_records_, {}))
    promise.deliver(records_atom_v);
}

caf::result<records_atom> origin_state::await_records() {
  if (records_read_)
    return records_atom_v;
  return awaiting_records_.emplace_back(self_->make_response_promise<records_atom>());
}

void origin_state::write(const commit_ptr& work) {
  self_->request(writer_, caf::infinite, work).then([this](stored_atom) { stage_->written(); });
}

void origin_state::go_on_after(steady_ns pause) {
  if (pause == 0)
    self_->send(self_, recover_atom_v);
  else
    self_->delayed_send(self_, std::chrono::nanoseconds(pause), recover_atom_v);
}

origin_actor::behavior_type origin(origin_actor::stateful_pointer<origin_state> self,
                                   origin_change plan, std::shared_ptr<storage::disk> disk,
                                   stages::position_counter positions, writer_actor writer) {
  end_process_where_it_throws(self);
  auto& state = self->state;
  state.start(self, *plan, std::move(disk), std::move(positions), std::move(writer));
  return {
      [&state](const entry_ptr& entry) {
        state.stall();
        state.stage().stored(entry, moment::now());
      },
      [&state](taken_atom, std::uint64_t bytes) { state.stage().taken(bytes); },
      [&state](const settled_ptr& report) { state.stage().settled(*report); },
      [&state](node_id owner, const wrong_owner_ptr& report) {
        state.stage().turned_away(owner, *report, moment::now());
      },
      [&state](taken_atom, cluster::link_number link, node_id peer, std::uint64_t bytes) {
        state.taken_away(link, peer, bytes);
      },
      [&state](away_atom, const settled_ptr& report) { state.stage().settled_away(*report); },
      [&state](const ring_ptr& ring) { state.stage().change_ring(*ring, moment::now()); },
      [&state](linked_atom, const peer_link_ptr& link) { state.link_up(link); },
      [&state](lost_atom, node_id peer) { state.link_lost(peer); },
      [&state](records_atom) { return state.await_records(); },
      [&state](look_atom) { return state.look(); },
      [&state](recover_atom) { state.stage().go_on(moment::now()); },
      [&state](tick_atom) { state.tick(); },
      [&state](const origin_change& plan) -> caf::result<changed_atom> {
        state.change(*plan);
        return changed_atom_v;
      },
      [&state](stop_atom) -> caf::result<stopped_atom> {
        state.tick();
        return stopped_atom_v;
      },
  };
}

} // namespace weir::actors
