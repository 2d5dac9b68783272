#include "actors/writer.hpp"

#include "actors/last_words.hpp"
#include "core/log.hpp"
#include "core/scheduling.hpp"

#include <thread>

namespace weir::actors {

namespace {

// How often a commit that found the disk full is tried again.
constexpr auto full_disk_pause = std::chrono::milliseconds(200);

// Blocks until it is written: everybody who waits for this thread is bounded by credit, and clients
// are refused meanwhile (the housekeeper closes admission). False: the node ends first.
bool write(storage::store& store, storage::batch& batch, bool sync, const end_flag& ending) {
  for (;;) {
    auto written = store.commit(std::move(batch), sync);
    if (written)
      return true;
    if (written.error().code != errc::full && written.error().code != errc::unavailable)
      end_process({errc::fatal, "the storage failed: " + written.error().message});
    if (ending && *ending) {
      log::warn("what was not written yet, and promised to nobody, is given up: {}",
                written.error().message);
      return false;
    }
    if (log::permit("writer-full"))
      log::warn("waiting for room on the disk: {}", written.error().message);
    std::this_thread::sleep_for(full_disk_pause);
  }
}

} // namespace

writer_actor::behavior_type writer(writer_actor::stateful_pointer<writer_state> self,
                                   std::shared_ptr<storage::store> store, stages::sabotage broken,
                                   end_flag ending) {
  end_process_where_it_throws(self);
  run_soon_when_woken();
  return {
      [self](const commit_ptr& work) -> caf::result<stored_atom> {
        auto& state = self->state;
        if (work->late)
          state.late.push_back(std::move(work->late));
        if (work->durable)
          state.durable.push_back(std::move(work->durable));
        state.gathered.append(std::move(work->batch));
        state.sync |= work->sync;
        auto promise = self->make_response_promise<stored_atom>();
        state.waiting.push_back(promise);
        // Behind everything that is in the mailbox now, so all of that joins this commit.
        if (!std::exchange(state.flush_queued, true))
          self->send(self, flush_atom_v);
        return promise;
      },
      [self, store, broken = std::move(broken), ending = std::move(ending)](flush_atom) {
        broken.stall(writer_state::name);
        auto& state = self->state;
        if (state.gave_up)
          return;
        state.flush_queued = false;
        for (const auto& add : std::exchange(state.late, {}))
          add(state.gathered);
        if (!write(*store, state.gathered, state.sync, ending)) {
          state.gave_up = true;
          return;
        }
        state.gathered = storage::batch();
        state.sync = false;
        for (const auto& tell : std::exchange(state.durable, {}))
          tell(steady_now());
        for (auto& promise : std::exchange(state.waiting, {}))
          promise.deliver(stored_atom_v);
      },
  };
}

} // namespace weir::actors
