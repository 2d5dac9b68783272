#include "core/exporter_board.hpp"

#include <boost/test/unit_test.hpp>

using weir::exporter_board;
using weir::exporter_health;

BOOST_AUTO_TEST_SUITE(exporter_board_test)

// Scenario: two exporters of one pipeline say how they are, one of them twice, then one goes.
// Guarantee: what was said last stands there, in the order of names; what goes is gone.
BOOST_AUTO_TEST_CASE(the_last_word_counts) {
  exporter_board board;
  board.set({.pipeline = "traces", .exporter = "otlp/b"});
  board.set({.pipeline = "traces", .exporter = "otlp/a"});
  board.set({.pipeline = "traces",
             .exporter = "otlp/b",
             .health = exporter_health::backing_off,
             .since = 7,
             .reason = "UNAVAILABLE: no",
             .waiting_items = 12});
  const auto both = board.all();
  BOOST_REQUIRE_EQUAL(both.size(), 2u);
  BOOST_TEST(both[0].exporter == "otlp/a");
  BOOST_TEST((both[0].health == exporter_health::sending));
  BOOST_TEST((both[1].health == exporter_health::backing_off));
  BOOST_TEST(both[1].reason == "UNAVAILABLE: no");
  BOOST_TEST(both[1].waiting_items == 12u);
  BOOST_TEST(to_string(both[1].health) == "backing off");
  board.remove("traces", "otlp/a");
  board.remove("traces", "otlp/never");
  BOOST_REQUIRE_EQUAL(board.all().size(), 1u);
  BOOST_TEST(board.all()[0].exporter == "otlp/b");
}

BOOST_AUTO_TEST_SUITE_END()
