#include "app/admin/troubles.hpp"

#include "views.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(troubles_test)

using namespace weir::app;
using weir::millisecond_ns;
using weir::second_ns;
using weir::cluster::member_state;

namespace {

std::vector<std::string> problems(const node_status& node,
                                  const weir::cluster::cluster_view* view = nullptr) {
  std::vector<std::string> all;
  for (const auto& one : troubles_of(node, view)) {
    BOOST_TEST(!one.advice.empty(), one.problem);
    all.push_back(one.problem);
  }
  return all;
}

using texts = std::vector<std::string>;

} // namespace

// Scenario: all is well, alone and in clusters of any size. Guarantee: nothing is said.
BOOST_AUTO_TEST_CASE(what_is_well_is_not_spoken_of) {
  BOOST_TEST(problems(test::node()).empty());
  for (const std::size_t members : {1, 3, 64}) {
    const auto view = test::cluster_of(members);
    BOOST_TEST(problems(test::node(), &view).empty());
  }
}

// Scenario: each thing that may be wrong in a cluster, by itself. Guarantee: it is said, with who
// and why, and nothing else.
BOOST_AUTO_TEST_CASE(troubles_of_a_cluster) {
  const auto said = [](auto&& spoil) {
    auto view = test::cluster_of(3);
    spoil(view);
    const auto all = problems(test::node(), &view);
    BOOST_REQUIRE_EQUAL(all.size(), 1u);
    return all[0];
  };
  BOOST_TEST(said([](auto& view) {
               view.members[1].info.state = member_state::down;
               view.members[1].silent = 130 * second_ns;
               view.members[0].info.unreachable = {view.members[1].info.id}; // no news
             })
             == "node node-2 is down, for 2 min");
  BOOST_TEST(said([](auto& view) {
               view.members[2].suspected = true;
               view.members[2].silent = 4 * second_ns;
             })
             == "node node-3 was last heard of 4.0 s ago");
  BOOST_TEST(said([](auto& view) { view.members[1].link = {.trouble = "refused"}; })
             == "no link to node-2 at 10.0.0.2:4320: refused");
  BOOST_TEST(said([](auto& view) { view.members[1].link.skew_ns = -90 * second_ns; })
             == "the clock of node-2 is 90 s behind");
  BOOST_TEST(said([](auto& view) {
               view.members[1].info.unreachable = {view.members[2].info.id, 99};
             })
             == "node-2 cannot reach node-3");
  BOOST_TEST(said([](auto& view) { view.members[2].differs = "traces/a is missing"; })
             == "the sampled pipelines of node-3 are not those of this node: traces/a is missing");
  BOOST_TEST(said([](auto& view) { view.members[2].info.release = "0.2.0"; })
             == "members run different releases: 0.1.0, 0.2.0");
  BOOST_TEST(said([](auto& view) { view.unready = "it joins"; })
             == "this node is not ready: it joins");
  BOOST_TEST(
      said([](auto& view) {
        view.oldest_unsent = 25 * second_ns;
        view.members[1].link.in_flight = view.members[1].link.credit;
      })
      == "what this node took in 25 s ago is not with its owner yet (3 slots wait): no credit "
         "from node-2");
}

// Scenario: traces that did not come together, in a cluster and on a node that is alone again.
// Guarantee: they are spoken of in the cluster, each kind with its count.
BOOST_AUTO_TEST_CASE(traces_that_were_split) {
  auto node = test::node();
  node.split = {1, 2000};
  const auto view = test::cluster_of(3);
  BOOST_TEST((problems(node, &view)
              == texts{"decided otherwise by another member, since this node started: 1 trace",
                       "taken though they are another member's, since this node started: 2,000 "
                       "slots"}));
  BOOST_TEST(problems(node).empty());
}

// Scenario: each thing that may be wrong with a node. Guarantee: the same.
BOOST_AUTO_TEST_CASE(troubles_of_a_node) {
  const auto said = [](auto&& spoil) {
    auto node = test::node();
    spoil(node);
    const auto all = problems(node);
    BOOST_REQUIRE_EQUAL(all.size(), 1u);
    return all[0];
  };
  BOOST_TEST(said([](auto& node) { node.phase = "starting"; })
             == "this node is starting: clients are not served");
  BOOST_TEST(said([](auto& node) { node.refusal = "the disk is full"; })
             == "clients are told to retry: the disk is full");
  BOOST_TEST(said([](auto& node) { node.disk.damaged_records = 2; })
             == "2 records on the disk are not what was written");
  BOOST_TEST(said([](auto& node) { node.disk.free_bytes = 1 << 30; })
             == "the disk has 1.0 GiB free, and Weir may still want 8.0 GiB");
  BOOST_TEST(said([](auto& node) { node.disk.used_bytes = node.disk.limit_bytes; })
             == "9.0 GiB of the 9.0 GiB for data are in use");
  BOOST_TEST(said([](auto& node) { node.disk.orphaned_spans = 1; })
             == "1 span wait for a pipeline that is not configured any more");
  BOOST_TEST(said([](auto& node) {
               node.logs[0].health = weir::exporter_health::backing_off;
               node.logs[0].health_seconds = 300;
               node.logs[0].reason = "connection refused";
             })
             == "exporter otlp/tempo of pipeline traces gets nothing through, for 5 min, 1,234 "
                "items wait: connection refused");
  BOOST_TEST(said([](auto& node) { node.window.bytes = node.window.limit_bytes; })
             == "undecided traces take 512 MiB of 512 MiB of memory");
}

// Scenario: a thousand members are down. Guarantee: a bounded list, which says how many more.
BOOST_AUTO_TEST_CASE(the_list_is_bounded) {
  auto view = test::cluster_of(1001);
  for (std::size_t i = 1; i < view.members.size(); ++i)
    view.members[i].info.state = member_state::down;
  const auto all = problems(test::node(), &view);
  BOOST_TEST(all.size() == max_troubles);
  BOOST_TEST(all.back() == "981 more troubles");
}

BOOST_AUTO_TEST_SUITE_END()
