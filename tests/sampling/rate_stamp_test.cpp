#include "otlp/features.hpp"
#include "otlp_builder.hpp"
#include "sampling/rate_stamp.hpp"
#include "sampling/ratio.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::sampling;
using namespace weir::sampling::testing;

namespace {

/// What a stamped span says.
struct stamped {
  std::string rate; ///< "4" for an integer, "1.5r" for a real, "" where it is not there.
  std::string trace_state;
  std::size_t rates = 0;
  std::size_t others = 0;
};

trace_id id_with(std::uint64_t randomness) {
  auto id = id_of(1);
  auto* bytes = reinterpret_cast<unsigned char*>(&id);
  for (int i = 15; i >= 9; --i, randomness >>= 8)
    bytes[i] = static_cast<unsigned char>(randomness);
  return id;
}

stamped read(std::string_view body) {
  stamped result;
  const auto span = otlp::read_span(body, [&](std::string_view key, const otlp::value_ref& value) {
    if (key != rate_attribute) {
      ++result.others;
      return;
    }
    ++result.rates;
    result.rate = value.kind == otlp::value_kind::integer ? std::to_string(value.integer)
                                                          : std::to_string(value.real) + "r";
  });
  result.trace_state = std::string(span.trace_state);
  return result;
}

decision kept_at(float rate, rate_mark mark) {
  return {true, 0, rate, mark};
}

stamped put(test_span span, std::uint64_t randomness, const decision& decision) {
  span.trace = id_with(randomness);
  rate_stamp stamp;
  return read(stamp.put(span_body(span), span.trace, decision));
}

constexpr std::uint64_t high = otlp::randomness_range - 1;

} // namespace

BOOST_AUTO_TEST_SUITE(rate_stamp_test)

// Scenario: spans that no sampler touched before.
// Guarantee: the rate as an attribute, a whole one as an integer; the threshold where it is to be.
BOOST_AUTO_TEST_CASE(a_span_gets_its_rate) {
  test_span span;
  span.on_span = {{"a", std::string("b")}, {"c", true}};
  const auto whole = put(span, high, kept_at(4, rate_mark::threshold));
  BOOST_TEST(whole.rate == "4");
  BOOST_TEST(whole.trace_state == "ot=th:c");
  BOOST_TEST(whole.others == 2U);
  const auto plain = put(span, high, kept_at(1.5, rate_mark::attribute));
  BOOST_TEST(plain.rate == "1.500000r");
  BOOST_TEST(plain.trace_state.empty());
  // As the rate was given, though the threshold is rounded.
  BOOST_TEST(put(span, high, kept_at(3, rate_mark::threshold)).rate == "3");
}

// Scenario: rates whose thresholds the specification, or the Collector's tests of it, print.
// Guarantee: the same digits.
BOOST_AUTO_TEST_CASE(thresholds_are_the_published_ones) {
  const std::pair<float, const char*> known[] = {{2, "8"},     {4, "c"},       {3, "aaab"},
                                                 {10, "e666"}, {100, "fd70a"}, {1000, "ffbe77"}};
  for (const auto& [rate, digits] : known)
    BOOST_TEST(put({}, high, kept_at(rate, rate_mark::threshold)).trace_state
               == std::string("ot=th:") + digits);
}

// Scenario: the tracestate is no list of members. Guarantee: it stays, and the attribute is there.
BOOST_AUTO_TEST_CASE(a_broken_tracestate_stays) {
  test_span span;
  span.trace_state = "A=b,ot=th:8";
  const auto stamped = put(span, high, kept_at(4, rate_mark::threshold));
  BOOST_TEST(stamped.trace_state == "A=b,ot=th:8");
  BOOST_TEST(stamped.rate == "4");
}

// Scenario: a sampler before wrote a threshold.
// Guarantee: the higher one stays, the attribute is what it stands for; one that is not true any
// more goes, and the rates multiply.
BOOST_AUTO_TEST_CASE(thresholds_before_count) {
  test_span span;
  span.trace_state = "v=1,ot=th:8";
  BOOST_TEST(put(span, high, kept_at(4, rate_mark::threshold)).rate == "4");
  BOOST_TEST(put(span, high, kept_at(4, rate_mark::threshold)).trace_state == "ot=th:c,v=1");
  span.trace_state = "v=1,ot=th:e";
  BOOST_TEST(put(span, high, kept_at(4, rate_mark::threshold)).rate == "8");
  BOOST_TEST(put(span, high, kept_at(4, rate_mark::threshold)).trace_state == "v=1,ot=th:e");
  const auto independent = put(span, high, kept_at(4, rate_mark::attribute));
  BOOST_TEST(independent.rate == "32");
  BOOST_TEST(independent.trace_state == "v=1");
}

// Scenario: the span's own randomness says that this threshold would not have kept it.
// Guarantee: no threshold is written; the attribute stands.
BOOST_AUTO_TEST_CASE(a_threshold_is_true_or_not_there) {
  test_span span;
  span.trace_state = "ot=rv:00000000000001";
  const auto other = put(span, high, kept_at(4, rate_mark::threshold));
  BOOST_TEST(other.rate == "4");
  BOOST_TEST(other.trace_state == "ot=rv:00000000000001");
  span.trace_state = "ot=rv:ffffffffffffff";
  BOOST_TEST(put(span, 0, kept_at(4, rate_mark::threshold)).trace_state
             == "ot=rv:ffffffffffffff;th:c");
}

// Scenario: the attribute is there already, in every form, from a sampler before.
// Guarantee: rates multiply; what is no rate counts as 1; the attribute stands once.
BOOST_AUTO_TEST_CASE(rates_before_count) {
  const std::pair<attribute_value, const char*> cases[] = {
      {std::int64_t{5}, "20"}, {2.5, "10"}, {std::string("3"), "12"}, {std::string("x"), "4"},
      {std::int64_t{0}, "4"},  {true, "4"}};
  for (const auto& [before, after] : cases) {
    test_span span;
    span.on_span = {{std::string(rate_attribute), before}};
    const auto now = put(span, high, kept_at(4, rate_mark::attribute));
    BOOST_TEST(now.rate == after);
    BOOST_TEST(now.rates == 1U);
  }
  // Where a threshold stood, the attribute said the same again.
  test_span span;
  span.trace_state = "ot=th:8";
  span.on_span = {{std::string(rate_attribute), std::int64_t{2}}};
  BOOST_TEST(put(span, high, kept_at(4, rate_mark::threshold)).rate == "4");
  BOOST_TEST(put(span, high, kept_at(4, rate_mark::attribute)).rate == "8");
}

BOOST_AUTO_TEST_SUITE_END()
