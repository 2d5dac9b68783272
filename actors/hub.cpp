#include "actors/hub.hpp"

#include "actors/compressor.hpp"
#include "actors/last_words.hpp"
#include "actors/link_ends.hpp"
#include "core/scheduling.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <chrono>
#include <random>

namespace weir::actors {

namespace {
constexpr auto tick_interval = std::chrono::milliseconds(200);
} // namespace

std::uint64_t boot_after(std::uint64_t last) {
  return std::max<std::uint64_t>(last + 1, unix_now() / millisecond_ns);
}

void hub_state::start(hub_actor::pointer self, hub_neighbours neighbours,
                      const hub_change_message& plan) {
  self_ = self;
  neighbours_ = std::move(neighbours);
  change(plan);
}

void hub_state::begin(const hub_plan_ptr& plan) {
  self_->request(neighbours_.origin, caf::infinite, records_atom_v)
      .then([this, plan](records_atom) {
        if (!stopped_)
          join(*plan);
      });
}

void hub_state::join(const hub_plan& plan) {
  credentials_ = plan.credentials;
  boot_ = plan.self.boot;
  auto itself = plan.self;
  itself.pipelines = pipelines_;
  std::random_device random;
  const auto seed = (std::uint64_t{random()} << 32) | random();
  stage_.emplace(std::move(itself), plan.seeds, plan.settings, seed, *this, moment::now());
  tick();
}

void hub_state::tick() {
  if (stopped_)
    return;
  self_->delayed_send(self_, tick_interval, tick_atom_v);
  stage_->tick(moment::now());
  if (leaving_ && !left_)
    look_at_rest();
  share_rates();
  show();
}

// Once a second; the others hear of it with the next gossip.
void hub_state::share_rates() {
  const auto now = steady_now();
  if (now < next_share_)
    return;
  next_share_ = now + second_ns;
  neighbours_.rates->apply(stage_->share_rates(neighbours_.rates->demands(now)), now);
}

void hub_state::show() const {
  neighbours_.shown->set_unready(stage_->unready(moment::now()));
  neighbours_.shown->set_alone(stage_->members().alone());
}

// -- links --

void hub_state::opened(cluster::link_number link, const cluster::welcome& answer) {
  if (const auto found = links_.find(link); found != links_.end())
    found->second->belongs_to(answer.node, answer.protocol);
  stage_->opened(link, answer, moment::now());
  show();
}

void hub_state::closed(cluster::link_number link, const std::string& reason, bool refused) {
  stage_->closed(link, reason, refused, moment::now());
}

void hub_state::received(cluster::link_number link, const cluster::gossip& message) {
  stage_->received(link, message, moment::now());
  show();
}

void hub_state::handed_taken(node_id peer, std::uint64_t ticket) {
  if (const auto found = compressors_.find(compressor_of_ticket(ticket));
      found != compressors_.end())
    self_->send(found->second, handed_atom_v, peer, ticket);
}

void hub_state::connect(cluster::link_number link, const std::string& address,
                        const cluster::hello& first) {
  if (stopped_)
    return;
  net::link_client_config config;
  config.address = address;
  config.credentials = credentials_;
  links_[link] = std::make_shared<peer_link>(
      link, std::move(config), first,
      make_link_events(link, caf::actor_cast<hub_actor>(self_), neighbours_.origin));
}

void hub_state::disconnect(cluster::link_number link) {
  if (const auto gone = links_.extract(link); !gone.empty())
    gone.mapped()->close();
}

void hub_state::send(cluster::link_number link, cluster::gossip message) {
  if (const auto found = links_.find(link); found != links_.end())
    found->second->send(std::move(message));
}

void hub_state::link_up(node_id peer, cluster::link_number link) {
  const auto& made = links_.at(link);
  made->set_offset(offsets_[peer]);
  peers_[peer] = made;
  self_->send(neighbours_.origin, linked_atom_v, made);
  for (const auto& [number, each] : compressors_)
    self_->send(each, linked_atom_v, made);
}

// Comes before link_up() too.
void hub_state::set_offset(node_id peer, steady_ns offset) {
  offsets_[peer] = offset;
  if (const auto found = peers_.find(peer); found != peers_.end())
    found->second->set_offset(offset);
}

void hub_state::link_lost(node_id peer) {
  peers_.erase(peer);
  offsets_.erase(peer);
  self_->send(neighbours_.origin, lost_atom_v, peer);
}

// -- sessions --

void hub_state::said_hello(const session_ptr& session) {
  if (!stage_ || stopped_)
    return session->link->refuse("the node starts or stops");
  const auto number = session->number;
  sessions_[number] = session;
  stage_->said_hello(number, session->word, moment::now());
  show();
}

void hub_state::received(cluster::session_number session, node_id peer,
                         const cluster::gossip& message) {
  stage_->received(session, peer, message, moment::now());
  show();
}

void hub_state::session_closed(cluster::session_number session) {
  sessions_.erase(session);
  if (stage_)
    stage_->session_closed(session);
}

void hub_state::welcome_in(cluster::session_number session, const cluster::welcome& answer) {
  sessions_.at(session)->link->accept(answer);
}

void hub_state::refuse(cluster::session_number session, const std::string& reason) {
  if (const auto refused = sessions_.extract(session); !refused.empty())
    refused.mapped()->link->refuse(reason);
}

void hub_state::answer(cluster::session_number session, cluster::gossip message) {
  if (const auto found = sessions_.find(session); found != sessions_.end())
    found->second->link->send(std::move(message));
}

// -- the node --

void hub_state::set_seeds(const std::vector<std::string>& seeds) {
  if (stage_)
    stage_->set_seeds(seeds);
}

// Those that are new hear of the links that stand.
void hub_state::change(const hub_change_message& plan) {
  for (const auto& [number, each] : plan.compressors)
    if (!compressors_.contains(number))
      for (const auto& [peer, link] : peers_)
        self_->send(each, linked_atom_v, link);
  compressors_ = plan.compressors;
  exporters_ = plan.exporters;
  pipelines_ = plan.pipelines;
  if (stage_)
    stage_->set_pipelines(pipelines_);
}

// The shards first, then the origin: what it sends by a ring meets shards that know it.
void hub_state::change_ring(const cluster::ring_view& view) {
  ring_ = view;
  ring_.frozen = ring_.frozen || frozen_;
  const auto ring = std::make_shared<const cluster::ring_view>(ring_);
  ring_.fresh = false;
  for (const auto& each : neighbours_.shards)
    self_->send(each, ring);
  self_->send(neighbours_.origin, ring);
  self_->send(neighbours_.intake, ring);
}

void hub_state::freeze() {
  frozen_ = true;
  if (stage_)
    change_ring(ring_);
}

// Where a crash forgets it before it is written, the clock has gone on all the same.
std::uint64_t hub_state::next_boot() {
  boot_ = boot_after(boot_);
  auto work = std::make_shared<stages::commit>();
  work->batch.put_meta(boot_key, std::to_string(boot_));
  caf::anon_send(neighbours_.writer, commit_ptr(std::move(work)));
  return boot_;
}

void hub_state::end(const std::string& reason) {
  end_process({errc::fatal, reason});
}

view_ptr hub_state::view() const {
  if (!stage_)
    return std::make_shared<const cluster::cluster_view>();
  auto seen = stage_->view(moment::now());
  seen.leaving = neighbours_.shown->leaving();
  for (auto& each : seen.members)
    if (const auto found = peers_.find(each.info.id); found != peers_.end()) {
      each.link.sent_bytes = found->second->sent_bytes();
      each.link.sent_entries = found->second->sent_entries();
    }
  return std::make_shared<const cluster::cluster_view>(std::move(seen));
}

void hub_state::stop() {
  stopped_ = true;
  for (const auto& [number, link] : links_)
    link->close();
  links_.clear();
  peers_.clear();
  sessions_.clear();
}

hub_actor::behavior_type hub(hub_actor::stateful_pointer<hub_state> self, hub_neighbours neighbours,
                             hub_change plan) {
  end_process_where_it_throws(self);
  run_soon_when_woken();
  auto& state = self->state;
  state.start(self, std::move(neighbours), *plan);
  return {
      [&state](const hub_plan_ptr& plan) { state.begin(plan); },
      [&state](tick_atom) { state.tick(); },
      [&state](opened_atom, cluster::link_number link, const welcome_ptr& answer) {
        state.opened(link, *answer);
      },
      [&state](closed_atom, cluster::link_number link, const std::string& reason, bool refused) {
        state.closed(link, reason, refused);
      },
      [&state](cluster::link_number link, const gossip_ptr& said) { state.received(link, *said); },
      [&state](handed_atom, node_id peer, std::uint64_t ticket) {
        state.handed_taken(peer, ticket);
      },
      [&state](hello_atom, const session_ptr& session) { state.said_hello(session); },
      [&state](session_atom, cluster::session_number session, node_id peer,
               const gossip_ptr& said) { state.received(session, peer, *said); },
      [&state](closed_atom, cluster::session_number session) { state.session_closed(session); },
      [&state](const seeds_ptr& seeds) { state.set_seeds(*seeds); },
      [&state](freeze_atom) -> caf::result<changed_atom> {
        state.freeze();
        return changed_atom_v;
      },
      [&state](leave_atom) -> caf::result<changed_atom> {
        state.leave();
        return changed_atom_v;
      },
      [&state](leave_atom, node_id peer) -> caf::result<std::string> {
        const auto asked = state.ask_to_leave(peer);
        return asked ? std::string() : asked.error().message;
      },
      [&state](look_atom) { return state.view(); },
      [&state](const hub_change& plan) -> caf::result<changed_atom> {
        state.change(*plan);
        return changed_atom_v;
      },
      [&state](stop_atom) -> caf::result<stopped_atom> {
        state.stop();
        return stopped_atom_v;
      },
  };
}

} // namespace weir::actors
