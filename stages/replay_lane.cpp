#include "stages/replay_lane.hpp"

#include "backends/carried_items.hpp"
#include "backends/envelope.hpp"
#include "codec/dead_letter.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"
#include "core/passing.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <random>

namespace weir::stages {

namespace {

constexpr std::uint32_t max_in_flight = 2;

// What it reads ahead is bounded by this, whatever the exporter's requests may hold.
constexpr std::uint64_t max_request_bytes = 8 << 20;

// Picked blocks that are held, so that each is read once as a rule.
constexpr std::size_t max_loaded_bytes = 16 << 20;

// Items delivered, after which the record is written at once; letters, too.
constexpr std::uint64_t items_at_once = 16 << 10;
constexpr std::size_t letters_at_hand = 16;

// Dead letters that one commit takes, in bytes as estimated.
constexpr std::uint64_t letters_at_once = 8 << 20;

// Blocks behind the cursor of which something is left out, told apart.
constexpr std::size_t max_unsent = 4096;

// A block that cannot be read at the moment is tried again after so long.
constexpr steady_ns read_pause = second_ns;

// The newest of the rates that are shown counts so much.
constexpr double newest_share = 0.2;

backends::delivery::options options_of(const replay_plan& plan) {
  backends::delivery::options options;
  options.retry = plan.exporter.retry;
  options.num_consumers = max_in_flight;
  if (plan.exporter.batch)
    options.batch = *plan.exporter.batch;
  else if (plan.batch)
    options.batch = *plan.batch;
  // Everything is there already: nothing is waited for.
  options.batch.timeout = std::chrono::milliseconds(0);
  options.batch.max_bytes = options.batch.max_bytes == 0
                                ? max_request_bytes
                                : std::min(options.batch.max_bytes, max_request_bytes);
  return options;
}

} // namespace

replay_lane::replay_lane(replay_plan plan, replay_record& record,
                         std::shared_ptr<storage::disk> disk, replay_lane_ports& ports, moment now)
    : plan_(std::move(plan)), record_(record), disk_(std::move(disk)), ports_(ports), now_(now),
      reader_(disk_, plan_.pipeline, plan_.signal, plan_.pick, record.order.traces),
      builder_(plan_.signal), pace_(record.order.rate), saved_(record), measured_at_(now.steady),
      measured_bytes_(record.counts.bytes) {
  sends_on_ = !backends::carried_names(plan_.exporter).empty();
  delivery_.emplace(options_of(plan_), record.cursor, record.ahead,
                    plan_.seed ? *plan_.seed : std::random_device{}());
  next_ = record.cursor.position;
}

// False: it cannot be read at the moment.
bool replay_lane::find_range() {
  if (range_)
    return true;
  auto found = log_range::find(*disk_, plan_.pipeline, record_.order.begin, record_.order.end,
                               record_.bound);
  if (found) {
    range_ = std::move(*found);
    // A new one begins where its range does, so that nothing before is known to be owed.
    if (const auto first = range_->next(next_); first && record_.cursor == log_place{}) {
      record_.cursor = {*first, 0};
      next_ = *first;
      delivery_.emplace(options_of(plan_), record_.cursor, record_.ahead,
                        plan_.seed ? *plan_.seed : std::random_device{}());
    }
    measured_blocks_ = blocks_done();
    return true;
  }
  if (is_passing(found.error()))
    wait_for_disk(found.error());
  else
    fail_with(found.error().message);
  return false;
}

void replay_lane::wait_for_disk(const error& why) {
  read_again_at_ = now_.steady + read_pause;
  if (log::permit("unreadable replay"))
    log::error("replay {}: the log cannot be read at the moment: {}",
               text_of_replay(record_.order.id), why.message);
}

void replay_lane::fail_with(std::string why) {
  failure_ = std::move(why);
}

std::uint64_t replay_lane::blocks_done() const noexcept {
  return range_ ? range_->blocks_before(delivery_->cursor().position) : 0;
}

bool replay_lane::pump(moment now) {
  now_ = now;
  if (stopping_ || complete_ || !failure_.empty())
    return false;
  if (read_again_at_ > now.steady || !find_range()) {
    set_timer(false);
    return false;
  }
  follow_trim();
  if (pace_.free_at() > now.steady || pace_.holds()) {
    set_timer(false);
    return false;
  }
  // Nothing waits for the blocks behind it while nothing is on its way.
  const bool may_read = delivery_->in_flight() > 0 || delivery_->blocks() == 0 || sent_nothing_;
  sent_nothing_ = false;
  if (!all_read_ && may_read) {
    const auto position = range_->next(next_);
    all_read_ = !position;
    if (position && wants(*position)) {
      if (delivery_->is_behind())
        read_next(*position);
      else
        next_ = *position + 1; // It was finished before the start.
      return failure_.empty();
    }
  }
  const bool may_send = !pace_.yields() || delivery_->in_flight() == 0;
  const auto before = delivery_->counts();
  const auto planned =
      may_send ? delivery_->next(now.steady, 1) : std::vector<backends::planned_request>();
  if (!planned.empty())
    send(planned.front());
  count(before);
  if (!planned.empty())
    return true;
  if (!all_read_ && !may_read && reads_more()) {
    sent_nothing_ = true; // It waits to be tried again: meanwhile others are read.
    return true;
  }
  set_timer(may_send);
  settle();
  return false;
}

// Whether that block should be read now. What lies before it and is not of the range is passed over.
bool replay_lane::wants(log_position position) {
  for (; next_ < position; ++next_) {
    delivery_->reaches(next_ + 1);
    delivery_->available({.position = next_}, now_.steady);
  }
  delivery_->reaches(position + 1);
  return reads_more();
}

// The log goes on without it: by age, or for room.
void replay_lane::follow_trim() {
  const auto first = disk_->log(plan_.pipeline).first;
  if (first <= delivery_->cursor().position && first <= next_)
    return;
  const auto before = delivery_->counts();
  if (first > next_) {
    const auto gone = range_->blocks_before(first) - range_->blocks_before(next_);
    record_.counts.trimmed += gone;
    metrics::replay_trimmed_blocks.with().Increment(static_cast<double>(gone));
  }
  delivery_->reaches(std::max(first, next_));
  delivery_->forget_before(first);
  next_ = std::max(next_, first);
  loaded_.erase(loaded_.begin(), loaded_.lower_bound(first));
  count(before);
}

void replay_lane::read_next(log_position position) {
  const auto packed = reader_.read(position);
  if (!packed)
    return on_unreadable(position, packed.error());
  if (range_->is_behind(position, packed->header)) {
    range_->close(position);
    return skip(position);
  }
  if (!range_->holds(position, packed->header))
    return skip(position);
  take(position, *packed);
}

void replay_lane::take(log_position position, const log_reader::packed_block& packed) {
  auto picked = reader_.pick(position, packed);
  if (!picked && picked.error().code == errc::invalid_argument)
    return fail_with(picked.error().message);
  if (!picked)
    return on_unreadable(position, picked.error());
  if (picked->left_out > 0)
    note(position, {picked->left_out, 0});
  auto& block = picked->block;
  if (block.header.items == 0)
    return skip(position);
  const auto bytes = block.header.layout == codec::block_layout::otlp
                         ? block.body.size()
                         : backends::estimated_bytes(block.header);
  delivery_->available({position, block.header.items, bytes, block.header.first_time}, now_.steady);
  next_ = position + 1;
  while (!loaded_.empty() && loaded_bytes_ + block.body.size() > max_loaded_bytes) {
    loaded_bytes_ -= loaded_.begin()->second.body.size();
    loaded_.erase(loaded_.begin());
  }
  loaded_bytes_ += block.body.size();
  loaded_.insert_or_assign(position, std::move(block));
}

void replay_lane::note(log_position position, const unsent& found) {
  auto sum = found;
  if (unsent_.size() >= max_unsent) { // Counted a little later than it could be.
    sum.left_out += unsent_.rbegin()->second.left_out;
    sum.damaged += unsent_.rbegin()->second.damaged;
    unsent_.erase(std::prev(unsent_.end()));
  }
  unsent_[position] = sum;
}

void replay_lane::count_passed() {
  const auto passed = unsent_.lower_bound(record_.cursor.position);
  for (auto each = unsent_.begin(); each != passed; ++each) {
    record_.counts.left_out += each->second.left_out;
    record_.counts.damaged += each->second.damaged;
  }
  unsent_.erase(unsent_.begin(), passed);
}

void replay_lane::skip(log_position position) {
  delivery_->available({.position = position}, now_.steady);
  next_ = position + 1;
}

void replay_lane::on_unreadable(log_position position, const error& why) {
  if (why.code == errc::not_found && position < disk_->log(plan_.pipeline).first)
    return; // Trimmed this very moment: follow_trim() of the next round.
  if (is_passing(why))
    return wait_for_disk(why);
  note(position, {0, 1});
  log::error({{"pipeline", record_.order.pipeline}, {"block", position}},
             "replay {}: block {} is damaged and skipped: {}", text_of_replay(record_.order.id),
             position, why.message);
  skip(position);
}

result<log_block> replay_lane::load(log_position position) {
  if (const auto held = loaded_.find(position); held != loaded_.end())
    return held->second;
  const auto packed = reader_.read(position);
  if (!packed)
    return tl::unexpected(packed.error());
  auto picked = reader_.pick(position, *packed);
  if (!picked)
    return tl::unexpected(picked.error());
  return std::move(picked->block);
}

result<shared_bytes> replay_lane::build(const backends::item_set& items) {
  std::vector<backends::block_part> parts;
  for (const auto& range : items.ranges) {
    const auto block = load(range.position);
    if (!block)
      return tl::unexpected(block.error());
    parts.push_back(
        {block->header.layout, block->body, block->header.items, range.first, range.last});
  }
  return builder_.build(parts);
}

// Without what was trimmed or lost meanwhile. An error: it cannot be read at the moment.
result<shared_bytes> replay_lane::build_what_is_held(const backends::item_set& items) {
  backends::item_set held;
  for (const auto& range : items.ranges) {
    const auto block = load(range.position);
    if (!block && is_passing(block.error()))
      return tl::unexpected(block.error());
    if (block)
      held.ranges.push_back(range);
  }
  if (held.ranges.empty())
    return shared_bytes();
  auto message = build(held);
  if (!message && !is_passing(message.error()))
    return shared_bytes();
  return message;
}

void replay_lane::send(const backends::planned_request& planned) {
  auto message = build(planned);
  if (!message)
    return on_unbuilt(planned, message.error());
  std::string bare;
  auto carried = backends::take_carried_of_items(plan_.signal, message->view(), bare);
  if (planned.items > 1 && sends_on_ && carried.mixed)
    return delivery_->split(planned.id, now_.steady);
  if (carried.any)
    *message = shared_bytes(std::move(bare));
  const auto least = backends::least_item_bytes(plan_.signal, message->view());
  using advice = backends::delivery::advice;
  switch (delivery_->measured(planned.id, message->size(), least)) {
  case advice::send:
    break;
  case advice::halve:
    return delivery_->split(planned.id, now_.steady);
  case advice::give_up:
    return delivery_->give_up(planned.id,
                              fmt::format("a request with one item takes at least {} bytes with "
                                          "what stands around it, and was too large alone",
                                          least),
                              now_.steady);
  }
  pace_.sent(message->size(), now_.steady);
  request_bytes_[planned.id] = message->size();
  ports_.send(planned.id,
              {plan_.signal, std::move(*message), planned.items, std::move(carried.values)});
}

void replay_lane::on_unbuilt(const backends::planned_request& planned, const error& why) {
  using kind = backends::outcome::kind;
  const bool damaged = !is_passing(why) && why.code != errc::not_found;
  if (damaged && planned.ranges.size() > 1) // What is sound beside it is delivered.
    return delivery_->split(planned.id, now_.steady);
  const auto outcome = damaged ? kind::refused : kind::retry;
  ports_.send_report({planned.id, {outcome, 0, std::nullopt, why.message}});
}

// Halves are sent again until an item stands alone: some come twice, none is lost.
void replay_lane::finish_by_item(const delivery_report& report) {
  using kind = backends::outcome::kind;
  if (const auto* plan = delivery_->plan_of(report.request); plan != nullptr && plan->items > 1)
    return delivery_->split(report.request, now_.steady);
  const auto& item = report.outcome.items.front();
  auto outcome = report.outcome;
  outcome.items.clear();
  outcome.answer = item.again ? kind::retry : kind::refused;
  outcome.reason = item.reason;
  delivery_->finished(report.request, outcome, now_.steady);
}

void replay_lane::finished(const delivery_report& report, moment now) {
  now_ = now;
  const auto before = delivery_->counts();
  if (!report.outcome.items.empty())
    finish_by_item(report);
  else
    delivery_->finished(report.request, report.outcome, now.steady);
  trouble_ = delivery_->is_down() ? report.outcome.reason : "";
  if (const auto found = request_bytes_.find(report.request); found != request_bytes_.end()) {
    if (delivery_->counts().delivered > before.delivered) {
      record_.counts.bytes += found->second;
      metrics::replay_sent_bytes.with({{"exporter", plan_.exporter.id}})
          .Increment(static_cast<double>(found->second));
    }
    request_bytes_.erase(found);
  }
  count(before);
  if (record_.counts.delivered - saved_.counts.delivered >= items_at_once
      || delivery_->letters() >= letters_at_hand)
    save();
}

void replay_lane::count(const backends::delivery::totals& before) {
  const auto& now = delivery_->counts();
  auto& counts = record_.counts;
  counts.delivered += now.delivered - before.delivered;
  counts.rejected += now.rejected - before.rejected;
  counts.dead += now.dead - before.dead;
  counts.lost += now.forgotten - before.forgotten;
  if (now.delivered > before.delivered)
    metrics::replay_sent_items.with({{"exporter", plan_.exporter.id}})
        .Increment(static_cast<double>(now.delivered - before.delivered));
}

// An answer, and tick(), lead to pump() anyway.
void replay_lane::set_timer(bool may_send) {
  const auto now = now_.steady;
  auto due = std::max(pace_.free_at(), read_again_at_);
  if (due <= now) {
    const auto wakeup = may_send ? delivery_->next_wakeup() : std::nullopt;
    if (!wakeup)
      return;
    due = std::max(*wakeup, now + millisecond_ns);
  }
  if (timer_at_ > now && timer_at_ <= due)
    return;
  timer_at_ = due;
  ports_.pump_after(due - now);
}

void replay_lane::tick(const live_load& load, moment now) {
  now_ = now;
  pace_.look(load);
  record_.sending_ns +=
      static_cast<std::uint64_t>(std::max<steady_ns>(0, now.steady - measured_at_));
  measure(now);
  if (!save())
    settle();
}

void replay_lane::measure(moment now) {
  const auto seconds = static_cast<double>(now.steady - measured_at_) / second_ns;
  if (seconds <= 0)
    return;
  const auto smooth = [&](double& rate, std::uint64_t& before, std::uint64_t total) {
    const auto newest = static_cast<double>(total - std::min(total, before)) / seconds;
    rate = rate == 0 ? newest : rate + newest_share * (newest - rate);
    before = total;
  };
  smooth(bytes_a_second_, measured_bytes_, record_.counts.bytes);
  smooth(blocks_a_second_, measured_blocks_, blocks_done());
  measured_at_ = now.steady;
}

// A letter whose items cannot be read at the moment stays, and those behind it: the next tick tries
// again.
void replay_lane::save_letters(storage::batch& batch) {
  std::uint64_t bytes = 0;
  while (const auto* letter = delivery_->first_letter()) {
    bytes += letter->bytes;
    if (!batch.empty() && bytes > letters_at_once)
      return;
    const auto message = build_what_is_held(*letter);
    if (!message)
      return;
    batch.put_dead_letter(
        plan_.pipeline, plan_.letters->take_place(),
        encode(codec::dead_letter_record{plan_.signal, now_.wall, letter->items, plan_.exporter.id,
                                         letter->reason, std::string(message->view())}));
    delivery_->drop_letter();
  }
}

void replay_lane::save_into(storage::batch& batch) {
  save_letters(batch);
  record_.cursor = delivery_->cursor();
  record_.ahead = delivery_->finished_ahead();
  count_passed();
  batch.put_meta(plan_.record_key, encode(record_));
  saved_ = record_;
}

// Letters and record in one batch; false when there was nothing new.
bool replay_lane::save() {
  if (saving_)
    return true;
  auto work = std::make_shared<commit>();
  save_letters(work->batch);
  work->sync = !work->batch.empty();
  record_.cursor = delivery_->cursor();
  record_.ahead = delivery_->finished_ahead();
  count_passed();
  if (work->batch.empty() && record_.cursor == saved_.cursor && record_.ahead == saved_.ahead
      && record_.counts == saved_.counts)
    return false;
  work->batch.put_meta(plan_.record_key, encode(record_));
  saved_ = record_;
  saving_ = true;
  ports_.write(work, [this] {
    saving_ = false;
    if (!stopping_ && delivery_->has_letters())
      save();
  });
  return true;
}

// What is behind the range needs no record: the state that says so is written with the rest.
void replay_lane::settle() {
  if (all_read_ && delivery_->blocks() == 0 && delivery_->in_flight() == 0
      && !delivery_->has_letters() && !saving_)
    complete_ = true;
}

void replay_lane::stop(moment now) {
  now_ = now;
  stopping_ = true;
}

} // namespace weir::stages
