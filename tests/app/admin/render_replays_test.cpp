#include "app/admin/render_replays.hpp"

#include "app/admin/text_table.hpp"

#include <boost/test/unit_test.hpp>
#include <sstream>

using namespace weir::app;
using weir::admin::v1::LogCount;
using weir::admin::v1::Replay;
using weir::admin::v1::ReplaysAnswer;

namespace {

ReplaysAnswer answer_of(const std::string& node, const std::string& state, std::uint64_t delivered,
                        std::uint64_t done = 0, std::uint64_t blocks = 0) {
  ReplaysAnswer answer;
  answer.mutable_speaker()->set_name(node);
  auto& part = *answer.add_replays();
  part.set_id("0123456789abcdef");
  part.mutable_selection()->set_pipeline("traces/main");
  part.set_exporter("otlp/new");
  part.set_state(state);
  part.set_delivered(delivered);
  part.set_blocks_done(done);
  part.set_blocks(blocks);
  return answer;
}

void fits(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    BOOST_TEST(width_of(line) <= screen_width, line);
}

} // namespace

BOOST_AUTO_TEST_SUITE(render_replays_test)

// Scenario: three nodes play a replay, one is done, one half way with a rate, one has failed.
// Guarantee: one line says that it runs, how far it is by blocks, what was sent, when it will have
// ended; the node that failed says why.
BOOST_AUTO_TEST_CASE(nodes_are_one_replay) {
  auto half = answer_of("beta", "running", 500, 50, 100);
  half.mutable_replays(0)->set_blocks_a_second(5);
  half.mutable_replays(0)->set_bytes_a_second(1 << 20);
  auto failed = answer_of("gamma", "failed", 7);
  failed.mutable_replays(0)->set_reason("no exporter `otlp/new` is configured");
  failed.mutable_replays(0)->set_trimmed_blocks(3);
  const auto all = whole_replays({answer_of("alpha", "done", 1000), half, failed});
  BOOST_REQUIRE(all.size() == 1U);
  BOOST_TEST(all[0].state == "running");
  BOOST_TEST(all[0].delivered == 1507U);
  BOOST_TEST(all[0].share == 0.5, boost::test_tools::tolerance(0.01));
  BOOST_TEST(all[0].seconds_left == 10);
  const auto text = render_replays(all);
  fits(text);
  BOOST_TEST(text.find("1,507") != text.npos);
  BOOST_TEST(text.find("1.0 MiB/s") != text.npos);
  BOOST_TEST(text.find("gamma: failed: no exporter") != text.npos);
  BOOST_TEST(text.find("3 blocks and 0 items were trimmed") != text.npos);
  BOOST_TEST(render_replays({}) == "no replays\n");
}

// Scenario: two nodes have counted; one does not know exactly. Guarantee: their sum stands below
// them, and is not exact either; one node alone has no sum.
BOOST_AUTO_TEST_CASE(counts_are_added_up) {
  LogCount first, second;
  first.mutable_speaker()->set_name("alpha");
  first.set_items(1000);
  first.set_traces(10);
  first.set_traces_exact(true);
  second = first;
  second.mutable_speaker()->set_name("beta");
  second.set_traces(200'000);
  second.set_traces_exact(false);
  const auto text = render_counts({first, second});
  fits(text);
  BOOST_TEST(text.find("~200,010") != text.npos);
  BOOST_TEST(text.find("2,000") != text.npos);
  BOOST_TEST(render_counts({first}).find("all") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
