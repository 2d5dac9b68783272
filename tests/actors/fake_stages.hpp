#pragma once

#include "actors/messages.hpp"
#include "tests/stages/model_writer.hpp"

#include <utility>
#include <vector>

// Stages of a test that note what they are told. All of one stepped_system.
namespace weir::actors {

/// Commits wait; flush_atom makes all of them durable and answers.
inline writer_actor::behavior_type fake_writer(writer_actor::pointer self,
                                               stages::model_writer* writer) {
  return {
      [self, writer](const commit_ptr& work) -> caf::result<stored_atom> {
        auto promise = self->make_response_promise<stored_atom>();
        writer->take(work, [promise]() mutable { promise.deliver(stored_atom_v); });
        return promise;
      },
      [writer](flush_atom) { writer->write_all(); },
  };
}

/// What a shard was told; what it owes answers to.
struct told_shard {
  std::vector<entry_ptr> entries;
  std::vector<decisions_ptr> decisions;
  std::vector<caf::typed_response_promise<bool>> decisions_taken;
  std::vector<std::int64_t> sent_until;
  std::vector<std::uint64_t> durable; ///< Tickets.
  std::vector<entry_id> moved;
  std::vector<handed_ptr> handed;
  std::vector<ring_ptr> rings;
  std::vector<caf::typed_response_promise<moved_atom>> moves_seen;
};

/// Answers with the next tick_atom.
inline shard_actor::behavior_type fake_shard(shard_actor::pointer self, told_shard* told) {
  return {
      [told](const entry_ptr& entry) { told->entries.push_back(entry); },
      [self, told](const decisions_ptr& message) -> caf::result<bool> {
        told->decisions.push_back(message);
        return told->decisions_taken.emplace_back(self->make_response_promise<bool>());
      },
      [told](sent_until_atom, node_id, std::int64_t moment, std::uint64_t) {
        told->sent_until.push_back(moment);
      },
      [told](handed_atom, pipeline_id, const handed_ptr& message) {
        told->handed.push_back(message);
      },
      [told](const ring_ptr& ring) { told->rings.push_back(ring); },
      [](const taken_over_ptr&) {},
      [](look_atom) { return std::uint64_t{0}; },
      [told](durable_atom, pipeline_id, std::uint64_t ticket) { told->durable.push_back(ticket); },
      [self, told](moved_atom, const entry_id& id, journal_position) -> caf::result<moved_atom> {
        told->moved.push_back(id);
        return told->moves_seen.emplace_back(self->make_response_promise<moved_atom>());
      },
      [told](tick_atom) {
        for (auto& promise : std::exchange(told->decisions_taken, {}))
          promise.deliver(true);
        for (auto& promise : std::exchange(told->moves_seen, {}))
          promise.deliver(moved_atom_v);
      },
      [](const shard_change&) -> caf::result<changed_atom> { return changed_atom_v; },
      [](stop_atom) -> caf::result<stopped_atom> { return stopped_atom_v; },
  };
}

/// What a compressor was told.
struct told_compressor {
  std::vector<decided_ptr> decided;
  std::vector<progress_ptr> progress;
  std::vector<ring_ptr> rings;
  std::vector<handed_ptr> handed;
};

inline compressor_actor::behavior_type fake_compressor(compressor_actor::pointer,
                                                       told_compressor* told) {
  return {
      [told](const decided_ptr& message) { told->decided.push_back(message); },
      [told](const progress_ptr& records) { told->progress.push_back(records); },
      [](const cluster::low_water&) {},
      [told](std::uint32_t, const ring_ptr& ring) { told->rings.push_back(ring); },
      [told](const handed_ptr& message) { told->handed.push_back(message); },
      [](const taken_over_ptr&) {},
      [](linked_atom, const peer_link_ptr&) {},
      [](handed_atom, node_id, std::uint64_t) {},
      [](show_atom) {},
      [](look_atom) { return true; },
      [](flush_atom) {},
      [](const compressor_change&) -> caf::result<changed_atom> { return changed_atom_v; },
      [](stop_atom) -> caf::result<stopped_atom> { return stopped_atom_v; },
  };
}

/// What an origin was told.
struct told_origin {
  std::vector<entry_ptr> entries;
  std::uint64_t credit = 0;
  std::vector<settled_ptr> settled;
  std::vector<wrong_owner_ptr> turned_away;
};

inline origin_actor::behavior_type fake_origin(origin_actor::pointer, told_origin* told) {
  return {
      [told](const entry_ptr& entry) { told->entries.push_back(entry); },
      [told](taken_atom, std::uint64_t bytes) { told->credit += bytes; },
      [told](const settled_ptr& report) { told->settled.push_back(report); },
      [told](node_id, const wrong_owner_ptr& report) { told->turned_away.push_back(report); },
      [](taken_atom, cluster::link_number, node_id, std::uint64_t) {},
      [](away_atom, const settled_ptr&) {},
      [](const ring_ptr&) {},
      [](linked_atom, const peer_link_ptr&) {},
      [](lost_atom, node_id) {},
      [](records_atom) { return records_atom_v; },
      [](look_atom) { return std::make_shared<const origin_look>(); },
      [](recover_atom) {},
      [](tick_atom) {},
      [](const origin_change&) -> caf::result<changed_atom> { return changed_atom_v; },
      [](stop_atom) -> caf::result<stopped_atom> { return stopped_atom_v; },
  };
}

/// What an inbox was told by shards, by the node that it is for.
struct told_inbox {
  std::map<node_id, std::uint64_t> credit;
  std::map<node_id, std::vector<settled_ptr>> settled;
  std::map<node_id, std::vector<wrong_owner_ptr>> turned_away;
  std::vector<std::pair<node_id, std::uint64_t>> handed; ///< Tickets that are durable.
};

inline inbox_actor::behavior_type fake_inbox(inbox_actor::pointer, told_inbox* told) {
  return {
      [](const peer_message_ptr&) {},
      [](closed_atom, cluster::session_number) {},
      [told](taken_atom, node_id origin, std::uint64_t bytes) { told->credit[origin] += bytes; },
      [told](node_id origin, const settled_ptr& report) {
        told->settled[origin].push_back(report);
      },
      [told](node_id origin, const wrong_owner_ptr& report) {
        told->turned_away[origin].push_back(report);
      },
      [told](handed_atom, node_id giver, std::uint64_t ticket) {
        told->handed.emplace_back(giver, ticket);
      },
      [](const inbox_change&) -> caf::result<changed_atom> { return changed_atom_v; },
      [](stop_atom) -> caf::result<stopped_atom> { return stopped_atom_v; },
  };
}

} // namespace weir::actors
