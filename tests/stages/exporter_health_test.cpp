#include "stages/exporter_health.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::stages;
using kind = backends::outcome::kind;
using weight = exporter_health_log::line::weight;

namespace {

const backends::outcome ok{};
const backends::outcome away{.answer = kind::retry, .reason = "UNAVAILABLE: no"};

struct fixture {
  std::optional<exporter_health_log::line> answered(const backends::outcome& answer, bool is_down) {
    return uut.answered(answer, is_down, now, unix_ns(now), [this] {
      return exporter_health_log::backlog{waiting, now + 5 * second_ns};
    });
  }

  exporter_health_log uut{"traces", "otlp/a", "spans", 1};
  steady_ns now = 100 * second_ns;
  std::uint64_t waiting = 12'345;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(exporter_health_test, fixture)

// Scenario: a back end is away for 80 s and comes back. Guarantee: one line as it begins, one every
// ten seconds with what waits and the next try, one as it is over with how long it was and the most
// that waited; the state says the same.
BOOST_AUTO_TEST_CASE(an_outage_is_told_from_beginning_to_end) {
  BOOST_TEST(!answered(ok, false));
  const auto first = answered(away, true);
  BOOST_REQUIRE(first);
  BOOST_TEST((first->level == weight::warn));
  BOOST_TEST(first->text
             == "nothing gets through: UNAVAILABLE: no; 12,345 spans wait, next try in 5.0 s");
  BOOST_TEST((uut.status().health == exporter_health::backing_off));
  BOOST_TEST(uut.status().since == unix_ns(now));
  unsigned lines = 0;
  for (int second = 1; second < 80; ++second) {
    now += second_ns;
    waiting = second == 70 ? 221'000 : 200'000;
    if (const auto more = answered(away, true)) {
      ++lines;
      BOOST_TEST(more->text.starts_with("backing off for "), more->text);
    }
  }
  BOOST_TEST(lines == 7u);
  BOOST_TEST(uut.status().since == unix_ns(100 * second_ns));
  now += second_ns;
  waiting = 1000;
  const auto back = answered(ok, false);
  BOOST_REQUIRE(back);
  BOOST_TEST((back->level == weight::info));
  BOOST_TEST(back->text == "back after 80 s, 221,000 spans waited");
  BOOST_TEST((uut.status().health == exporter_health::sending));
  BOOST_TEST(uut.status().reason.empty());
}

// Scenario: a back end that is away and back a hundred times a second. Guarantee: two lines in ten
// seconds, not two hundred a second.
BOOST_AUTO_TEST_CASE(flapping_does_not_flood_the_log) {
  unsigned lines = 0;
  for (int i = 0; i < 900; ++i, now += second_ns / 100) {
    lines += answered(away, true) ? 1 : 0;
    lines += answered(ok, false) ? 1 : 0;
  }
  BOOST_TEST(lines == 2u);
}

// Scenario: an expired key; one request that fails while others get through. Guarantee: the first is
// an error, the second is not called an outage.
BOOST_AUTO_TEST_CASE(somebody_has_to_act_is_an_error) {
  const auto expired =
      answered({.answer = kind::outage, .reason = "HTTP 401: token expired"}, true);
  BOOST_REQUIRE(expired);
  BOOST_TEST((expired->level == weight::error));
  BOOST_TEST(expired->text.find("token expired") != std::string::npos);
  (void)answered(ok, false);
  now += 10 * second_ns;
  const auto one = answered(away, false);
  BOOST_REQUIRE(one);
  BOOST_TEST(one->text.find("while others get through") != std::string::npos);
  BOOST_TEST((uut.status().health == exporter_health::sending));
}

// Scenario: a hundred requests are refused in a second, then the back end takes one. Guarantee: one
// line, and one ten seconds later with all that came since; the state is "refused" until one is taken.
BOOST_AUTO_TEST_CASE(what_is_given_up_is_said_and_counted) {
  const auto first = uut.given_up(10, "INVALID_ARGUMENT: no", now, 7);
  BOOST_REQUIRE(first);
  BOOST_TEST((first->level == weight::error));
  BOOST_TEST(first->text == "10 spans are given up and kept as dead letters: INVALID_ARGUMENT: no");
  for (int i = 0; i < 99; ++i)
    BOOST_TEST(!uut.given_up(10, "INVALID_ARGUMENT: no", now, 8));
  BOOST_TEST((uut.status().health == exporter_health::refused));
  BOOST_TEST(uut.status().since == 7u);
  now += 10 * second_ns;
  const auto later = uut.given_up(10, "gave up after 3 attempts", now, 9);
  BOOST_REQUIRE(later);
  BOOST_TEST(later->text.starts_with("1,000 spans"));
  (void)answered(ok, false);
  BOOST_TEST((uut.status().health == exporter_health::sending));
}

// Scenario: a back end takes everything and has something to say, with every answer; another rejects
// some. Guarantee: both are said, the first once a minute, the second with the sum.
BOOST_AUTO_TEST_CASE(warnings_of_a_back_end_are_said) {
  const backends::outcome warning{.reason = "field x is deprecated"};
  const auto first = answered(warning, false);
  BOOST_REQUIRE(first);
  BOOST_TEST((first->level == weight::warn));
  BOOST_TEST(first->text.find("field x is deprecated") != std::string::npos);
  for (int second = 1; second < 60; ++second) {
    now += second_ns;
    BOOST_TEST(!answered(warning, false));
  }
  now += second_ns;
  BOOST_TEST(answered(warning, false)->text.find("60 times") != std::string::npos);
  const backends::outcome rejection{.rejected = 3, .reason = "too old"};
  BOOST_TEST(answered(rejection, false)->text.find("rejected 3 spans") != std::string::npos);
  BOOST_TEST(!answered(rejection, false));
  now += 10 * second_ns;
  BOOST_TEST(answered(rejection, false)->text.find("rejected 6 spans") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
