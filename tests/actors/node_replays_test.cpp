#include "actors/node.hpp"

#include "stages/log_walk.hpp"
#include "tests/actors/node_client.hpp"
#include "tests/actors/small_plan.hpp"
#include "tests/stages/spans.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>
#include <thread>

using namespace weir;
using namespace weir::actors;

namespace {

constexpr std::chrono::seconds patience(30);
constexpr stages::replay_id id = 7;

// Nodes on one directory, one after the other: a pipeline that passes spans on to nowhere, and a
// file that only replays write to.
struct fixture {
  fixture() {
    plan = small_plan(directory.path() + "/data", "file/second", directory.path() + "/out");
    plan.exporters.emplace_back().id = "nop";
    plan.exporters.back().kind = backends::nop_config{};
    plan.cursor_interval = std::chrono::milliseconds(20);
    node_pipeline all;
    all.name = "traces";
    all.receivers = {0};
    all.exporters = {1};
    plan.pipelines = {all};
    uut = start();
  }

  std::unique_ptr<node> start() const {
    auto started = node::start(plan);
    BOOST_REQUIRE_MESSAGE(started, (started ? "" : started.error().message));
    return std::move(*started);
  }

  void fill(unsigned requests) {
    for (unsigned i = 0; i < requests; ++i)
      BOOST_REQUIRE(post(*uut, stages::some_spans(i, 10, 10)) == "HTTP/1.1 200");
  }

  static stages::replay_order order() {
    stages::replay_order order;
    order.id = id;
    order.pipeline = "traces";
    order.exporter = "file/second";
    order.begin = unix_now() - 3600ULL * second_ns;
    order.end = unix_now() + second_ns;
    return order;
  }

  stages::replay_view view() {
    const auto all = uut->replays();
    BOOST_REQUIRE(all);
    BOOST_REQUIRE(all->size() == 1U);
    return all->front();
  }

  void wait_for(stages::replay_state wanted) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (view().record.state != wanted && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    BOOST_REQUIRE((view().record.state == wanted));
  }

  std::uint64_t spans_in_file() const {
    std::ifstream file(directory.path() + "/out");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    std::uint64_t count = 0;
    for (auto found = text.find("traceId"); found != text.npos;
         found = text.find("traceId", found + 1))
      ++count;
    return count;
  }

  test::temporary_directory directory;
  node_plan plan;
  std::unique_ptr<node> uut;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(node_replays_test, fixture)

// Scenario: what was delivered is asked for once more, at an exporter of no pipeline; then the node
// stops and starts. Guarantee: all of it is sent, once; it is remembered as done, and not begun again.
BOOST_AUTO_TEST_CASE(what_was_delivered_is_sent_once_more) {
  fill(5);
  BOOST_REQUIRE(uut->check_replay(order()));
  BOOST_REQUIRE(uut->start_replay(order()));
  wait_for(stages::replay_state::done);
  BOOST_TEST(view().record.counts.delivered == 50U);
  uut->stop(patience);
  BOOST_TEST(spans_in_file() == 50U);
  uut.reset();
  uut = start();
  BOOST_TEST((view().record.state == stages::replay_state::done));
  uut->stop(patience);
  BOOST_TEST(spans_in_file() == 50U);
}

// Scenario: a slow replay, a stop in its middle, a start, a reload without its exporter and one with
// it. Guarantee: it goes on; it fails with the reason; resumed it ends, and nothing came twice.
BOOST_AUTO_TEST_CASE(it_goes_on_over_a_restart_and_a_reload) {
  fill(20);
  plan.exporters.front().batch = backends::batch_config{.max_items = 10};
  BOOST_REQUIRE(uut->reload(plan));
  auto slow = order();
  slow.rate = 2000; // Some two hundred ms for each ten spans.
  BOOST_REQUIRE(uut->start_replay(slow));
  while (view().record.counts.delivered == 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  uut->stop(patience);
  const auto before = spans_in_file();
  BOOST_TEST(before > 0U);
  BOOST_TEST(before < 200U);
  uut.reset();
  uut = start();
  BOOST_TEST((view().record.state == stages::replay_state::running));
  auto without = plan;
  without.exporters.front().id = "file/other";
  BOOST_REQUIRE(uut->reload(without));
  wait_for(stages::replay_state::failed);
  BOOST_TEST(view().record.reason.find("no exporter `file/second`") == 0U);
  BOOST_REQUIRE(uut->reload(plan));
  BOOST_REQUIRE(uut->change_replay(id, node::replay_change::resume));
  wait_for(stages::replay_state::done);
  uut->stop(patience);
  BOOST_TEST(spans_in_file() == 200U);
}

// Scenario: unknown exporter, an id that there is not, a node that has stopped. Guarantee: each is
// answered with its error.
BOOST_AUTO_TEST_CASE(wrong_questions_are_answered) {
  auto wrong = order();
  wrong.exporter = "otlp/gone";
  BOOST_TEST((uut->start_replay(wrong).error().code == errc::not_found));
  BOOST_TEST((uut->check_replay(wrong).error().code == errc::not_found));
  BOOST_TEST((uut->change_replay(1, node::replay_change::cancel).error().code == errc::not_found));
  BOOST_TEST(uut->logs().size() == 1U);
  BOOST_REQUIRE(uut->start_replay(order()));
  wait_for(stages::replay_state::done); // Of nothing.
  BOOST_TEST(
      (uut->change_replay(id, node::replay_change::pause).error().code == errc::unsupported));
  uut->stop(patience);
}

BOOST_AUTO_TEST_SUITE_END()
