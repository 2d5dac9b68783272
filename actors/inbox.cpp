#include "actors/inbox.hpp"

#include "actors/last_words.hpp"
#include "core/log.hpp"

namespace weir::actors {

void inbox_state::start(inbox_actor::pointer self, const inbox_change_message& plan,
                        std::vector<shard_actor> shards, std::shared_ptr<storage::disk> disk) {
  self_ = self;
  shards_ = std::move(shards);
  compressors_ = plan.compressors;
  stage_.emplace(plan.config, std::move(disk), *this);
}

void inbox_state::take(peer_message& message) {
  if (stopped_)
    return;
  // What still comes over an earlier link is as true as it was.
  const auto peer = message.session->word.node;
  if (auto& newest = sessions_[peer]; !newest || newest->number < message.session->number) {
    newest = message.session;
    stage_->link_changed(peer);
  }
  const auto now = moment::now();
  auto& content = message.message;
  if (const auto* entry = std::get_if<cluster::sent_entry>(&content))
    stage_->take(peer, *entry, now);
  else if (const auto* until = std::get_if<cluster::sent_until>(&content))
    stage_->take(peer, *until, now);
  else if (const auto* mark = std::get_if<cluster::forgotten>(&content))
    stage_->take(peer, *mark);
  else if (auto* handed = std::get_if<cluster::handed_over>(&content))
    stage_->take(peer, std::move(*handed));
  message.room.reset();
}

void inbox_state::session_closed(cluster::session_number number) {
  std::erase_if(sessions_, [&](const auto& each) { return each.second->number == number; });
}

void inbox_state::change(const inbox_change_message& plan) {
  compressors_ = plan.compressors;
  stage_->change(plan.config);
}

void inbox_state::stop() {
  stopped_ = true;
  sessions_.clear();
}

void inbox_state::send_entry(std::size_t shard, const entry_ptr& entry) {
  self_->send(shards_[shard], entry);
}

void inbox_state::send_sent_until(std::size_t shard, node_id origin, steady_ns moment,
                                  std::uint64_t ring) {
  self_->send(shards_[shard], sent_until_atom_v, origin, static_cast<std::int64_t>(moment), ring);
}

// What the shards decide by it comes to the compressor behind it.
void inbox_state::send_taken_over(const taken_over_ptr& message) {
  self_->send(compressors_.at(message->pipeline), message);
  for (const auto& each : shards_)
    self_->send(each, message);
}

void inbox_state::send_low_water(const cluster::low_water& mark) {
  for (const auto& [pipeline, each] : compressors_)
    self_->send(each, mark);
}

void inbox_state::answer(node_id peer, cluster::link_answer message) {
  if (const auto found = sessions_.find(peer); found != sessions_.end())
    found->second->link->send(std::move(message));
}

void inbox_state::close(node_id peer, const std::string& reason) {
  const auto found = sessions_.find(peer);
  if (found == sessions_.end())
    return;
  const auto& address = found->second->word.address;
  if (log::permit("inbox-closes")) // Not by its address: that is whatever it says.
    log::error({{"peer", address}}, "the link of {} is closed, as it sent {}", address, reason);
  found->second->link->close(reason);
}

inbox_actor::behavior_type inbox(inbox_actor::stateful_pointer<inbox_state> self, inbox_change plan,
                                 std::vector<shard_actor> shards,
                                 std::shared_ptr<storage::disk> disk) {
  end_process_where_it_throws(self);
  auto& state = self->state;
  state.start(self, *plan, std::move(shards), std::move(disk));
  return {
      [&state](const peer_message_ptr& message) { state.take(*message); },
      [&state](closed_atom, cluster::session_number number) { state.session_closed(number); },
      [&state](taken_atom, node_id origin, std::uint64_t bytes) {
        state.stage().taken(origin, bytes);
      },
      [&state](node_id origin, const settled_ptr& report) {
        state.stage().settled(origin, *report);
      },
      [&state](node_id origin, const wrong_owner_ptr& report) {
        state.stage().turned_away(origin, *report);
      },
      [&state](handed_atom, node_id source, std::uint64_t ticket) {
        state.stage().taken_over({source, ticket});
      },
      [&state](const inbox_change& plan) -> caf::result<changed_atom> {
        state.change(*plan);
        return changed_atom_v;
      },
      [&state](stop_atom) -> caf::result<stopped_atom> {
        state.stop();
        return stopped_atom_v;
      },
  };
}

} // namespace weir::actors
