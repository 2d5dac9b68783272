#include "otlp/old_scopes.hpp"

#include "build.hpp"
#include "generator.hpp"
#include "otlp/scan.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir;
using namespace weir::otlp;
using namespace weir::otlp::test;

} // namespace

BOOST_AUTO_TEST_SUITE(old_scopes_test)

// Scenario: messages of today.
// Guarantee: nothing is written; the message is used as it came.
BOOST_AUTO_TEST_CASE(messages_of_today_stay_as_they_are) {
  std::string out;
  for (std::uint64_t seed = 1; seed <= 50; ++seed)
    BOOST_TEST(!renew_old_scopes(test::generator{seed}.message(message_id::metrics_data, 5), out));
  BOOST_TEST(!renew_old_scopes("", out));
  BOOST_TEST(out.empty());
}

// Scenario: one resource with old scopes only, one with both, one with new ones, unknown fields
// around. Guarantee: old ones become scopes, or go where there are scopes; all else stays, and so
// does the count.
BOOST_AUTO_TEST_CASE(old_scopes_are_renamed_or_left_out) {
  const auto scope = field(2, field(5, "record"));
  const auto message =
      field(1, field(1, "") + field(1000, scope) + varint(77, 1) + field(1000, scope))
      + varint(9, 3) + field(1, field(1000, scope) + field(2, scope)) + field(1, field(2, scope));
  std::string out = "before";
  BOOST_REQUIRE(renew_old_scopes(message, out));
  BOOST_TEST(out
             == "before"
                    + field(1, field(1, "") + field(2, scope) + varint(77, 1) + field(2, scope))
                    + varint(9, 3) + field(1, field(2, scope)) + field(1, field(2, scope)));
  const auto count = [](std::string_view m) {
    return check_items(signal::logs, m, {.check_utf8 = false}).value_or(0);
  };
  const auto logs = field(1, field(1000, field(2, field(3, "a")) + field(2, "")));
  out.clear();
  BOOST_REQUIRE(renew_old_scopes(logs, out));
  BOOST_TEST(count(logs) == 2U);
  BOOST_TEST(count(out) == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
