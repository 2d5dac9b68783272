#include "stages/copies.hpp"

#include "codec/hash.hpp"
#include "core/metrics.hpp"
#include "sampling/decision_cache.hpp"

#include <algorithm>

namespace weir::stages {

namespace {

// Bytes of progress in one message.
constexpr std::size_t progress_at_once = 128 << 10;

// Tickets have 40 bits (actors/compressor.hpp), of which the upper ones are the epoch's.
constexpr std::uint64_t first_ticket(epoch epoch) {
  return (epoch % (1U << 23) << 16) + 1;
}

void add_decisions(std::string& known, std::string&& added) {
  if (known.empty())
    known = std::move(added);
  else if (!added.empty())
    (void)sampling::append_chunk(known, added); // Progress says the rest.
}

} // namespace

void commit_copies::append(commit_copies&& other) {
  for (auto& [target, part] : other.parts) {
    auto& mine = parts[target];
    add_decisions(mine.decisions, std::move(part.decisions));
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

copies::copies(std::string pipeline, node_id self, epoch epoch, std::size_t shards,
               copies_ports& ports)
    : pipeline_(std::move(pipeline)), self_(self), shards_(shards), ports_(ports),
      next_ticket_(first_ticket(epoch)) {}

// -- to the standbys --

commit_copies copies::gather(const decided& message) const {
  commit_copies made;
  if (!ring_)
    return made;
  using standby_getter = node_id (cluster::partition_owners::*)(std::size_t) const noexcept;
  const auto& owners = ring_->of(pipeline_);
  const auto gather_for = [&](standby_getter standby, std::uint64_t print) {
    const auto partition = codec::partition_of(print);
    const auto target = (owners.*standby)(partition);
    const bool has_it = standby == &cluster::partition_owners::zone_standby_of
                        && target == owners.standby_of(partition);
    // What this node has as a standby its owner tells the other one.
    const bool is_copy = message.traces.empty() && owners.owner_of(partition) != self_;
    return target == self_ || has_it || is_copy ? node_id{0} : target;
  };
  for (const standby_getter standby :
       {&cluster::partition_owners::standby_of, &cluster::partition_owners::zone_standby_of}) {
    const auto target_of = [&](std::uint64_t print) { return gather_for(standby, print); };
    if (!message.decisions.empty())
      for (auto& [target, chunk] : sampling::split_chunk(message.decisions, target_of))
        add_decisions(made.parts[target].decisions, std::move(chunk));
    std::vector<node_id> targets;
    for (const auto& trace : message.traces)
      targets.push_back(target_of(sampling::fingerprint_of(trace.id)));
    for (const auto& each : message.slots)
      if (const auto target = targets[each.trace]; target != 0)
        made.parts[target].progress[message.entries[each.entry].id];
  }
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
  begun_ = false;
  note_targets(before ? *before : cluster::no_ring);
  forget_gone();
  return true;
}

// Those of the ring before that never said that they had handed over all.
std::set<node_id> copies::silent_by(const cluster::ring_view& before) const {
  std::set<node_id> silent;
  if (const auto found = before.deciders.find(pipeline_); found != before.deciders.end())
    silent.insert(found->second.begin(), found->second.end());
  std::erase_if(silent, [&](node_id each) {
    const auto said = said_all_.find(each);
    return said != said_all_.end() && said->second == before.ring;
  });
  return silent;
}

void copies::note_targets(const cluster::ring_view& before) {
  for (auto& each : listeners_)
    for (auto& target : each)
      target = owed_.contains(target) ? target : 0; // It has heard all.
  listeners_ = cluster::listeners_of({self_, before.of(pipeline_), ring_->of(pipeline_),
                                      ring_->living, listeners_, silent_by(before)});
  owed_.clear();
  for (const auto& each : listeners_)
    for (const auto target : each)
      if (target != 0)
        owed_[target];
  unfinished_ = {ring_->living.begin(), ring_->living.end()};
  unfinished_.erase(self_);
  std::erase_if(done_, [this](const auto& each) { return !unfinished_.contains(each.first); });
  std::erase_if(said_all_, [this](const auto& each) { return !unfinished_.contains(each.first); });
}

// Of those who are not in the ring any more nothing is waited for; chunks of an earlier ring come
// again.
void copies::forget_gone() {
  const auto gone = [this](node_id target) { return !ring_->is_living(target); };
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
  const auto others = unfinished_;
  for (const auto target : others)
    finish(target);
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
  if (!message->chunk.empty()) {
    cluster::handed_over handed;
    handed.decisions = message->chunk;
    send(message->target, kind::decisions, std::move(handed), message);
    return;
  }
  done_[message->target][message->shard] = message->ring;
  finish(message->target);
}

// Whoever has all that is for it need not wait for what goes to others.
void copies::finish(node_id target) {
  const auto& shards = done_[target];
  const auto done = std::count_if(shards.begin(), shards.end(),
                                  [this](const auto& each) { return each.second == ring_; });
  if (!begun_ || static_cast<std::size_t>(done) < shards_ || owed_.contains(target)
      || unfinished_.erase(target) == 0)
    return;
  cluster::handed_over message;
  message.last_of_ring = ring_->ring;
  send(target, kind::last, std::move(message));
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
    finish(target);
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
