#include "otlp/sampling_state.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

using namespace weir::otlp;

BOOST_AUTO_TEST_SUITE(sampling_state_test)

namespace {

std::string written(const sampling_state& state) {
  std::string out;
  state.write(out);
  return out;
}

} // namespace

// Scenario: thresholds of some probabilities. Guarantee: as OTEP 235 gives them, and back.
BOOST_AUTO_TEST_CASE(thresholds) {
  BOOST_TEST((threshold_of(1, 4) == always_sample));
  BOOST_TEST((threshold_of(0.5, 4) == randomness_range / 2));
  BOOST_TEST(!threshold_of(0, 4));
  BOOST_TEST(!threshold_of(1.1, 4));
  std::string text;
  append_threshold(text, *threshold_of(0.25, 4));
  BOOST_TEST(text == "c");
  BOOST_TEST((read_threshold("c") == *threshold_of(0.25, 4)));
  BOOST_TEST(probability_of(*read_threshold("c")) == 0.25);
  for (const auto* wrong : {"", "g", "123456789abcdef"})
    BOOST_TEST(!read_threshold(wrong), wrong);
  BOOST_TEST(!read_randomness("1234"));
}

// Scenario: a trace state with members of others and of OpenTelemetry; the threshold is raised.
// Guarantee: `ot` is in front, all else as it came.
BOOST_AUTO_TEST_CASE(reading_and_writing) {
  sampling_state state;
  BOOST_TEST(state.read("rojo=1,ot=th:8;rv:0123456789abcd;x:y,congo=2"));
  BOOST_TEST((state.threshold == randomness_range / 2));
  BOOST_TEST((state.randomness == 0x0123456789abcdULL));
  BOOST_TEST(written(state) == "ot=rv:0123456789abcd;th:8;x:y,rojo=1,congo=2");
  state.set_threshold(*threshold_of(0.25, 4));
  BOOST_TEST(written(state) == "ot=rv:0123456789abcd;th:c;x:y,rojo=1,congo=2");
}

// Scenario: trace states that are none, or whose `ot` member is none. Guarantee: said.
BOOST_AUTO_TEST_CASE(broken_states) {
  sampling_state state;
  for (const auto* text : {"a", "A=1", "ot=th:8;", "ot=th:g", "ot=rv:12", "ot=TH:8", "a=1,b"})
    BOOST_TEST(!state.read(text), text);
  BOOST_TEST(!state.read("a=" + std::string(1100, 'x')));
}

BOOST_AUTO_TEST_SUITE_END()
