#include "stages/replays.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"
#include "stages/log_walk.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace weir::stages {

namespace {

std::string key_of(std::size_t slot) {
  return fmt::format("replay/{}", slot);
}

template <class List, class Name>
std::string names_of(const List& list, const Name& name) {
  std::string text;
  for (const auto& each : list)
    text += (text.empty() ? "" : ", ") + name(each);
  return text.empty() ? "none" : text;
}

template <class List, class Same>
auto find_in(const List& list, const Same& same) -> decltype(&list.front()) {
  const auto found = std::find_if(list.begin(), list.end(), same);
  return found == list.end() ? nullptr : &*found;
}

} // namespace

/// One replay: its record, and its lane while it runs.
struct replays::entry {
  std::size_t slot = 0; ///< Of its record.
  replay_record record;
  std::unique_ptr<lane_ports> ports;
  std::unique_ptr<replay_lane> lane;
  bool closing = false; ///< The lane goes as soon as it is idle ...
  bool again = false;   ///< ... and comes back.
  bool writing = false;
  std::vector<std::function<void()>> written; ///< What waits for the write after this one.
};

/// What a lane says, with its name.
class replays::lane_ports : public replay_lane_ports {
public:
  lane_ports(replays_ports& ports, replay_id replay) : ports_(ports), replay_(replay) {}

  void send(std::uint64_t request, backends::export_request message) override {
    ports_.send(replay_, request, std::move(message));
  }
  void send_report(delivery_report report) override {
    ports_.send_report(replay_, std::move(report));
  }
  void write(const commit_ptr& work, std::function<void()> written) override {
    ports_.write(work, std::move(written));
  }
  void pump_after(steady_ns pause) override { ports_.pump_after(pause); }

private:
  replays_ports& ports_;
  replay_id replay_;
};

replays::replays(replays_config config, std::shared_ptr<storage::disk> disk, replays_ports& ports,
                 moment now)
    : config_(std::move(config)), disk_(std::move(disk)), ports_(ports), now_(now) {
  load_records();
  for (auto& each : entries_)
    if (each->record.state == replay_state::running) {
      log::info("replay {} of {} to {} goes on", text_of_replay(each->record.order.id),
                each->record.order.pipeline, each->record.order.exporter);
      open(*each, now);
    }
  show();
}

replays::~replays() = default;

void replays::load_records() {
  for (std::size_t slot = 0; slot < max_kept_replays; ++slot) {
    const auto bytes = disk_->meta(key_of(slot));
    if (!bytes)
      throw std::runtime_error(bytes.error().message);
    if (!*bytes || (*bytes)->empty())
      continue;
    auto record = read_replay(**bytes);
    if (!record) {
      disk_->set_aside("replay", slot, **bytes);
      log::error("a replay cannot go on, its record cannot be read: {}", record.error().message);
      continue;
    }
    auto each = std::make_unique<entry>();
    each->slot = slot;
    each->record = std::move(*record);
    entries_.push_back(std::move(each));
  }
}

replays::entry* replays::find(replay_id replay) const {
  for (const auto& each : entries_)
    if (each->record.order.id == replay)
      return each.get();
  return nullptr;
}

result<replay_plan> replays::plan_of(const replay_order& order) const {
  const auto* pipeline =
      find_in(config_.pipelines, [&](const auto& p) { return p.name == order.pipeline; });
  if (pipeline == nullptr)
    return fail(errc::not_found,
                fmt::format("no pipeline `{}` is configured; there are: {}", order.pipeline,
                            names_of(config_.pipelines, [](const auto& p) { return p.name; })));
  const auto* exporter =
      find_in(config_.exporters, [&](const auto& e) { return e.id == order.exporter; });
  if (exporter == nullptr)
    return fail(errc::not_found,
                fmt::format("no exporter `{}` is configured; there are: {}", order.exporter,
                            names_of(config_.exporters, [](const auto& e) { return e.id; })));
  auto pick = config_.select ? config_.select(order, pipeline->signal) : selection_ptr();
  if (!pick)
    return tl::unexpected(pick.error());
  return replay_plan{*exporter, pipeline->batch,   pipeline->id, pipeline->signal, std::move(*pick),
                     {},        pipeline->letters, config_.seed};
}

result<void> replays::would_start(const replay_order& order) const {
  if (auto sound = check(order); !sound)
    return sound;
  if (const auto plan = plan_of(order); !plan)
    return tl::unexpected(plan.error());
  const auto open = std::count_if(entries_.begin(), entries_.end(),
                                  [](const auto& each) { return !has_ended(each->record.state); });
  if (open >= static_cast<std::ptrdiff_t>(config_.max))
    return fail(errc::full,
                fmt::format("{} replays run or are paused, at most {} may (storage.replays.max): "
                            "`weir replay cancel` ends one",
                            open, config_.max));
  if (disk_->room().stuck)
    return fail(errc::full, "the disk is full: a replay could not be remembered; make room first");
  return {};
}

// A place for another record; the oldest that has ended goes for it. @pre not all are open
replays::entry* replays::make_room() {
  if (entries_.size() >= max_kept_replays) {
    auto oldest = entries_.end();
    for (auto each = entries_.begin(); each != entries_.end(); ++each)
      if (has_ended((*each)->record.state) && !(*each)->lane && !(*each)->writing
          && (oldest == entries_.end() || (*each)->record.ended < (*oldest)->record.ended))
        oldest = each;
    if (oldest == entries_.end())
      return nullptr;
    entries_.erase(oldest); // Its record is written over.
  }
  std::set<std::size_t> taken;
  for (const auto& each : entries_)
    taken.insert(each->slot);
  auto made = std::make_unique<entry>();
  while (taken.contains(made->slot))
    ++made->slot;
  entries_.push_back(std::move(made));
  return entries_.back().get();
}

void replays::start(const replay_order& order, moment now, const replay_answer& answer) {
  if (auto* known = find(order.id)) // Its record may be on its way still.
    return write(*known, [this, id = order.id, answer] {
      if (const auto* each = find(id))
        answer(view_of(*each));
    });
  if (auto could = would_start(order); !could)
    return answer(tl::unexpected(could.error()));
  const auto plan = plan_of(order);
  auto* made = make_room();
  if (made == nullptr)
    return answer(fail(errc::full, "all places for replays are taken; try again in a moment"));
  auto& record = made->record;
  record.order = order;
  record.created = now.wall;
  record.bound = disk_->log(plan->pipeline).next;
  record.held_since = held_since(*disk_, plan->pipeline, order.begin);
  log::info("replay {} begins: {} from {} to {} to {}", text_of_replay(order.id), order.pipeline,
            order.begin / second_ns, order.end / second_ns, order.exporter);
  show();
  now_ = now;
  // Nothing is sent before a kill could find the record.
  write(*made, [this, id = order.id, answer] {
    auto* each = find(id);
    if (each == nullptr)
      return;
    if (each->record.state == replay_state::running && !each->lane && !stopping_)
      open(*each, now_);
    answer(view_of(*each));
  });
}

// @pre it has no lane
void replays::open(entry& each, moment now) {
  auto plan = plan_of(each.record.order);
  if (!plan)
    return end(each, replay_state::failed, plan.error().message, now);
  plan->record_key = key_of(each.slot);
  if (auto opened = ports_.open(each.record.order.id, plan->exporter); !opened)
    return end(each, replay_state::failed, opened.error().message, now);
  each.ports = std::make_unique<lane_ports>(ports_, each.record.order.id);
  each.lane = std::make_unique<replay_lane>(std::move(*plan), each.record, disk_, *each.ports, now);
  each.lane->tick(load_, now);
  ports_.pump_after(0);
}

void replays::close(entry& each) {
  if (each.lane)
    ports_.close(each.record.order.id);
  each.lane.reset();
  each.ports.reset();
  each.closing = false;
}

void replays::close_when_idle(entry& each, moment now) {
  if (!each.closing || !each.lane || !each.lane->idle() || each.writing)
    return;
  // What came back while it stopped.
  write(each, nullptr);
  close(each);
  if (std::exchange(each.again, false) && each.record.state == replay_state::running && !stopping_)
    open(each, now);
}

// Behind everything that may have ended it.
void replays::look_after(entry& each, moment now) {
  if (!each.lane)
    return;
  if (each.closing)
    return close_when_idle(each, now);
  if (!each.lane->failure().empty())
    end(each, replay_state::failed, each.lane->failure(), now);
  else if (each.lane->complete())
    end(each, replay_state::done, {}, now);
}

void replays::end(entry& each, replay_state state, std::string reason, moment now) {
  const auto& counts = each.record.counts;
  const auto id = text_of_replay(each.record.order.id);
  if (state == replay_state::failed)
    log::error("replay {} cannot go on: {}; `weir replay resume {}` tries again", id, reason, id);
  else
    log::info("replay {} is {}: {} items delivered, {} in dead letters, {} blocks trimmed before",
              id, to_string(state), counts.delivered, counts.dead, counts.trimmed);
  set_state(each, state, std::move(reason), now, nullptr);
}

// The lane stops, the record says so at once.
void replays::set_state(entry& each, replay_state state, std::string reason, moment now,
                        const replay_answer& answer) {
  each.record.state = state;
  each.record.reason = std::move(reason);
  each.record.ended = has_ended(state) ? now.wall : 0;
  each.again = false;
  if (each.lane) {
    each.lane->stop(now);
    each.closing = true;
  }
  write(each, [this, id = each.record.order.id, answer] {
    const auto* found = find(id);
    if (answer && found != nullptr)
      answer(view_of(*found));
  });
  close_when_idle(each, now);
  show();
}

// With the lane's letters and cursor where there is one. One at a time; who asks meanwhile waits for
// the next.
void replays::write(entry& each, std::function<void()> written) {
  each.written.push_back(std::move(written));
  if (each.writing)
    return;
  auto done = std::exchange(each.written, {});
  auto work = std::make_shared<commit>();
  if (each.lane)
    each.lane->save_into(work->batch);
  else
    work->batch.put_meta(key_of(each.slot), encode(each.record));
  each.writing = true;
  ++writing_;
  ports_.write(work, [this, id = each.record.order.id, done = std::move(done)] {
    --writing_;
    auto* found = find(id);
    if (found != nullptr)
      found->writing = false;
    for (const auto& each : done)
      if (each)
        each();
    found = find(id);
    if (found != nullptr && !found->writing && !found->written.empty())
      write(*found, nullptr);
    if (found != nullptr)
      close_when_idle(*found, now_);
  });
}

void replays::pause(replay_id replay, moment now, const replay_answer& answer) {
  auto* each = find(replay);
  if (each == nullptr)
    return answer(fail(errc::not_found, "there is no replay " + text_of_replay(replay)));
  if (each->record.state == replay_state::paused)
    return answer(view_of(*each));
  if (each->record.state != replay_state::running)
    return answer(fail(errc::unsupported, fmt::format("it is {}", to_string(each->record.state))));
  set_state(*each, replay_state::paused, {}, now, answer);
}

void replays::resume(replay_id replay, moment now, const replay_answer& answer) {
  auto* each = find(replay);
  if (each == nullptr)
    return answer(fail(errc::not_found, "there is no replay " + text_of_replay(replay)));
  const auto state = each->record.state;
  if (state == replay_state::running)
    return answer(view_of(*each));
  if (state == replay_state::done || state == replay_state::cancelled)
    return answer(fail(errc::unsupported, fmt::format("it is {}", to_string(state))));
  if (state != replay_state::paused)
    if (auto could = would_start(each->record.order); !could)
      return answer(tl::unexpected(could.error()));
  each->record.state = replay_state::running;
  each->record.reason.clear();
  each->record.ended = 0;
  if (each->lane)
    each->again = true; // It is still stopping.
  else
    open(*each, now);
  show();
  write(*each, [this, replay, answer] {
    if (const auto* found = find(replay))
      answer(view_of(*found));
  });
  close_when_idle(*each, now);
}

void replays::cancel(replay_id replay, moment now, const replay_answer& answer) {
  auto* each = find(replay);
  if (each == nullptr)
    return answer(fail(errc::not_found, "there is no replay " + text_of_replay(replay)));
  if (each->record.state == replay_state::cancelled)
    return answer(view_of(*each));
  if (each->record.state == replay_state::done)
    return answer(fail(errc::unsupported, "it is done"));
  log::info("replay {} is cancelled", text_of_replay(replay));
  set_state(*each, replay_state::cancelled, {}, now, answer);
}

// One piece of one replay, then another one has its turn.
bool replays::pump(moment now) {
  now_ = now;
  worked_on_ = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    turn_ = (turn_ + 1) % entries_.size();
    auto& each = *entries_[turn_];
    if (!each.lane || each.closing)
      continue;
    const bool more = each.lane->pump(now);
    worked_on_ = each.record.order.id;
    look_after(each, now);
    if (more)
      return true;
  }
  return false;
}

void replays::worked(steady_ns duration, moment now) {
  auto* each = find(worked_on_);
  if (each != nullptr && each->lane)
    each->lane->worked(duration, now);
}

void replays::finished(replay_id replay, const delivery_report& report, moment now) {
  auto* each = find(replay);
  if (each == nullptr || !each->lane)
    return;
  each->lane->finished(report, now);
  look_after(*each, now);
}

void replays::tick(const live_load& load, moment now) {
  now_ = now;
  load_ = load;
  for (auto& each : entries_)
    if (each->lane) {
      if (!each->closing)
        each->lane->tick(load, now);
      look_after(*each, now);
    }
  forget_old(now);
  show();
}

void replays::forget_old(moment now) {
  const auto keep = static_cast<unix_ns>(std::chrono::nanoseconds(config_.keep).count());
  for (auto each = entries_.begin(); each != entries_.end();) {
    const auto& record = (*each)->record;
    const bool old = has_ended(record.state) && record.ended + keep < now.wall;
    if (!old || (*each)->lane || (*each)->writing) {
      ++each;
      continue;
    }
    auto work = std::make_shared<commit>();
    work->batch.put_meta(key_of((*each)->slot), "");
    work->sync = false;
    ++writing_;
    ports_.write(work, [this] { --writing_; });
    each = entries_.erase(each);
  }
}

void replays::change(replays_config config, moment now) {
  const auto before = std::exchange(config_, std::move(config));
  const auto exporter_in = [](const replays_config& in, const std::string& id) {
    return find_in(in.exporters, [&](const auto& e) { return e.id == id; });
  };
  for (auto& each : entries_) {
    if (each->record.state != replay_state::running || !each->lane)
      continue;
    const auto& order = each->record.order;
    const auto* was = exporter_in(before, order.exporter);
    const auto* is = exporter_in(config_, order.exporter);
    if (const auto plan = plan_of(order); !plan) {
      end(*each, replay_state::failed, plan.error().message, now);
    } else if (was == nullptr || *was != *is) {
      each->lane->stop(now);
      each->closing = each->again = true;
      close_when_idle(*each, now);
    }
  }
}

void replays::leave(moment now) {
  for (auto& each : entries_)
    if (!has_ended(each->record.state))
      end(*each, replay_state::left,
          "the node leaves its cluster: what it has not sent is on its disk alone", now);
}

void replays::stop(moment now) {
  stopping_ = true;
  for (auto& each : entries_)
    if (each->lane) {
      each->lane->stop(now);
      each->closing = true;
      close_when_idle(*each, now);
    }
}

bool replays::idle() const noexcept {
  return writing_ == 0 && std::none_of(entries_.begin(), entries_.end(), [](const auto& each) {
           return each->lane != nullptr;
         });
}

replay_view replays::view_of(const entry& each) const {
  replay_view view{.record = each.record};
  if (!each.lane)
    return view;
  view.blocks = each.lane->blocks();
  view.blocks_done = each.lane->blocks_done();
  view.bytes_a_second = each.lane->bytes_a_second();
  view.blocks_a_second = each.lane->blocks_a_second();
  view.yields = each.lane->yields();
  view.trouble = each.lane->trouble();
  return view;
}

std::vector<replay_view> replays::all() const {
  std::vector<replay_view> views;
  for (const auto& each : entries_)
    views.push_back(view_of(*each));
  std::sort(views.begin(), views.end(),
            [](const auto& a, const auto& b) { return a.record.created > b.record.created; });
  return views;
}

void replays::show() const {
  for (const auto state : {replay_state::running, replay_state::paused, replay_state::failed})
    metrics::replays.with({{"state", std::string(to_string(state))}})
        .Set(static_cast<double>(
            std::count_if(entries_.begin(), entries_.end(),
                          [&](const auto& each) { return each->record.state == state; })));
}

} // namespace weir::stages
