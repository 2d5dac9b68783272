#include "actors/exporter.hpp"

#include "actors/last_words.hpp"

#include <caf/send.hpp>

namespace weir::actors {

namespace {

// What waits in the mailbox (an end, answers) has its turn after so long.
constexpr steady_ns pump_budget = 20 * millisecond_ns;

} // namespace

exporter_state::~exporter_state() {
  if (tail_)
    tail_->unsubscribe(subscription_);
}

void exporter_state::start(exporter_actor::pointer self, stages::exporter_plan plan,
                           std::shared_ptr<storage::disk> disk,
                           std::shared_ptr<stages::log_tail> tail, writer_actor writer,
                           std::shared_ptr<backends::sender> sender) {
  self_ = self;
  tail_ = std::move(tail);
  writer_ = std::move(writer);
  sender_ = std::move(sender);
  interval_ = plan.cursor_interval;
  broken_ = plan.broken;
  stage_.emplace(std::move(plan), std::move(disk), tail_, *this, moment::now());
  subscription_ = tail_->subscribe(
      [pending = stage_->wake_pending(), to = caf::actor_cast<exporter_actor>(self_)] {
        if (!pending->exchange(true))
          caf::anon_send(to, wake_atom_v);
      });
  self_->delayed_send(self_, interval_, tick_atom_v);
  self_->send(self_, wake_atom_v);
}

void exporter_state::pump() {
  const auto end = steady_now() + pump_budget;
  while (stage_->pump(moment::now())) {
    if (steady_now() < end)
      continue;
    self_->send(self_, wake_atom_v);
    return;
  }
}

void exporter_state::finished(const stages::delivery_report& report) {
  stage_->finished(report, moment::now());
  stop_when_idle();
  pump();
}

void exporter_state::written() {
  stage_->written(moment::now());
  if (stage_->settled())
    for (auto& promise : std::exchange(obeying_, {}))
      promise.deliver(changed_atom_v);
  stop_when_idle();
  pump(); // Letters that waited may have held up the sending.
}

void exporter_state::tick() {
  self_->delayed_send(self_, interval_, tick_atom_v);
  stage_->tick(moment::now());
  pump();
}

caf::result<changed_atom> exporter_state::obey(const stages::exporter_order& order) {
  auto promise = self_->make_response_promise<changed_atom>();
  obeying_.push_back(promise);
  stage_->obey(order, moment::now());
  pump();
  return promise;
}

caf::result<stopped_atom> exporter_state::stop() {
  auto promise = self_->make_response_promise<stopped_atom>();
  stopping_.push_back(promise);
  stage_->stop(moment::now());
  stop_when_idle();
  return promise;
}

void exporter_state::stop_when_idle() {
  if (stopping_.empty() || !stage_->idle())
    return;
  sender_->stop();
  for (auto& promise : std::exchange(stopping_, {}))
    promise.deliver(stopped_atom_v);
}

void exporter_state::send(std::uint64_t id, backends::export_request request) {
  sender_->send(std::move(request),
                [to = caf::actor_cast<exporter_actor>(self_), id](backends::outcome outcome) {
                  caf::anon_send(to, std::make_shared<const stages::delivery_report>(
                                         stages::delivery_report{id, std::move(outcome)}));
                });
}

void exporter_state::send_report(stages::delivery_report report) {
  self_->send(self_, std::make_shared<const stages::delivery_report>(std::move(report)));
}

void exporter_state::write(const commit_ptr& work) {
  self_->request(writer_, caf::infinite, work).then([this](stored_atom) { written(); });
}

void exporter_state::pump_after(steady_ns pause) {
  self_->delayed_send(self_, std::chrono::nanoseconds(pause), wake_atom_v);
}

void exporter_state::look_after(steady_ns pause) {
  self_->delayed_send(self_, std::chrono::nanoseconds(pause), look_atom_v);
}

exporter_actor::behavior_type exporter(exporter_actor::stateful_pointer<exporter_state> self,
                                       stages::exporter_plan plan,
                                       std::shared_ptr<storage::disk> disk,
                                       std::shared_ptr<stages::log_tail> tail, writer_actor writer,
                                       std::shared_ptr<backends::sender> sender) {
  end_process_where_it_throws(self);
  auto& state = self->state;
  state.start(self, std::move(plan), std::move(disk), std::move(tail), std::move(writer),
              std::move(sender));
  return {
      [&state](wake_atom) {
        state.stall();
        state.pump();
      },
      [&state](look_atom) {
        state.stall();
        state.stage().on_look_timer();
        state.pump();
      },
      [&state](const delivery_ptr& report) { state.finished(*report); },
      [&state](tick_atom) { state.tick(); },
      [&state](const exporter_order_ptr& order) { return state.obey(*order); },
      [&state](stop_atom) { return state.stop(); },
  };
}

} // namespace weir::actors
