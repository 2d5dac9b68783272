#include "stages/request_editor.hpp"

#include "chains.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::stages;
using namespace std::chrono_literals;

namespace {

using chain_ptr = std::shared_ptr<const editing::chain>;

chain_ptr propagating(const std::string& statement) {
  return chain_of(statement, "propagate");
}

edited_request edited(const chain_ptr& chain, const std::string& body,
                      std::chrono::nanoseconds time = 0s) {
  request_editor uut({});
  return uut.edit(chain, signal::traces, body, {}, time);
}

} // namespace

BOOST_AUTO_TEST_SUITE(request_editor_test)

// Scenario: statements that change a span, leave it, fail on it; a bad span among good ones; bytes that are not
// OTLP. Guarantee: what is left, what was rejected, what was refused, each with its count.
BOOST_AUTO_TEST_CASE(what_is_left_is_said) {
  const auto good = request_of(named_span('a', "n") + named_span('b', "nn"));
  const auto changed = edited(propagating(R"(set(name, "x") where name == "nn")"), good);
  BOOST_TEST(changed.items == 2U);
  BOOST_TEST(changed.removed == 0U);
  BOOST_REQUIRE(changed.message);
  BOOST_TEST((*changed.message == request_of(named_span('a', "n") + named_span('b', "x"))));
  BOOST_TEST(!edited(propagating(R"(set(name, "x") where name == "y")"), good).message);
  const auto refused = edited(propagating(R"(set(name, 1 / 0) where name == "nn")"), good);
  BOOST_TEST(refused.refusal.find("division by 0") != std::string::npos);
  BOOST_TEST(refused.items == 2U);
  BOOST_TEST(refused.removed == 2U);
  const auto mixed =
      request_of(named_span('a', "n") + named_span('\0', "nn") + named_span('c', "nn"));
  const auto rest = edited(propagating(R"(set(name, "x") where name == "nn")"), mixed);
  BOOST_TEST(rest.items == 2U);
  BOOST_TEST(rest.rejected.bad_trace_id == 1U);
  BOOST_REQUIRE(rest.message);
  BOOST_TEST((*rest.message == request_of(named_span('a', "n") + named_span('c', "x"))));
  const auto kept = edited(propagating(R"(set(name, "x") where name == "y")"), mixed);
  BOOST_REQUIRE(kept.message);
  BOOST_TEST((*kept.message == request_of(named_span('a', "n") + named_span('c', "nn"))));
  BOOST_TEST(edited(propagating(R"(set(name, "x"))"), good.substr(0, good.size() - 2))
                 .malformed.has_value());
}

// Scenario: a pattern that takes seconds, in 100 ms. Guarantee: all of it is refused, with the statement.
BOOST_AUTO_TEST_CASE(what_takes_too_long_is_refused) {
  const auto made =
      edited(slow_chain(), request_of(named_span('a', std::string(1'000'000, 'a'))), 100ms);
  BOOST_TEST(made.ended);
  BOOST_TEST(made.removed == 1U);
  BOOST_TEST(made.refusal.find("replace_pattern") != std::string::npos);
  BOOST_TEST(made.refusal.find("max_edit_time") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
