// The compressor in a cluster: what other nodes have to know of what it made durable, and what they
// say.
#include "stages/compressor.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"

namespace weir::stages {

namespace {

// A block is not held back for longer: its standby is slow, or away.
constexpr steady_ns longest_hidden = second_ns;

} // namespace

void compressor::send_copies(unwritten& done, moment now) {
  auto tickets = copies_.send(std::move(done.copied));
  if (done.blocks.empty())
    return;
  if (tickets.empty() && hidden_.empty())
    return show(done.blocks);
  hidden_.push_back({std::move(done.blocks), std::move(tickets), now.steady});
  ports_.show_after(longest_hidden);
}

void compressor::show(std::vector<log_block>& blocks) {
  for (auto& block : blocks)
    tail_->append(std::move(block));
}

// In their order.
void compressor::show_blocks(moment now) {
  while (!hidden_.empty()) {
    auto& first = hidden_.front();
    std::erase_if(first.tickets, [this](auto ticket) { return !copies_.outstanding(ticket); });
    const bool late = now.steady - first.since >= longest_hidden;
    if (!first.tickets.empty() && !late)
      return;
    if (!first.tickets.empty())
      metrics::uncopied_blocks.with({{"pipeline", config_.name}})
          .Increment(static_cast<double>(first.blocks.size()));
    show(first.blocks);
    hidden_.pop_front();
  }
}

void compressor::ring_passed(std::uint32_t shard, const ring_ptr& ring) {
  if (!copies_.ring_passed(shard, ring))
    return;
  if (idle())
    return copies_.begin(ring, progress_to_hand_over());
  gathered_.ring = ring;
  gathered_.any = true;
  flush();
}

progress_ptr compressor::progress_to_hand_over() const {
  return all_records(config_.broken.keep_progress ? cluster::progress() : progress_);
}

void compressor::hand_over(const handed_ptr& message) {
  if (config_.broken.keep_decisions && message->target != 0)
    return ports_.send_handed(message->shard, message);
  copies_.take(message);
}

void compressor::handed_taken(node_id target, std::uint64_t ticket, moment now) {
  if (copies_.taken(target, ticket))
    show_blocks(now);
}

// It is durable with the next commit: what this node settles by it would else be logged again after
// a restart.
void compressor::take_over(const taken_over& message) {
  for (const auto& [entry, record] : message.message.progress) {
    const auto news = progress_.merge(entry, record);
    if (!news && log::permit("progress-foreign"))
      log::warn({{"pipeline", config_.name}}, "progress of another node cannot be read: {}",
                news.error().message);
    if (news.value_or(false))
      gathered_.touched.push_back(entry);
  }
  if (gathered_.touched.empty() || gathered_.any)
    return;
  gathered_.any = true;
  if (!timer_set_) {
    timer_set_ = true;
    ports_.time_out_after(config_.timeout / std::chrono::nanoseconds(1));
  }
}

} // namespace weir::stages
