#include "actors/replays.hpp"

#include "actors/last_words.hpp"
#include "backends/factory.hpp"
#include "core/cpus.hpp"
#include "core/exporter_board.hpp"
#include "core/metrics.hpp"
#include "core/scheduling.hpp"

#include <algorithm>
#include <caf/send.hpp>

namespace weir::actors {

namespace {

// What waits in the mailbox (an end, answers) has its turn after so long.
constexpr steady_ns pump_budget = 20 * millisecond_ns;

// An exporter that sends what has waited for longer is behind.
constexpr unix_ns behind_after = 10 * second_ns;

bool is_behind(const exporter_status& status, unix_ns now) {
  return status.health == exporter_health::sending && status.oldest_waiting != 0
         && status.oldest_waiting + behind_after < now;
}

} // namespace

void replays_state::start(replays_actor::pointer self, stages::replays_config config,
                          std::shared_ptr<storage::disk> disk, writer_actor writer) {
  give_way_to_others();
  self_ = self;
  writer_ = std::move(writer);
  interval_ = config.cursor_interval;
  cpus_ = static_cast<double>(std::max<std::size_t>(1, usable_cpus()));
  stage_.emplace(std::move(config), std::move(disk), *this, moment::now());
  self_->delayed_send(self_, interval_, tick_atom_v);
}

void replays_state::pump() {
  pumping_ = false;
  const auto end = steady_now() + pump_budget;
  for (auto begin = steady_now();; begin = steady_now()) {
    const bool more = stage_->pump(moment::now());
    const auto now = moment::now();
    stage_->worked(now.steady - begin, now);
    if (!more)
      break;
    if (now.steady < end)
      continue;
    pump_after(0);
    break;
  }
  stop_when_idle();
}

void replays_state::finished(const replay_report& report) {
  stage_->finished(report.replay, report.report, moment::now());
  pump();
}

void replays_state::tick() {
  self_->delayed_send(self_, interval_, tick_atom_v);
  stage_->tick(look_at_load(), moment::now());
  pump();
}

// CPU time of the process less that of this thread, between two ticks.
stages::live_load replays_state::look_at_load() {
  stages::live_load load;
  load.short_of_memory = metrics::refusing.with({{"reason", "memory"}}).Value() > 0;
  const auto now = unix_now();
  const auto exporters = exporter_board::instance().all();
  load.behind = std::any_of(exporters.begin(), exporters.end(),
                            [now](const auto& status) { return is_behind(status, now); });
  const auto looked = steady_now();
  const auto cpu = cpu_time_of_others();
  if (looked_at_ != 0 && looked > looked_at_)
    load.cpu =
        static_cast<double>(cpu - cpu_ns_) / static_cast<double>(looked - looked_at_) / cpus_;
  looked_at_ = looked;
  cpu_ns_ = cpu;
  return load;
}

void replays_state::ask(const replay_question& question) {
  const auto now = moment::now();
  using kind = replay_question::kind;
  switch (question.hand) {
  case kind::check:
    question.answer(
        stage_->would_start(question.order).map([] { return std::vector<stages::replay_view>(); }));
    return;
  case kind::list:
    question.answer(stage_->all());
    return;
  case kind::start:
  case kind::pause:
  case kind::resume:
  case kind::cancel:
    break;
  }
  const stages::replay_answer answer = [to = question.answer](result<stages::replay_view> view) {
    if (!view)
      return to(tl::unexpected(view.error()));
    to(std::vector<stages::replay_view>{std::move(*view)});
  };
  if (question.hand == kind::start)
    stage_->start(question.order, now, answer);
  else if (question.hand == kind::pause)
    stage_->pause(question.order.id, now, answer);
  else if (question.hand == kind::resume)
    stage_->resume(question.order.id, now, answer);
  else
    stage_->cancel(question.order.id, now, answer);
  pump();
}

void replays_state::change(const stages::replays_config& config) {
  stage_->change(config, moment::now());
  pump();
}

void replays_state::leave() {
  stage_->leave(moment::now());
}

caf::result<stopped_atom> replays_state::stop() {
  auto promise = self_->make_response_promise<stopped_atom>();
  stopping_.push_back(promise);
  stage_->stop(moment::now());
  stop_when_idle();
  return promise;
}

void replays_state::stop_when_idle() {
  if (stopping_.empty() || !stage_->idle())
    return;
  for (auto& promise : std::exchange(stopping_, {}))
    promise.deliver(stopped_atom_v);
}

result<void> replays_state::open(stages::replay_id replay,
                                 const backends::exporter_config& exporter) {
  auto made = backends::make_sender(exporter);
  if (!made)
    return tl::unexpected(made.error());
  senders_[replay] = std::move(*made);
  return {};
}

void replays_state::close(stages::replay_id replay) {
  if (const auto found = senders_.find(replay); found != senders_.end()) {
    found->second->stop();
    senders_.erase(found);
  }
}

void replays_state::send(stages::replay_id replay, std::uint64_t request,
                         backends::export_request message) {
  senders_.at(replay)->send(std::move(message), [to = caf::actor_cast<replays_actor>(self_), replay,
                                                 request](backends::outcome outcome) {
    caf::anon_send(to, std::make_shared<const replay_report>(
                           replay_report{replay, {request, std::move(outcome)}}));
  });
}

void replays_state::send_report(stages::replay_id replay, stages::delivery_report report) {
  self_->send(self_,
              std::make_shared<const replay_report>(replay_report{replay, std::move(report)}));
}

void replays_state::write(const commit_ptr& work, std::function<void()> written) {
  self_->request(writer_, caf::infinite, work)
      .then([this, written = std::move(written)](stored_atom) {
        written();
        pump();
      });
}

void replays_state::pump_after(steady_ns pause) {
  if (pause > 0) {
    self_->delayed_send(self_, std::chrono::nanoseconds(pause), wake_atom_v);
  } else if (!std::exchange(pumping_, true)) {
    self_->send(self_, wake_atom_v);
  }
}

replays_actor::behavior_type replays(replays_actor::stateful_pointer<replays_state> self,
                                     stages::replays_config config,
                                     std::shared_ptr<storage::disk> disk, writer_actor writer) {
  end_process_where_it_throws(self);
  auto& state = self->state;
  state.start(self, std::move(config), std::move(disk), std::move(writer));
  return {
      [&state](wake_atom) { state.pump(); },
      [&state](const replay_report_ptr& report) { state.finished(*report); },
      [&state](const replay_question_ptr& question) { state.ask(*question); },
      [&state](const replays_change& config) {
        state.change(*config);
        return changed_atom_v;
      },
      [&state](leave_atom) { state.leave(); },
      [&state](tick_atom) { state.tick(); },
      [&state](stop_atom) { return state.stop(); },
  };
}

} // namespace weir::actors
