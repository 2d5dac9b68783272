#include "net/link/addresses.hpp"

#include "tests/net/link/link_fixture.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::net;
using namespace weir::net::tests;

namespace {

using seeds = std::vector<std::string>;
constexpr std::chrono::milliseconds short_pause(1);

bool holds(const seeds& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

} // namespace

BOOST_AUTO_TEST_SUITE(addresses_test)

// Scenario: ports that listen at one address, at a name, at all addresses of either kind. Guarantee: the
// former are reached as they are; the latter at an address that others can dial, by the same port.
BOOST_AUTO_TEST_CASE(others_reach_a_port_by_an_address) {
  for (const auto* one : {"10.1.2.3:4320", "weir-0.weir:4320", "[fd00::1]:4320"})
    BOOST_TEST(reachable_address(one) == one);
  for (const auto* all : {"0.0.0.0:4320", "[::]:4320", "*:4320"}) {
    const auto reached = reachable_address(all);
    BOOST_TEST(reached != all);
    BOOST_TEST(reached.ends_with(":4320"));
    BOOST_TEST(reached.find("0.0.0.0") == reached.npos);
    BOOST_TEST(addresses_of(reached).has_value());
  }
}

// Scenario: a name that the system knows, an address, one that is not known, and texts that are no
// host:port. Guarantee: addresses with the port; an error that says which of the two it is.
BOOST_AUTO_TEST_CASE(names_have_addresses) {
  const auto local = addresses_of("localhost:4320");
  BOOST_REQUIRE(local);
  BOOST_TEST((holds(*local, "127.0.0.1:4320") || holds(*local, "[::1]:4320")));
  BOOST_TEST((addresses_of("10.1.2.3:1").value() == seeds{"10.1.2.3:1"}));
  BOOST_TEST((addresses_of("[::1]:1").value() == seeds{"[::1]:1"}));
  const auto unknown = addresses_of("no name:4320");
  BOOST_REQUIRE(!unknown);
  BOOST_TEST((unknown.error().code == errc::unavailable));
  for (const auto* text : {"localhost", "localhost:", ":4320", ""})
    BOOST_TEST((addresses_of(text).error().code == errc::invalid_argument));
}

// Scenario: seeds among which is a name. Guarantee: those without are known at once; all are told
// again and again, with the addresses of the name.
BOOST_AUTO_TEST_CASE(names_among_seeds_are_looked_up_again_and_again) {
  const seeds wanted{"10.1.2.3:1", "dns://localhost:2"};
  BOOST_TEST((seed_lookup::plain(wanted) == seeds{"10.1.2.3:1"}));
  arrivals<seeds> found;
  const seed_lookup uut(wanted, short_pause, [&](seeds all) { found.put(std::move(all)); });
  for (int i = 0; i < 3; ++i) {
    const auto all = found.next();
    BOOST_TEST(holds(all, "10.1.2.3:1"));
    BOOST_TEST((holds(all, "127.0.0.1:2") || holds(all, "[::1]:2")));
  }
}

// Scenario: a name that nobody knows. Guarantee: the others are told all the same.
BOOST_AUTO_TEST_CASE(an_unknown_name_has_no_seeds) {
  arrivals<seeds> found;
  const seed_lookup uut({"dns://no name:1", "10.1.2.3:1"}, short_pause,
                        [&](seeds all) { found.put(std::move(all)); });
  BOOST_TEST((found.next() == seeds{"10.1.2.3:1"}));
}

// Scenario: a lookup ends while it looks; one has no name to look up. Guarantee: nobody is called any
// more, or ever.
BOOST_AUTO_TEST_CASE(nobody_is_called_after_the_end) {
  arrivals<seeds> found;
  {
    const seed_lookup uut({"dns://localhost:1"}, short_pause,
                          [&](seeds all) { found.put(std::move(all)); });
    (void)found.next();
  }
  const auto before = found.size();
  {
    const seed_lookup none({"10.1.2.3:1"}, short_pause,
                           [&](seeds all) { found.put(std::move(all)); });
    const seed_lookup other({"dns://localhost:2"}, short_pause, [](const seeds&) {});
  }
  BOOST_TEST(found.size() == before);
}

BOOST_AUTO_TEST_SUITE_END()
