// The origin's other owners: what goes over links, and what comes back.
#include "stages/origin.hpp"

#include "codec/entry.hpp"
#include "core/log.hpp"

#include <algorithm>

namespace weir::stages {

namespace {

// An entry that its owner turned away so often, by one ring here, is taken by it: the two see other
// members for longer than it takes to hear of them.
constexpr unsigned insist_after = 15;

// Two rings come to the same within about so long; mostly sooner, so the first attempts are.
constexpr steady_ns turned_away_pause = second_ns;
constexpr unsigned quick_attempts = 3;

// Between the words of an origin that has nothing open: traces of other origins wait for them.
constexpr steady_ns quiet_pause = second_ns;

// Of what waits for an owner, the oldest first: entries from before the start stand at its beginning.
constexpr std::size_t most_looked_at = 64;

// Entries whose settled slots are written in one commit.
constexpr std::size_t kept_at_once = 512;

} // namespace

bool origin::has_credit(node_id owner) const {
  const auto found = outlets_.find(owner);
  return found != outlets_.end() && found->second.in_flight < found->second.credit;
}

std::uint64_t origin::bytes_in_flight(node_id owner) const {
  const auto found = outlets_.find(owner);
  return found == outlets_.end() ? 0 : found->second.in_flight;
}

// Whether it can go at once, and to nobody else.
bool origin::is_next(const durable_entry& entry, node_id owner) const {
  if (!has_credit(owner))
    return false;
  const auto* next = settling_.next_unsent(owner, outlets_.at(owner).passed_over);
  return next != nullptr && next->id == entry.header.id && next->unsent.size() == 1;
}

// -- owners and links --

void origin::change_ring(const cluster::ring_view& ring, moment now) {
  now_ = now;
  ring_ = ring.ring;
  owners_ = ring.owners;
  differing_ = ring.differing;
  said_.reset();
  change_owners();
  if (ring.fresh && !config_.broken.keep_sent) // The shards here have dropped what they held.
    settling_.send_again(self_);
  ask_to_go_on();
}

void origin::change_owners() {
  cluster::settling::owners_by_pipeline differing;
  for (const auto& each : config_.pipelines)
    if (const auto found = differing_.find(each.name); found != differing_.end())
      differing.emplace(each.id, found->second.owners);
  settling_.change_owners(owners_, std::move(differing));
}

void origin::link_up(node_id owner, moment now) {
  now_ = now;
  if (!config_.broken.forget_link)
    settling_.send_again(owner); // Another boot knows nothing.
  outlets_[owner] = {.credit = config_.link_credit};
  said_.reset();
  for (const auto& mark : settling_.low_water_marks())
    ports_.send_away(owner, cluster::forgotten{mark.epoch, mark.below});
  ask_to_go_on();
}

void origin::link_lost(node_id owner) {
  outlets_.erase(owner);
  if (!config_.broken.forget_link)
    settling_.send_again(owner);
}

void origin::taken_away(node_id owner, std::uint64_t bytes) {
  const auto found = outlets_.find(owner);
  if (found == outlets_.end())
    return;
  auto& in_flight = found->second.in_flight;
  in_flight -= std::min(in_flight, bytes);
  if (present() == phase::sending)
    ask_to_go_on();
}

void origin::settled_away(const settled_report& report) {
  for (const auto& [entry, slots] : report.entries) {
    if (settling_.settle(entry, slots))
      unkept_.erase(entry);
    else if (settling_.find(entry) != nullptr)
      unkept_.insert(entry);
  }
}

void origin::turned_away(node_id owner, cluster::wrong_owner report, moment now) {
  if (config_.broken.forget_turned_away)
    return;
  unsigned attempts = 0;
  for (const auto& [entry, slots] : report.entries)
    if (const auto* open = settling_.find(entry))
      attempts = std::max(attempts, open->turned_away);
  const auto due =
      now.steady + (turned_away_pause >> (quick_attempts - std::min(attempts, quick_attempts)));
  const auto place =
      std::upper_bound(turned_away_.begin(), turned_away_.end(), due,
                       [](auto moment, const auto& each) { return moment < each.due; });
  turned_away_.insert(place, {owner, std::move(report), due});
}

void origin::retry_turned_away() {
  while (!turned_away_.empty() && turned_away_.front().due <= now_.steady) {
    const auto& [owner, report, due] = turned_away_.front();
    for (const auto& [entry, slots] : report.entries)
      settling_.turned_away(entry, slots, owner);
    turned_away_.pop_front();
  }
}

// What was turned away is not there, though it was sent. And of an entry from before the start nobody
// can say how late its traces are: its age was cut to its wait. Until the owner has it, it is as old
// as any.
std::optional<steady_ns> origin::oldest_unsent(node_id owner) const {
  const auto is_old = [this](const entry_id& entry) { return entry.epoch != disk_->epoch(); };
  for (std::size_t skipped = 0; skipped < most_looked_at; ++skipped) {
    const auto* next = settling_.next_unsent(owner, skipped);
    if (next == nullptr)
      break;
    if (is_old(next->id))
      return 0;
  }
  auto oldest = settling_.oldest_unsent(owner);
  for (const auto& each : turned_away_)
    for (const auto& [entry, slots] : each.report.entries)
      if (const auto* open = settling_.find(entry); open != nullptr && each.owner == owner) {
        const auto received = is_old(entry) ? 0 : open->received;
        oldest = std::min(oldest.value_or(received), received);
      }
  return oldest;
}

// -- sending --

// @pre there was room for its bytes
void origin::take_away(const durable_entry& entry) {
  for (const auto& [owner, outlet] : outlets_) {
    if (owner == self_ || !is_next(entry, owner))
      continue;
    auto bytes = entry.to_send;
    if (bytes.empty()) { // It was this node's as it was cut.
      std::string written;
      codec::write_entry(entry.header, entry.packed.view(), written);
      bytes = shared_bytes(std::move(written));
    }
    return send_away(owner, *settling_.find(entry.header.id), std::move(bytes));
  }
}

// The oldest of what waits for this owner. False: nothing does, or it cannot be read at the moment.
bool origin::send_next_away(node_id owner) {
  const auto* next = settling_.next_unsent(owner, outlets_[owner].passed_over);
  if (next == nullptr)
    return false;
  const auto open = *next;
  auto bytes = disk_->read_entry(open.position);
  if (!bytes && lose(open, bytes.error()))
    return true;
  if (!bytes)
    return pass_over(owner, bytes.error());
  if (const auto view = codec::read_entry(*bytes); !view) {
    damaged(open.position, *bytes, view.error().message);
    settling_.abandon(open.id);
    return true;
  }
  send_away(owner, open, shared_bytes(std::move(*bytes)));
  return true;
}

void origin::send_away(node_id owner, const cluster::open_entry& open, shared_bytes bytes) {
  const auto* info = pipeline(open.pipeline);
  cluster::sent_entry message;
  message.left_alone = settling_.left_alone(open, owner);
  const bool anything = !message.left_alone.all();
  message.pipeline = info->name;
  message.entry = std::move(bytes);
  message.received = open.received;
  message.insists = open.turned_away >= insist_after;
  const auto unpacked = open.unpacked_bytes;
  settling_.mark_sent(open.id, owner);
  if (!anything)
    return;
  outlets_[owner].in_flight += unpacked;
  ports_.send_away(owner, std::move(message));
}

// Until the journal is read back something unknown is unsent: the gate stays shut. Where nothing is
// unsent, that is so until the last tick, and said again with each: what clients were told before
// that one came here before this one, however long this thread was busy.
void origin::say_sent_until() {
  const bool quiet = said_ && settling_.entries() == 0 && now_.steady - *said_ < quiet_pause;
  if (!quiet)
    said_ = now_.steady;
  for (const auto& [owner, outlet] : outlets_) {
    if (quiet && owner != self_)
      continue;
    const auto oldest =
        present() == phase::sending ? oldest_unsent(owner).value_or(heard_until_) : 0;
    if (owner != self_) {
      ports_.send_away(owner, cluster::sent_until{oldest, ring_});
      continue;
    }
    for (std::size_t shard = 0; shard < config_.shards; ++shard)
      ports_.send_sent_until(shard, oldest, ring_);
  }
}

// What other disks hold as settled this one holds too, a moment later: after a restart it is not
// sent again.
void origin::keep_settled() {
  if (unkept_.empty() || !writes_.empty())
    return;
  auto work = std::make_shared<commit>();
  work->sync = false;
  for (std::size_t count = 0; count < kept_at_once && !unkept_.empty(); ++count) {
    const auto first = unkept_.extract(unkept_.begin()).value();
    if (const auto* open = settling_.find(first))
      work->batch.put_settled(first, cluster::encode(open->settled));
  }
  if (work->batch.empty())
    return;
  writes_.push_back(written_part::settled_slots);
  ports_.write(work);
}

} // namespace weir::stages
