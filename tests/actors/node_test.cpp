#include "actors/node.hpp"

#include "stages/ledger.hpp"
#include "tests/actors/node_client.hpp"
#include "tests/actors/small_plan.hpp"
#include "tests/stages/spans.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>

using namespace weir;
using namespace weir::actors;

namespace {

constexpr std::chrono::seconds patience(30);
constexpr auto backend = "file/all";

// Nodes on one directory, one after the other: a pipeline that passes spans on to a file, and one
// that samples and waits longer than any test.
struct fixture {
  fixture() {
    plan = small_plan(directory.path() + "/data", backend, directory.path() + "/out");
    node_pipeline all;
    all.name = "traces";
    all.receivers = all.exporters = {0};
    auto sampled = all;
    sampled.name = "traces/sampled";
    sampled.tail_sampling.emplace().policies.emplace_back().name = "all";
    sampled.tail_sampling->decision_wait_ns = 3600LL * second_ns;
    plan.pipelines = {all, sampled};
  }

  std::unique_ptr<node> start() {
    auto started = node::start(plan);
    BOOST_REQUIRE_MESSAGE(started, (started ? "" : started.error().message));
    return std::move(*started);
  }

  std::shared_ptr<storage::store> store_at_rest() const {
    auto opened = storage::store::open(plan.storage);
    BOOST_REQUIRE(opened);
    return std::move(*opened);
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
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(node_test, fixture)

// Scenario: three starts, each with a client and a stop. Guarantee: what was acknowledged is
// counted, logged and journaled behind what was there; what counts as delivered is in the file,
// once; what is not decided waits in the journal, whoever took it in.
BOOST_AUTO_TEST_CASE(a_start_goes_on_where_the_last_one_stopped) {
  for (std::uint64_t round = 1; round <= 3; ++round) {
    auto uut = start();
    BOOST_TEST(uut->ready());
    BOOST_TEST(uut->refusal().empty());
    BOOST_TEST(post(*uut, stages::some_spans(round, 2, 10)) == "HTTP/1.1 200");
    uut->stop(patience);
    BOOST_TEST(!uut->ready());
    uut.reset();
    const auto store = store_at_rest();
    const auto id = store->pipeline("traces").value();
    BOOST_TEST(store->log(id).next == round);
    BOOST_TEST(store->journal().next - store->journal().first == round);
    using stages::ledger_key;
    const stages::ledger_page received(*store, ledger_key("traces", "intake"),
                                       stages::intake_counts);
    const stages::ledger_page sent(*store, ledger_key("traces", backend), stages::exporter_counts);
    BOOST_TEST(received[stages::accepted_spans] == 2 * round);
    BOOST_TEST(sent[stages::delivered_items] == spans_in_file());
    BOOST_TEST(store->cursors(id)->at(backend).position * 2 == spans_in_file());
  }
}

// Scenario: a node is asked to stop twice, then it goes; one goes without having been asked.
// Guarantee: both end, and the directory is free.
BOOST_AUTO_TEST_CASE(it_ends_however_it_is_told) {
  auto uut = start();
  uut->stop(patience);
  uut->stop(patience);
  BOOST_TEST(uut->endpoints().empty());
  uut.reset();
  uut = start();
  BOOST_TEST(post(*uut, stages::some_spans(1, 1, 10)) == "HTTP/1.1 200");
  uut.reset();
  BOOST_TEST(store_at_rest()->journal().next == 1U);
}

// Scenario: a start on a directory that another node has, and one on a port that another has.
// Guarantee: an error that names it; the first goes on, and the second's directory is free.
BOOST_AUTO_TEST_CASE(a_start_that_fails_leaves_nothing_behind) {
  const auto first = start();
  const auto twice = node::start(plan);
  BOOST_REQUIRE(!twice);
  BOOST_TEST((twice.error().code == errc::unavailable));
  plan.storage.directory += "-other";
  plan.receivers[0].listeners[0].endpoint = first->endpoints()[0];
  const auto same_port = node::start(plan);
  BOOST_REQUIRE(!same_port);
  BOOST_TEST(same_port.error().message.find(first->endpoints()[0]) != std::string::npos,
             same_port.error().message);
  BOOST_TEST(store_at_rest()->journal().next == 0U);
  BOOST_TEST(post(*first, stages::some_spans(1, 1, 10)) == "HTTP/1.1 200");
}

BOOST_AUTO_TEST_SUITE_END()
