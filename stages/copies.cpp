#include "stages/copies.hpp"

#include "codec/hash.hpp"
#include "core/metrics.hpp"
#include "sampling/decision_cache.hpp"

#include <algorithm>

namespace weir::stages {

namespace {

// Bytes of progress in one message.
constexpr std::size_t progress_at_once = 128 << 10;

} // namespace

void commit_copies::append(commit_copies&& other) {
  for (auto& [target, part] : other.parts) {
    auto& mine = parts[target];
    if (mine.decisions.empty())
      mine.decisions = std::move(part.decisions);
    else if (!part.decisions.empty())
      (void)sampling::append_chunk(mine.decisions, part.decisions); // Progress says the rest.
    mine.progress.merge(part.progress);
  }
}

void commit_copies::take_records(const cluster::progress& progress) {
  for (auto& [target, part] : parts) {
    for (auto& [entry, record] : part.progress)
      record = progress.encode(entry);
    std::erase_if(part.progress,
                  [](const auto& each) { return each.second.empty(); }); // Forgotten.
  }
}

progress_ptr all_records(const cluster::progress& progress) {
  auto all = std::make_shared<recovered_progress>();
  progress.for_each(
      [&](const entry_id& entry) { all->records.emplace_back(entry, progress.encode(entry)); });
  return all;
}

// -- to the standbys --

commit_copies copies::gather(const decided& message) const {
  commit_copies made;
  if (!ring_)
    return made;
  const auto standby_of = [this](std::uint64_t print) {
    const auto standby = ring_->standby_of(codec::partition_of(print));
    return standby == self_ ? node_id{0} : standby;
  };
  if (!message.decisions.empty())
    for (auto& [target, chunk] : sampling::split_chunk(message.decisions, standby_of))
      made.parts[target].decisions = std::move(chunk);
  std::vector<node_id> standbys;
  for (const auto& trace : message.traces)
    standbys.push_back(standby_of(sampling::fingerprint_of(trace.id)));
  for (const auto& each : message.slots)
    if (const auto standby = standbys[each.trace]; standby != 0)
      made.parts[standby].progress[message.entries[each.entry].id];
  return made;
}

std::set<std::uint64_t> copies::send(commit_copies copied) {
  std::set<std::uint64_t> tickets;
  for (auto& [target, part] : copied.parts) {
    cluster::handed_over message;
    message.decisions = std::move(part.decisions);
    message.progress.assign(part.progress.begin(), part.progress.end());
    if (copies_ == most_copies)
      give_up_oldest();
    ++copies_;
    tickets.insert(send(target, kind::copy, std::move(message)));
  }
  return tickets;
}

void copies::give_up_oldest() {
  const auto oldest = std::find_if(outstanding_.begin(), outstanding_.end(), [](const auto& each) {
    return each.second.purpose == kind::copy;
  });
  outstanding_.erase(oldest);
  --copies_;
  metrics::copies_given_up.with({{"pipeline", pipeline_}}).Increment();
}

std::uint64_t copies::send(node_id target, kind purpose, cluster::handed_over message,
                           handed_ptr handed) {
  message.pipeline = pipeline_;
  message.ticket = next_ticket_++;
  const auto ticket = message.ticket;
  outstanding_.emplace(ticket, sent{target, purpose, message, std::move(handed)});
  ports_.send_away(target, std::move(message));
  return ticket;
}

// -- to the owners of another ring --

bool copies::ring_passed(std::uint32_t shard, const ring_ptr& ring) {
  passed_[shard] = ring;
  if (passed_.size() < shards_
      || std::any_of(passed_.begin(), passed_.end(),
                     [&](const auto& each) { return each.second != ring; }))
    return false;
  const auto before = std::exchange(ring_, ring);
  begun_ = finished_ = false;
  note_targets(before ? *before : cluster::no_ring);
  forget_gone();
  return true;
}

// Who is to have this node's progress: owners of what was its own, new standbys of what is.
void copies::note_targets(const cluster::ring_view& before) {
  for (std::size_t p = 0; p < partition_count; ++p) {
    const auto owner = ring_->owner_of(p);
    const auto standby = ring_->standby_of(p);
    const bool had = before.ring == 0 || before.owner_of(p) == self_;
    if (had && owner != self_ && owner != 0)
      owed_[owner];
    else if (owner == self_ && standby != 0 && standby != before.standby_of(p))
      owed_[standby];
  }
}

// Of those who are not in the ring any more nothing is waited for; chunks of an earlier ring come
// again.
void copies::forget_gone() {
  const auto gone = [&](node_id target) {
    return std::find(ring_->living.begin(), ring_->living.end(), target) == ring_->living.end();
  };
  std::erase_if(owed_, [&](const auto& each) { return gone(each.first); });
  std::erase_if(outstanding_, [&](const auto& each) {
    const auto& [ticket, message] = each;
    const bool earlier =
        message.handed ? message.handed->ring != ring_ : message.purpose != kind::copy;
    const bool goes = gone(message.target) || earlier;
    copies_ -= goes && message.purpose == kind::copy ? 1 : 0;
    return goes;
  });
}

void copies::begin(const ring_ptr& ring, const progress_ptr& records) {
  if (ring != ring_)
    return;
  begun_ = true;
  std::vector<node_id> targets;
  for (auto& [target, owed] : owed_) {
    owed = {records, 0};
    targets.push_back(target);
  }
  for (const auto target : targets)
    send_progress(target);
  finish();
}

void copies::send_progress(node_id target) {
  const auto found = owed_.find(target);
  if (found == owed_.end())
    return;
  auto& [all, next] = found->second;
  cluster::handed_over message;
  for (std::size_t bytes = 0; bytes < progress_at_once && next < all->records.size(); ++next) {
    message.progress.push_back(all->records[next]);
    bytes += sizeof(entry_id) + all->records[next].second.size();
  }
  if (message.progress.empty())
    owed_.erase(found);
  else
    send(target, kind::progress, std::move(message));
}

void copies::take(const handed_ptr& message) {
  if (message->ring != passed_[message->shard])
    return;
  if (message->target != 0) {
    cluster::handed_over handed;
    handed.decisions = message->chunk;
    send(message->target, kind::decisions, std::move(handed), message);
    return;
  }
  done_[message->shard] = message->ring;
  finish();
}

void copies::finish() {
  const auto done = std::count_if(done_.begin(), done_.end(),
                                  [this](const auto& each) { return each.second == ring_; });
  if (!begun_ || finished_ || static_cast<std::size_t>(done) < shards_ || !owed_.empty())
    return;
  finished_ = true;
  for (const auto target : ring_->living) {
    if (target == self_)
      continue;
    cluster::handed_over message;
    message.last_of_ring = ring_->ring;
    send(target, kind::last, std::move(message));
  }
}

// -- what comes back --

bool copies::taken(node_id target, std::uint64_t ticket) {
  const auto found = outstanding_.find(ticket);
  if (found == outstanding_.end() || found->second.target != target)
    return false;
  const auto done = std::move(found->second);
  outstanding_.erase(found);
  switch (done.purpose) {
  case kind::copy:
    --copies_;
    break;
  case kind::decisions:
    ports_.send_handed(done.handed->shard, done.handed);
    break;
  case kind::progress:
    send_progress(target);
    finish();
    break;
  case kind::last:
    break;
  }
  return true;
}

void copies::link_up(node_id target) {
  for (const auto& [ticket, message] : outstanding_)
    if (message.target == target)
      ports_.send_away(target, message.message);
}

} // namespace weir::stages
