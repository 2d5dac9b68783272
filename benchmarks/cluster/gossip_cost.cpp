// What gossip costs an idle node: so many hubs on one thread with a virtual clock, and every message
// put into the bytes of a link and read from them. Answers: how much of a core is that a node? Without
// what gRPC and the kernel take to carry the messages, which are counted.
#include "cluster/hub.hpp"
#include "core/log.hpp"
#include "net/link/wire.hpp"

#include <cstdlib>
#include <deque>
#include <fmt/format.h>
#include <functional>
#include <iostream>
#include <memory>
#include <time.h>

using namespace weir;
using namespace weir::cluster;

namespace {

constexpr steady_ns tick = second_ns / 5;
constexpr steady_ns warm_up = 30 * second_ns;
constexpr steady_ns measured = 60 * second_ns;

double cpu_seconds() {
  timespec spent{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

class idle_cluster {
public:
  explicit idle_cluster(node_id count) {
    for (node_id id = 1; id <= count; ++id)
      nodes_.push_back(std::make_unique<node>(*this, id));
    for (auto& each : nodes_)
      each->start();
  }

  void pass(steady_ns time) {
    for (const auto end = now_.steady + time; now_.steady < end; now_.steady += tick) {
      for (auto& each : nodes_)
        each->stage->tick(now_);
      deliver();
    }
  }
  std::size_t members_known() const { return nodes_[0]->stage->members().all_known().size(); }
  std::size_t in_ring() const { return nodes_[0]->stage->present_ring()->members().size(); }
  std::uint64_t messages() const noexcept { return messages_; }
  std::uint64_t bytes() const noexcept { return bytes_; }

private:
  static std::string address_of(node_id id) { return fmt::format("10.0.0.{}:4320", id); }

  // A link's number names it at both ends: its maker's id and the maker's number.
  struct node final : hub_ports {
    node(idle_cluster& all, node_id id) : all(all), id(id) {}

    void start() {
      member self;
      self.id = id;
      self.boot = 1;
      self.address = address_of(id);
      self.release = "1.0.0";
      self.name = fmt::format("node-{}", id);
      self.pipelines = {"traces"};
      hub_settings settings;
      settings.cluster = "weir";
      stage.emplace(self, std::vector{address_of(1), address_of(2)}, settings, id, *this, all.now_);
    }
    session_number session_of(link_number link) const { return id << 32 | link; }
    node& peer_of(session_number session) const { return *all.nodes_[(session >> 32) - 1]; }

    void connect(link_number link, const std::string& address, const hello& first) override {
      for (const auto& each : all.nodes_)
        if (address_of(each->id) == address) {
          targets[link] = each.get();
          all.post([target = each.get(), session = session_of(link), first] {
            target->stage->said_hello(session, first, target->all.now_);
          });
        }
    }
    void disconnect(link_number link) override { targets.erase(link); }
    void send(link_number link, gossip message) override {
      auto* target = targets.at(link);
      all.carry(net::encode(net::control_message(std::move(message))),
                [this, target, session = session_of(link)](const std::string& bytes) {
                  const auto read = net::decode_control_message(bytes);
                  target->stage->received(session, id, std::get<gossip>(*read), all.now_);
                });
    }
    void welcome_in(session_number session, const welcome& answer) override {
      all.post([peer = &peer_of(session), link = session & 0xffffffff, answer] {
        peer->stage->opened(link, answer, peer->all.now_);
      });
    }
    void refuse(session_number, const std::string& reason) override {
      std::cerr << "refused: " << reason << '\n';
      std::exit(1);
    }
    void answer(session_number session, gossip message) override {
      all.carry(net::encode(net::control_answer(std::move(message))),
                [this, session](const std::string& bytes) {
                  const auto read = net::decode_control_answer(bytes);
                  peer_of(session).stage->received(session & 0xffffffff, std::get<gossip>(*read),
                                                   all.now_);
                });
    }
    void link_up(node_id, link_number) override {}
    void set_offset(node_id, steady_ns) override {}
    void link_lost(node_id) override {}
    void change_ring(const ring_view&) override {}
    std::uint64_t next_boot() override { return 2; }
    void end(const std::string&) override {}

    idle_cluster& all;
    const node_id id;
    std::map<link_number, node*> targets;
    std::optional<hub> stage;
  };

  void post(std::function<void()> call) { waiting_.push_back(std::move(call)); }
  void carry(std::string bytes, std::function<void(const std::string&)> take) {
    ++messages_;
    bytes_ += bytes.size();
    post([bytes = std::move(bytes), take = std::move(take)] { take(bytes); });
  }
  void deliver() {
    while (!waiting_.empty()) {
      const auto next = std::move(waiting_.front());
      waiting_.pop_front();
      next();
    }
  }

  moment now_{1000 * second_ns, 1'700'000'000'000'000'000};
  std::vector<std::unique_ptr<node>> nodes_;
  std::deque<std::function<void()>> waiting_;
  std::uint64_t messages_ = 0;
  std::uint64_t bytes_ = 0;
};

} // namespace

int main(int count, char** arguments) {
  log::configure({.level = "critical"});
  const node_id members = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 64;
  if (members < 2 || members > 1024) {
    std::cerr << "usage: gossip-cost [MEMBERS]     2 to 1024, default 64\n";
    return 2;
  }
  idle_cluster all(members);
  all.pass(warm_up);
  const auto messages = all.messages();
  const auto bytes = all.bytes();
  const auto begun = cpu_seconds();
  all.pass(measured);
  const auto spent = cpu_seconds() - begun;
  const auto node_seconds = static_cast<double>(members) * measured / second_ns;
  if (all.in_ring() != members) {
    std::cerr << fmt::format("only {} members are in the ring\n", all.in_ring());
    return 1;
  }
  std::cout << fmt::format(
      "{} members: {:.3f} % of a core a node; {:.1f} messages and {:.0f} KiB a second, sent\n",
      members, 100 * spent / node_seconds,
      static_cast<double>(all.messages() - messages) / node_seconds,
      static_cast<double>(all.bytes() - bytes) / 1024 / node_seconds);
}
