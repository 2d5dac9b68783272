#include "cluster/hub.hpp"

#include "cluster/hello.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"

#include <algorithm>

namespace weir::cluster {

namespace {

// Until a seed that was a member by another name is asked again.
constexpr steady_ns known_seed_pause = 30 * second_ns;

// Of as many nodes it is remembered that the reason why they are refused was said.
constexpr std::size_t most_refusals = 64;

// Members come and go, and their addresses with them.
constexpr steady_ns attempt_memory = 3600 * second_ns;
constexpr std::size_t most_attempts = 2 * ring::max_members;

} // namespace

hub::hub(member self, std::vector<std::string> seeds, hub_settings settings,
         std::uint64_t random_seed, hub_ports& ports, moment now)
    : settings_(std::move(settings)),
      membership_(std::move(self), std::move(seeds), settings_.membership, random_seed, now.steady),
      ports_(ports), random_(random_seed ^ 0x9e3779b97f4a7c15ULL) {
  look_at_ring(now);
}

void hub::tick(moment now) {
  membership_.tick(now.steady);
  look_at_self(now);
  send_gossip(now);
  keep_links(now);
  look_at_ring(now);
  note_links();
}

// -- links --

hello hub::first_word(moment now) const {
  const auto& self = membership_.self();
  hello word;
  word.cluster = settings_.cluster;
  word.node = self.id;
  word.boot = self.boot;
  word.address = self.address;
  word.release = self.release;
  word.clock = now.wall;
  return word;
}

void hub::connect(const std::string& address, node_id peer, moment now) {
  auto& attempt = attempts_[address];
  if (now.steady < attempt.next || link_to(address) != 0)
    return;
  attempt.pause = std::clamp(2 * attempt.pause, settings_.shortest_pause, settings_.longest_pause);
  attempt.next = now.steady + attempt.pause / 2
                 + static_cast<steady_ns>(random_() % static_cast<std::uint64_t>(attempt.pause));
  const auto number = next_link_++;
  auto& made = links_[number];
  made.address = address;
  made.peer = peer;
  made.begun = now.steady;
  ports_.connect(number, address, first_word(now));
}

void hub::opened(link_number number, const welcome& answer, moment now) {
  const auto found = links_.find(number);
  if (found == links_.end())
    return;
  auto& made = found->second;
  if (answer.node == membership_.self().id || by_peer_.contains(answer.node)) {
    // A seed is this node, or another name of a member: it need not be asked soon again.
    attempts_[made.address].next = now.steady + known_seed_pause;
    return drop(number, now);
  }
  made.peer = answer.node;
  made.boot = answer.boot;
  made.stands = true;
  made.round_trip = now.steady - made.begun;
  made.skew_ns = static_cast<std::int64_t>(answer.clock - now.wall) + made.round_trip / 2;
  by_peer_[answer.node] = number;
  attempts_.erase(made.address);
  membership_.link_up(answer.node);
  note_clock(made, answer.steady, now);
  ports_.link_up(answer.node, number);
  made.asked = now.steady;
  ports_.send(number, news(true, now));
}

void hub::note_clock(link& made, steady_ns said, moment now) {
  made.offset.add(said, now.steady);
  ports_.set_offset(made.peer, made.offset.value());
}

gossip hub::news(bool wants_answer, moment now) const {
  return {membership_.all_known(), wants_answer, now.steady};
}

void hub::closed(link_number number, const std::string& reason, bool refused, moment now) {
  const auto found = links_.find(number);
  if (found == links_.end())
    return;
  auto& attempt = attempts_[found->second.address];
  if (attempt.trouble != reason)
    log::warn({{"peer", found->second.address}}, "the link to {} {}: {}", found->second.address,
              refused ? "was refused" : "is down", reason);
  attempt.trouble = reason;
  attempt.refused = refused;
  drop(number, now);
}

// It is gone for the node as well, where it stood.
void hub::drop(link_number number, moment now) {
  const auto gone = links_.extract(number);
  ports_.disconnect(number);
  const auto peer = gone.mapped().peer;
  if (peer == 0)
    return;
  if (const auto stood = by_peer_.find(peer); stood != by_peer_.end() && stood->second == number) {
    by_peer_.erase(stood);
    ports_.link_lost(peer);
  }
  if (link_to(peer) == 0) // Else it went as one too many.
    membership_.link_lost(peer, now.steady);
}

void hub::received(link_number number, const gossip& message, moment now) {
  const auto found = links_.find(number);
  if (found == links_.end() || !found->second.stands)
    return;
  if (const auto asked = std::exchange(found->second.asked, std::nullopt))
    found->second.round_trip = now.steady - *asked;
  note_clock(found->second, message.steady, now);
  membership_.receive(found->second.peer, message.members, message.wants_answer, now.steady);
  look_at_self(now);
  send_gossip(now);
}

// One to each who lives; of those who are gone, or came back as another boot, none stays.
void hub::keep_links(moment now) {
  std::vector<link_number> over;
  for (const auto& [number, made] : links_) {
    const auto* known = made.peer == 0 ? nullptr : membership_.find(made.peer);
    if (made.stands && known != nullptr && (!known->lives() || known->boot > made.boot))
      over.push_back(number);
  }
  for (const auto number : over)
    drop(number, now);
  membership_.for_each([&](const member& each) {
    if (each.lives() && each.id != membership_.self().id && link_to(each.id) == 0)
      connect(each.address, each.id, now);
  });
  forget_attempts(now);
}

void hub::forget_attempts(moment now) {
  std::erase_if(attempts_, [&](const auto& each) {
    const auto& [address, attempt] = each;
    return now.steady - attempt.next > attempt_memory && link_to(address) == 0;
  });
  while (attempts_.size() > most_attempts)
    attempts_.erase(
        std::min_element(attempts_.begin(), attempts_.end(), [](const auto& a, const auto& b) {
          return a.second.next < b.second.next;
        }));
}

link_number hub::link_to(node_id peer) const {
  const auto found = by_peer_.find(peer);
  return found == by_peer_.end() ? 0 : found->second;
}

link_number hub::link_to(const std::string& address) const {
  const auto found = std::find_if(links_.begin(), links_.end(),
                                  [&](const auto& each) { return each.second.address == address; });
  return found == links_.end() ? 0 : found->first;
}

// -- gossip --

void hub::send_gossip(moment now) {
  for (const auto& target : membership_.take_targets()) {
    const auto number = target.id != 0 ? link_to(target.id) : link_to(target.address);
    const auto found = links_.find(number);
    if (found != links_.end() && found->second.stands) {
      if (target.wants_answer && !found->second.asked)
        found->second.asked = now.steady;
      ports_.send(number, news(target.wants_answer, now));
    } else if (const auto session = session_of(target.id); session != 0) {
      ports_.answer(session, news(target.wants_answer, now));
    } else if (number == 0) {
      connect(target.address, target.id, now);
    }
  }
}

session_number hub::session_of(node_id peer) const {
  session_number latest = 0; // Of a link that broke the end may come late.
  for (const auto& [session, other] : sessions_)
    if (other == peer)
      latest = session;
  return peer == 0 ? 0 : latest;
}

// -- sessions --

void hub::said_hello(session_number session, const hello& newcomer, moment now) {
  const auto refuse = [&](const std::string& reason) {
    metrics::cluster_refused_peers.with().Increment();
    say_refusal(newcomer, reason);
    ports_.refuse(session, reason);
  };
  const auto spoken = answer_hello(newcomer, settings_.cluster);
  if (!spoken.refusal.empty())
    return refuse(spoken.refusal);
  member asking;
  asking.id = newcomer.node;
  asking.boot = newcomer.boot;
  asking.address = newcomer.address;
  if (const auto why = membership_.refusal_of(asking, now.steady); !why.empty())
    return refuse(why);
  refusals_.erase(newcomer.node);
  const auto& self = membership_.self();
  ports_.welcome_in(session, {self.id, self.boot, spoken.protocol, now.wall, now.steady});
  if (newcomer.node == self.id)
    return; // This node asks a seed that is itself.
  sessions_[session] = newcomer.node;
}

// Once for a node and reason: it goes on trying. Who makes up another id each time is held by the
// limit; not by its address, which is whatever it says.
void hub::say_refusal(const hello& newcomer, const std::string& reason) {
  const auto said = refusals_.find(newcomer.node);
  if ((said != refusals_.end() && said->second == reason) || !log::permit("refused-peer"))
    return;
  log::warn({{"peer", newcomer.address}}, "{} was refused: {}", newcomer.address, reason);
  if (refusals_.size() == most_refusals)
    refusals_.clear();
  refusals_[newcomer.node] = reason;
}

void hub::received(session_number, node_id peer, const gossip& message, moment now) {
  membership_.receive(peer, message.members, message.wants_answer, now.steady);
  look_at_self(now);
  send_gossip(now);
}

void hub::session_closed(session_number session) {
  sessions_.erase(session);
}

// -- the node --

node_shares hub::share_rates(std::vector<rate_report> own) {
  auto shares = cluster::share_rates(membership_.self().id, own, membership_.all_known());
  membership_.set_rates(std::move(own));
  return shares;
}

void hub::leave(moment now) {
  membership_.leave();
  look_at_ring(now);
}

void hub::say_left(moment now) {
  membership_.say_left();
  send_gossip(now);
}

void hub::look_at_self(moment now) {
  if (membership_.superseded())
    return ports_.end(membership_.unready(now.steady));
  if (!membership_.told_down())
    return;
  log::warn(
      "the others took this node for down: what it held is sent to others, and it comes back");
  membership_.begin_boot(ports_.next_boot(), now.steady);
  fresh_ = true;
  // To the others it is another one: so are its links.
  std::vector<link_number> all;
  for (const auto& [number, made] : links_)
    all.push_back(number);
  for (const auto number : all)
    drop(number, now);
  // Before anybody is welcomed by the new boot: what comes from then on is not dropped.
  look_at_ring(now);
}

void hub::look_at_ring(moment now) {
  if (auto next = membership_.take_ring(now.steady)) {
    if (ring_)
      metrics::cluster_ring_changes.with().Increment();
    ring_ = std::move(*next);
    metrics::cluster_owned_partitions.with().Set(ring_->owned_by(membership_.self().id));
  }
  auto view = present_view();
  if (told_ == view)
    return;
  fresh_ = false;
  told_ = view;
  told_->fresh = false;
  add_owners(view);
  ports_.change_ring(view);
}

} // namespace weir::cluster
