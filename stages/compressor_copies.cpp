// The compressor in a cluster: what other nodes have to know of what it made durable, and what they
// say.
#include "stages/compressor.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"

namespace weir::stages {

namespace {

// A block is not held back for longer: its standby is slow, or away.
constexpr steady_ns longest_hidden = second_ns;

// Between looks for nodes that are away.
constexpr steady_ns absent_pause = 60 * second_ns;

// Progress of another node that waits for no company on its way to the disk.
constexpr std::size_t large_progress = 32 << 10;

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
  const auto& [source, pipeline, handed] = message;
  if (handed.last_of_ring != 0)
    copies_.heard_all(source, handed.last_of_ring);
  std::size_t bytes = 0;
  for (const auto& [entry, record] : handed.progress) {
    bytes += record.size();
    const auto news = progress_.merge(entry, record);
    if (!news && log::permit("progress-foreign"))
      log::warn({{"pipeline", config_.name}}, "progress of another node cannot be read: {}",
                news.error().message);
    if (news.value_or(false))
      gathered_.touched.push_back(entry);
  }
  const handed_ticket ticket{source, handed.ticket};
  // What is known already may not be durable yet: the next commit is behind that one.
  unanswered_[ticket] += handed.decisions.empty() ? 1 : 1 + config_.shards;
  gathered_.taken_over.push_back(ticket);
  gathered_.any = true;
  if (bytes >= large_progress)
    flush();
  else
    flush_soon();
}

void compressor::answer_others(const unwritten& done) {
  for (const auto& each : done.taken_over) {
    const auto found = unanswered_.find(each);
    if (found == unanswered_.end() || --found->second > 0)
      continue;
    unanswered_.erase(found);
    ports_.send_taken_over(each);
  }
}

// What is here of entries of nodes that do not come back goes in the end.
void compressor::forget_absent(moment now) {
  const auto& ring = copies_.ring();
  if (!ring || now.steady < looks_for_absent_)
    return;
  looks_for_absent_ = now.steady + absent_pause;
  const auto known = progress_.epochs();
  std::set<node_id> absent;
  for (const auto& [node, epoch, below] : known)
    if (!ring->is_living(node))
      absent.insert(node);
  std::erase_if(absent_, [&](const auto& each) { return !absent.contains(each.first); });
  for (const auto node : absent)
    absent_.try_emplace(node, now.steady);
  for (const auto& [node, epoch, below] : known) {
    const auto found = absent_.find(node);
    if (found == absent_.end()
        || now.steady - found->second < config_.progress_retention / std::chrono::nanoseconds(1))
      continue;
    (void)disk_->trim_progress(node, epoch, below);
    progress_.forget(node, epoch, below);
  }
}

} // namespace weir::stages
