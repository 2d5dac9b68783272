#include "app/replay_selection.hpp"

#include "backends/otlp_cut.hpp"
#include "tests/stages/chains.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::app;

namespace {

stages::replay_order some_order() {
  stages::replay_order order;
  order.id = 1;
  order.pipeline = "traces";
  return order;
}

// What is sent of a message.
std::string picked(const stages::replay_order& order, const std::string& message) {
  const auto selection = selection_of(order, signal::traces);
  BOOST_REQUIRE_MESSAGE(selection, (selection ? "" : selection.error().message));
  BOOST_REQUIRE(*selection != nullptr);
  editing::scratch scratch;
  std::string out;
  const auto outcome = (*selection)->apply(signal::traces, message, {}, scratch, out);
  BOOST_TEST(outcome.refusal.empty());
  return outcome.changed ? out : message;
}

std::uint64_t spans_in(const std::string& message) {
  return backends::count_items(signal::traces, message).value();
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

const std::string three =
    stages::request_of(stages::named_span('a', "checkout") + stages::named_span('b', "cart")
                       + stages::named_span('b', "checkout"));

} // namespace

BOOST_AUTO_TEST_SUITE(replay_selection_test)

// Scenario: an order that asks for all as it is. Guarantee: nothing is looked at.
BOOST_AUTO_TEST_CASE(all_as_it_is_costs_nothing) {
  BOOST_TEST((selection_of(some_order(), signal::traces).value() == nullptr));
}

// Scenario: a condition, trace ids, both. Guarantee: spans for which all holds are sent, no others.
BOOST_AUTO_TEST_CASE(condition_and_traces_pick) {
  auto order = some_order();
  order.where = R"(name == "checkout")";
  BOOST_TEST(spans_in(picked(order, three)) == 2U);
  BOOST_TEST(!contains(picked(order, three), "cart"));
  order.traces = {trace_id::from(std::string(16, 'b'))};
  BOOST_TEST(spans_in(picked(order, three)) == 1U);
  order.where.clear();
  BOOST_TEST(spans_in(picked(order, three)) == 2U);
  order.traces = {trace_id::from(std::string(16, 'z'))};
  BOOST_TEST(picked(order, three).empty());
}

// Scenario: a condition that fails on some spans: a text compared with a number. Guarantee: those
// are left out.
BOOST_AUTO_TEST_CASE(what_a_condition_fails_on_is_left_out) {
  auto order = some_order();
  order.where = R"(Len(attributes["nothing"]) > 0)";
  BOOST_TEST(picked(order, three).empty());
}

// Scenario: a mark. Guarantee: each span has it.
BOOST_AUTO_TEST_CASE(a_mark_is_put_on_all) {
  auto order = some_order();
  order.mark_key = "replayed";
  order.mark_value = "yes";
  const auto marked = picked(order, three);
  BOOST_TEST(spans_in(marked) == 3U);
  std::size_t marks = 0;
  for (auto found = marked.find("replayed"); found != marked.npos;
       found = marked.find("replayed", found + 1))
    ++marks;
  BOOST_TEST(marks == 3U);
}

// Scenario: conditions that are none, traces of metrics. Guarantee: refused, with the option's name.
BOOST_AUTO_TEST_CASE(what_cannot_be_is_refused) {
  auto order = some_order();
  order.where = "nmae ==";
  const auto wrong = selection_of(order, signal::traces);
  BOOST_REQUIRE(!wrong);
  BOOST_TEST(wrong.error().message.starts_with("--where: "));
  order.where = R"(metric.name == "x" and value_int > 3)";
  BOOST_TEST(!!selection_of(order, signal::metrics));
  order.where = R"(name == "x")";
  BOOST_TEST(!!selection_of(order, signal::metrics));
  order.where.clear();
  order.traces = {trace_id::from(std::string(16, 'b'))};
  BOOST_TEST(!selection_of(order, signal::metrics));
  BOOST_TEST(!!selection_of(order, signal::logs));
}

BOOST_AUTO_TEST_SUITE_END()
