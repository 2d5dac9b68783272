#include "node_sides.hpp"

namespace weir::simulation {

namespace {

std::string text_of(const entry_id& id) {
  return fmt::format("entry {}/{}", id.epoch, id.sequence);
}

std::string text_of(const stages::decided& message) {
  auto text = fmt::format("ticket {}:", message.ticket);
  for (const auto& trace : message.traces)
    text += fmt::format(" trace {} {}", storage::keys::read_u64(trace.id.view()) - 1,
                        trace.verdict.keep ? "kept" : "dropped");
  return text;
}

} // namespace

// -- intake --

void node::intake_side::send_entry(const stages::entry_ptr& entry) {
  owner->schedule_.post("intake > origin", text_of(entry->header.id) + " is durable",
                        [owner = owner, entry] {
                          owner->origin_side_->stage->stored(entry, owner->schedule_.now());
                        });
}

void node::intake_side::send_turn() {
  owner->schedule_.post("writer > intake", "a commit is over", [owner = owner] {
    owner->intake_side_->stage->on_turn(owner->schedule_.now());
  });
}

// -- origin --

void node::origin_side::send_entry(std::size_t shard, const stages::entry_ptr& entry) {
  owner.schedule_.post("origin > " + shard_name(shard), text_of(entry->header.id),
                       [this, shard, entry] {
                         owner.shard_sides_[shard]->stage->take(entry, owner.schedule_.now());
                       });
}

void node::origin_side::send_move(std::size_t shard, const entry_id& id, journal_position position,
                                  bool answer) {
  owner.schedule_.post("origin > " + shard_name(shard),
                       fmt::format("{} stands at {}", text_of(id), position),
                       [this, shard, id, position, answer] {
                         owner.shard_sides_[shard]->stage->moved(id, position);
                         if (answer)
                           owner.schedule_.post(shard_name(shard) + " > origin", "move seen",
                                                [this] { stage->move_seen(); });
                       });
}

void node::origin_side::send_sent_until(std::size_t shard, steady_ns moment) {
  owner.schedule_.post("origin > " + shard_name(shard), "sent until", [this, shard, moment] {
    owner.shard_sides_[shard]->stage->sent_until(owner.disk_->node(), moment);
  });
}

void node::origin_side::send_decisions(std::size_t shard, const stages::decisions_ptr& decisions,
                                       std::uint64_t bytes) {
  owner.schedule_.post("origin > " + shard_name(shard), fmt::format("{} bytes of decisions", bytes),
                       [this, shard, decisions, bytes] {
                         const bool room = owner.shard_sides_[shard]->stage->load(*decisions);
                         owner.schedule_.post(
                             shard_name(shard) + " > origin", "decisions are remembered",
                             [this, shard, bytes, room, pipeline = decisions->pipeline] {
                               stage->decisions_taken(pipeline, shard, bytes, room);
                             });
                       });
}

void node::origin_side::send_progress(pipeline_id, const stages::progress_ptr& records) {
  owner.schedule_.post("origin > compressor",
                       fmt::format("progress of {} entries", records->records.size()),
                       [side = owner.compressor_side_, records] {
                         if (side->stage)
                           side->stage->load(*records);
                       });
}

void node::origin_side::send_low_water(pipeline_id, const cluster::low_water& mark) {
  owner.schedule_.post("origin > compressor",
                       fmt::format("forgotten below {}/{}", mark.epoch, mark.below),
                       [side = owner.compressor_side_, mark] {
                         if (side->stage)
                           side->stage->forget(mark);
                       });
}

void node::origin_side::write(const stages::commit_ptr& work) {
  owner.commits_.push_back({work, "writer > origin", [this] { stage->written(); }});
}

void node::origin_side::go_on_after(steady_ns pause) {
  const auto call = [this] { stage->go_on(owner.schedule_.now()); };
  if (pause == 0)
    owner.schedule_.post("origin", "goes on", call);
  else
    owner.schedule_.after(pause, call);
}

// -- shard --

void node::shard_side::send_taken(node_id, std::uint64_t bytes) {
  owner.schedule_.post(shard_name(index) + " > origin", fmt::format("credit of {}", bytes),
                       [this, bytes] { owner.origin_side_->stage->taken(bytes); });
}

void node::shard_side::send_settled(node_id, const stages::settled_ptr& report) {
  std::string text = "settled:";
  for (const auto& [entry, slots] : report->entries)
    text += fmt::format(" {} slots of {}", slots.size(), text_of(entry));
  owner.schedule_.post(shard_name(index) + " > origin", std::move(text),
                       [this, report] { owner.origin_side_->stage->settled(*report); });
}

void node::shard_side::send_decided(stages::compressor_number compressor,
                                    const stages::decided_ptr& message) {
  owner.schedule_.post(shard_name(index) + " > compressor", text_of(*message),
                       [this, side = owner.compressor_side_, compressor, message] {
                         if (side->stage && side->number == compressor)
                           side->stage->take(*message, owner.schedule_.now());
                       });
}

// -- compressor --

void node::compressor_side::write(const stages::commit_ptr& work) {
  owner.commits_.push_back({work, "writer > compressor", [side = shared_from_this()] {
                              if (side->stage)
                                side->stage->written();
                            }});
}

void node::compressor_side::send_durable(std::uint32_t shard, pipeline_id pipeline,
                                         std::uint64_t ticket) {
  owner.schedule_.post(
      "compressor > " + shard_name(shard), fmt::format("ticket {} is durable", ticket),
      [&node = owner, shard, pipeline, ticket] {
        node.shard_sides_[shard]->stage->durable(pipeline, ticket, node.schedule_.now());
      });
}

void node::compressor_side::time_out_after(steady_ns pause) {
  owner.schedule_.after(pause, [side = shared_from_this()] {
    if (side->stage)
      side->stage->on_timeout();
  });
}

// -- exporter --

void node::exporter_side::send(std::uint64_t id, backends::export_request request) {
  owner.schedule_.note(fmt::format("exporter: request {} with {} spans", id, request.items));
  owner.sent_.push_back({id, std::move(request)});
}

void node::exporter_side::send_report(stages::delivery_report report) {
  owner.schedule_.post("exporter", "a request cannot be built", [this, report] {
    stage->finished(report, owner.schedule_.now());
    owner.pump();
  });
}

void node::exporter_side::write(const stages::commit_ptr& work) {
  owner.commits_.push_back({work, "writer > exporter", [this] {
                              stage->written(owner.schedule_.now());
                              owner.pump();
                            }});
}

void node::exporter_side::pump_after(steady_ns pause) {
  owner.schedule_.after(pause, [this] { owner.pump(); });
}

void node::exporter_side::look_after(steady_ns pause) {
  owner.schedule_.after(pause, [this] {
    stage->on_look_timer();
    owner.pump();
  });
}

} // namespace weir::simulation
