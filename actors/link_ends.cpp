#include "actors/link_ends.hpp"

#include "core/log.hpp"

#include <caf/send.hpp>

namespace weir::actors {

namespace {

// Bytes of one session in the inbox's mailbox. An origin sends 8 MiB without credit; what is handed
// over comes on top.
constexpr std::uint64_t session_room = 64 << 20;

class link_end final : public net::link_events {
public:
  link_end(cluster::link_number link, hub_actor hub, origin_actor origin)
      : link_(link), hub_(std::move(hub)), origin_(std::move(origin)) {}

  void opened(const cluster::welcome& welcome) override {
    peer_ = welcome.node;
    caf::anon_send(hub_, opened_atom_v, link_, std::make_shared<const cluster::welcome>(welcome));
  }
  void received(cluster::link_answer answer) override {
    std::visit([this](auto& kind) { take(std::move(kind)); }, answer);
  }
  void closed(const std::string& reason, bool refused) override {
    caf::anon_send(hub_, closed_atom_v, link_, reason, refused);
  }

private:
  void take(cluster::gossip&& said) {
    caf::anon_send(hub_, link_, std::make_shared<const cluster::gossip>(std::move(said)));
  }
  void take(cluster::taken&& credit) {
    caf::anon_send(origin_, taken_atom_v, link_, peer_, credit.bytes);
  }
  void take(cluster::settled_slots&& report) {
    caf::anon_send(origin_, away_atom_v,
                   std::make_shared<const stages::settled_report>(
                       stages::settled_report{std::move(report.entries)}));
  }
  void take(cluster::wrong_owner&& report) {
    caf::anon_send(origin_, peer_, std::make_shared<const cluster::wrong_owner>(std::move(report)));
  }
  void take(cluster::handed_taken&& answer) {
    caf::anon_send(hub_, handed_atom_v, peer_, answer.ticket);
  }

  const cluster::link_number link_;
  const hub_actor hub_;
  const origin_actor origin_;
  node_id peer_ = 0; ///< Events come one at a time.
};

std::uint64_t room_of(const cluster::link_message& message) {
  constexpr std::uint64_t frame = 256;
  if (const auto* entry = std::get_if<cluster::sent_entry>(&message))
    return frame + entry->entry.size() + entry->left_alone.slots() / 8;
  std::uint64_t sum = frame;
  if (const auto* handed = std::get_if<cluster::handed_over>(&message)) {
    sum += handed->decisions.size();
    for (const auto& [entry, record] : handed->progress)
      sum += sizeof(entry) + sizeof(record) + record.size();
  }
  return sum;
}

class session_end final : public net::session_events {
public:
  session_end(session_ptr session, hub_actor hub, inbox_actor inbox)
      : session_(std::move(session)), hub_(std::move(hub)), inbox_(std::move(inbox)) {}

  void received(cluster::link_message message) override {
    const auto peer = session_->word.node;
    if (auto* said = std::get_if<cluster::gossip>(&message))
      return caf::anon_send(hub_, session_atom_v, session_->number, peer,
                            std::make_shared<const cluster::gossip>(std::move(*said)));
    if (std::holds_alternative<cluster::leave_request>(message)) {
      log::info({{"peer", session_->word.address}}, "{} asks this node to leave its cluster",
                session_->word.address);
      return caf::anon_send(hub_, leave_atom_v);
    }
    auto room = take_room(room_of(message));
    if (!room)
      return close("it sends more than it has credit for");
    caf::anon_send(inbox_, std::make_shared<peer_message>(
                               peer_message{session_, std::move(message), std::move(room)}));
  }
  void closed(const std::string&) override {
    caf::anon_send(hub_, closed_atom_v, session_->number);
    caf::anon_send(inbox_, closed_atom_v, session_->number);
  }

private:
  void close(const char* reason) {
    if (log::permit("link-without-credit"))
      log::warn({{"peer", session_->word.address}}, "a link from {} is closed: {}",
                session_->word.address, reason);
    session_->link->close(reason);
  }
  // Null: there is none.
  mailbox_room take_room(std::uint64_t bytes) {
    if (used_->load() > session_room)
      return nullptr;
    *used_ += bytes;
    return {used_.get(), [used = used_, bytes](void*) { *used -= bytes; }};
  }

  const session_ptr session_;
  const hub_actor hub_;
  const inbox_actor inbox_;
  const std::shared_ptr<std::atomic<std::uint64_t>> used_ =
      std::make_shared<std::atomic<std::uint64_t>>(0);
};

} // namespace

std::shared_ptr<net::link_events> make_link_events(cluster::link_number link, hub_actor hub,
                                                   origin_actor origin) {
  return std::make_shared<link_end>(link, std::move(hub), std::move(origin));
}

net::hello_handler make_hello_handler(hub_actor hub, inbox_actor inbox) {
  auto next = std::make_shared<std::atomic<cluster::session_number>>(1);
  return [hub = std::move(hub), inbox = std::move(inbox),
          next = std::move(next)](std::shared_ptr<net::link_session> link,
                                  const cluster::hello& word, const std::string&) {
    const auto session =
        std::make_shared<const peer_session>(peer_session{(*next)++, word, std::move(link)});
    caf::anon_send(hub, hello_atom_v, session);
    return std::make_shared<session_end>(session, hub, inbox);
  };
}

} // namespace weir::actors
