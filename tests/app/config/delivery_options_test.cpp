#include "app/config/delivery_options.hpp"
#include "app/config/load.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::app;

BOOST_AUTO_TEST_SUITE(delivery_options_test)

// Scenario: shares, rates and times as people write them, and others. Guarantee: what is meant, or
// nothing.
BOOST_AUTO_TEST_CASE(texts_are_read) {
  BOOST_TEST(parse_share("50%").value() == 0.5);
  BOOST_TEST(parse_share("0.5%").value() == 0.005);
  BOOST_TEST(parse_share("100%").value() == 1.0);
  for (const auto* text : {"", "%", "50", "0%", "-1%", "101%", "50 %", "nan%", "5%%"})
    BOOST_TEST(!parse_share(text), text);
  BOOST_TEST(parse_rate("20MB/s").value() == 20'000'000u);
  BOOST_TEST(parse_rate("1KiB/s").value() == 1024u);
  for (const auto* text : {"", "20MB", "/s", "1/s", "-1MB/s", "20MB/min"})
    BOOST_TEST(!parse_rate(text), text);
  constexpr std::uint64_t second = 1'000'000'000;
  BOOST_TEST(parse_rfc3339("2026-11-20T10:00:00Z").value() == 1'795'168'800 * second);
  BOOST_TEST(parse_rfc3339("2026-11-20T11:30:00+01:30").value() == 1'795'168'800 * second);
  BOOST_TEST(parse_rfc3339("2026-11-20T10:00:00.25Z").value()
             == 1'795'168'800 * second + second / 4);
  for (const auto* text :
       {"", "2026-11-20", "2026-11-20T10:00:00", "2026-13-20T10:00:00Z", "2026-11-20T10:00:00.Z",
        "1969-12-31T23:59:59Z", "2026-11-20T10:00:00Zx", "2026-11-20T24:00:00Z", "now"})
    BOOST_TEST(!parse_rfc3339(text), text);
}

BOOST_AUTO_TEST_SUITE_END()
