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
  origin_ = caf::actor_cast<origin_actor>(self_->current_sender());
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

void shard_state::send_taken(node_id, std::uint64_t bytes) {
  self_->send(origin_, taken_atom_v, bytes);
}

void shard_state::send_settled(node_id, const settled_ptr& report) {
  self_->send(origin_, report);
}

void shard_state::send_decided(stages::compressor_number compressor, const decided_ptr& message) {
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
      [&state](sent_until_atom, std::int64_t moment) {
        state.stage().sent_until(state.node(), moment);
      },
      [&state](durable_atom, pipeline_id pipeline, std::uint64_t ticket) {
        state.stage().durable(pipeline, ticket, moment::now());
      },
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
