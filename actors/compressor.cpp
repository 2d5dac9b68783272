#include "actors/compressor.hpp"

#include "actors/last_words.hpp"

#include <chrono>

namespace weir::actors {

namespace {

// Each compressor counts its tickets from 1 on; those of one node may not be taken for each other.
constexpr std::uint64_t ticket_of(stages::compressor_number number) {
  return std::uint64_t{number} << 40;
}

} // namespace

void compressor_state::start(compressor_actor::pointer self,
                             const stages::compressor_config& config,
                             stages::compressor_number number, std::shared_ptr<storage::disk> disk,
                             std::shared_ptr<stages::log_tail> tail, writer_actor writer) {
  self_ = self;
  writer_ = std::move(writer);
  broken_ = config.broken;
  pipeline_ = config.pipeline;
  ticket_mark_ = ticket_of(number);
  stage_.emplace(config, std::move(disk), std::move(tail), *this);
}

void compressor_state::take(const decided_ptr& message) {
  note_sender(message->shard);
  stage_->take(*message, moment::now());
}

void compressor_state::note_sender(std::uint32_t shard) {
  shards_[shard] = caf::actor_cast<shard_actor>(self_->current_sender());
}

void compressor_state::take_ring(std::uint32_t shard, const ring_ptr& ring) {
  note_sender(shard);
  stage_->ring_passed(shard, ring);
}

void compressor_state::hand_over(const handed_ptr& message) {
  note_sender(message->shard);
  stage_->hand_over(message);
}

void compressor_state::take_over(const taken_over_ptr& message) {
  inbox_ = caf::actor_cast<inbox_actor>(self_->current_sender());
  stage_->take_over(*message);
}

void compressor_state::link_up(const peer_link_ptr& link) {
  std::erase_if(links_, [](const auto& each) { return each.second->closed(); });
  links_[link->peer()] = link;
  stage_->link_up(link->peer());
}

void compressor_state::handed_taken(node_id peer, std::uint64_t ticket) {
  if (compressor_of_ticket(ticket) == compressor_of_ticket(ticket_mark_))
    stage_->handed_taken(peer, ticket ^ ticket_mark_, moment::now());
}

caf::result<stopped_atom> compressor_state::stop() {
  stage_->stop();
  if (stage_->idle())
    return stopped_atom_v;
  auto promise = self_->make_response_promise<stopped_atom>();
  stopping_.push_back(promise);
  return promise;
}

void compressor_state::written() {
  stage_->written(moment::now());
  if (stage_->idle())
    for (auto& promise : std::exchange(stopping_, {}))
      promise.deliver(stopped_atom_v);
}

void compressor_state::write(const commit_ptr& work) {
  self_->request(writer_, caf::infinite, work).then([this](stored_atom) { written(); });
}

void compressor_state::send_durable(std::uint32_t shard, pipeline_id pipeline,
                                    std::uint64_t ticket) {
  self_->send(shards_.at(shard), durable_atom_v, pipeline, ticket);
}

void compressor_state::time_out_after(steady_ns pause) {
  self_->delayed_send(self_, std::chrono::nanoseconds(pause), flush_atom_v);
}

void compressor_state::show_after(steady_ns pause) {
  self_->delayed_send(self_, std::chrono::nanoseconds(pause), show_atom_v);
}

void compressor_state::send_away(node_id target, cluster::handed_over message) {
  const auto found = links_.find(target);
  if (found == links_.end())
    return;
  message.ticket |= ticket_mark_;
  found->second->send(std::move(message));
}

void compressor_state::send_handed(std::uint32_t shard, const handed_ptr& message) {
  self_->send(shards_.at(shard), handed_atom_v, pipeline_, message);
}

void compressor_state::send_taken_over(const stages::handed_ticket& handed) {
  self_->send(inbox_, handed_atom_v, handed.source, handed.ticket);
}

compressor_actor::behavior_type
compressor(compressor_actor::stateful_pointer<compressor_state> self,
           stages::compressor_config config, stages::compressor_number number,
           std::shared_ptr<storage::disk> disk, std::shared_ptr<stages::log_tail> tail,
           writer_actor writer) {
  end_process_where_it_throws(self);
  auto& state = self->state;
  state.start(self, config, number, std::move(disk), std::move(tail), std::move(writer));
  return {
      [&state](const decided_ptr& message) {
        state.stall();
        state.take(message);
      },
      [&state](const progress_ptr& records) { state.stage().load(*records); },
      [&state](const cluster::low_water& mark) { state.stage().forget(mark); },
      [&state](std::uint32_t shard, const ring_ptr& ring) { state.take_ring(shard, ring); },
      [&state](const handed_ptr& message) { state.hand_over(message); },
      [&state](const taken_over_ptr& message) { state.take_over(message); },
      [&state](linked_atom, const peer_link_ptr& link) { state.link_up(link); },
      [&state](handed_atom, node_id peer, std::uint64_t ticket) {
        state.handed_taken(peer, ticket);
      },
      [&state](show_atom) { state.stage().show_blocks(moment::now()); },
      [&state](look_atom) { return state.stage().idle() && state.stage().copied(); },
      [&state](flush_atom) { state.stage().on_timeout(); },
      [&state](const compressor_change& wanted) -> caf::result<changed_atom> {
        state.stage().change(*wanted);
        return changed_atom_v;
      },
      [&state](stop_atom) { return state.stop(); },
  };
}

} // namespace weir::actors
