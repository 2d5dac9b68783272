#include "app/admin/messages.hpp"

#include "app/admin/hands.hpp"
#include "app/admin/node_look.hpp"
#include "app/admin/render_status.hpp"
#include "app/admin/troubles.hpp"
#include "core/metrics.hpp"
#include "views.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(messages_test)

using namespace weir::app;

// Scenario: statuses with all that they may hold, to bytes and back. Guarantee: the screen is the
// same on the other side, and the node as a value.
BOOST_AUTO_TEST_CASE(a_status_survives_the_trip) {
  auto view = test::cluster_of(3);
  view.members[1].info.state = weir::cluster::member_state::leaving;
  view.members[2].info.unreachable = {view.members[1].info.id};
  view.members[2].suspected = true;
  view.leaving = 0.25;
  view.awaited = 1;
  auto node = test::node();
  node.logs[0].health = weir::exporter_health::backing_off;
  for (const auto& cluster : {std::optional(view), std::optional<weir::cluster::cluster_view>()}) {
    const whole_status status{node, cluster, troubles_of(node, cluster ? &*cluster : nullptr)};
    weir::admin::v1::StatusResponse read;
    BOOST_REQUIRE(read.ParseFromString(to_message(status).SerializeAsString()));
    const auto back = from_message(read);
    BOOST_TEST((back.node == status.node));
    BOOST_TEST((back.troubles == status.troubles));
    BOOST_TEST(render_status(back) == render_status(status));
    BOOST_TEST(back.cluster.has_value() == cluster.has_value());
  }
}

// Scenario: an empty message, words that nobody knows, ids that are none, numbers that are none.
// Guarantee: values all the same.
BOOST_AUTO_TEST_CASE(odd_messages_are_read) {
  weir::admin::v1::StatusResponse message;
  BOOST_TEST(!from_message(message).cluster.has_value());
  auto& member = *message.mutable_cluster()->add_members();
  member.set_id("not an id");
  member.set_state("hibernating");
  member.set_silent_seconds(1e300);
  message.mutable_node()->add_logs()->set_health("?");
  const auto read = from_message(message);
  BOOST_TEST((read.cluster->members[0].info.id == 0
              && read.cluster->members[0].info.state == weir::cluster::member_state::joining));
  BOOST_TEST(!render_status(read).empty());
}

// Scenario: reasons with bytes that are not UTF-8. Guarantee: the message can be read.
BOOST_AUTO_TEST_CASE(bytes_become_text) {
  auto node = test::node();
  node.logs[0].reason = "\xff\xfe";
  weir::admin::v1::StatusResponse read;
  BOOST_TEST(read.ParseFromString(to_message({node, {}, {}}).SerializeAsString()));
  BOOST_TEST(from_message(read).node.logs[0].reason == "\\xff\\xfe");
}

// Scenario: metrics of several pipelines and samplers. Guarantee: sums, the oldest, the limit that is
// the window's; what was never measured is 0.
BOOST_AUTO_TEST_CASE(measures_are_taken_from_metrics) {
  using prometheus::ClientMetric;
  const auto gauge = [](double value, std::vector<ClientMetric::Label> labels) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.gauge.value = value;
    return metric;
  };
  const std::vector<prometheus::MetricFamily> measured{
      {weir::metrics::window_spans.name,
       "",
       prometheus::MetricType::Gauge,
       {gauge(3, {{"pipeline", "traces"}}), gauge(4, {{"pipeline", "traces/b"}})}},
      {weir::metrics::window_oldest_undecided_seconds.name,
       "",
       prometheus::MetricType::Gauge,
       {gauge(3, {{"sampler", "0"}}), gauge(9, {{"sampler", "1"}})}},
      {weir::metrics::limit.name,
       "",
       prometheus::MetricType::Gauge,
       {gauge(100, {{"metric", weir::metrics::window_packed_bytes.name}}),
        gauge(5, {{"metric", "another"}})}},
      {weir::metrics::storage_free_bytes.name, "", prometheus::MetricType::Gauge, {gauge(-1, {})}}};
  node_status node;
  take_measures(measured, node);
  BOOST_TEST(node.window.spans == 7u);
  BOOST_TEST(node.window.oldest_seconds == 9);
  BOOST_TEST(node.window.limit_bytes == 100u);
  BOOST_TEST(node.disk.free_bytes == 0u);
  BOOST_TEST(node.disk.open_slots == 0u);
}

// Scenario: members by name, by id, by nothing; a name that two have, one that a dead one had.
// Guarantee: the one that is meant, or why it is not clear.
BOOST_AUTO_TEST_CASE(members_are_found) {
  auto view = test::cluster_of(4);
  const auto id_of = [&view](std::size_t i) { return view.members[i].info.id; };
  BOOST_TEST((find_member(view, "") == id_of(0)));
  BOOST_TEST((find_member(view, "node-3") == id_of(2)));
  BOOST_TEST((find_member(view, "0000000000001004") == id_of(3)));
  BOOST_TEST((find_member(view, "node-9").error().code == weir::errc::not_found));
  view.members[3].info.name = "node-3";
  const auto two = find_member(view, "node-3");
  BOOST_TEST((two.error().code == weir::errc::invalid_argument));
  BOOST_TEST(two.error().message.find("0000000000001003, 0000000000001004") != std::string::npos);
  view.members[2].info.state = weir::cluster::member_state::down;
  BOOST_TEST((find_member(view, "node-3") == id_of(3)));
}

BOOST_AUTO_TEST_SUITE_END()
