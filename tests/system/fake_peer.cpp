// A node that is none: it says hello and gossips as a member that is up, and then does not do what
// members do.
//
//   fake-peer --join H:P --cluster NAME --protocols OLDEST-NEWEST     says hello, prints the answer, ends
//   fake-peer ... --listen H:P --behaviour WHICH                      stays: a member that
//     turns-away   says of all that it is sent that it is another's, by a ring that nobody has
//     deaf         takes what it is sent, and answers nothing
//     stuck        does not read what it is sent
//     mute         is deaf, and says nothing of what it has sent or handed over either
#include "cluster/ring.hpp"
#include "codec/entry.hpp"
#include "net/link/client.hpp"
#include "net/link/server.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <string>
#include <thread>

using namespace weir;

namespace {

constexpr std::uint64_t unknown_ring = 42;
constexpr auto step = std::chrono::milliseconds(200);
constexpr node_id own_id = 0xfa4e;

void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

struct wish {
  std::string join, listen, behaviour;
  cluster::hello hello;
};

/// What it knows and has been told. Any thread.
class fake_member {
public:
  explicit fake_member(wish wanted) : wish_(std::move(wanted)) {
    self_.id = wish_.hello.node;
    self_.boot = wish_.hello.boot;
    self_.state = cluster::member_state::up;
    self_.address = wish_.hello.address;
    self_.name = "fake";
    self_.pipelines = {"traces"};
  }

  const wish& wished() const { return wish_; }
  bool is(std::string_view behaviour) const { return wish_.behaviour == behaviour; }

  cluster::gossip news() {
    const std::lock_guard guard(mutex_);
    ++self_.beat;
    cluster::gossip said;
    said.members.push_back(self_);
    for (const auto& [id, each] : others_)
      said.members.push_back(each);
    said.wants_answer = true;
    said.steady = steady_now();
    return said;
  }
  void hear(const cluster::gossip& said) {
    const std::lock_guard guard(mutex_);
    for (const auto& each : said.members)
      if (each.id != self_.id)
        others_.insert_or_assign(each.id, each);
  }
  std::vector<std::string> addresses() {
    const std::lock_guard guard(mutex_);
    std::vector<std::string> all;
    for (const auto& [id, each] : others_)
      all.push_back(each.address);
    return all;
  }
  std::uint64_t ring() {
    const std::lock_guard guard(mutex_);
    std::vector<cluster::ring_member> up{{self_.id, self_.boot, self_.zone, self_.pipelines}};
    for (const auto& [id, each] : others_)
      if (each.state == cluster::member_state::up)
        up.push_back({id, each.boot, each.zone, each.pipelines});
    std::sort(up.begin(), up.end());
    return cluster::ring_digest(up);
  }

private:
  const wish wish_;
  std::mutex mutex_;
  cluster::member self_;
  std::map<node_id, cluster::member> others_;
};

/// What others send to it.
class incoming final : public net::session_events {
public:
  incoming(fake_member& self, std::shared_ptr<net::link_session> session)
      : self_(self), session_(std::move(session)) {}

  void received(cluster::link_message message) override {
    if (auto* said = std::get_if<cluster::gossip>(&message)) {
      self_.hear(*said);
      if (said->wants_answer)
        session_->send(self_.news());
      return;
    }
    if (self_.is("stuck"))
      for (;;)
        std::this_thread::sleep_for(std::chrono::hours(1));
    if (const auto* handed = std::get_if<cluster::handed_over>(&message); handed && !mute())
      session_->send(cluster::handed_taken{handed->ticket});
    if (const auto* entry = std::get_if<cluster::sent_entry>(&message);
        entry && self_.is("turns-away"))
      turn_away(*entry);
  }
  void closed(const std::string& reason) override { say("session closed: " + reason); }

private:
  bool mute() const { return self_.is("mute"); }

  void turn_away(const cluster::sent_entry& sent) {
    const auto read = codec::read_entry(sent.entry.view());
    if (!read)
      return say("an entry that cannot be read");
    const auto& header = read->header;
    cluster::wrong_owner answer;
    answer.ring = unknown_ring;
    auto& slots = answer.entries.emplace_back(cluster::entry_slots{header.id, {}}).slots;
    for (slot n = 0; n < header.slots; ++n)
      if (!sent.left_alone.contains(n))
        slots.push_back(n);
    session_->send(cluster::taken{header.unpacked_bytes});
    session_->send(std::move(answer));
  }

  fake_member& self_;
  const std::shared_ptr<net::link_session> session_;
};

/// A link that it makes.
class outgoing final : public net::link_events {
public:
  explicit outgoing(fake_member& self) : self_(self) {}

  void opened(const cluster::welcome& welcome) override {
    say(fmt::format("welcome by {:016x}, protocol {}", welcome.node, welcome.protocol));
    const std::lock_guard guard(mutex_);
    offset_ = welcome.steady - steady_now();
    open_ = true;
    changed_.notify_all();
  }
  void received(cluster::link_answer answer) override {
    if (const auto* said = std::get_if<cluster::gossip>(&answer))
      self_.hear(*said);
  }
  void closed(const std::string& reason, bool refused) override {
    say(fmt::format("{}: {}", refused ? "refused" : "closed", reason));
    const std::lock_guard guard(mutex_);
    over_ = true;
    changed_.notify_all();
  }

  /// Whether the link stands.
  bool wait() {
    std::unique_lock guard(mutex_);
    changed_.wait(guard, [this] { return open_ || over_; });
    return !over_;
  }
  steady_ns offset() {
    const std::lock_guard guard(mutex_);
    return offset_;
  }

private:
  fake_member& self_;
  std::mutex mutex_;
  std::condition_variable changed_;
  steady_ns offset_ = 0;
  bool open_ = false, over_ = false;
};

struct made_link {
  std::shared_ptr<outgoing> events;
  std::unique_ptr<net::link_client> client;
  std::uint64_t told = 0; ///< The ring of which it said that it has handed over all.

  made_link(fake_member& self, const std::string& address,
            const std::shared_ptr<const net::link_credentials>& credentials)
      : events(std::make_shared<outgoing>(self)),
        client(std::make_unique<net::link_client>(net::link_client_config{address, credentials},
                                                  self.wished().hello, events)) {}
};

/// What a member says that has nothing.
void speak(fake_member& self, made_link& link) {
  link.client->send(self.news());
  if (self.is("mute"))
    return;
  const auto ring = self.ring();
  link.client->send(
      cluster::sent_until{steady_now() + link.events->offset() - second_ns / 2, ring});
  if (std::exchange(link.told, ring) == ring)
    return;
  cluster::handed_over all;
  all.pipeline = "traces";
  all.ticket = all.last_of_ring = ring;
  link.client->send(std::move(all));
}

/// For ever, to all that it has heard of.
void live(fake_member& self, std::map<std::string, made_link>& links,
          const std::shared_ptr<const net::link_credentials>& credentials) {
  for (;; std::this_thread::sleep_for(step)) {
    for (const auto& address : self.addresses())
      if (!links.contains(address))
        links.try_emplace(address, self, address, credentials).first->second.events->wait();
    for (auto& [address, link] : links)
      speak(self, link);
  }
}

wish wish_of(int argc, char** argv) {
  wish wanted;
  auto& hello = wanted.hello;
  hello.node = own_id;
  hello.boot = unix_now() / millisecond_ns;
  hello.release = "fake";
  hello.clock = unix_now();
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i], value = argv[i + 1];
    if (option == "--join")
      wanted.join = value;
    else if (option == "--listen")
      wanted.listen = hello.address = value;
    else if (option == "--behaviour")
      wanted.behaviour = value;
    else if (option == "--cluster")
      hello.cluster = value;
    else if (option == "--id")
      hello.node = std::strtoull(value.c_str(), nullptr, 16);
    else if (option == "--protocols")
      std::sscanf(value.c_str(), "%u-%u", &hello.oldest_protocol, &hello.newest_protocol);
    else
      throw std::runtime_error("no such option: " + option);
  }
  return wanted;
}

} // namespace

int main(int argc, char** argv) {
  fake_member self(wish_of(argc, argv));
  const auto credentials = net::link_credentials::open({.insecure = true}).value();
  std::unique_ptr<net::link_server> server;
  if (!self.wished().listen.empty())
    server =
        net::link_server::start({self.wished().listen, credentials}, [&](auto session,
                                                                         const auto& said,
                                                                         const auto&) {
          const auto& own = self.wished().hello;
          session->accept({own.node, own.boot, std::min(said.newest_protocol, own.newest_protocol),
                           unix_now(), steady_now()});
          return std::make_shared<incoming>(self, session);
        }).value();
  std::map<std::string, made_link> links;
  const auto& seed = self.wished().join;
  if (!links.try_emplace(seed, self, seed, credentials).first->second.events->wait())
    return 1;
  if (server)
    live(self, links, credentials);
  std::_Exit(0); // gRPC's threads may be anywhere.
}
