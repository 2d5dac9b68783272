#pragma once

#include "net/link/wire.hpp"

#include <random>

// Values of every kind of message, made from a seed.
namespace weir::net::tests {

/// Of one random sequence.
class message_samples {
public:
  explicit message_samples(std::uint64_t seed) : random_(seed) {}

  control_message control() {
    switch (number(4)) {
    case 0:
      return hello();
    case 1:
      return gossip();
    case 2:
      return cluster::leave_request{};
    default:
      return handed_over();
    }
  }

  control_answer control_reply() {
    switch (number(4)) {
    case 0:
      return welcome_token{{id(), any(), number(9), any(), moment()}, bytes(token_bytes)};
    case 1:
      return refused{name()};
    case 2:
      return gossip();
    default:
      return cluster::handed_taken{any()};
    }
  }

  data_message data() {
    switch (number(4)) {
    case 0:
      return data_token{bytes(token_bytes)};
    case 1:
      return sent_entry();
    case 2:
      return cluster::sent_until{moment(), any()};
    default:
      return cluster::forgotten{any(), any()};
    }
  }

  data_answer data_reply() {
    switch (number(3)) {
    case 0:
      return cluster::taken{any()};
    case 1:
      return cluster::settled_slots{entries()};
    default:
      return cluster::wrong_owner{any(), entries()};
    }
  }

  cluster::hello hello() {
    return {name(), id(), any(), number(5), number(5), number(9000), name(), name(), any()};
  }

  cluster::gossip gossip() {
    cluster::gossip result;
    for (auto n = number(20); n-- > 0;) {
      cluster::member member;
      member.id = id();
      member.boot = any();
      member.state = static_cast<cluster::member_state>(number(5));
      member.beat = any();
      member.address = name();
      member.zone = name();
      member.release = name();
      member.name = name();
      for (auto sampled = number(4); sampled-- > 0;)
        member.pipelines.push_back(name());
      for (auto rates = number(3); rates-- > 0;) {
        member.rates.push_back({any(), any(), any(), {}});
        for (auto keys = number(3); keys-- > 0;)
          member.rates.back().keys.push_back({any(), any()});
      }
      limit_rates(member.rates);
      for (auto away = number(4); away-- > 0;)
        member.unreachable.push_back(any());
      result.members.push_back(std::move(member));
    }
    result.wants_answer = number(2) == 1;
    result.steady = moment();
    return result;
  }

  cluster::handed_over handed_over() {
    cluster::handed_over result{name(), bytes(number(3000)), {}, any(), number(2) * any()};
    for (auto n = number(10); n-- > 0;)
      result.progress.emplace_back(entry(), bytes(number(100)));
    return result;
  }

  cluster::sent_entry sent_entry() {
    cluster::sent_entry result;
    result.pipeline = name();
    result.entry = shared_bytes(bytes(codec::entry_header_bytes + number(5000)));
    if (number(2) == 1) {
      result.left_alone = cluster::slot_set(1 + number(500));
      for (auto n = 1 + number(100); n-- > 0;)
        result.left_alone.insert(number(result.left_alone.slots()));
    }
    result.received = moment();
    result.insists = number(2) == 1;
    return result;
  }

  /// Below `bound`.
  std::uint32_t number(std::uint32_t bound) {
    return static_cast<std::uint32_t>(random_() % bound);
  }

  std::string bytes(std::size_t size) {
    std::string result(size, '\0');
    for (auto& byte : result)
      byte = static_cast<char>(random_());
    return result;
  }

private:
  std::uint64_t any() { return random_() >> number(64); }
  std::uint64_t id() { return 1 + (random_() >> 1); }
  steady_ns moment() {
    const auto distance = static_cast<steady_ns>(random_() >> (4 + number(50)));
    return number(2) == 1 ? -distance : distance;
  }
  entry_id entry() { return {id(), any(), id()}; }

  std::string name() {
    static constexpr std::string_view letters = "abc-\n\x01:é0";
    std::string result;
    for (auto n = number(30); n-- > 0;)
      result += letters[number(static_cast<std::uint32_t>(letters.size()) - 3)];
    return result + (number(4) == 0 ? "é" : "");
  }

  std::vector<cluster::entry_slots> entries() {
    std::vector<cluster::entry_slots> result;
    for (auto n = number(20); n-- > 0;) {
      result.push_back({entry(), {}});
      for (slot s = number(5000); number(8) != 0; s += 1 + number(30))
        result.back().slots.push_back(s);
    }
    return result;
  }

  std::mt19937_64 random_;
};

/// Equal in all that a message carries.
inline bool same(const cluster::sent_entry& a, const cluster::sent_entry& b) {
  const auto in = [](const cluster::slot_set& set) {
    return set.count() == 0 ? std::vector<std::uint64_t>() : set.words();
  };
  return a.pipeline == b.pipeline && a.entry.view() == b.entry.view() && a.received == b.received
         && a.insists == b.insists && in(a.left_alone) == in(b.left_alone)
         && (a.left_alone.count() == 0 || a.left_alone.slots() == b.left_alone.slots());
}
template <class Kind>
bool same(const Kind& a, const Kind& b) {
  return a == b;
}
template <class... Kinds>
bool same(const std::variant<Kinds...>& a, const std::variant<Kinds...>& b) {
  return a.index() == b.index()
         && std::visit(
             [&b](const auto& kind) {
               return same(kind, std::get<std::decay_t<decltype(kind)>>(b));
             },
             a);
}

} // namespace weir::net::tests
