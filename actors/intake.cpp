#include "actors/intake.hpp"

#include "actors/last_words.hpp"
#include "core/scheduling.hpp"

#include <caf/send.hpp>

namespace weir::actors {

// Shared with the commits that are in flight. The pool is the actor's thread's alone.
class intake_state::ports final : public stages::intake_ports {
public:
  ports(intake_actor self, writer_actor writer, origin_actor origin, stages::edit_limits edits,
        otlp::scan_limits limits)
      : self_(std::move(self)), writer_(std::move(writer)), origin_(std::move(origin)),
        edits_(edits), limits_(limits) {}

  void edit(std::vector<stages::edit_job_ptr> jobs) override {
    if (!pool_)
      pool_ = std::make_unique<edit_pool>(edits_, limits_,
                                          [self = self_] { caf::anon_send(self, edited_atom_v); });
    pool_->give(std::move(jobs));
  }
  void drop_edits() override {
    if (pool_)
      pool_->drop_waiting();
  }
  std::vector<stages::edit_job_ptr> take_edited() { return pool_->take(); }

  void write(const commit_ptr& work) override { caf::anon_send(writer_, work); }
  void send_entry(const entry_ptr& entry) override { caf::anon_send(origin_, entry); }
  void send_turn() override { caf::anon_send(self_, flush_atom_v); }

private:
  const intake_actor self_;
  const writer_actor writer_;
  const origin_actor origin_;
  const stages::edit_limits edits_;
  const otlp::scan_limits limits_;
  std::unique_ptr<edit_pool> pool_;
};

void intake_state::start(intake_actor::pointer self, stages::intake_config config,
                         std::shared_ptr<storage::disk> disk, stages::position_counter positions,
                         writer_actor writer, origin_actor origin) {
  self_ = self;
  broken_ = config.broken;
  ports_ = std::make_shared<ports>(caf::actor_cast<intake_actor>(self_), std::move(writer),
                                   std::move(origin), config.edits, config.limits);
  stage_.emplace(std::move(config), std::move(disk), std::move(positions), ports_);
  auto work = std::make_shared<stages::commit>();
  stage_->begin(work->batch, moment::now());
  if (!work->batch.empty())
    ports_->write(work);
  tick_soon();
}

void intake_state::tick_soon() {
  self_->delayed_send(self_, std::chrono::seconds(1), tick_atom_v);
}

void intake_state::on_tick() {
  stage_->on_tick(moment::now());
  answer();
  tick_soon();
}

void intake_state::take(arrivals& arrived) {
  stage_->take(arrived.requests, moment::now());
  answer();
}

void intake_state::take_edited() {
  stage_->edited(ports_->take_edited(), moment::now());
  answer();
}

void intake_state::on_turn() {
  stage_->on_turn(moment::now());
  answer();
}

void intake_state::change_ring(const ring_ptr& ring) {
  std::map<std::string, stages::owner_map> differing;
  for (const auto& [name, owners] : ring->differing)
    differing.emplace(name, stages::owner_map(ring, &owners.owners));
  stage_->change_owners(stages::owner_map(ring, &ring->owners), std::move(differing));
}

caf::result<changed_atom> intake_state::change(const intake_change& wanted) {
  auto promise = self_->make_response_promise<changed_atom>();
  changing_.push_back(promise);
  stage_->change(wanted, moment::now());
  answer();
  return promise;
}

caf::result<stopped_atom> intake_state::stop() {
  auto promise = self_->make_response_promise<stopped_atom>();
  stopping_.push_back(promise);
  stage_->stop(moment::now());
  answer();
  return promise;
}

void intake_state::answer() {
  if (!changing_.empty() && stage_->changed())
    for (auto& promise : std::exchange(changing_, {}))
      promise.deliver(changed_atom_v);
  if (!stopping_.empty() && stage_->idle())
    for (auto& promise : std::exchange(stopping_, {}))
      promise.deliver(stopped_atom_v);
}

intake_actor::behavior_type intake(intake_actor::stateful_pointer<intake_state> self,
                                   stages::intake_config config,
                                   std::shared_ptr<storage::disk> disk,
                                   stages::position_counter positions, writer_actor writer,
                                   origin_actor origin) {
  end_process_where_it_throws(self);
  run_soon_when_woken();
  auto& state = self->state;
  state.start(self, std::move(config), std::move(disk), std::move(positions), std::move(writer),
              std::move(origin));
  return {
      [&state](const arrivals_ptr& arrived) {
        state.stall();
        state.take(*arrived);
      },
      [&state](edited_atom) { state.take_edited(); },
      [&state](flush_atom) { state.on_turn(); },
      [&state](tick_atom) { state.on_tick(); },
      [&state](const intake_change& wanted) { return state.change(wanted); },
      [&state](const ring_ptr& ring) { state.change_ring(ring); },
      [&state](stop_atom) { return state.stop(); },
  };
}

} // namespace weir::actors
