// A node's place among others: hub, inbox, and what goes through them.
#include "node_sides.hpp"

namespace weir::simulation {

namespace {

// For what others have handed over to be on the disk, when it is told to stop.
constexpr steady_ns patience = 3 * second_ns;

} // namespace

namespace {

// Others mind a node that is silent for longer.
constexpr steady_ns longest_nap = 3 * second_ns;
// Within which a process looks around after a pause.
constexpr steady_ns moments = 500 * millisecond_ns;
// What goes from a hub to its shards takes no longer.
constexpr steady_ns news_time = 5 * second_ns;

} // namespace

// -- inbox --

void node::inbox_side::send_entry(std::size_t shard, const stages::entry_ptr& entry) {
  owner.room_.post("inbox > " + shard_name(shard), "an entry of another", [this, shard, entry] {
    owner.shard_sides_[shard]->stage->take(entry, owner.room_.now());
  });
}

void node::inbox_side::send_sent_until(std::size_t shard, node_id origin, steady_ns moment,
                                       std::uint64_t ring) {
  owner.room_.post(
      "inbox > " + shard_name(shard), [&] { return fmt::format("n{} has sent until", origin); },
      [this, shard, origin, moment, ring] {
        owner.shard_sides_[shard]->stage->sent_until(origin, moment, ring);
      });
}

// First the compressor, then the shards: as mailboxes would have it.
void node::inbox_side::send_taken_over(const stages::taken_over_ptr& message) {
  owner.room_.post("inbox > compressor", "what another decided", [this, message] {
    if (owner.compressor_side_->stage)
      owner.compressor_side_->stage->take_over(*message);
    for (std::uint32_t i = 0; i < shard_count; ++i)
      owner.room_.post("inbox > " + shard_name(i), "what another decided", [this, i, message] {
        owner.shard_sides_[i]->stage->take_over(*message, owner.room_.now());
      });
  });
}

void node::inbox_side::send_low_water(const cluster::low_water& mark) {
  owner.room_.post("inbox > compressor", "forgotten", [this, mark] {
    if (owner.compressor_side_->stage)
      owner.compressor_side_->stage->forget(mark);
  });
}

void node::inbox_side::answer(node_id peer, cluster::link_answer message) {
  if (const auto found = sessions.find(peer); found != sessions.end())
    owner.wire_->answer(owner.number(), found->second, std::move(message));
}

void node::inbox_side::close(node_id peer, const std::string& reason) {
  throw violation(fmt::format("n{} closes the link of n{}: {}", owner.number(), peer, reason));
}

// -- hub --

void node::hub_side::connect(cluster::link_number link, const std::string& address,
                             const cluster::hello& first) {
  auto word = first;
  word.newest_protocol += owner.newer_ ? 1 : 0;
  owner.wire_->connect(owner.number(), link, address, word);
}

void node::hub_side::disconnect(cluster::link_number link) {
  owner.wire_->disconnect(owner.number(), link);
  if (const auto found = peers.find(link); found != peers.end())
    peers.erase(found);
}

void node::hub_side::send(cluster::link_number link, cluster::gossip message) {
  owner.wire_->send(owner.number(), link, std::move(message));
}

void node::hub_side::send_to(node_id peer, cluster::link_message message) {
  const auto found = links.find(peer);
  if (found == links.end())
    return;
  cluster::put_on_clock(message, offsets[peer]);
  owner.wire_->send(owner.number(), found->second, std::move(message));
}

void node::hub_side::welcome_in(cluster::session_number session, const cluster::welcome& answer) {
  owner.room_.note(fmt::format("welcomes ({}) as boot {}", session, answer.boot));
  owner.wire_->welcome(owner.number(), session, answer);
}

void node::hub_side::refuse(cluster::session_number session, const std::string& reason) {
  owner.wire_->refuse(owner.number(), session, reason);
}

void node::hub_side::answer(cluster::session_number session, cluster::gossip message) {
  owner.wire_->answer(owner.number(), session, std::move(message));
}

void node::hub_side::link_up(node_id peer, cluster::link_number link) {
  owner.room_.note(fmt::format("the link to n{} stands", peer));
  links[peer] = link;
  peers[link] = peer;
  owner.room_.post(
      "hub > origin", [&] { return fmt::format("link to n{}", peer); },
      [this, peer] { owner.origin_side_->stage->link_up(peer, owner.room_.now()); });
  owner.room_.post(
      "hub > compressor", [&] { return fmt::format("link to n{}", peer); },
      [this, peer] {
        if (owner.compressor_side_->stage)
          owner.compressor_side_->stage->link_up(peer);
      });
}

void node::hub_side::link_lost(node_id peer) {
  owner.room_.note(fmt::format("the link to n{} is lost", peer));
  links.erase(peer);
  owner.room_.post(
      "hub > origin", [&] { return fmt::format("no link to n{}", peer); },
      [this, peer] { owner.origin_side_->stage->link_lost(peer); });
}

// The shards first, then the origin: what it sends by a ring meets shards that know it.
void node::hub_side::change_ring(const cluster::ring_view& view) {
  owner.room_.note(fmt::format("ring {:x}{}{}, boot {}", view.ring & 0xffff,
                               view.frozen ? ", frozen" : "", view.fresh ? ", afresh" : "", boot));
  auto wanted = view;
  wanted.frozen = wanted.frozen || owner.stopping_;
  if (!wanted.frozen)
    owner.frozen_.reset();
  else if (!owner.frozen_)
    owner.frozen_ = owner.room_.now().steady;
  const auto ring = std::make_shared<const cluster::ring_view>(std::move(wanted));
  owner.ring_ = ring;
  owner.room_.post("hub > shards", "ring", [this, ring] {
    for (auto& side : owner.shard_sides_)
      side->stage->change_ring(ring, owner.room_.now());
    owner.room_.post("hub > origin", "ring", [this, ring] {
      owner.origin_side_->stage->change_ring(*ring, owner.room_.now());
    });
    owner.room_.post("hub > intake", "ring", [this, ring] {
      owner.intake_side_->stage->change_owners(stages::owner_map(ring, &ring->owners));
    });
  });
}

// -- what the network brings --

void node::said_hello(cluster::session_number session, const cluster::hello& word) {
  hub_side_->stage->said_hello(session, word, room_.now());
}

void node::opened(cluster::link_number link, const cluster::welcome& answer) {
  hub_side_->stage->opened(link, answer, room_.now());
}

void node::closed(cluster::link_number link, const std::string& reason, bool refused) {
  hub_side_->stage->closed(link, reason, refused, room_.now());
}

void node::received(cluster::link_number link, cluster::link_answer message) {
  if (const auto* said = std::get_if<cluster::gossip>(&message))
    return hub_side_->stage->received(link, *said, room_.now());
  const auto found = hub_side_->peers.find(link);
  if (found == hub_side_->peers.end())
    return;
  const auto peer = found->second;
  if (const auto* taken = std::get_if<cluster::handed_taken>(&message)) {
    room_.post("links > compressor", "handed over", [this, peer, ticket = taken->ticket] {
      if (compressor_side_->stage)
        compressor_side_->stage->handed_taken(peer, ticket, room_.now());
    });
    return;
  }
  room_.post("hub > origin", "an owner's answer", [this, peer, message = std::move(message)] {
    auto& origin = *origin_side_->stage;
    if (const auto* credit = std::get_if<cluster::taken>(&message))
      origin.taken_away(peer, credit->bytes);
    else if (const auto* settled = std::get_if<cluster::settled_slots>(&message))
      origin.settled_away({settled->entries});
    else if (const auto* refused = std::get_if<cluster::wrong_owner>(&message))
      origin.turned_away(peer, *refused, room_.now());
  });
}

void node::received(cluster::session_number session, node_id peer, cluster::link_message message) {
  auto& inbox = *inbox_side_->stage;
  if (const auto* said = std::get_if<cluster::gossip>(&message))
    return hub_side_->stage->received(session, peer, *said, room_.now());
  // What still comes over an earlier link is as true as it was.
  if (auto& newest = inbox_side_->sessions[peer]; newest < session) {
    newest = session;
    inbox.link_changed(peer);
  }
  if (const auto* entry = std::get_if<cluster::sent_entry>(&message))
    inbox.take(peer, *entry, room_.now());
  else if (const auto* until = std::get_if<cluster::sent_until>(&message))
    inbox.take(peer, *until, room_.now());
  else if (const auto* mark = std::get_if<cluster::forgotten>(&message))
    inbox.take(peer, *mark);
  else if (auto* handed = std::get_if<cluster::handed_over>(&message))
    inbox.take(peer, std::move(*handed));
}

void node::session_closed(cluster::session_number session) {
  hub_side_->stage->session_closed(session);
  std::erase_if(inbox_side_->sessions, [&](const auto& each) { return each.second == session; });
}

void node::leave() {
  room_.note("LEAVES");
  if (!hub_side_)
    return; // It has not joined yet.
  hub_side_->stage->leave(room_.now());
}

void node::stop() {
  room_.note("STOPS");
  stopping_ = true;
  stops_ = room_.now().steady;
  if (ring_)
    hub_side_->change_ring(*ring_);
}

// Who stood still asks before it decides; so does who is told to hold still.
void node::check_decided(const stages::decided& message) const {
  for (const auto& trace : message.traces)
    if ((trace.flags & sampling::decided_incomplete) != 0)
      witness_.decided_incomplete(storage::keys::read_u64(trace.id.view()) - 1);
  const auto now = room_.now().steady;
  const bool asks = woken_ && *woken_ - slept_ > longest_nap && now - *woken_ < moments;
  const bool told = frozen_ && now - *frozen_ > news_time;
  if (!asks && !told)
    return;
  for (const auto& trace : message.traces)
    if ((trace.flags & sampling::decided_late) == 0)
      throw violation(fmt::format("n{} decides trace {} {}", number(),
                                  storage::keys::read_u64(trace.id.view()) - 1,
                                  told ? "while it is frozen" : "on waking"));
}

bool node::stopped() const {
  const bool kept = std::all_of(shard_sides_.begin(), shard_sides_.end(),
                                [](const auto& side) { return side->stage->kept(); });
  const bool patient = room_.now().steady - stops_ < patience; // Others go on with what they do.
  return (kept || !patient) && commits_.empty()
         && (!compressor_side_->stage
             || (compressor_side_->stage->idle() && compressor_side_->stage->copied()));
}

void node::say_left() {
  if (hub_side_)
    hub_side_->stage->say_left(room_.now());
}

bool node::done() const {
  const auto cursors = disk_->cursors(traces);
  return origin_side_->stage->settling().entries() == 0 && commits_.empty() && sent_.empty()
         && compressor_side_->stage && compressor_side_->stage->idle()
         && cursors->begin()->second.position == disk_->log(traces).next;
}

bool node::at_rest() const {
  const auto held = disk_->journal();
  return done() && held.first == held.next && origin_side_->stage->bytes_in_flight() == 0
         && std::all_of(shard_sides_.begin(), shard_sides_.end(),
                        [](const auto& side) { return side->stage->bytes_in_flight() == 0; });
}

bool node::gave_all_up() const {
  if (!hub_side_)
    return true;
  const auto& ring = hub_side_->stage->present_ring();
  return ring && !ring->empty() && stopped() && ring->owned_by(disk_->node()) == 0;
}

bool node::over() const {
  return hub_side_ != nullptr && !hub_side_->ended.empty();
}

const cluster::hub& node::hub() const {
  return *hub_side_->stage; // @pre it has joined
}

} // namespace weir::simulation
