#include "node_sides.hpp"

namespace weir::simulation {

namespace {

std::string text_of(const entry_id& id) {
  return fmt::format("entry n{}/{}/{}", id.node, id.epoch, id.sequence);
}

std::string text_of(const stages::decided& message) {
  auto text = fmt::format("ticket {}:", message.ticket);
  for (const auto& trace : message.traces)
    text += fmt::format(" trace {} {}", storage::keys::read_u64(trace.id.view()) - 1,
                        trace.verdict.keep ? "kept" : "dropped");
  for (const auto& each : message.slots)
    text += fmt::format(" {}:{}={}", text_of(message.entries[each.entry].id), each.slot,
                        storage::keys::read_u64(message.traces[each.trace].id.view()) - 1);
  return text;
}

std::string text_of(const char* word, const std::vector<cluster::entry_slots>& entries) {
  std::string text = word;
  for (const auto& [entry, slots] : entries)
    text += fmt::format(" {} slots of {}", slots.size(), text_of(entry));
  return text;
}

} // namespace

// -- intake --

void node::intake_side::send_entry(const stages::entry_ptr& entry) {
  owner->room_.post(
      "intake > origin", [&] { return text_of(entry->header.id) + " is durable"; },
      [owner = owner, entry] { owner->origin_side_->stage->stored(entry, owner->room_.now()); });
}

void node::intake_side::send_turn() {
  owner->room_.post("writer > intake", "a commit is over",
                    [owner = owner] { owner->intake_side_->stage->on_turn(owner->room_.now()); });
}

// -- origin --

void node::origin_side::send_entry(std::size_t shard, const stages::entry_ptr& entry) {
  owner.room_.post(
      "origin > " + shard_name(shard), [&] { return text_of(entry->header.id); },
      [this, shard, entry] { owner.shard_sides_[shard]->stage->take(entry, owner.room_.now()); });
}

void node::origin_side::send_move(std::size_t shard, const entry_id& id, journal_position position,
                                  bool answer) {
  owner.room_.post(
      "origin > " + shard_name(shard),
      [&] { return fmt::format("{} stands at {}", text_of(id), position); },
      [this, shard, id, position, answer] {
        owner.shard_sides_[shard]->stage->moved(id, position);
        if (answer)
          owner.room_.post(shard_name(shard) + " > origin", "move seen",
                           [this] { stage->move_seen(); });
      });
}

void node::origin_side::send_sent_until(std::size_t shard, steady_ns moment, std::uint64_t ring) {
  owner.room_.post("origin > " + shard_name(shard), "sent until", [this, shard, moment, ring] {
    owner.shard_sides_[shard]->stage->sent_until(owner.disk_->node(), moment, ring);
  });
}

void node::origin_side::send_away(node_id target, cluster::link_message message) {
  owner.hub_side_->send_to(target, std::move(message));
}

void node::origin_side::send_decisions(std::size_t shard, const stages::decisions_ptr& decisions,
                                       std::uint64_t bytes) {
  owner.room_.post(
      "origin > " + shard_name(shard), [&] { return fmt::format("{} bytes of decisions", bytes); },
      [this, shard, decisions, bytes] {
        const bool room = owner.shard_sides_[shard]->stage->load(*decisions);
        owner.room_.post(shard_name(shard) + " > origin", "decisions are remembered",
                         [this, shard, bytes, room, pipeline = decisions->pipeline] {
                           stage->decisions_taken(pipeline, shard, bytes, room);
                         });
      });
}

void node::origin_side::send_progress(pipeline_id, const stages::progress_ptr& records) {
  owner.room_.post(
      "origin > compressor",
      [&] { return fmt::format("progress of {} entries", records->records.size()); },
      [side = owner.compressor_side_, records] {
        if (side->stage)
          side->stage->load(*records);
      });
}

void node::origin_side::send_low_water(pipeline_id, const cluster::low_water& mark) {
  owner.room_.post(
      "origin > compressor",
      [&] { return fmt::format("forgotten below {}/{}", mark.epoch, mark.below); },
      [side = owner.compressor_side_, mark] {
        if (side->stage)
          side->stage->forget(mark);
      });
}

// What it said before is in the mailboxes before anything of others.
void node::origin_side::records_read() {
  if (owner.wire_ != nullptr)
    owner.room_.post("origin > hub", "records are read", [this] { owner.join(); });
}

void node::origin_side::write(const stages::commit_ptr& work) {
  owner.commits_.push_back({work, "writer > origin", [this] { stage->written(); }});
}

void node::origin_side::go_on_after(steady_ns pause) {
  const auto call = [this] { stage->go_on(owner.room_.now()); };
  if (pause == 0)
    owner.room_.post("origin", "goes on", call);
  else
    owner.room_.after(pause, call);
}

// -- shard --

void node::shard_side::send_taken(node_id origin, std::uint64_t bytes) {
  if (origin != owner.disk_->node())
    return owner.room_.post(
        shard_name(index) + " > inbox", [&] { return fmt::format("credit of {}", bytes); },
        [this, origin, bytes] { owner.inbox_side_->stage->taken(origin, bytes); });
  owner.room_.post(
      shard_name(index) + " > origin", [&] { return fmt::format("credit of {}", bytes); },
      [this, bytes] { owner.origin_side_->stage->taken(bytes); });
}

void node::shard_side::send_settled(node_id origin, const stages::settled_ptr& report) {
  const auto text = [&] { return text_of("settled:", report->entries); };
  if (origin != owner.disk_->node())
    return owner.room_.post(shard_name(index) + " > inbox", text, [this, origin, report] {
      owner.inbox_side_->stage->settled(origin, *report);
    });
  owner.room_.post(shard_name(index) + " > origin", text,
                   [this, report] { owner.origin_side_->stage->settled(*report); });
}

void node::shard_side::send_turned_away(node_id origin, cluster::wrong_owner report) {
  const auto text = [&] { return text_of("not its own:", report.entries); };
  if (origin != owner.disk_->node())
    return owner.room_.post(shard_name(index) + " > inbox", text, [this, origin, report] {
      owner.inbox_side_->stage->turned_away(origin, report);
    });
  owner.room_.post(shard_name(index) + " > origin", text, [this, report] {
    owner.origin_side_->stage->turned_away(owner.disk_->node(), report, owner.room_.now());
  });
}

void node::shard_side::send_ring(stages::compressor_number compressor,
                                 const stages::ring_ptr& ring) {
  owner.room_.post(shard_name(index) + " > compressor", "ring",
                   [this, side = owner.compressor_side_, compressor, ring] {
                     if (side->stage && side->number == compressor)
                       side->stage->ring_passed(index, ring);
                   });
}

void node::shard_side::send_handed(stages::compressor_number compressor,
                                   const stages::handed_ptr& message) {
  owner.room_.post(
      shard_name(index) + " > compressor",
      [&] {
        return fmt::format("{} for n{}", message->chunk.empty() ? "no more" : "decisions",
                           message->target);
      },
      [side = owner.compressor_side_, compressor, message] {
        if (side->stage && side->number == compressor)
          side->stage->hand_over(message);
      });
}

void node::shard_side::send_decided(stages::compressor_number compressor,
                                    const stages::decided_ptr& message) {
  owner.check_decided(*message);
  owner.room_.post(
      shard_name(index) + " > compressor", [&] { return text_of(*message); },
      [this, side = owner.compressor_side_, compressor, message] {
        if (side->stage && side->number == compressor)
          side->stage->take(*message, owner.room_.now());
      });
}

// -- compressor --

void node::compressor_side::write(const stages::commit_ptr& work) {
  owner.commits_.push_back({work, "writer > compressor", [side = shared_from_this()] {
                              if (side->stage)
                                side->stage->written(side->owner.room_.now());
                            }});
}

void node::compressor_side::send_durable(std::uint32_t shard, pipeline_id pipeline,
                                         std::uint64_t ticket) {
  owner.room_.post(
      "compressor > " + shard_name(shard),
      [&] { return fmt::format("ticket {} is durable", ticket); },
      [&node = owner, shard, pipeline, ticket] {
        node.shard_sides_[shard]->stage->durable(pipeline, ticket, node.room_.now());
      });
}

void node::compressor_side::time_out_after(steady_ns pause) {
  owner.room_.after(pause, [side = shared_from_this()] {
    if (side->stage)
      side->stage->on_timeout();
  });
}

void node::compressor_side::show_after(steady_ns pause) {
  owner.room_.after(pause, [side = shared_from_this()] {
    if (side->stage)
      side->stage->show_blocks(side->owner.room_.now());
  });
}

void node::compressor_side::send_away(node_id target, cluster::handed_over message) {
  owner.hub_side_->send_to(target, std::move(message));
}

void node::compressor_side::send_handed(std::uint32_t shard, const stages::handed_ptr& message) {
  owner.room_.post("compressor > " + shard_name(shard), "decisions are handed over",
                   [&node = owner, shard, message] {
                     node.shard_sides_[shard]->stage->handed(traces, *message);
                   });
}

void node::compressor_side::send_taken_over(const stages::handed_ticket& handed) {
  owner.room_.post("compressor > inbox", "what another decided is durable",
                   [&node = owner, handed] { node.inbox_side_->stage->taken_over(handed); });
}

// -- exporter --

void node::exporter_side::send(std::uint64_t id, backends::export_request request) {
  owner.room_.note(fmt::format("exporter: request {} with {} spans", id, request.items));
  owner.sent_.push_back({id, std::move(request)});
}

void node::exporter_side::send_report(stages::delivery_report report) {
  owner.room_.post("exporter", "a request cannot be built", [this, report] {
    stage->finished(report, owner.room_.now());
    owner.pump();
  });
}

void node::exporter_side::write(const stages::commit_ptr& work) {
  owner.commits_.push_back({work, "writer > exporter", [this] {
                              stage->written(owner.room_.now());
                              owner.pump();
                            }});
}

void node::exporter_side::pump_after(steady_ns pause) {
  owner.room_.after(pause, [this] { owner.pump(); });
}

void node::exporter_side::look_after(steady_ns pause) {
  owner.room_.after(pause, [this] {
    stage->on_look_timer();
    owner.pump();
  });
}

} // namespace weir::simulation
