#include "app/admin/time_text.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <ctime>

using namespace weir;
using namespace weir::app;

namespace {

constexpr unix_ns now = 1'795'000'000ULL * second_ns; // 2026-11-18T11:06:40Z

unix_ns read(std::string_view text, unix_ns origin = now) {
  const auto found = parse_time(text, now, origin);
  BOOST_REQUIRE_MESSAGE(found, text);
  return *found;
}

// Local time of a zone, for as long as it lives.
struct local_zone {
  explicit local_zone(const char* name) {
    setenv("TZ", name, 1);
    tzset();
  }
  ~local_zone() {
    unsetenv("TZ");
    tzset();
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(time_text_test)

// Scenario: moments in every form. Guarantee: each is what it says.
BOOST_AUTO_TEST_CASE(moments_are_read) {
  BOOST_TEST(read("2026-11-18T11:06:40Z") == now);
  BOOST_TEST(read("2026-11-18t11:06:40.25z") == now + second_ns / 4);
  BOOST_TEST(read("2026-11-18T12:06:40+01:00") == now);
  BOOST_TEST(read("2026-11-18 05:36:40-05:30") == now);
  BOOST_TEST(read("1795000000") == now);
  BOOST_TEST(read("1795000000.5") == now + second_ns / 2);
  BOOST_TEST(read("now") == now);
  BOOST_TEST(read("-2h") == now - 7200 * second_ns);
  BOOST_TEST(read("+1h30m", now - 10 * second_ns) == now + 5390 * second_ns);
  BOOST_TEST(read("-1d") == now - 86'400 * second_ns);
  BOOST_TEST(time_text(now) == "2026-11-18T11:06:40Z");
  BOOST_TEST(time_text(now + second_ns / 4) == "2026-11-18T11:06:40.25Z");
}

// Scenario: moments without a zone, east of Greenwich, in winter and in summer. Guarantee: they are
// in local time.
BOOST_AUTO_TEST_CASE(without_a_zone_it_is_local_time) {
  const local_zone berlin("CET-1CEST,M3.5.0,M10.5.0/3");
  BOOST_TEST(read("2026-11-18T12:06:40") == now);
  BOOST_TEST(read("2026-07-01T02:00") == read("2026-07-01T00:00Z"));
  BOOST_TEST(read("2026-07-01") == read("2026-06-30T22:00:00Z"));
}

// Scenario: texts that are no moments, and days that there are not. Guarantee: refused, with what
// can be written.
BOOST_AUTO_TEST_CASE(what_is_no_moment_is_refused) {
  for (const auto* text :
       {"", "yesterday", "2026-13-01T00:00Z", "2026-02-30T00:00:00Z", "2026-11-18T",
        "2026-11-18T25:00Z", "2026-11-18T11:06:40X", "2026-11-18T11:06:40.Z", "--2h", "-", "+x",
        "12x", "2026-11-18T11:06:40+1:00", "99999999999999999999"}) {
    const auto found = parse_time(text, now, now);
    BOOST_TEST(!found, text);
    if (!found)
      BOOST_TEST(found.error().message.find("expected one like 2026-11-20T10:00")
                 != std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()
