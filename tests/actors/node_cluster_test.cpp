#include "actors/node.hpp"

#include "tests/actors/node_client.hpp"
#include "tests/actors/small_plan.hpp"
#include "tests/stages/spans.hpp"
#include "tests/support/temporary_directory.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <thread>

using namespace weir;
using namespace weir::actors;

namespace {

constexpr std::chrono::seconds patience(90);

// Nodes of one cluster in one process, on loopback. Each keeps every trace and writes it to a file
// of its own.
struct fixture {
  node_plan plan_of(std::size_t number, const std::vector<std::string>& seeds) const {
    auto plan = small_plan(fmt::format("{}/data-{}", directory.path(), number), "file/all",
                           file_of(number));
    auto& pipeline = plan.pipelines.emplace_back();
    pipeline.name = "traces";
    pipeline.receivers = pipeline.exporters = {0};
    pipeline.tail_sampling.emplace().policies.emplace_back().name = "all";
    pipeline.tail_sampling->decision_wait_ns = second_ns;
    auto& cluster = plan.cluster.emplace();
    cluster.name = "blue";
    cluster.node = fmt::format("node-{}", number);
    cluster.listen = "127.0.0.1:0";
    cluster.join = seeds;
    cluster.suspect_after = std::chrono::seconds(2);
    cluster.down_after = std::chrono::seconds(5);
    cluster.gossip_interval = std::chrono::milliseconds(200);
    cluster.join_timeout = std::chrono::seconds(1);
    return plan;
  }

  std::string file_of(std::size_t number) const {
    return fmt::format("{}/out-{}", directory.path(), number);
  }

  // One more; it joins the first.
  node& start() {
    std::vector<std::string> seeds;
    if (!nodes.empty())
      seeds.push_back(nodes.front()->cluster_endpoint());
    auto started = node::start(plan_of(nodes.size(), seeds));
    BOOST_REQUIRE_MESSAGE(started, (started ? "" : started.error().message));
    return *nodes.emplace_back(std::move(*started));
  }

  void stop(std::size_t number) {
    nodes[number]->stop(patience);
    nodes[number].reset();
  }

  template <class Holds>
  static bool becomes(Holds&& holds) {
    const auto end_of_patience = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end_of_patience)
        return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
  }

  // All that run agree on who is up, have links to each other, and are ready.
  bool agree(std::size_t count) const {
    std::set<std::uint64_t> rings;
    for (const auto& each : nodes) {
      if (!each)
        continue;
      const auto view = each->cluster_view();
      if (!view || !each->unready().empty())
        return false;
      rings.insert(view->ring);
      std::size_t up = 0;
      std::uint32_t owned = 0;
      for (const auto& member : view->members)
        if (member.info.state == cluster::member_state::up && (member.self || member.link.stands)) {
          ++up;
          owned += member.partitions;
        }
      if (up != count || owned != partition_count)
        return false;
    }
    return rings.size() == 1 && !rings.contains(0);
  }

  // How many spans of each trace are in each file.
  std::map<std::string, std::map<std::size_t, int>> delivered() const {
    std::map<std::string, std::map<std::size_t, int>> all;
    for (std::size_t number = 0; number < nodes.size(); ++number) {
      std::ifstream file(file_of(number));
      const std::string text(std::istreambuf_iterator<char>(file), {});
      constexpr std::string_view key = "\"traceId\":\"";
      for (auto found = text.find(key); found != text.npos; found = text.find(key, found + 1))
        ++all[text.substr(found + key.size(), 32)][number];
    }
    return all;
  }

  // Each trace is in one file, with so many spans.
  bool whole(std::size_t traces, int spans) const {
    const auto all = delivered();
    return all.size() == traces && std::all_of(all.begin(), all.end(), [&](const auto& trace) {
             return trace.second.size() == 1 && trace.second.begin()->second == spans;
           });
  }

  // A span of each of these traces, to each node that runs.
  void send(char first, char last) {
    for (char trace = first; trace <= last; ++trace)
      for (const auto& each : nodes)
        if (each)
          BOOST_TEST(
              post(*each, stages::some_spans(static_cast<std::uint64_t>(++sent), 1, 10, trace))
              == "HTTP/1.1 200");
  }

  test::temporary_directory directory;
  std::vector<std::unique_ptr<node>> nodes;
  int sent = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(node_cluster_test, fixture)

// Scenario: three nodes join each other; each gets a span of each of 16 traces. One is stopped, and
// the two others get spans of 10 more. Guarantee: each trace comes out whole at one node, decided
// once, before and after.
BOOST_AUTO_TEST_CASE(traces_come_together_at_one_node) {
  for (int i = 0; i < 3; ++i)
    start();
  BOOST_REQUIRE(becomes([&] { return agree(3); }));
  send('a', 'p');
  BOOST_TEST(becomes([&] { return whole(16, 3); }));
  std::set<std::size_t> deciders;
  for (const auto& [trace, files] : delivered())
    for (const auto& [number, spans] : files)
      deciders.insert(number);
  BOOST_TEST(deciders.size() > 1U);
  stop(2);
  BOOST_REQUIRE(becomes([&] { return agree(2); }));
  send('q', 'z');
  BOOST_TEST(becomes([&] {
    const auto all = delivered();
    return all.size() == 26 && std::all_of(all.begin(), all.end(), [](const auto& trace) {
             return trace.second.size() == 1
                    && trace.second.begin()->second == (trace.first < "71" ? 3 : 2);
           });
  }));
}

// Scenario: of two nodes with traces that are not decided, one leaves. Guarantee: it refuses clients
// and says how far it is; then it holds nothing, the other has all that is owed, and each trace is
// delivered whole, once.
BOOST_AUTO_TEST_CASE(a_node_that_leaves_holds_nothing) {
  start();
  start();
  BOOST_REQUIRE(becomes([&] { return agree(2); }));
  send('a', 'p');
  BOOST_REQUIRE(nodes[1]->leave());
  BOOST_TEST(post(*nodes[1], stages::some_spans(99, 1, 10)) == "HTTP/1.1 503");
  BOOST_TEST(becomes([&] { return nodes[1]->left(); }));
  BOOST_TEST(nodes[1]->cluster_view()->open_slots == 0U);
  stop(1);
  BOOST_TEST(becomes([&] { return whole(16, 2); }));
}

// Scenario: a node is asked to have another one leave, and one that nobody knows. Guarantee: the former
// leaves, the latter is an error in words.
BOOST_AUTO_TEST_CASE(a_node_leaves_when_another_is_asked) {
  start();
  start();
  BOOST_REQUIRE(becomes([&] { return agree(2); }));
  BOOST_TEST(nodes[0]->ask_to_leave(99).error().message.find("no link") != std::string::npos);
  BOOST_REQUIRE(nodes[0]->ask_to_leave(nodes[1]->id()));
  BOOST_TEST(becomes([&] { return nodes[1]->left(); }));
  BOOST_TEST(!nodes[0]->left());
}

// Scenario: nodes of another cluster, and one that is alone. Guarantee: the other cluster's is not
// let in, and says so; both are one of their own; who is alone has no place, and nothing to leave.
BOOST_AUTO_TEST_CASE(others_stay_apart) {
  auto& first = start();
  auto plan = plan_of(1, {first.cluster_endpoint()});
  plan.cluster->name = "red";
  auto other = node::start(plan);
  BOOST_REQUIRE(other);
  BOOST_TEST(becomes([&] {
    return first.unready().empty()
           && (*other)->unready().find("of cluster \"red\"") != std::string::npos;
  }));
  BOOST_TEST(first.cluster_view()->members.size() == 1U);
  BOOST_TEST((*other)->cluster_view()->members.size() == 1U);
  plan = plan_of(2, {});
  plan.cluster.reset();
  const auto alone = node::start(plan);
  BOOST_REQUIRE(alone);
  BOOST_TEST((*alone)->unready().empty());
  BOOST_TEST((*alone)->cluster_endpoint().empty());
  BOOST_TEST(!(*alone)->cluster_view());
  BOOST_TEST(((*alone)->leave().error().code == errc::unsupported));
}

BOOST_AUTO_TEST_SUITE_END()
