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
      [told](sent_until_atom, std::int64_t moment) { told->sent_until.push_back(moment); },
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
};

inline compressor_actor::behavior_type fake_compressor(compressor_actor::pointer,
                                                       told_compressor* told) {
  return {
      [told](const decided_ptr& message) { told->decided.push_back(message); },
      [told](const progress_ptr& records) { told->progress.push_back(records); },
      [](const cluster::low_water&) {},
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
};

inline origin_actor::behavior_type fake_origin(origin_actor::pointer, told_origin* told) {
  return {
      [told](const entry_ptr& entry) { told->entries.push_back(entry); },
      [told](taken_atom, std::uint64_t bytes) { told->credit += bytes; },
      [told](const settled_ptr& report) { told->settled.push_back(report); },
      [](recover_atom) {},
      [](tick_atom) {},
      [](const origin_change&) -> caf::result<changed_atom> { return changed_atom_v; },
      [](stop_atom) -> caf::result<stopped_atom> { return stopped_atom_v; },
  };
}

} // namespace weir::actors
