#include "actors/shard.hpp"

#include "actors/last_words.hpp"

#include <algorithm>
#include <chrono>

namespace weir::actors {

namespace {
constexpr auto tick_interval = std::chrono::milliseconds(100);
} // namespace

void shard_state::start(shard_actor::pointer self, stages::shard_config config,
                        const shard_change_message& plan,
                        std::shared_ptr<const storage::disk> disk) {
  self_ = self;
  node_ = disk->node();
  index_ = config.index;
  broken_ = config.broken;
  config.origins = {node_};
  self_->set_down_handler([this](const caf::down_msg& down) { ended(down.source); });
  add_compressors(plan);
  stage_.emplace(std::move(config), plan.pipelines, std::move(disk), *this, moment::now());
  self_->delayed_send(self_, tick_interval, tick_atom_v);
}

void shard_state::add_compressors(const shard_change_message& plan) {
  for (const auto& [number, compressor] : plan.compressors)
    if (compressors_.emplace(number, compressor).second)
      self_->monitor(compressor);
}

void shard_state::ended(const caf::actor_addr& which) {
  const auto found = std::find_if(compressors_.begin(), compressors_.end(), [&](const auto& each) {
    return caf::actor_cast<caf::actor_addr>(each.second) == which;
  });
  if (found == compressors_.end())
    return;
  stage_->compressor_ended(found->first);
  compressors_.erase(found);
}

void shard_state::take(const entry_ptr& entry) {
  if (entry->header.id.node == node_)
    origin_ = caf::actor_cast<origin_actor>(self_->current_sender());
  else
    inbox_ = caf::actor_cast<inbox_actor>(self_->current_sender());
  stage_->take(entry, moment::now());
}

void shard_state::change(const shard_change_message& plan) {
  add_compressors(plan);
  stage_->change(plan.pipelines, moment::now());
}

void shard_state::tick() {
  self_->delayed_send(self_, tick_interval, tick_atom_v);
  stage_->tick(moment::now());
}

void shard_state::send_taken(node_id origin, std::uint64_t bytes) {
  if (origin == node_)
    self_->send(origin_, taken_atom_v, bytes);
  else
    self_->send(inbox_, taken_atom_v, origin, bytes);
}

void shard_state::send_settled(node_id origin, const settled_ptr& report) {
  if (origin == node_)
    self_->send(origin_, report);
  else
    self_->send(inbox_, origin, report);
}

void shard_state::send_turned_away(node_id origin, cluster::wrong_owner report) {
  auto message = std::make_shared<const cluster::wrong_owner>(std::move(report));
  if (origin == node_)
    self_->send(origin_, node_, std::move(message));
  else
    self_->send(inbox_, origin, std::move(message));
}

void shard_state::send_decided(stages::compressor_number compressor, const decided_ptr& message) {
  self_->send(compressors_.at(compressor), message);
}

void shard_state::send_ring(stages::compressor_number compressor, const ring_ptr& ring) {
  self_->send(compressors_.at(compressor), index_, ring);
}

void shard_state::send_handed(stages::compressor_number compressor, const handed_ptr& message) {
  self_->send(compressors_.at(compressor), message);
}

shard_actor::behavior_type shard(shard_actor::stateful_pointer<shard_state> self,
                                 stages::shard_config config, shard_change plan,
                                 std::shared_ptr<const storage::disk> disk) {
  end_process_where_it_throws(self);
  auto& state = self->state;
  state.start(self, std::move(config), *plan, std::move(disk));
  return {
      [&state](const entry_ptr& entry) {
        state.stall();
        state.take(entry);
      },
      [&state](const decisions_ptr& chunks) { return state.stage().load(*chunks); },
      [&state](sent_until_atom, node_id origin, std::int64_t moment, std::uint64_t ring) {
        state.stage().sent_until(origin, moment, ring);
      },
      [&state](durable_atom, pipeline_id pipeline, std::uint64_t ticket) {
        state.stage().durable(pipeline, ticket, moment::now());
      },
      [&state](handed_atom, pipeline_id pipeline, const handed_ptr& message) {
        state.stage().handed(pipeline, *message);
      },
      [&state](const ring_ptr& ring) { state.stage().change_ring(ring, moment::now()); },
      [&state](const taken_over_ptr& message) { state.stage().take_over(*message, moment::now()); },
      [&state](look_atom) { return static_cast<std::uint64_t>(state.stage().awaited()); },
      [&state](moved_atom, const entry_id& id,
               journal_position position) -> caf::result<moved_atom> {
        state.stage().moved(id, position);
        return moved_atom_v;
      },
      [&state](tick_atom) { state.tick(); },
      [&state](const shard_change& plan) -> caf::result<changed_atom> {
        state.change(*plan);
        return changed_atom_v;
      },
      // What is undecided stays in the journal; what is decided is with the compressor already.
      [](stop_atom) -> caf::result<stopped_atom> { return stopped_atom_v; },
  };
}

} // namespace weir::actors
