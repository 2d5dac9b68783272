#include "actors/compressor.hpp"

#include "actors/last_words.hpp"

#include <chrono>

namespace weir::actors {

void compressor_state::start(compressor_actor::pointer self,
                             const stages::compressor_config& config,
                             std::shared_ptr<storage::disk> disk,
                             std::shared_ptr<stages::log_tail> tail, writer_actor writer) {
  self_ = self;
  writer_ = std::move(writer);
  broken_ = config.broken;
  stage_.emplace(config, std::move(disk), std::move(tail), *this);
}

void compressor_state::take(const decided_ptr& message) {
  shards_[message->shard] = caf::actor_cast<shard_actor>(self_->current_sender());
  stage_->take(*message, moment::now());
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
  stage_->written();
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

compressor_actor::behavior_type
compressor(compressor_actor::stateful_pointer<compressor_state> self,
           stages::compressor_config config, std::shared_ptr<storage::disk> disk,
           std::shared_ptr<stages::log_tail> tail, writer_actor writer) {
  end_process_where_it_throws(self);
  auto& state = self->state;
  state.start(self, config, std::move(disk), std::move(tail), std::move(writer));
  return {
      [&state](const decided_ptr& message) {
        state.stall();
        state.take(message);
      },
      [&state](const progress_ptr& records) { state.stage().load(*records); },
      [&state](const cluster::low_water& mark) { state.stage().forget(mark); },
      [&state](flush_atom) { state.stage().on_timeout(); },
      [&state](const compressor_change& wanted) -> caf::result<changed_atom> {
        state.stage().change(*wanted);
        return changed_atom_v;
      },
      [&state](stop_atom) { return state.stop(); },
  };
}

} // namespace weir::actors
