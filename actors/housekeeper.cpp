#include "actors/housekeeper.hpp"

#include "actors/last_words.hpp"

#include <chrono>

namespace weir::actors {

namespace {

constexpr auto tick_interval = std::chrono::milliseconds(200);

void end_where_it_failed(const result<void>& kept) {
  if (!kept)
    end_process({errc::fatal, "the storage failed: " + kept.error().message});
}

} // namespace

housekeeper_actor::behavior_type
housekeeper(housekeeper_actor::stateful_pointer<housekeeper_state> self,
            stages::housekeeper_config config, std::shared_ptr<storage::disk> disk) {
  end_process_where_it_throws(self);
  self->state.stage.emplace(std::move(config), std::move(disk));
  self->send(self, tick_atom_v);
  auto& stage = *self->state.stage;
  return {
      [self, &stage](tick_atom) {
        self->delayed_send(self, tick_interval, tick_atom_v);
        end_where_it_failed(stage.tick(moment::now()));
      },
      [&stage](const housekeeper_change& wanted) -> caf::result<changed_atom> {
        end_where_it_failed(stage.change(*wanted, moment::now()));
        return changed_atom_v;
      },
      [&stage](stop_atom) -> caf::result<stopped_atom> {
        stage.stop();
        return stopped_atom_v;
      },
  };
}

} // namespace weir::actors
