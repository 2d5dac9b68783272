// A node's place in a cluster: what of it is there beside the stages.
#include "actors/node_impl.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <thread>

namespace weir::actors {

namespace {

constexpr auto look_patience = std::chrono::seconds(2);
constexpr std::chrono::milliseconds copies_patience = std::chrono::seconds(3);
constexpr auto seed_pause = std::chrono::seconds(5);

steady_ns nanoseconds(std::chrono::milliseconds duration) {
  return duration / std::chrono::nanoseconds(1);
}

cluster::hub_settings settings_of(const cluster::cluster_settings& wanted) {
  cluster::hub_settings settings;
  settings.cluster = wanted.name;
  settings.membership.suspect_after = nanoseconds(wanted.suspect_after);
  settings.membership.down_after = nanoseconds(wanted.down_after);
  settings.membership.gossip_interval = nanoseconds(wanted.gossip_interval);
  settings.membership.join_timeout = nanoseconds(wanted.join_timeout);
  return settings;
}

net::link_tls tls_of(const cluster::link_tls& wanted) {
  net::link_tls tls;
  tls.insecure = !wanted.encrypts();
  tls.cert_file = wanted.cert_file;
  tls.key_file = wanted.key_file;
  tls.ca_file = wanted.ca_file;
  tls.reload_interval =
      std::max(std::chrono::seconds(1),
               std::chrono::duration_cast<std::chrono::seconds>(wanted.reload_interval));
  return tls;
}

template <class Answer, class Handle>
std::optional<Answer> ask_for(caf::scoped_actor& self, const Handle& actor) {
  std::optional<Answer> answer;
  self->request(actor, look_patience, look_atom_v)
      .receive([&](Answer given) { answer = std::move(given); }, [](const caf::error&) {});
  return answer;
}

} // namespace

result<std::uint64_t> node::impl::choose_boot(storage::batch& changes) const {
  if (!plan.cluster)
    return 0;
  const auto known = store->meta(boot_key);
  if (!known)
    return tl::unexpected(known.error());
  const auto last = *known ? std::strtoull((*known)->c_str(), nullptr, 10) : 0;
  const auto boot = boot_after(last);
  changes.put_meta(boot_key, std::to_string(boot));
  return boot;
}

hub_change_message node::impl::change_of_hub() const {
  hub_change_message message;
  for (const auto& pipeline : plan.pipelines)
    if (pipeline.tail_sampling)
      message.pipelines.push_back(pipeline.name);
  std::sort(message.pipelines.begin(), message.pipelines.end());
  for (const auto& [id, running] : compressors)
    message.compressors.emplace(running.number, running.actor);
  message.exporters = configured();
  return message;
}

inbox_change_message node::impl::change_of_inbox() const {
  inbox_change_message message;
  message.config.shards = shards.size();
  message.config.memory = plan.window_memory / 2; // Beyond, the windows may drop what is spilled.
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p)
    if (plan.pipelines[p].tail_sampling)
      message.config.pipelines.emplace(plan.pipelines[p].name, ids[p]);
  for (const auto& [id, running] : compressors)
    message.compressors.emplace(id, running.actor);
  return message;
}

// @pre all stages but the exporters' are there
result<void> node::impl::join(std::uint64_t boot) {
  if (!plan.cluster)
    return {};
  const auto& wanted = *plan.cluster;
  auto opened = net::link_credentials::open(tls_of(wanted.tls));
  if (!opened)
    return fail(opened.error().code, "cluster.tls: " + opened.error().message);
  credentials = *std::move(opened);
  inbox = system.spawn<caf::detached>(
      weir::actors::inbox, std::make_shared<const inbox_change_message>(change_of_inbox()), shards,
      store);
  hub = system.spawn<caf::detached>(weir::actors::hub,
                                    hub_neighbours{shards, origin, intake, writer, store,
                                                   cluster_place, rates,
                                                   [clients = gate, sending = replays] {
                                                     clients->leave();
                                                     caf::anon_send(sending, leave_atom_v);
                                                   }},
                                    std::make_shared<const hub_change_message>(change_of_hub()));
  net::link_server_config config;
  config.listen = wanted.listen;
  config.credentials = credentials;
  auto started = net::link_server::start(std::move(config), make_hello_handler(hub, inbox));
  if (!started)
    return fail(started.error().code, "cluster.listen: " + started.error().message);
  links = std::move(*started);
  auto first = std::make_shared<hub_plan>();
  first->self.id = store->node();
  first->self.boot = boot;
  first->self.address =
      wanted.advertise.empty() ? net::reachable_address(links->endpoint()) : wanted.advertise;
  first->self.zone = wanted.zone;
  first->self.release = plan.release;
  first->self.name = wanted.node;
  first->seeds = net::seed_lookup::plain(wanted.join);
  first->settings = settings_of(wanted);
  first->credentials = credentials;
  log::info("cluster {}: links come in on {}, others reach this node at {}", wanted.name,
            links->endpoint(), first->self.address);
  if (wanted.tls.insecure)
    log::warn("cluster.tls: links are plain text: who reaches {} reads all data, and may be a node",
              links->endpoint());
  caf::anon_send(hub, hub_plan_ptr(std::move(first)));
  seeds = std::make_unique<net::seed_lookup>(
      wanted.join, seed_pause, [to = hub](std::vector<std::string> found) {
        caf::anon_send(to, std::make_shared<const std::vector<std::string>>(std::move(found)));
      });
  return {};
}

void node::impl::narrow_inbox(const std::vector<pipeline_id>& staying) {
  if (!inbox)
    return;
  auto message = change_of_inbox();
  std::erase_if(message.config.pipelines, [&](const auto& each) {
    return std::count(staying.begin(), staying.end(), each.second) == 0;
  });
  change(inbox, std::make_shared<const inbox_change_message>(std::move(message)));
}

void node::impl::change_place() {
  if (!hub)
    return;
  change(hub, std::make_shared<const hub_change_message>(change_of_hub()));
  change(inbox, std::make_shared<const inbox_change_message>(change_of_inbox()));
}

std::optional<cluster::cluster_view> node::impl::look() {
  const std::lock_guard guard(look_mutex);
  if (!hub)
    return std::nullopt;
  caf::scoped_actor self{system};
  const auto seen = ask_for<view_ptr>(self, hub);
  const auto own = ask_for<origin_look_ptr>(self, origin);
  if (!seen || !own)
    return std::nullopt;
  auto view = **seen;
  view.unsent_slots = (*own)->unsent;
  view.open_slots = (*own)->open_slots;
  view.oldest_unsent = (*own)->oldest_unsent;
  for (auto& each : view.members)
    if (const auto found = (*own)->in_flight.find(each.info.id); found != (*own)->in_flight.end()) {
      each.link.in_flight = found->second;
      each.link.credit = (*own)->link_credit;
    }
  for (const auto& each : shards)
    view.awaited = std::max(view.awaited, ask_for<std::uint64_t>(self, each).value_or(0));
  return view;
}

// Nothing is decided here any more, and others hear of what was, as far as they are there.
void node::impl::finish_copies(std::chrono::milliseconds deadline) {
  if (!links)
    return;
  const auto until = std::chrono::steady_clock::now() + std::min(deadline, copies_patience);
  caf::scoped_actor self{system};
  const auto others_know = [&] {
    return std::all_of(compressors.begin(), compressors.end(), [&](const auto& each) {
      return ask_for<bool>(self, each.second.actor).value_or(true);
    });
  };
  while (!others_know() && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

// Nothing comes from other nodes any more, nor goes there.
void node::impl::end_links(std::chrono::milliseconds deadline) {
  if (!links)
    return;
  seeds.reset();
  links.reset();
  const auto until = std::chrono::steady_clock::now() + deadline;
  ask_to_stop(hub, deadline);
  ask_to_stop(inbox, std::max(std::chrono::milliseconds(1),
                              std::chrono::duration_cast<std::chrono::milliseconds>(
                                  until - std::chrono::steady_clock::now())));
}

std::string node::unready() const {
  return impl_->plan.cluster ? impl_->cluster_place->unready() : std::string{};
}

std::string node::cluster_endpoint() const {
  return impl_->links ? impl_->links->endpoint() : std::string{};
}

std::optional<cluster::cluster_view> node::cluster_view() const {
  return impl_->look();
}

result<void> node::leave() {
  const std::lock_guard guard(impl_->look_mutex);
  if (!impl_->hub)
    return fail(errc::unsupported, "this node is alone: there is no cluster to leave");
  if (impl_->cluster_place->alone())
    return fail(errc::unavailable,
                "no other member lives: there is nobody to take over what this node holds");
  caf::scoped_actor self{impl_->system};
  bool begun = false;
  self->request(impl_->hub, look_patience, leave_atom_v)
      .receive([&](changed_atom) { begun = true; }, [](const caf::error&) {});
  if (!begun)
    return fail(errc::unavailable, "the node is too busy; it leaves once it has heard of it");
  return {};
}

result<void> node::ask_to_leave(node_id member) {
  const std::lock_guard guard(impl_->look_mutex);
  if (!impl_->hub)
    return fail(errc::unsupported, "this node is alone: there is nobody to ask");
  caf::scoped_actor self{impl_->system};
  std::optional<std::string> refusal;
  self->request(impl_->hub, look_patience, leave_atom_v, member)
      .receive([&](std::string said) { refusal = std::move(said); }, [](const caf::error&) {});
  if (!refusal)
    return fail(errc::unavailable, "this node is too busy to ask it");
  if (!refusal->empty())
    return fail(errc::unsupported, *refusal);
  return {};
}

std::unique_ptr<net::inquiry>
node::inquire(const std::vector<std::string>& addresses, net::question asked,
              std::optional<std::chrono::milliseconds> patience) const {
  asked.cluster = impl_->plan.cluster->name;
  asked.node = id();
  return std::make_unique<net::inquiry>(addresses, impl_->credentials, asked, patience);
}

void node::answer_members(net::question_handler handler) {
  if (impl_->links)
    impl_->links->answer_by(std::move(handler));
}

bool node::left() const {
  return impl_->cluster_place->leaving() >= 1;
}

} // namespace weir::actors
