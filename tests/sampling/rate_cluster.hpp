#pragma once

#include "cluster/rate_shares.hpp"
#include "policy_table.hpp"
#include "sampling/rate_board.hpp"

#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <random>
#include <set>

// A cluster whose nodes share their rates by gossip, beside one node that gets the same traces.
namespace weir::sampling::testing {

/// The kinds of traces.
struct traffic {
  std::uint32_t most_spans = 20; ///< Of a trace: 1 to so many, each as likely.
  std::uint32_t span_bytes = 300;
  std::size_t keys = 8; ///< Each half as frequent as the one before.
};

/// Spans that were kept in some seconds.
struct kept_spans {
  double cluster = 0;
  double alone = 0;
};

/// Everything follows from the seed. Steps of 10 ms.
class rate_cluster {
public:
  rate_cluster(tail_sampling_config config, traffic kinds, std::uint64_t seed)
      : config_(std::move(config)), kinds_(kinds), random_(seed), alone_(compiled(config_)) {
    for (std::size_t i = 0; i < kinds_.keys; ++i)
      features_.push_back(features_of(alone_, {with({{"route", static_cast<std::int64_t>(i)}})}));
  }

  /// Traces a second that it decides; 0: it is there, and quiet.
  void set_traffic(node_id id, double traces) { traffic_[id] = traces; }

  void join(node_id id) {
    auto& node = nodes_[id];
    node.policies.emplace(compiled(config_));
    node.board = std::make_unique<rate_board>();
    node.board->add("traces", *node.policies, now_);
    node.second = second_ns / 100 * static_cast<steady_ns>(random_() % 100);
    node.info.id = id;
    node.info.boot = 1;
    node.info.state = cluster::member_state::up;
    traffic_.try_emplace(id, 0);
    // It knows the others before it is up.
    for (auto& [other, each] : nodes_)
      if (other != id && together(id, other))
        node.known[other] = each.info;
    share(node);
  }

  /// It is not there any more, and the others know that.
  void remove(node_id id) {
    nodes_.erase(id);
    traffic_.erase(id);
    for (auto& [other, each] : nodes_)
      each.known.erase(id);
  }

  /// Nothing passes between these and the others, who take each other for down.
  void split(std::set<node_id> side) {
    side_ = std::move(side);
    for (auto& [id, each] : nodes_)
      std::erase_if(each.known, [&](const auto& other) { return !together(id, other.first); });
  }

  /// Other policies, or the same, as a reload brings them.
  void reload(const tail_sampling_config& config) {
    config_ = config;
    for (auto& [id, each] : nodes_) {
      auto next = compiled(config_);
      each.board->add("traces", next, now_);
      next.take_over(*each.policies);
      each.policies = std::move(next);
    }
    auto next = compiled(config_);
    next.take_over(alone_);
    alone_ = std::move(next);
  }

  kept_spans pass(int seconds) {
    kept_spans kept;
    for (const auto end = now_ + seconds * second_ns; now_ < end; now_ += step) {
      deliver();
      for (auto& [id, each] : nodes_) {
        std::poisson_distribution<int> traces(traffic_[id] / 100);
        for (auto count = traces(random_); count > 0; --count)
          decide(*each.policies, kept);
        if ((now_ - each.second) % second_ns == 0)
          gossip(id, each);
      }
    }
    return kept;
  }

  std::vector<node_id> nodes() const {
    std::vector<node_id> ids;
    for (const auto& [id, each] : nodes_)
      ids.push_back(id);
    return ids;
  }

private:
  static constexpr steady_ns step = second_ns / 100;

  struct node {
    std::optional<policy_set> policies;
    std::unique_ptr<rate_board> board;
    steady_ns second = 0; ///< Where its seconds begin.
    cluster::member info;
    std::map<node_id, cluster::member> known;
    node_shares shares;
  };
  struct news {
    node_id target;
    cluster::member content;
  };

  bool together(node_id one, node_id other) const {
    return side_.contains(one) == side_.contains(other);
  }

  void decide(policy_set& set, kept_spans& kept) {
    std::size_t key = 0;
    while (key + 1 < features_.size() && random_() % 2 == 0)
      ++key;
    auto trace = features_[key];
    trace.spans = static_cast<std::uint32_t>(1 + random_() % kinds_.most_spans);
    trace.bytes = trace.spans * kinds_.span_bytes;
    std::array<std::uint64_t, 2> bits{random_(), random_()};
    trace_id id;
    std::memcpy(id.bytes.data(), bits.data(), sizeof bits);
    const auto count = [&](policy_set& policies, double& sum) {
      sum += policies.decide(id, trace, now_).keep ? trace.spans : 0;
    };
    count(set, kept.cluster);
    count(alone_, kept.alone);
  }

  void gossip(node_id id, node& node) {
    ++node.info.beat;
    node.info.rates = node.board->demands(now_);
    share(node);
    for (const auto& [other, each] : nodes_)
      if (other != id && together(id, other)) {
        const auto delay = second_ns + static_cast<steady_ns>(random_() % (2 * second_ns));
        news_.emplace(now_ + delay, news{other, node.info});
      }
  }

  void share(node& node) {
    std::vector<cluster::member> members{node.info};
    for (const auto& [id, each] : node.known)
      members.push_back(each);
    node.shares = cluster::share_rates(node.info.id, node.info.rates, members);
    node.board->apply(node.shares, now_);
  }

  void deliver() {
    for (; !news_.empty() && news_.begin()->first <= now_; news_.erase(news_.begin())) {
      const auto& [target, content] = news_.begin()->second;
      const auto found = nodes_.find(target);
      if (found == nodes_.end() || !nodes_.contains(content.id) || !together(target, content.id))
        continue;
      const auto [known, added] = found->second.known.try_emplace(content.id, content);
      if (!added)
        cluster::merge(known->second, content);
    }
  }

  tail_sampling_config config_;
  traffic kinds_;
  std::mt19937_64 random_;
  policy_set alone_;
  std::vector<trace_features> features_; ///< By key.
  steady_ns now_ = 1000 * second_ns;
  std::map<node_id, double> traffic_;
  std::map<node_id, node> nodes_;
  std::set<node_id> side_;
  std::multimap<steady_ns, news> news_;
};

} // namespace weir::sampling::testing
