#include "actors/exporter.hpp"

#include "actors/last_words.hpp"
#include "backends/carried_items.hpp"
#include "core/log.hpp"

#include <caf/send.hpp>
#include <random>

namespace weir::actors {

namespace {

// Blocks held unpacked while requests are cut from them.
constexpr std::size_t max_loaded = 8;

// An exporter that keeps up looks at the log this often at most: a busy log then costs a few large
// requests, not a hand-over between threads for each block.
constexpr steady_ns look_interval = 50 * millisecond_ns;

backends::delivery::options options_of(const exporter_plan& plan) {
  backends::delivery::options options;
  options.retry = plan.config.retry;
  options.num_consumers = plan.config.queue.enabled ? plan.config.queue.num_consumers : 1;
  if (plan.config.batch)
    options.batch = *plan.config.batch;
  else if (plan.batch)
    options.batch = *plan.batch;
  return options;
}

} // namespace

void exporter_state::start(exporter_actor::pointer self, exporter_plan plan,
                           std::shared_ptr<storage::store> store, std::shared_ptr<log_tail> tail,
                           writer_actor writer, std::shared_ptr<backends::sender> sender) {
  self_ = self;
  plan_ = std::move(plan);
  store_ = std::move(store);
  tail_ = std::move(tail);
  writer_ = std::move(writer);
  sender_ = std::move(sender);

  const auto held = store_->log(plan_.pipeline);
  const auto cursors = store_->cursors(plan_.pipeline);
  if (!cursors)
    throw std::runtime_error(cursors.error().message);
  const auto& known = cursors->at(plan_.config.id);
  saved_ = {known.position, known.item};
  const bool gap = saved_.position < held.first;
  if (gap)
    saved_ = {held.first, 0};
  next_block_ = saved_.position;
  const auto options = options_of(plan_);
  max_request_bytes_ = options.batch.max_bytes;
  sends_on_ = !backends::carried_names(plan_.config).empty();
  delivery_.emplace(options, saved_, std::random_device{}());
  builder_.emplace(plan_.signal);
  ledger_.emplace(*store_, ledger_key(plan_.pipeline_name, plan_.config.id), exporter_counts);
  if (gap || store_->recovery().salvaged || store_->recovery().records_lost > 0)
    (*ledger_)[damage_open] = 1;

  const metrics::labels labels{{"exporter", plan_.config.id}};
  const metrics::labels typed{{"exporter", plan_.config.id},
                              {"data_type", std::string(to_string(plan_.signal))}};
  sent_ = &metrics::exporter_sent.of(plan_.signal).with(labels);
  failed_ = &metrics::exporter_send_failed.of(plan_.signal).with(labels);
  in_flight_ = &metrics::exporter_in_flight_requests.with(typed);
  waiting_ = &metrics::exporter_queue_size.with(typed);

  subscription_ = tail_->subscribe([pending = wake_pending_, to = caf::actor_cast<exporter_actor>(self_)] {
    if (!pending->exchange(true))
      caf::anon_send(to, wake_atom_v);
  });
  self_->delayed_send(self_, plan_.cursor_interval, tick_atom_v);
  self_->send(self_, wake_atom_v);
}

exporter_state::~exporter_state() {
  if (!tail_)
    return;
  tail_->unsubscribe(subscription_);
  in_flight_->Set(0);
  waiting_->Set(0);
}

void exporter_state::on_look_timer() {
  look_timer_set_ = false;
  pump();
}

// While the log is looked at in intervals, its growth wakes nobody: the timer does. It wakes again
// once nothing came for an interval.
void exporter_state::look() {
  const auto now = steady_now();
  if (look_timer_set_ && !behind_)
    return;
  if (next_block_ == tail_->next())
    wake_pending_->store(false);
  if (next_block_ == tail_->next())
    return;
  wake_pending_->store(true);
  feed(now);
  behind_ = next_block_ < tail_->next();
  if (behind_ || look_timer_set_)
    return; // What is in flight comes to an end, or is tried again, and leads here.
  look_timer_set_ = true;
  self_->delayed_send(self_, std::chrono::nanoseconds(look_interval), look_atom_v);
}

void exporter_state::pump() {
  if (!stopping_.empty())
    return;
  follow_trim();
  const auto before = delivery_->counts();
  for (bool more = true; more;) {
    look();
    const auto planned = delivery_->next(steady_now());
    for (const auto& request : planned)
      send(request);
    more = !planned.empty();
  }
  measure(before);
  set_timer();
}

void exporter_state::feed(steady_ns now) {
  while (next_block_ < tail_->next() && delivery_->wants_blocks()) {
    const auto block = load(next_block_);
    if (!block) {
      if (block.error().code == errc::not_found)
        return; // Trimmed meanwhile: follow_trim() of the next round.
      if (is_passing(block.error())) { // The next tick tries again.
        if (log::permit("unreadable " + plan_.config.id))
          log::error("exporter {}: block {} cannot be read at the moment: {}", plan_.config.id,
                     next_block_, block.error().message);
        return;
      }
      skip_damaged(next_block_, block.error());
    } else {
      delivery_->available(
          {next_block_, block->header.items, backends::estimated_bytes(block->header)}, now);
    }
    ++next_block_;
  }
}

result<log_block> exporter_state::load(log_position position) {
  if (auto held = tail_->find(position))
    return *std::move(held);
  if (const auto it = loaded_.find(position); it != loaded_.end())
    return it->second;
  const auto bytes = store_->read_block(plan_.pipeline, position);
  if (!bytes)
    return tl::unexpected(bytes.error());
  const auto view = codec::read_block(*bytes);
  if (!view)
    return tl::unexpected(view.error());
  std::string body;
  if (auto done =
          packer_.unpack(view->header.codec, view->payload, view->header.unpacked_bytes, body);
      !done)
    return tl::unexpected(done.error());
  if (loaded_.size() >= max_loaded)
    loaded_.erase(loaded_.begin());
  return loaded_
      .insert_or_assign(position, log_block{position, view->header, shared_bytes(std::move(body))})
      .first->second;
}

void exporter_state::skip_damaged(log_position position, const error& why) {
  metrics::log_damaged_blocks.with({{"pipeline", plan_.pipeline_name}}).Increment();
  (*ledger_)[damage_open] = 1; // Written with the cursor that moves over it.
  log::error("block {} of pipeline {} is damaged, set aside and skipped by exporter {}: {}",
             position, plan_.pipeline_name, plan_.config.id, why.message);
  if (const auto bytes = store_->read_block(plan_.pipeline, position))
    store_->set_aside("log", position, *bytes);
}

// The quota may have dropped blocks that were still owed (overflow: drop_oldest).
void exporter_state::follow_trim() {
  const auto first = store_->log(plan_.pipeline).first;
  if (first <= delivery_->cursor().position && first <= next_block_)
    return;
  const auto before = delivery_->counts();
  delivery_->forget_before(first);
  next_block_ = std::max(next_block_, first);
  measure(before);
}

void exporter_state::send(const backends::planned_request& planned) {
  auto message = build(planned.ranges);
  auto report = [to = caf::actor_cast<exporter_actor>(self_),
                 id = planned.id](backends::outcome o) {
    caf::anon_send(to, std::make_shared<const delivery_report>(delivery_report{id, std::move(o)}));
  };
  in_flight_->Set(static_cast<double>(delivery_->in_flight()));
  if (!message) {
    using kind = backends::outcome::kind;
    const auto& why = message.error();
    const bool damaged = !is_passing(why) && why.code != errc::not_found;
    if (damaged && planned.ranges.size() > 1) // What is sound beside it is delivered.
      return delivery_->split(planned.id, steady_now());
    report({damaged ? kind::refused : kind::retry, 0, std::nullopt, why.message});
    return;
  }
  std::string bare;
  auto carried = backends::take_carried_of_items(plan_.signal, message->view(), bare);
  if (planned.items > 1 && (message->size() > max_request_bytes_ || (sends_on_ && carried.mixed))) {
    delivery_->split(planned.id, steady_now());
    return;
  }
  if (carried.any)
    *message = shared_bytes(std::move(bare));
  sender_->send({plan_.signal, std::move(*message), planned.items, std::move(carried.values)},
                std::move(report));
}

result<shared_bytes> exporter_state::build(const std::vector<backends::item_range>& ranges) {
  parts_.clear();
  for (const auto& range : ranges) {
    const auto block = load(range.position);
    if (!block)
      return tl::unexpected(block.error());
    parts_.push_back(
        {block->header.layout, block->body, block->header.items, range.first, range.last});
  }
  return builder_->build(parts_);
}

void exporter_state::finished(const delivery_report& report) {
  const auto before = delivery_->counts();
  using kind = backends::outcome::kind;
  const auto& outcome = report.outcome;
  if (outcome.what == kind::retry && log::permit("retry " + plan_.config.id))
    log::warn("exporter {}: {}; it is tried again", plan_.config.id, outcome.reason);
  if (outcome.what == kind::refused && log::permit("refused " + plan_.config.id))
    log::error("exporter {}: refused for good, kept as dead letter: {}", plan_.config.id,
               outcome.reason);
  if (outcome.rejected > 0 && log::permit("partial " + plan_.config.id))
    log::warn("exporter {}: the back end rejected {} items: {}", plan_.config.id, outcome.rejected,
              outcome.reason);
  delivery_->finished(report.request, outcome, steady_now());
  measure(before);
  if (!stopping_.empty())
    return stop_when_idle();
  save_when_due();
  pump();
}

void exporter_state::measure(const backends::delivery::totals& before) {
  const auto& now = delivery_->counts();
  sent_->Increment(static_cast<double>(now.delivered - before.delivered));
  failed_->Increment(static_cast<double>(now.dead - before.dead));
  in_flight_->Set(static_cast<double>(delivery_->in_flight()));
}

void exporter_state::set_timer() {
  const auto at = delivery_->next_wakeup();
  const auto now = steady_now();
  if (!at || (timer_at_ > now && timer_at_ <= *at))
    return;
  timer_at_ = std::max(*at, now + millisecond_ns);
  self_->delayed_send(self_, std::chrono::nanoseconds(timer_at_ - now), wake_atom_v);
}

void exporter_state::tick() {
  self_->delayed_send(self_, plan_.cursor_interval, tick_atom_v);
  waiting_->Set(static_cast<double>(tail_->next() - delivery_->cursor().position));
  settle_damage();
  save();
  if (stopping_.empty())
    pump();
}

exporter_actor::behavior_type exporter(exporter_actor::stateful_pointer<exporter_state> self,
                                       exporter_plan plan, std::shared_ptr<storage::store> store,
                                       std::shared_ptr<log_tail> tail, writer_actor writer,
                                       std::shared_ptr<backends::sender> sender) {
  end_process_where_it_throws(self);
  self->state.start(self, std::move(plan), std::move(store), std::move(tail), std::move(writer),
                    std::move(sender));
  return {
      [self](wake_atom) {
        self->state.stall();
        self->state.pump();
      },
      [self](look_atom) {
        self->state.stall();
        self->state.on_look_timer();
      },
      [self](const delivery_ptr& report) { self->state.finished(*report); },
      [self](tick_atom) { self->state.tick(); },
      [self](stop_atom) { return self->state.stop(); },
  };
}

} // namespace weir::actors
