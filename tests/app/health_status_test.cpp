#include "app/health_status.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::app;

namespace {

constexpr unix_ns start = 1'700'000'000 * second_ns;
constexpr unix_ns now = start + 3'600 * second_ns;

const std::vector<pipeline_components> pipelines = {
    {"traces", {"otlp"}, {"otlp/tempo", "file"}},
    {"logs/audit", {"otlp"}, {"file"}},
};

node_health running() {
  return {.life = node_health::phase::running, .start = start};
}

exporter_status away(exporter_health health, unix_ns since) {
  return {.pipeline = "traces",
          .exporter = "otlp/tempo",
          .health = health,
          .since = since,
          .reason = "connection \"refused\"",
          .waiting_items = 12};
}

status_answer page(const node_health& node, const char* query = "",
                   component_health_config rules = {}) {
  return status_page(node, pipelines, rules, read_status_query(query), now);
}

bool has(const status_answer& answer, const std::string& text) {
  return answer.body.find(text) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(health_status_test)

// Scenario: each phase of a node's life. Guarantee: only a running node is well; the words are the Collector's.
BOOST_AUTO_TEST_CASE(a_node_is_well_while_it_runs) {
  auto node = running();
  BOOST_TEST(page(node).code == 200U);
  BOOST_TEST(
      page(node).body
      == R"({"start_time":"2023-11-14T22:13:20.000000000Z","healthy":true,"status":"StatusOK",)"
         R"("status_time":"2023-11-14T22:13:20.000000000Z"})");
  BOOST_TEST(ready_page(node, now).body == "ready\n");
  node.life = node_health::phase::starting;
  BOOST_TEST(page(node).code == 503U);
  BOOST_TEST(has(page(node), R"("healthy":false,"status":"StatusStarting")"));
  BOOST_TEST(ready_page(node, now).code == 503U);
  node.life = node_health::phase::stopping;
  BOOST_TEST(page(node).code == 503U);
  BOOST_TEST(has(page(node, "verbose"),
                 R"("pipeline:traces":{"healthy":false,"status":"StatusStopping")"));
}

// Scenario: everything is refused. Guarantee: /ready and the status page answer 503 and say why; the receivers
// carry the state, other components do not.
BOOST_AUTO_TEST_CASE(a_node_that_refuses_says_so) {
  auto node = running();
  node.refusal = "storage.max_bytes is reached";
  const auto answer = page(node, "verbose=true");
  BOOST_TEST(answer.code == 503U);
  BOOST_TEST(has(
      answer,
      R"("healthy":false,"status":"StatusRecoverableError","error":"refusing: storage.max_bytes)"));
  BOOST_TEST(has(answer, R"("receiver:otlp":{"healthy":false)"));
  BOOST_TEST(has(answer, R"("exporter:file":{"healthy":true,"status":"StatusOK")"));
  BOOST_TEST(ready_page(node, now).code == 503U);
  BOOST_TEST(ready_page(node, now).body == "refusing: storage.max_bytes is reached\n");
}

// Scenario: a back end is away for an hour. Guarantee: the node stays ready, since it keeps what it owes; both
// pages name the exporter, its pipeline and its reason; the other pipeline is well.
BOOST_AUTO_TEST_CASE(a_back_end_that_is_away_is_shown) {
  auto node = running();
  node.exporters = {away(exporter_health::backing_off, start)};
  const auto answer = page(node, "verbose");
  BOOST_TEST(answer.code == 200U);
  BOOST_TEST(has(answer, R"("pipeline:traces":{"healthy":true,"status":"StatusRecoverableError",)"
                         R"("error":"connection \"refused\"")"));
  BOOST_TEST(
      has(answer, R"("exporter:otlp/tempo":{"healthy":true,"status":"StatusRecoverableError")"));
  BOOST_TEST(has(answer, R"("pipeline:logs/audit":{"healthy":true,"status":"StatusOK")"));
  const auto ready = ready_page(node, now);
  BOOST_TEST(ready.code == 200U);
  BOOST_TEST(
      ready.body
      == "ready\nexporter otlp/tempo of pipeline traces: backing off for 3600 s, 12 items wait: "
         "connection \"refused\"\n");
}

// Scenario: component_health includes errors. Guarantee: recoverable ones count after recovery_duration,
// permanent ones at once; the answer is then 500.
BOOST_AUTO_TEST_CASE(component_health_decides_what_counts) {
  struct row {
    exporter_health health;
    unix_ns since;
    component_health_config rules;
    unsigned code;
  };
  const component_health_config none, recoverable{.include_recoverable_errors = true},
      permanent{.include_permanent_errors = true};
  for (const auto& [health, since, rules, code] : {
           row{exporter_health::backing_off, now - 301 * second_ns, recoverable, 500},
           row{exporter_health::backing_off, now - 299 * second_ns, recoverable, 200},
           row{exporter_health::backing_off, start, permanent, 200},
           row{exporter_health::backing_off, start, none, 200},
           row{exporter_health::refused, now, permanent, 500},
           row{exporter_health::refused, start, recoverable, 200},
           row{exporter_health::refused, start, none, 200},
       }) {
    auto node = running();
    node.exporters = {away(health, since)};
    BOOST_TEST(page(node, "", rules).code == code);
  }
}

// Scenario: one pipeline is asked for. Guarantee: its own state and its components; 404 for one that is not there.
BOOST_AUTO_TEST_CASE(one_pipeline_can_be_asked_for) {
  auto node = running();
  node.exporters = {away(exporter_health::refused, start)};
  BOOST_TEST(has(page(node, "pipeline=traces"), R"("status":"StatusPermanentError")"));
  BOOST_TEST(has(page(node, "pipeline=logs/audit"), R"("status":"StatusOK")"));
  BOOST_TEST(has(page(node, "pipeline=traces&verbose"), R"("components":{"receiver:otlp")"));
  BOOST_TEST(page(node, "pipeline=metrics").code == 404U);
  BOOST_TEST(page(node, "pipeline=metrics").body == "");
}

BOOST_AUTO_TEST_SUITE_END()
