#include "network.hpp"

#include "codec/entry.hpp"
#include "node.hpp"

#include <algorithm>

namespace weir::simulation {

namespace {

// As keepalive finds what nobody answers.
constexpr steady_ns keepalive = 5 * second_ns;

std::string text_of(const cluster::link_message& message) {
  static constexpr const char* names[] = {"gossip",    "entry",       "sent until",
                                          "forgotten", "handed over", "leave request"};
  if (const auto* handed = std::get_if<cluster::handed_over>(&message)) {
    auto text =
        fmt::format("handed over ({}): {} bytes of decisions{}", handed->ticket,
                    handed->decisions.size(), handed->last_of_ring != 0 ? ", the last" : "");
    for (const auto& [entry, record] : handed->progress)
      text += fmt::format(" n{}/{}/{}", entry.node, entry.epoch, entry.sequence);
    return text;
  }
  if (const auto* entry = std::get_if<cluster::sent_entry>(&message))
    if (const auto view = codec::read_entry(entry->entry.view()))
      return fmt::format("entry n{}/{}/{}, {} of {} slots", view->header.id.node,
                         view->header.id.epoch, view->header.id.sequence,
                         entry->left_alone.slots() - entry->left_alone.count(),
                         entry->left_alone.slots());
  return names[message.index()];
}

std::string text_of(const cluster::link_answer& message) {
  static constexpr const char* names[] = {"gossip", "credit", "settled", "wrong owner",
                                          "taken over"};
  return names[message.index()];
}

} // namespace

node* network::process(node_id id) const {
  const auto found = processes_.find(id);
  return found == processes_.end() ? nullptr : found->second;
}

void network::set(node_id id, node* process) {
  processes_[id] = process;
  if (process != nullptr)
    return;
  std::erase_if(lingering_, [id](const auto& each) { return each.second == id; });
  std::vector<cluster::session_number> gone;
  for (const auto& [session, each] : connections_)
    if (each.client == id || each.server == id)
      gone.push_back(session);
  for (const auto session : gone)
    end(session, "connection reset");
}

network::connection* network::by_link(node_id client, cluster::link_number link) {
  const auto found = std::find_if(connections_.begin(), connections_.end(), [&](const auto& each) {
    return each.second.client == client && each.second.link == link;
  });
  return found == connections_.end() ? nullptr : &found->second;
}

network::connection* network::by_session(node_id server, cluster::session_number session) {
  const auto found = connections_.find(session);
  return found == connections_.end() || found->second.server != server ? nullptr : &found->second;
}

void network::carry(const connection& over, bool to_server, std::string text,
                    std::function<void(node&)> deliver) {
  const auto source = to_server ? over.client : over.server;
  const auto target = to_server ? over.server : over.client;
  const auto session = over.session;
  if (is_cut(source, target)) {
    held_[{source, target}].push_back({session, to_server, std::move(text), std::move(deliver)});
    return;
  }
  schedule_.post(static_cast<owner_number>(target), fmt::format("n{} > ({})", source, session),
                 std::move(text), [this, session, to_server, target, deliver = std::move(deliver)] {
                   auto* there = process(target);
                   const bool comes = connections_.contains(session)
                                      || (to_server && lingering_.contains(session));
                   if (there != nullptr && comes)
                     deliver(*there);
                 });
}

void network::connect(node_id source, cluster::link_number link, const std::string& address,
                      const cluster::hello& word) {
  node_id target = 0;
  for (const auto& [id, process] : processes_)
    if (process != nullptr && address_of(id) == address)
      target = id;
  const auto fail = [this, source, link](const char* why, steady_ns pause) {
    schedule_.after(static_cast<owner_number>(source), pause, [this, source, link, why] {
      if (auto* here = process(source))
        here->closed(link, why, false);
    });
  };
  if (target == 0)
    return fail("connection refused", 10 * millisecond_ns);
  if (is_cut(source, target) || is_cut(target, source))
    return fail("timed out", keepalive);
  const auto session = next_session_++;
  auto& made = connections_[session];
  made = {source, target, link, session, true, 0};
  carry(made, true, "hello", [session, word](node& there) { there.said_hello(session, word); });
}

void network::disconnect(node_id source, cluster::link_number link) {
  const auto* found = by_link(source, link);
  if (found == nullptr)
    return;
  const auto gone = *found;
  connections_.erase(gone.session);
  schedule_.post(static_cast<owner_number>(gone.server), fmt::format("n{} > end", source),
                 "a link ends", [this, gone] {
                   if (auto* there = process(gone.server))
                     there->session_closed(gone.session);
                 });
}

void network::send(node_id source, cluster::link_number link, cluster::link_message message) {
  const auto* found = by_link(source, link);
  if (found == nullptr)
    return;
  auto text = schedule_.line_of([&] { return text_of(message); });
  carry(*found, true, std::move(text),
        [session = found->session, source, message = std::move(message)](node& there) {
          there.received(session, source, message);
        });
}

void network::welcome(node_id source, cluster::session_number session,
                      const cluster::welcome& answer) {
  if (const auto* found = by_session(source, session))
    carry(*found, false, "welcome",
          [link = found->link, answer](node& there) { there.opened(link, answer); });
}

void network::refuse(node_id source, cluster::session_number session, const std::string& reason) {
  const auto* found = by_session(source, session);
  if (found == nullptr)
    return;
  const auto gone = *found;
  connections_.erase(session);
  schedule_.post(static_cast<owner_number>(gone.client), "refused", reason, [this, gone, reason] {
    if (auto* there = process(gone.client))
      there->closed(gone.link, reason, true);
  });
}

void network::answer(node_id source, cluster::session_number session,
                     cluster::link_answer message) {
  if (const auto* found = by_session(source, session))
    carry(*found, false, schedule_.line_of([&] { return text_of(message); }),
          [link = found->link, message = std::move(message)](node& there) {
            there.received(link, message);
          });
}

void network::close_session(node_id source, cluster::session_number session) {
  if (by_session(source, session) != nullptr)
    end(session, "closed");
}

// Both ends hear of it.
void network::end(cluster::session_number session, const std::string& reason) {
  const auto gone = connections_.at(session);
  connections_.erase(session);
  schedule_.post(static_cast<owner_number>(gone.client), fmt::format("({}) ends", session), reason,
                 [this, gone, reason] {
                   if (auto* there = process(gone.client))
                     there->closed(gone.link, reason, false);
                 });
  schedule_.post(static_cast<owner_number>(gone.server), fmt::format("end > ({})", session), reason,
                 [this, gone] {
                   lingering_.erase(gone.session);
                   if (auto* there = process(gone.server))
                     there->session_closed(gone.session);
                 });
}

void network::cut(node_id source, node_id target) {
  const auto number = next_cut_++;
  if (!cuts_.emplace(std::pair(source, target), number).second)
    return;
  schedule_.note(fmt::format("CUT n{} > n{}", source, target));
  // Who waits for an answer notices; both do.
  schedule_.after(0, keepalive, [this, source, target, number] {
    const auto standing = cuts_.find({source, target});
    if (standing == cuts_.end() || standing->second != number)
      return;
    std::vector<cluster::session_number> over;
    for (const auto& [session, each] : connections_)
      if ((each.client == source && each.server == target)
          || (each.client == target && each.server == source))
        over.push_back(session);
    for (const auto session : over)
      end(session, "keepalive timed out");
  });
}

void network::heal() {
  if (cuts_.empty())
    return;
  schedule_.note("HEALED");
  cuts_.clear();
  for (auto& [direction, messages] : std::exchange(held_, {}))
    for (auto& each : messages)
      if (const auto found = connections_.find(each.session); found != connections_.end())
        carry(found->second, each.to_server, std::move(each.text), std::move(each.deliver));
}

void network::break_one() {
  if (connections_.empty())
    return;
  const auto index = schedule_.random()() % connections_.size();
  const auto chosen = std::next(connections_.begin(), static_cast<std::ptrdiff_t>(index));
  schedule_.note(fmt::format("BROKEN n{} > n{}", chosen->second.client, chosen->second.server));
  if (schedule_.chance(2))
    lingering_[chosen->first] = chosen->second.server;
  end(chosen->first, "connection reset");
}

} // namespace weir::simulation
