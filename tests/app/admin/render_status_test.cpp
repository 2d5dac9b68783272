#include "app/admin/render_status.hpp"

#include "app/admin/text_table.hpp"
#include "app/admin/troubles.hpp"
#include "views.hpp"

#include <boost/test/unit_test.hpp>
#include <sstream>

BOOST_AUTO_TEST_SUITE(render_status_test)

using namespace weir::app;
using weir::cluster::member_state;

namespace {

whole_status looked_at(weir::app::node_status node,
                       std::optional<weir::cluster::cluster_view> view) {
  auto troubles = troubles_of(node, view ? &*view : nullptr);
  return {std::move(node), std::move(view), std::move(troubles)};
}

/// Every line fits on the screen.
std::size_t widest_line(const std::string& text) {
  std::size_t widest = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    widest = std::max(widest, width_of(line));
  return widest;
}

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

const std::string well = R"(Cluster weir: 3 up, 2 zones, ring 12345678
  NODE    ZONE  STATE    OWNS  LINK  ROUND TRIP    CREDIT IN USE
* node-1  a     up     33.3 %  self           -                -
  node-2  b     up     33.3 %  up        0.4 ms  25 % of 4.0 MiB
  node-3  a     up     33.3 %  up        0.4 ms  25 % of 4.0 MiB
  to owners: 3 of 1,200 open slots not sent yet, the oldest 20.0 ms ago

Node node-1 (0000000000001001), release 0.1.0, running for 90 min
  clients  served
  window   12,345 traces, 98,765 spans, 100 MiB of 512 MiB, the oldest 28 s old
  journal  1 entry open, 3,400 slots
  disk     1.0 GiB of 9.0 GiB in use, 80.0 GiB free on the disk
  PIPELINE  EXPORTER    STATE    WAITING  OLDEST
  traces    otlp/tempo  sending    1,234   2.1 s

Nothing is wrong.
)";

} // namespace

// Scenario: a node of three, all well. Guarantee: the whole screen, letter by letter.
BOOST_AUTO_TEST_CASE(three_members_that_are_well) {
  BOOST_TEST(render_status(looked_at(test::node(), test::cluster_of(3))) == well);
}

// Scenario: a single node; a cluster of one. Guarantee: no cluster is shown; the one is.
BOOST_AUTO_TEST_CASE(one_node) {
  const auto alone = render_status(looked_at(test::node(), std::nullopt));
  BOOST_TEST(alone.find("Node node-1") == 0u);
  const auto first = render_status(looked_at(test::node(), test::cluster_of(1)));
  BOOST_TEST(first.find("Cluster weir: 1 up, 1 zone, ring") == 0u);
  BOOST_TEST(contains(first, "100.0 %"));
}

// Scenario: 64 members, of which one is down and one suspected. Guarantee: a screen of 24 lines shows
// this node, those two, and what the others are in a line; `members` lists all.
BOOST_AUTO_TEST_CASE(many_members_fit_a_screen) {
  auto view = test::cluster_of(64);
  const auto calm = render_status(looked_at(test::node(), view));
  BOOST_TEST(lines_in(calm) <= 24u, calm);
  BOOST_TEST(contains(calm, "and 63 more, 63 of them up with a link, owning 1.6 % to 1.6 % each"));
  view.members[9].info.state = member_state::down;
  view.members[9].partitions = 0;
  view.members[40].suspected = true;
  const auto text = render_status(looked_at(test::node(), view));
  BOOST_TEST(contains(text, "Cluster weir: 63 up, 1 down, 2 zones"));
  BOOST_TEST(contains(text, "node-10"));
  BOOST_TEST(contains(text, "suspected"));
  BOOST_TEST(contains(text, "and 61 more"));
  BOOST_TEST(!contains(text, "node-12 "));
  BOOST_TEST(lines_in(render_members(&view)) == 66u);
}

// Scenario: names, zones, addresses, exporters and reasons as long as they may be, with letters of
// other scripts and with what a terminal would obey. Guarantee: every line has at most 80
// characters, nothing is obeyed.
BOOST_AUTO_TEST_CASE(long_names_fit_the_screen) {
  auto view = test::cluster_of(3);
  view.name = std::string(64, 'c');
  for (auto& member : view.members) {
    member.info.name = std::string(200, 'n') + "ü";
    member.info.zone = std::string(64, 'z');
    member.info.address = std::string(200, 'a') + ":4320";
    member.info.release = "1.2.3-" + std::string(60, 'r');
    member.differs = "traces/\x1b[31mred is not there";
  }
  auto node = test::node();
  node.name = "Knoten-ä";
  node.logs.push_back({.pipeline = "traces/" + std::string(90, 'p'),
                       .exporter = "otlp/" + std::string(90, 'e'),
                       .health = weir::exporter_health::refused,
                       .reason = "no\nway",
                       .waiting_items = 1'000'000'000'000});
  const auto status = looked_at(node, view);
  auto shown = status;
  shown.troubles.clear(); // words of a name are not broken
  BOOST_TEST(widest_line(render_status(shown)) <= screen_width);
  BOOST_TEST(widest_line(render_members(&view)) <= screen_width);
  for (const auto& text : {render_status(status), render_members(&view)}) {
    BOOST_TEST(!contains(text, "\x1b"));
    BOOST_TEST(contains(text, "…"));
  }
}

// Scenario: a member that leaves, from the first word to the last. Guarantee: a line each.
BOOST_AUTO_TEST_CASE(leaving_is_a_line) {
  BOOST_TEST(render_leave({.node = "ab", .state = "up"}) == "node ab is up\n");
  BOOST_TEST(render_leave({"ab", "leaving", 0.5, 1200, 7})
             == "node ab is leaving: 50.0 %, 1,200 slots to settle, 7 of them unsent\n");
  BOOST_TEST(render_leave({.node = "ab", .state = "left", .done = true}) == "node ab has left\n");
  BOOST_TEST(render_leave({.node = "ab", .state = "down", .done = true})
             == "node ab is down: it left nothing in order\n");
}

// Scenario: counts, sizes and times from nothing to huge. Guarantee: as people write them.
BOOST_AUTO_TEST_CASE(values_are_readable) {
  BOOST_TEST(count_text(0) == "0");
  BOOST_TEST(count_text(999) == "999");
  BOOST_TEST(count_text(1'000'000) == "1,000,000");
  BOOST_TEST(count_text(2, "entry") == "2 entries");
  BOOST_TEST(size_text(1023) == "1023 B");
  BOOST_TEST(size_text(1536) == "1.5 KiB");
  BOOST_TEST(size_text((1ULL << 30) - 1) == "1.0 GiB");
  BOOST_TEST(span_text(0.00042) == "0.4 ms");
  BOOST_TEST(span_text(-3.2) == "3.2 s");
  BOOST_TEST(span_text(7200) == "2.0 h");
  BOOST_TEST(cut_to("äöüß", 3) == "äö…");
}

BOOST_AUTO_TEST_SUITE_END()
