// What hands ask of an exporter: to stop for a while, and to send dead letters once more. Both are
// records of the family meta.
#include "stages/exporter_orders.hpp"

#include "codec/dead_letter.hpp"
#include "codec/varint.hpp"
#include "core/log.hpp"
#include "stages/exporter.hpp"
#include "stages/exporter_records.hpp"

#include <algorithm>

namespace weir::stages {

namespace {

constexpr char format_version = 1;

// Looked at in one go: the next commit goes on.
constexpr log_position letters_at_once = 256;

} // namespace

// Format version 1: version u8 | next varint | below varint | source.
std::string encode(const letter_order& order) {
  if (order.next >= order.below)
    return {};
  std::string out(1, format_version);
  codec::put_varint(order.next, out);
  codec::put_varint(order.below, out);
  return out.append(order.source);
}

letter_order read_letter_order(std::string_view bytes) {
  letter_order order;
  if (bytes.empty() || bytes.front() != format_version)
    return {};
  bytes.remove_prefix(1);
  if (!codec::take_varint(bytes, order.next) || !codec::take_varint(bytes, order.below))
    return {};
  order.source = bytes;
  return order;
}

// Format version 1 of a pause: version u8 | since, unix ns, varint; empty: there is none.
void exporter::resume_orders() {
  const auto paused = disk_->meta(paused_key(plan_.pipeline_name, plan_.config.id));
  const auto order = disk_->meta(letter_order_key(plan_.pipeline_name, plan_.config.id));
  if (!paused || !order)
    throw std::runtime_error((paused ? order : paused).error().message);
  letter_order_ = read_letter_order(order->value_or(""));
  std::string_view bytes = *paused ? std::string_view(**paused) : std::string_view();
  if (bytes.empty() || bytes.front() != format_version)
    return;
  bytes.remove_prefix(1);
  if (std::uint64_t since = 0; codec::take_varint(bytes, since)) {
    paused_since_ = since;
    paused_at_ = now_.steady;
  }
}

void exporter::obey(const exporter_order& order, moment now) {
  now_ = now;
  using kind = exporter_order::kind;
  switch (order.act) {
  case kind::pause:
    if (!paused_since_) {
      paused_since_ = now.wall;
      paused_at_ = now.steady;
      log::warn({{"exporter", plan_.config.id}, {"pipeline", plan_.pipeline_name}},
                "exporter {}: paused by hand; what comes waits in the log", plan_.config.id);
    }
    break;
  case kind::resume:
    if (paused_since_) {
      delivery_->waited(now.steady - paused_at_);
      paused_since_.reset();
      log::info({{"exporter", plan_.config.id}, {"pipeline", plan_.pipeline_name}},
                "exporter {}: goes on, by hand", plan_.config.id);
    }
    break;
  case kind::send_letters:
    letter_order_ = order.letters;
    break;
  }
  orders_changed_ = true;
  show_status();
  save();
}

void exporter::save_orders(storage::batch& batch) {
  if (!std::exchange(orders_changed_, false))
    return;
  std::string paused;
  if (paused_since_) {
    paused.assign(1, format_version);
    codec::put_varint(*paused_since_, paused);
  }
  batch.put_meta(paused_key(plan_.pipeline_name, plan_.config.id), paused);
  batch.put_meta(letter_order_key(plan_.pipeline_name, plan_.config.id), encode(letter_order_));
}

// A letter becomes a request that is set aside, in the batch by which it is gone: it is always one
// of the two, whenever the process dies.
void exporter::take_letters(commit& work) {
  const auto held = disk_->dead_letters(plan_.pipeline);
  auto& order = letter_order_;
  if (order.next >= order.below)
    return;
  order.next = std::max(order.next, held.first);
  const auto end = std::min({order.below, held.next, order.next + letters_at_once});
  std::vector<log_position> gone;
  for (; order.next < end && aside_has_room(0); ++order.next) {
    if (!take_letter(order.next, work.batch))
      break;
    if (fresh_letters_.size() > gone.size())
      gone.push_back(order.next);
  }
  order.below = std::min(order.below, held.next);
  orders_changed_ = true;
  if (!gone.empty())
    work.late = [box = plan_.letters, gone](storage::batch& batch) { box->put_gone(gone, batch); };
}

// False: not now.
bool exporter::take_letter(log_position position, storage::batch& batch) {
  const auto bytes = disk_->read_dead_letter(plan_.pipeline, position);
  if (!bytes)
    return !is_passing(bytes.error());
  const auto letter = codec::read_dead_letter(*bytes);
  if (!letter || letter->signal != plan_.signal
      || (!letter_order_.source.empty() && letter->exporter != letter_order_.source))
    return true;
  if (!aside_has_room(bytes->size()))
    return false;
  if (!plan_.letters->claim(position))
    return true;
  const auto copy = free_copy();
  batch.put_meta(aside_key(plan_.pipeline_name, plan_.config.id, copy), *bytes);
  aside_[copy] = bytes->size();
  fresh_letters_.push_back({copy, letter->items, letter->message.size()});
  (*ledger_)[moved_items] -= letter->items;
  return true;
}

void exporter::start_letters() {
  if (fresh_letters_.empty())
    return;
  for (const auto& letter : fresh_letters_)
    delivery_->resume(letter.copy, letter.items, letter.bytes, now_.steady);
  fresh_letters_.clear();
  plan_.letters->trim();
}

} // namespace weir::stages
